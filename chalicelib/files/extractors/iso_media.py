"""The boxes of ISO media files and of JPEG 2000: ISO/IEC 14496-12, 4.2; ISO/IEC 15444-1, I.4."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.files.extractors.image_facts import Memory

_MAX_BOXES = 100_000
"""Boxes next to each other that are read."""


class Box(NamedTuple):
    """Type of a box, and where its content is."""

    kind: bytes
    start: int
    end: int
    """At most that of its parent, whatever the box claims."""


def boxes(memory: Memory, start: int, end: int) -> Iterator[Box]:
    """The boxes next to each other between two positions of the memory."""
    for _ in range(_MAX_BOXES):
        if end - start < 8:
            return
        size, kind = struct.unpack_from(">L4s", memory, start)
        head = 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", memory, start + 8)
            head = 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        yield Box(kind, start + head, min(start + size, end))
        start += size


def find(memory: Memory, start: int, end: int, *path: bytes) -> Box | None:
    """The first box of this type; of several, the last is in the first one of the one before."""
    found: Box | None = None
    for kind in path:
        found = next((box for box in boxes(memory, start, end) if box.kind == kind), None)
        if found is None:
            return None
        _, start, end = found
    return found
