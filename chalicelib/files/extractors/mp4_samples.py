"""The first sample entry of a track: codec, and channels and sample rate as the codec defines them.

ISO/IEC 14496-12, 8.5.2 and 12.2; QuickTime File Format, "Sound Sample Descriptions". The fields of
an entry itself often have defaults instead of the facts, so the codec's configuration decides.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import NamedTuple

from chalicelib.files.extractors import ac3_frames, audio_specific_config, flac
from chalicelib.files.extractors.iso_boxes import Box, boxes, child
from chalicelib.files.extractors.media_values import unpack

_ENCRYPTED = frozenset({b"encv", b"enca"})
_VERSIONS = {0: 28, 1: 44, 2: 64}
"""Bytes of an audio entry before its boxes, by version; above 0 in QuickTime."""

_AAC = frozenset({0x40, 0x66, 0x67, 0x68})
"""Object types of MPEG-4 and MPEG-2 AAC: https://mp4ra.org/registered-types/object-types."""

_OPUS_RATE = 48_000
"""Hertz of every decoder: RFC 7845, 4."""

Format = tuple[int | None, int | None]
"""Channels and sample rate in hertz; None: unknown."""


class SampleEntry(NamedTuple):
    """How the samples of a track are coded."""

    codec: str
    """Four characters such as `avc1`, `mp4a`; of encrypted samples, those of the original."""
    channels: int | None = None
    sample_rate: int | None = None
    """Hertz."""
    width: int = 0
    height: int = 0
    """Pixels as coded."""


def sample_entry(data: mmap.mmap, description: Box, *, is_audio: bool) -> SampleEntry | None:
    """The first entry of a sample description box (`stsd`); None if it has none."""
    entry = next(boxes(data, description.start + 8, description.end), None)
    if entry is None or entry.end - entry.start < 8:
        return None
    if not is_audio:
        return _video(data, entry)
    version = unpack(">H", data, entry.start + 8)[0] if entry.end - entry.start >= 28 else None
    if version is None:
        return SampleEntry(_name(entry.kind))
    is_quicktime = data[description.start] == 0  # else the version is that of 14496-12, 12.2.3
    if version not in _VERSIONS or not is_quicktime or entry.end - entry.start < _VERSIONS[version]:
        version = 0
    inner = Box(entry.kind, entry.start + _VERSIONS[version], entry.end)
    codec = _original(data, inner)
    channels, rate = _configured(data, inner, codec, _fields(data, entry, version))
    return SampleEntry(_name(codec), channels, rate)


def _name(kind: bytes) -> str:
    return kind.decode("latin-1").strip("\0 ")


def _video(data: mmap.mmap, entry: Box) -> SampleEntry:
    width = height = 0
    if entry.end - entry.start >= 28:
        width, height = unpack(">HH", data, entry.start + 24)
    codec = _original(data, Box(entry.kind, entry.start + 78, entry.end))
    return SampleEntry(_name(codec), width=width, height=height)


def _original(data: mmap.mmap, entry: Box) -> bytes:
    """The codec of an entry, of encrypted samples that before: 14496-12, 8.12."""
    if entry.kind in _ENCRYPTED:
        form = child(data, entry, b"sinf", b"frma")
        if form and form.end - form.start >= 4:
            return data[form.start : form.start + 4]
    return entry.kind


def _fields(data: mmap.mmap, entry: Box, version: int) -> Format:
    """The channels and the sample rate in the entry itself."""
    if version == 2:
        rate, channels = unpack(">dL", data, entry.start + 32)
        return channels, round(rate) if 0 < rate < 2**32 else None
    channels, rate = unpack(">H6xH", data, entry.start + 16)
    return channels, rate


def _configured(data: mmap.mmap, inner: Box, codec: bytes, fields: Format) -> Format:
    """By the codec's configuration among the entry's boxes, else by its fields."""
    if codec in _SPEECH:
        return _SPEECH[codec]
    if codec not in _CONFIGURATIONS:
        return fields
    kind, parse = _CONFIGURATIONS[codec]
    box = child(data, inner, kind) or child(data, inner, b"wave", kind)
    content = data[box.start : box.end][:_MAX_CONFIGURATION_BYTES] if box else b""
    return parse(content, fields) if content else fields


def _elementary_stream(content: bytes, fields: Format) -> Format:
    """The configuration of AAC in an elementary stream descriptor: ISO/IEC 14496-1, 7.2.6."""
    descriptors = _descriptors(content[4:])
    decoder = descriptors.get(0x04, b"")
    if not decoder or decoder[0] not in _AAC:
        return fields
    if not (config := descriptors.get(0x05)):
        return None, None
    found = audio_specific_config.parse(config)
    return (found.channels, found.sample_rate) if found else fields


def _descriptors(content: bytes) -> dict[int, bytes]:
    """The first descriptor of each tag, nested ones included."""
    found: dict[int, bytes] = {}
    position = 0
    for _ in range(10):
        if position + 2 > len(content):
            break
        tag, size = content[position], 0
        position += 1
        for byte in content[position : position + 4]:
            position += 1
            size = size << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        found.setdefault(tag, content[position : position + size])
        position += _bytes_before_nested(tag, found[tag], size)
    return found


def _bytes_before_nested(tag: int, descriptor: bytes, size: int) -> int:
    """Bytes of a descriptor before those that it contains, or of all of it."""
    if tag == 0x04:
        return 13
    if tag != 0x03 or len(descriptor) < 4:
        return size
    flags = descriptor[2]
    has_url = flags & 0x40
    return 3 + (2 if flags & 0x80 else 0) + (1 + descriptor[3] if has_url else 0) + (flags >> 4 & 2)


def _lossless(content: bytes, fields: Format) -> Format:
    """ALAC: https://github.com/macosforge/alac/blob/master/ALACMagicCookieDescription.txt."""
    if len(content) < 28:
        return fields
    (rate,) = unpack(">L", content, 24)
    return content[13], rate


def _opus(content: bytes, _: Format) -> Format:
    return content[1], _OPUS_RATE


def _flac(content: bytes, fields: Format) -> Format:
    """https://github.com/xiph/flac/blob/master/doc/isoflac.txt, 3.3.2."""
    if len(content) < 8 + flac.STREAM_INFO_BYTES:
        return fields
    info = flac.stream_info(content[8:])
    return info.channels, info.sample_rate


def _ac3(content: bytes, fields: Format) -> Format:
    """ETSI TS 102 366, F.4."""
    bits = int.from_bytes(content[:3], "big")
    rate = bits >> 22
    if rate >= len(ac3_frames.SAMPLE_RATES):
        return fields
    return ac3_frames.CHANNELS[bits >> 11 & 7] + (bits >> 10 & 1), ac3_frames.SAMPLE_RATES[rate]


def _enhanced_ac3(content: bytes, fields: Format) -> Format:
    """ETSI TS 102 366, F.6; channels are unknown if dependent substreams add any."""
    bits = int.from_bytes(content[:6].ljust(6, b"\0"), "big")
    rate, has_more = bits >> 30 & 3, bits >> 9 & 15
    if rate >= len(ac3_frames.SAMPLE_RATES):
        return fields
    channels = ac3_frames.CHANNELS[bits >> 17 & 7] + (bits >> 16 & 1)
    return None if has_more else channels, ac3_frames.SAMPLE_RATES[rate]


_MAX_CONFIGURATION_BYTES = 4_096

_SPEECH: dict[bytes, Format] = {b"samr": (1, 8_000), b"sawb": (1, 16_000)}
"""AMR, which is always so: 3GPP TS 26.244, 6.5."""

_CONFIGURATIONS: dict[bytes, tuple[bytes, Callable[[bytes, Format], Format]]] = {
    b"mp4a": (b"esds", _elementary_stream),
    b"alac": (b"alac", _lossless),
    b"Opus": (b"dOps", _opus),
    b"fLaC": (b"dfLa", _flac),
    b"ac-3": (b"dac3", _ac3),
    b"ec-3": (b"dec3", _enhanced_ac3),
}
"""The box with the configuration, and its reader, by codec."""
