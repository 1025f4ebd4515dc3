"""FLAC: RFC 9639, 8."""

from __future__ import annotations

import mmap
from typing import NamedTuple

from chalicelib.files.extractors import id3, trailing_tags, vorbis_comment
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
    unpack,
)

_STREAM_INFO = 0
_COMMENT = 4
STREAM_INFO_BYTES = 34
_MAX_BLOCKS = 10_000


class StreamInfo(NamedTuple):
    """Facts of the streaminfo block."""

    sample_rate: int
    channels: int
    samples: int
    """Of each channel; 0: unknown."""
    least_bytes: int
    """Of all frames, by the size of the smallest one; 0: unknown."""


def stream_info(block: bytes) -> StreamInfo:
    """The facts of a streaminfo block's content, RFC 9639, 8.2."""
    (packed,) = unpack(">Q", block, 10)
    samples = packed & (1 << 36) - 1
    most_samples = int.from_bytes(block[2:4], "big")
    frames = -(-samples // most_samples) if most_samples else 0
    least_bytes = frames * int.from_bytes(block[4:7], "big")
    return StreamInfo(packed >> 44, (packed >> 41 & 7) + 1, samples, least_bytes)


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`.

    No duration if the number of samples is not stated, or if the file is too short for it.
    """
    position = id3.end_of_tags(data) + 4
    end, trailing = trailing_tags.read(data)
    found: Facts = {}
    least_bytes = 0
    has_comment = False
    for _ in range(_MAX_BLOCKS):
        header = data[position : position + 4]
        if len(header) < 4 or header[0] == 0xFF:
            break
        kind, size = header[0] & 0x7F, int.from_bytes(header[1:], "big")
        position += 4
        if kind == _STREAM_INFO and size >= STREAM_INFO_BYTES and "sampleRate" not in found:
            info = stream_info(data[position : position + STREAM_INFO_BYTES])
            least_bytes = info.least_bytes
            _add_stream_info(found, info)
        elif kind == _COMMENT and not has_comment:  # there is at most one: 8.6
            has_comment = True
            add_tags(found, vorbis_comment.parse(data, position, min(position + size, len(data))))
        position += size
        if header[0] & 0x80:
            break
    if position + least_bytes > end:
        found["durationMilliseconds"] = None
    duration = found.get("durationMilliseconds")
    if isinstance(duration, int) and position < end:
        found["bitRate"] = kilobits_per_second(end - position, duration)
    add_tags(found, id3.tags(data))
    add_tags(found, trailing)
    return found


def _add_stream_info(found: Facts, info: StreamInfo) -> None:
    found["sampleRate"] = info.sample_rate
    found["channels"] = info.channels
    found["durationMilliseconds"] = milliseconds(info.samples, info.sample_rate)
