"""The boxes of the ISO base media file format: ISO/IEC 14496-12, 4.2.

QuickTime's atoms and the boxes of JPEG 2000 (ISO/IEC 15444-1, I.4) are alike.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.files.extractors.image_facts import Memory
from chalicelib.files.extractors.media_values import unpack

MAX_BOXES = 200_000
"""Of one parent. Live recordings in fragments have several a second."""

_HEADER = struct.Struct(">L4s")


class Box(NamedTuple):
    """A box of a file."""

    kind: bytes
    start: int
    """Offset of the content."""
    end: int
    """At most the end of the parent."""
    is_cut: bool = False
    """Its size exceeds the parent."""


def boxes(data: Memory, start: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets, without their children."""
    position = start
    for _ in range(MAX_BOXES):
        if position + 8 > end:
            return
        size, kind = _HEADER.unpack_from(data, position)
        head = 8
        if size == 1:
            if position + 16 > end:
                return
            (size,) = unpack(">Q", data, position + 8)
            head = 16
        elif size == 0:  # up to the end of the file
            size = end - position
        if size < head:
            return
        yield Box(kind, position + head, min(position + size, end), position + size > end)
        position += size


def children(data: Memory, parent: Box, *path: bytes) -> Iterator[Box]:
    """The boxes at a path of kinds below a box."""
    for box in boxes(data, parent.start, parent.end):
        if box.kind == path[0]:
            if path[1:]:
                yield from children(data, box, *path[1:])
            else:
                yield box


def child(data: Memory, parent: Box, *path: bytes) -> Box | None:
    """The first box at a path of kinds below a box."""
    return next(children(data, parent, *path), None)


def find(data: Memory, start: int, end: int, *path: bytes) -> Box | None:
    """The first box at a path of kinds between two offsets."""
    return child(data, Box(b"", start, end), *path)
