"""AAC in ADTS frames, as in `.aac` files and radio streams: ISO/IEC 13818-7, 6.2."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors import adts_frames, id3, trailing_tags
from chalicelib.files.extractors.audio_specific_config import CHANNELS, SAMPLE_RATES
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
)

_SAMPLES = 1_024
"""Of each channel in a raw data block."""

_MAX_FRAMES = 5_000_000


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`.

    The sample rate is absent up to 24,000 Hz: whether spectral band replication doubles it, only
    the coded audio shows.
    """
    position = start = id3.end_of_tags(data)
    end, trailing = trailing_tags.read(data)
    if not adts_frames.frame_bytes(data, start):
        return {}
    _, rate_index, channels = adts_frames.format_of(data, start)
    blocks = frames = 0
    while (
        frames < _MAX_FRAMES
        and (size := adts_frames.frame_bytes(data, position))
        and position < end
    ):
        blocks += (data[position + 6] & 3) + 1
        frames += 1
        position += size
    rate = SAMPLE_RATES[rate_index]
    duration = milliseconds(blocks * _SAMPLES, rate) if frames < _MAX_FRAMES else None
    found: Facts = {
        "channels": CHANNELS.get(channels),
        "sampleRate": rate if rate > 24_000 else None,
        "durationMilliseconds": duration,
        "bitRate": kilobits_per_second(min(position, end) - start, duration),
    }
    add_tags(found, id3.tags(data))
    add_tags(found, trailing)
    return found
