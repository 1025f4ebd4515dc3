"""Photoshop documents, PSD and PSB: https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from chalicelib.files.extractors import exif
from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header

_COLORS = {1: "gray", 2: "palette", 3: "rgb", 4: "cmyk", 8: "gray"}
"""By color mode; 8 is duotone, which other readers show as gray."""
_CHANNELS = {"gray": 1, "palette": 1, "rgb": 3, "cmyk": 4}

_EXIF = 1058
"""Number of the image resource with the Exif."""

_MAX_RESOURCES = 10_000


def read(memory: Memory) -> ImageFacts:
    """Size and colors of the canvas, and Exif."""
    signature, version, channels, height, width, depth, mode = struct.unpack_from(
        ">4sH6xHLLHH", memory
    )
    if signature != b"8BPS" or version not in (1, 2):
        raise no_header()
    color = _COLORS.get(mode, "")
    return ImageFacts(
        width,
        height,
        bit_depth=depth,
        color_mode=color if _CHANNELS.get(color) == channels else None,
        exif=_exif(memory),
    )


def _exif(memory: Memory) -> bytes:
    for number, start, end in _resources(memory):
        if number == _EXIF:
            return exif.tiff_in(memory, start, end)
    return b""


def _resources(memory: Memory) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each image resource's data."""
    position = 30 + _number(memory, 26)  # after the color mode's data
    end = min(position + 4 + _number(memory, position), len(memory))
    position += 4
    for _ in range(_MAX_RESOURCES):
        if end - position < 12 or memory[position : position + 4] != b"8BIM":
            return
        number, name = struct.unpack_from(">HB", memory, position + 4)
        position += 6 + name + 2 - name % 2
        size = _number(memory, position)
        yield number, position + 4, min(position + 4 + size, end)
        position += 4 + size + size % 2


def _number(memory: Memory, at: int) -> int:
    return int.from_bytes(memory[at : at + 4], "big")
