"""EBML elements, of which Matroska consists: RFC 8794, 4."""

from __future__ import annotations

import mmap
import struct


def number(data: mmap.mmap | bytes, position: int, *, keeps_marker: bool) -> tuple[int, int]:
    """A number of variable size and its length in bytes, 0 if there is none."""
    head = data[position : position + 8]
    if not head or not head[0]:
        return 0, 0
    width = 9 - head[0].bit_length()
    if len(head) < width:
        return 0, 0
    value = int.from_bytes(head[:width], "big")
    return (value if keeps_marker else value - (1 << 7 * width)), width


def is_unknown(size: int, width: int) -> bool:
    """Whether an element's size is unknown, as in live streams: RFC 8794, 6.2."""
    return size == (1 << 7 * width) - 1


def float_of(value: bytes) -> float:
    """A float of four or eight bytes, or of none, which is 0.

    Raises:
        struct.error: it has another length.
    """
    if not value:
        return 0.0
    result: float = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
    return result
