"""Monkey's Audio: the header of its SDK, of versions before and from 3.98."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors import id3, trailing_tags
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
    unpack,
)

_WITH_DESCRIPTOR = 3_980
_SMALL_BLOCKS = 73_728
_EXTRA_HIGH = 4_000
"""Level of compression."""


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`."""
    start = id3.end_of_tags(data)
    end, trailing = trailing_tags.read(data)
    (version,) = unpack("<H", data, start + 4)
    samples, channels, rate = _header(data, start, version)
    duration = milliseconds(samples, rate)
    found: Facts = {
        "durationMilliseconds": duration,
        "channels": channels,
        "sampleRate": rate,
        "bitRate": kilobits_per_second(end - start, duration),
    }
    add_tags(found, trailing)
    add_tags(found, id3.tags(data))
    return found


def _header(data: mmap.mmap, start: int, version: int) -> tuple[int, int, int]:
    """Samples of each channel, channels and sample rate."""
    if version >= _WITH_DESCRIPTOR:
        (descriptor_bytes,) = unpack("<L", data, start + 8)
        fields = unpack("<LLLHHL", data, start + descriptor_bytes + 4)
        block, last, frames, _, channels, rate = fields
    else:
        level, _, channels, rate = unpack("<HHHL", data, start + 6)
        frames, last = unpack("<LL", data, start + 24)
        block = _samples_of_frame(version, level)
    return (frames - 1) * block + last if frames else 0, channels, rate


def _samples_of_frame(version: int, level: int) -> int:
    if version >= 3_950:
        return 4 * _SMALL_BLOCKS
    is_small = version >= 3_900 or (version >= 3_800 and level == _EXTRA_HIGH)
    return _SMALL_BLOCKS if is_small else 9_216
