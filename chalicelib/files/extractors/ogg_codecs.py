"""The codecs of Ogg streams by their first packets; names as in RFC 5334, 4."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.files.extractors import flac
from chalicelib.files.extractors.media_values import unpack

VIDEO = "video"
AUDIO = "audio"

_OPUS_RATE = 48_000
"""Hertz of every decoder and of granule positions: RFC 7845, 4."""

_COUNTING_THEORA = (3, 2, 1)
"""The first version whose granule positions count the frame itself."""


class Codec(NamedTuple):
    """What a stream's first packet defines; 0: unknown."""

    name: str
    kind: str
    units_per_second: float
    channels: int = 0
    sample_rate: int = 0
    width: int = 0
    height: int = 0
    skipped: int = 0
    """Units at the beginning that do not play."""
    shift: int = 0
    """Bits of a granule position that count from the last key frame."""
    uncounted: int = 0
    """Frames at the beginning that granule positions do not count."""
    comment_prefix_bytes: int = 0
    """In the second packet before the tags."""

    def units_at(self, position: int) -> int:
        """How many units play up to this granule position."""
        if self.shift:
            frames = (position >> self.shift) + (position & ((1 << self.shift) - 1))
            return frames + self.uncounted if position else 0
        return max(position - self.skipped, 0)


def codec_of(packet: bytes) -> Codec | None:
    """The codec that begins with this packet, if it is a known one."""
    for signature, parse in _PARSERS.items():
        if packet.startswith(signature):
            return parse(packet)
    return None


def _vorbis(packet: bytes) -> Codec:
    """Vorbis I, 4.2.2."""
    channels, rate = unpack("<BL", packet, 11)
    return Codec("vorbis", AUDIO, rate, channels, rate, comment_prefix_bytes=7)


def _opus(packet: bytes) -> Codec:
    """RFC 7845, 5.1."""
    channels, skipped = unpack("<BH", packet, 9)
    return Codec(
        "opus", AUDIO, _OPUS_RATE, channels, _OPUS_RATE, skipped=skipped, comment_prefix_bytes=8
    )


def _flac(packet: bytes) -> Codec:
    """RFC 9639, 10.1; the granule position counts samples."""
    info = flac.stream_info(packet[17:])
    rate = info.sample_rate
    return Codec("flac", AUDIO, rate, info.channels, rate, comment_prefix_bytes=4)


def _speex(packet: bytes) -> Codec:
    """https://www.speex.org/docs/manual/speex-manual/node8.html."""
    (rate,) = unpack("<L", packet, 36)
    (channels,) = unpack("<L", packet, 48)
    return Codec("speex", AUDIO, rate, channels, rate)


def _theora(packet: bytes) -> Codec:
    """Theora, 6.2: width and height of the picture, frames per second and their numbering.

    Granule positions count frames, before version 3.2.1 only those in front of the frame:
    `th_granule_frame` of libtheora.
    """
    width, height = (int.from_bytes(packet[at : at + 3], "big") for at in (14, 17))
    frames, seconds = unpack(">LL", packet, 22)
    shift = int.from_bytes(packet[40:42], "big") >> 5 & 31
    return Codec(
        "theora",
        VIDEO,
        frames / seconds if seconds else 0,
        width=width,
        height=height,
        shift=shift,
        uncounted=int(tuple(packet[7:10]) < _COUNTING_THEORA),
        comment_prefix_bytes=7,
    )


_PARSERS = {
    b"\x01vorbis": _vorbis,
    b"OpusHead": _opus,
    b"\x7fFLAC": _flac,
    b"Speex   ": _speex,
    b"\x80theora": _theora,
}
