"""AIFF and AIFF-C: Apple's "Audio Interchange File Format" 1.3 and AIFF-C of 1991."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors import id3
from chalicelib.files.extractors.media_values import (
    MAX_TEXT_BYTES,
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
    unpack,
)
from chalicelib.files.extractors.riff import text

_MAX_CHUNKS = 100_000
_TEXTS = {b"NAME": "title", b"AUTH": "artist"}
_BLOCK_HEADER_BYTES = 8

_SAMPLES_OF_FRAME = {b"ima4": 64, b"MAC3": 6, b"MAC6": 6, b"GSM ": 160}
"""Where a "sample frame" of the header is a packet of samples."""

_UNCOMPRESSED = frozenset({b"NONE", b"twos", b"sowt", b"raw ", b"in24", b"in32", b"fl32", b"fl64"})

_BYTES_OF_FRAME = {
    **dict.fromkeys((b"ulaw", b"alaw", b"ULAW", b"ALAW"), 1),
    b"ima4": 34,
}
"""In each channel, where the header's bits are those of the decoded samples."""


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`."""
    found: Facts = {}
    tags: dict[str, str] = {}
    size = 0
    position = 12
    common = b""
    has_id3 = False
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            break
        kind, length = unpack(">4sL", data, position)
        start, end = position + 8, min(position + 8 + length, len(data))
        if kind == b"COMM":
            common = common or data[start : min(end, start + 22)]
        elif kind == b"SSND":
            size = max(end - start - _BLOCK_HEADER_BYTES, 0)
        elif kind in _TEXTS:
            tags.setdefault(_TEXTS[kind], text(data[start : min(end, start + MAX_TEXT_BYTES)]))
        elif kind in (b"ID3 ", b"id3 ") and not has_id3:
            has_id3 = True
            tags = {**tags, **id3.tags_at(data, start, end)}
        position = start + length + length % 2
    if common:
        _add_format(found, common, size, is_compressed=data[8:12] == b"AIFC")
    add_tags(found, tags)
    return found


def _add_format(found: Facts, common: bytes, size: int, *, is_compressed: bool) -> None:
    """Facts of the common chunk; of the frames it states, those that the file has."""
    channels, frames, bits = unpack(">HLH", common, 0)
    rate = _extended(common)
    compression = common[18:22] if is_compressed else b"NONE"
    if frame_bytes := channels * _channel_bytes(compression, bits):
        frames = min(frames, size // frame_bytes)
    duration = milliseconds(frames * _SAMPLES_OF_FRAME.get(compression, 1), rate)
    found["channels"], found["sampleRate"] = channels, round(rate)
    found["durationMilliseconds"] = duration
    found["bitRate"] = kilobits_per_second(size, duration)
    if is_compressed:
        found["codec"] = compression.decode("latin-1").strip()


def _channel_bytes(compression: bytes, bits: int) -> int:
    """Bytes of a frame in each channel; 0: unknown."""
    if compression in _UNCOMPRESSED:
        return (bits + 7) // 8
    return _BYTES_OF_FRAME.get(compression, 0)


def _extended(common: bytes) -> float:
    """The sample rate, an 80-bit floating-point number of IEEE 754; 0: none that is plausible."""
    exponent, mantissa = unpack(">HQ", common, 8)
    power = exponent - 16_383 - 63
    return float(mantissa * 2.0**power) if -64 <= power <= 0 else 0
