"""PNG and animated PNG: https://www.w3.org/TR/png-3/."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from chalicelib.files.extractors import exif
from chalicelib.files.extractors.image_facts import MAX_PARTS, ImageFacts, Memory, no_header

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_COLORS = {0: "gray", 2: "rgb", 3: "palette", 4: "gray-alpha", 6: "rgb-alpha"}
"""Table 11.1."""

_RAW_EXIF = b"Raw profile type exif\0"
"""Keyword of a tEXt or zTXt chunk with Exif as text, by ImageMagick and GIMP:
https://exiftool.org/TagNames/PNG.html#TextualData."""
_MAX_RAW_EXIF_CHARACTERS = 1 << 20


def read(memory: Memory) -> ImageFacts:
    """Size, colors, number of frames and Exif."""
    if memory[:8] != SIGNATURE:
        raise no_header()
    width, height, depth, color = header(memory, 0)
    frames = 0
    is_animated = False
    tiff: Memory = b""
    for kind, start, end in _chunks(memory):
        match kind:
            case b"acTL":
                is_animated = True
            case b"fcTL":
                frames += 1
            case b"eXIf":
                tiff = exif.tiff_in(memory, start, end)
            case b"tEXt" | b"zTXt" if memory[start : start + len(_RAW_EXIF)] == _RAW_EXIF:
                tiff = tiff or _raw_exif(kind, memory[start + len(_RAW_EXIF) : end])
            case b"IEND":
                break
    return ImageFacts(
        width=width,
        height=height,
        bit_depth=depth,
        color_mode=_COLORS.get(color),
        frame_count=max(frames, 1) if is_animated else 1,
        exif=tiff,
    )


def header(memory: Memory, start: int) -> tuple[int, int, int, int]:
    """Width, height, bit depth and color type of the PNG at this position."""
    kind, *values = struct.unpack_from(">4sLLBB", memory, start + 12)
    if kind != b"IHDR":
        raise no_header()
    width, height, depth, color = values
    return width, height, depth, color


def _raw_exif(kind: bytes, text: bytes) -> bytes:
    """The Exif in hexadecimal digits, after its name and length."""
    try:
        if kind == b"zTXt":  # after the number of the compression method
            text = zlib.decompressobj().decompress(text[1:], _MAX_RAW_EXIF_CHARACTERS)
        _, _, digits = text.split(maxsplit=2)
        data = bytes.fromhex(digits.decode("ascii"))
    except (ValueError, zlib.error):
        return b""
    return exif.tiff_in(data, 0, len(data))


def _chunks(memory: Memory) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each whole chunk's data."""
    start = 8
    for _ in range(MAX_PARTS):
        if len(memory) - start < 12:
            return
        size, kind = struct.unpack_from(">L4s", memory, start)
        if size > len(memory) - start - 12:
            return
        yield kind, start + 8, start + 8 + size
        start += 12 + size
