"""AMR speech, narrowband and wideband: RFC 4867, 5."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors.media_values import Facts, kilobits_per_second, milliseconds

_NARROW = b"#!AMR\n"
_WIDE = b"#!AMR-WB\n"

SIGNATURES = (_NARROW, _WIDE)
"""First bytes of the files with one channel; those with more are not in use."""

_NO_DATA = 0
_SIZES = {
    _NARROW: (12, 13, 15, 17, 19, 20, 26, 31, 5, *[None] * 6, _NO_DATA),
    _WIDE: (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, *[None] * 4, _NO_DATA, _NO_DATA),
}
"""Bytes of speech by frame type; None: reserved."""

_SAMPLE_RATES = {_NARROW: 8_000, _WIDE: 16_000}
_FRAMES_PER_SECOND = 50
_MAX_FRAMES = 5_000_000


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`."""
    signature = _WIDE if data[: len(_WIDE)] == _WIDE else _NARROW
    sizes = _SIZES[signature]
    position = len(signature)
    frames = 0
    while position < len(data) and frames < _MAX_FRAMES:
        size = sizes[data[position] >> 3 & 15]
        if size is None:
            break
        position += 1 + size
        frames += 1
    duration = milliseconds(frames, _FRAMES_PER_SECOND) if frames < _MAX_FRAMES else None
    return {
        "durationMilliseconds": duration,
        "channels": 1,
        "sampleRate": _SAMPLE_RATES[signature],
        "bitRate": kilobits_per_second(min(position, len(data)) - len(signature), duration),
    }
