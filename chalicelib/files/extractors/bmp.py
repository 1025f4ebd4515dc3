"""BMP of Windows and OS/2, and the icons and cursors that contain it.

https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types; for OS/2:
https://www.fileformat.info/format/os2bmp/egff.htm.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from chalicelib.files.extractors import png
from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header

_CORE_HEADER = 12
"""Size of OS/2's first header, with 16-bit numbers."""

_INFO_HEADER = b"\x28\0\0\0"
"""Its size, with which the header of a bitmap in an icon begins."""

_ICON_BYTES = 40
"""Least that an image in an icon takes."""

_UNCOMPRESSED, _BIT_FIELDS = 0, 3

_MAX_BYTES = (1 << 32) - 1
"""Of a file: its size and the position of its pixels are 32-bit numbers."""


def read(memory: Memory) -> ImageFacts:
    """Size and colors."""
    (header,) = struct.unpack_from("<L", memory, 14)
    if header == _CORE_HEADER:
        width, height, bits = struct.unpack_from("<HHxxH", memory, 18)
        compression = _UNCOMPRESSED
    else:
        width, height, bits = struct.unpack_from("<llxxH", memory, 18)
        compression = int.from_bytes(memory[30:34], "little") if header > 16 else _UNCOMPRESSED
    color, depth = _colors(bits, compression)
    height = abs(height)  # if negative, the rows are stored from top to bottom
    is_plain = compression in (_UNCOMPRESSED, _BIT_FIELDS)
    if is_plain and (width * bits + 31) // 32 * 4 * height > _MAX_BYTES:
        raise no_header()
    return ImageFacts(width, height, color_mode=color, bit_depth=depth, frame_count=1)


def _colors(bits: int, compression: int) -> tuple[str | None, int | None]:
    """Color mode and bit depth of a pixel of so many bits; none if masks define the channels."""
    if bits in (1, 2, 4, 8):
        return "palette", bits
    if bits == 24 or (bits == 32 and compression == _UNCOMPRESSED):
        return "rgb", 8
    return None, None


def read_icon(memory: Memory) -> ImageFacts:
    """Size of the largest image, and the number of images.

    https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)
    """
    sizes = list(_icon_sizes(memory))
    if not sizes:
        raise no_header()
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return ImageFacts(width, height, image_count=len(sizes))


def _icon_sizes(memory: Memory) -> Iterator[tuple[int, int]]:
    """The size of each image that is in the file, by its own header: the directory's has 8 bits."""
    (count,) = struct.unpack_from("<H", memory, 4)
    entries = memory[6 : 6 + 16 * count]
    for (at,) in struct.iter_unpack("<12xL", entries[: len(entries) // 16 * 16]):
        if at + _ICON_BYTES > len(memory):
            continue
        if memory[at : at + 8] == png.SIGNATURE:
            yield png.header(memory, at)[:2]
        elif memory[at : at + 4] == _INFO_HEADER:
            width, height = struct.unpack_from("<ll", memory, at + 4)
            yield width, abs(height) // 2  # with the mask, as high again
