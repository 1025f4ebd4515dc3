"""The header of a frame of AAC in ADTS: ISO/IEC 13818-7, 6.2."""

from __future__ import annotations

import mmap

_HEADER_BYTES = 7
_RATES = 13
"""Indexes of sample rates that have a meaning."""


def is_stream(data: mmap.mmap | bytes, start: int) -> bool:
    """Whether two frames of the same format begin here, or one that fills the file."""
    size = frame_bytes(data, start)
    if not size:
        return False
    if start + size >= len(data):
        return start + size == len(data)
    return bool(frame_bytes(data, start + size)) and format_of(data, start) == format_of(
        data, start + size
    )


def frame_bytes(data: mmap.mmap | bytes, position: int) -> int:
    """Size of the frame at this offset; 0: none begins here."""
    header = data[position : position + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > _HEADER_BYTES and header[2] >> 2 & 15 < _RATES else 0


def format_of(data: mmap.mmap | bytes, position: int) -> tuple[int, int, int]:
    """Profile, index of the sample rate, and channel configuration of a frame."""
    second, third = data[position + 2], data[position + 3]
    return second >> 6, second >> 2 & 15, (second & 1) << 2 | third >> 6
