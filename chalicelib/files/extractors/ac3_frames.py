"""The header of a frame of AC-3 or E-AC-3: ETSI TS 102 366, 4.3, 5.3 and annex E."""

from __future__ import annotations

import mmap
from typing import NamedTuple

_SYNC = b"\x0b\x77"
_BIT_RATES = (
    32,
    40,
    48,
    56,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
    256,
    320,
    384,
    448,
    512,
    576,
    640,
)
SAMPLE_RATES = (48_000, 44_100, 32_000)
"""Hertz by `fscod`."""

CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
"""By `acmod`, without the low frequency effects."""

_BLOCKS = (1, 2, 3, 6)
_BLOCK_SAMPLES = 256
_LAST_AC_3 = 10
"""The highest `bsid` of AC-3; E-AC-3 has 11 to 16."""

_DEPENDENT = 1
_SMALLEST_FRAME = 16


class Frame(NamedTuple):  # a dataclass would cost more per cold start
    """A frame of one substream."""

    size_bytes: int
    sample_rate: int
    channels: int
    samples: int
    is_enhanced: bool
    is_counted: bool
    """False for substreams, which play together with another frame."""


def is_stream(data: mmap.mmap | bytes, start: int) -> bool:
    """Whether two frames begin here, or one that fills the file."""
    frame = frame_at(data, start)
    if frame is None:
        return False
    end = start + frame.size_bytes
    return end == len(data) or (end < len(data) and frame_at(data, end) is not None)


def is_enhanced(data: mmap.mmap | bytes, start: int) -> bool:
    """Whether the frame that begins here is E-AC-3."""
    frame = frame_at(data, start)
    return frame is not None and frame.is_enhanced


def frame_at(data: mmap.mmap | bytes, position: int) -> Frame | None:
    """The frame at this offset, if there is one."""
    header = data[position : position + 8]
    if len(header) < 8 or header[:2] != _SYNC:
        return None
    version = header[5] >> 3
    if version > 16:
        return None
    return _basic(header) if version <= _LAST_AC_3 else _enhanced(header)


def _basic(header: bytes) -> Frame | None:
    rate_index, size_index = header[4] >> 6, header[4] & 63
    if rate_index >= len(SAMPLE_RATES) or size_index >> 1 >= len(_BIT_RATES):
        return None
    rate = SAMPLE_RATES[rate_index]
    words = _BIT_RATES[size_index >> 1] * 96_000 // rate
    words += size_index & 1 if rate == 44_100 else 0
    mode = header[6] >> 5
    # The mixing levels between mode and low frequency effects depend on the mode.
    skipped = (2 if mode & 1 and mode != 1 else 0) + (2 if mode & 4 else 0) + 2 * (mode == 2)
    effects = int.from_bytes(header[6:8], "big") >> 12 - skipped & 1
    # bsid 9 and 10 halve and quarter the rate.
    divisor = 1 << max((header[5] >> 3) - 8, 0)
    return Frame(words * 2, rate // divisor, CHANNELS[mode] + effects, 1_536, False, True)


def _enhanced(header: bytes) -> Frame | None:
    kind, substream = header[2] >> 6, header[2] >> 3 & 7
    size = ((header[2] & 7) << 8 | header[3]) * 2 + 2
    rate_index, blocks = header[4] >> 6, header[4] >> 4 & 3
    if rate_index == 3:
        if blocks == 3:
            return None
        rate, blocks = SAMPLE_RATES[blocks] // 2, 3
    else:
        rate = SAMPLE_RATES[rate_index]
    if kind == 3 or size < _SMALLEST_FRAME:
        return None
    channels = CHANNELS[header[4] >> 1 & 7] + (header[4] & 1)
    is_counted = kind != _DEPENDENT and substream == 0
    return Frame(size, rate, channels, _BLOCKS[blocks] * _BLOCK_SAMPLES, True, is_counted)
