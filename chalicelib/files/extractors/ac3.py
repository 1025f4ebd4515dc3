"""AC-3 and E-AC-3 as raw streams: ETSI TS 102 366."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors import id3
from chalicelib.files.extractors.ac3_frames import frame_at
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
)

_MAX_FRAMES = 2_000_000


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`. Channels are absent if substreams add any."""
    start = id3.end_of_tags(data)
    first = frame_at(data, start)
    if first is None:
        return {}
    position, samples = start, 0
    has_substreams = False
    for _ in range(_MAX_FRAMES):
        frame = frame_at(data, position)
        if frame is None:
            break
        position += frame.size_bytes
        samples += frame.samples if frame.is_counted else 0
        has_substreams = has_substreams or not frame.is_counted
    else:
        samples = 0
    duration = milliseconds(samples, first.sample_rate)
    found: Facts = {
        "durationMilliseconds": duration,
        "sampleRate": first.sample_rate,
        "channels": None if has_substreams else first.channels,
        "bitRate": kilobits_per_second(min(position, len(data)) - start, duration),
    }
    add_tags(found, id3.tags(data))
    return found
