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

_KNOWN = frozenset({b"acTL", b"IDAT", b"eXIf"})
_TEXTS = frozenset({b"tEXt", b"zTXt"})
_Chunks = dict[bytes, tuple[int, int]]
"""Start and end of a chunk's data, by its type."""

_APPLE = b"\0\0\0\4CgBI"
_APPLE_BYTES = 16
"""A chunk before the header, by Xcode for iOS: https://iphonedev.wiki/CgBI_file_format."""


def read(memory: Memory) -> ImageFacts:
    """Size, colors, number of frames and Exif."""
    if memory[:8] != SIGNATURE:
        raise no_header()
    width, height, depth, color = header(memory, 0)
    first, frames = _known_chunks(memory)
    # An acTL after the first IDAT is ignored: 11.3.6.1.
    is_animated = b"acTL" in first and first[b"acTL"] <= first.get(b"IDAT", first[b"acTL"])
    return ImageFacts(
        width=width,
        height=height,
        bit_depth=depth,
        color_mode=_COLORS.get(color),
        frame_count=max(frames, 1) if is_animated else 1,
        exif=_exif(memory, first),
    )


def header(memory: Memory, start: int) -> tuple[int, int, int, int]:
    """Width, height, bit depth and color type of the PNG at this position."""
    first = start + len(SIGNATURE)
    if memory[first : first + len(_APPLE)] == _APPLE:
        first += _APPLE_BYTES
    kind, *values = struct.unpack_from(">4sLLBB", memory, first + 4)
    if kind != b"IHDR":
        raise no_header()
    width, height, depth, color = values
    return width, height, depth, color


def _known_chunks(memory: Memory) -> tuple[_Chunks, int]:
    """The first one of each kind that is read here, of a text with Exif; the number of frames."""
    first: _Chunks = {}
    frames = 0
    for kind, start, end in _chunks(memory):
        if kind == b"IEND":
            break
        if kind == b"fcTL":
            frames += 1
        elif kind in _KNOWN or (
            kind in _TEXTS and memory[start : start + len(_RAW_EXIF)] == _RAW_EXIF
        ):
            first.setdefault(kind, (start, end))
    return first, frames


def _exif(memory: Memory, first: _Chunks) -> Memory:
    """The Exif in its own chunk, else in a text, of which one is tried: each may be compressed."""
    if b"eXIf" in first and (tiff := exif.tiff_in(memory, *first[b"eXIf"])):
        return tiff
    kind = b"zTXt" if b"zTXt" in first else b"tEXt"
    start, end = first.get(kind, (0, 0))
    return _raw_exif(kind, memory[start + len(_RAW_EXIF) : end])


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
