"""JPEG 2000: files (JP2, JPX; ISO/IEC 15444-1, annex I) and bare codestreams (annex A)."""

from __future__ import annotations

import struct

from chalicelib.files.extractors import exif, iso_boxes
from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header
from chalicelib.files.extractors.iso_boxes import Box

_START_AND_SIZE = b"\xff\x4f\xff\x51"
"""The markers SOC and SIZ, with which a codestream begins."""

_COLORS = {(16, 3): "rgb", (17, 1): "gray", (18, 3): "rgb", (12, 4): "cmyk"}
"""By enumerated color space and number of components; sYCC is shown as RGB."""

_EXIF_UUIDS = (
    b"JpgTiffExif->JP2",
    bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e"),  # of Photoshop
)
"""https://exiftool.org/TagNames/Jpeg2000.html"""
_VARYING = 255


def read(memory: Memory) -> ImageFacts:
    """Size, colors and Exif."""
    if memory[:4] == _START_AND_SIZE:
        return _read_codestream(memory, 0)
    header = iso_boxes.find(memory, 0, len(memory), b"jp2h")
    size = header and iso_boxes.find(memory, header.start, header.end, b"ihdr")
    if header and size:
        height, width, components, depth = struct.unpack_from(">LLHB", memory, size.start)
        return ImageFacts(
            width,
            height,
            bit_depth=_bit_depth([depth]),
            color_mode=_color_mode(memory, header, components),
            exif=_exif(memory),
        )
    codestream = iso_boxes.find(memory, 0, len(memory), b"jp2c")
    if not codestream:
        raise no_header()
    return _read_codestream(memory, codestream.start)


def _read_codestream(memory: Memory, start: int) -> ImageFacts:
    """The segment SIZ: A.5.1."""
    right, bottom, left, top = struct.unpack_from(">LLLL", memory, start + 8)
    (components,) = struct.unpack_from(">H", memory, start + 40)
    depths = [part[0] for part in struct.iter_unpack("Bxx", _whole(memory, start + 42, components))]
    return ImageFacts(right - left, bottom - top, bit_depth=_bit_depth(depths))


def _whole(memory: Memory, start: int, components: int) -> bytes:
    data = memory[start : start + 3 * components]
    if len(data) < 3 * components:
        raise no_header()
    return data


def _bit_depth(depths: list[int]) -> int | None:
    """Bits of a component, if all have the same; the highest bit means signed."""
    values = {(depth & 0x7F) + 1 for depth in depths if depth != _VARYING}
    return values.pop() if len(values) == 1 else None


def _color_mode(memory: Memory, header: Box, components: int) -> str | None:
    """The color mode of an image without palette and alpha channel."""
    palette = iso_boxes.find(memory, header.start, header.end, b"pclr")
    color = iso_boxes.find(memory, header.start, header.end, b"colr")
    if palette or not color or memory[color.start : color.start + 1] != b"\1":
        return None
    (space,) = struct.unpack_from(">L", memory, color.start + 3)
    return _COLORS.get((space, components))


def _exif(memory: Memory) -> bytes:
    for kind, start, end, _ in iso_boxes.boxes(memory, 0, len(memory)):
        if kind == b"uuid" and memory[start : start + 16] in _EXIF_UUIDS:
            return exif.tiff_in(memory, start + 16, end)
    return b""
