"""JPEG: ITU-T T.81, annex B."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from chalicelib.files.extractors import exif
from chalicelib.files.extractors.image_facts import MAX_PARTS, ImageFacts, Memory, no_header

_COLORS = {1: "gray", 3: "rgb", 4: "cmyk"}
"""By number of components. Three are usually stored as YCbCr, and shown as RGB."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15 but the tables and extensions between them: table B.1."""

_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers without a segment."""

_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""After a scan, whose data have stuffed bytes and restart markers."""
_NUMBER_OF_LINES = b"\xff\xdc\0\4"
"""Marker and length of a DNL segment."""


def read(memory: Memory) -> ImageFacts:
    """Size, colors and Exif."""
    frame: tuple[int, int, int, int] | None = None
    lines = 0
    tiff: Memory = b""
    for marker, start, end in _segments(memory):
        if marker in _FRAMES and not frame:
            frame = _frame(memory, start, end)
        elif marker == _APP1 and not tiff and memory[start : start + 5] == b"Exif\0":
            tiff = exif.tiff_in(memory, start, end)
        elif marker == _SCAN and frame and not frame[1]:
            lines = _number_of_lines(memory, end)
    if not frame:
        raise no_header()
    depth, height, width, components = frame
    return ImageFacts(
        width=width,
        height=height or lines,
        bit_depth=depth,
        color_mode=_COLORS.get(components),
        exif=tiff,
    )


def _frame(memory: Memory, start: int, end: int) -> tuple[int, int, int, int] | None:
    """Bit depth, height, width and number of components: B.2.2; None if they are invalid."""
    if end - start < 9:
        return None
    depth, height, width, components = struct.unpack_from(">BHHB", memory, start)
    is_valid = 2 <= depth <= 16 and end - start == 6 + 3 * components
    return (depth, height, width, components) if is_valid else None


def _number_of_lines(memory: Memory, scan: int) -> int:
    """The height that follows the first scan where the frame has none: B.2.5; 0 without one."""
    found = _NEXT_MARKER.search(memory, scan)
    if not found or memory[found.start() : found.start() + 4] != _NUMBER_OF_LINES:
        return 0
    return int.from_bytes(memory[found.start() + 4 : found.start() + 6], "big")


def _segments(memory: Memory) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment's data, up to the header of the first scan.

    Bytes between segments are skipped, as decoders do.
    """
    position = 2
    for _ in range(MAX_PARTS):
        position = memory.find(b"\xff", position)
        if position < 0 or len(memory) - position < 4:
            return
        marker, size = struct.unpack_from(">xBH", memory, position)
        if marker == _END:
            return
        if marker == 0xFF:
            position += 1
        elif marker in _ALONE:
            position += 2
        else:
            yield marker, position + 4, min(position + 2 + size, len(memory))
            if marker == _SCAN:
                return
            position += 2 + max(size, 2)
