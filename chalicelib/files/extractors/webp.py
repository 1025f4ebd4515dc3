"""WebP: RFC 9649."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from chalicelib.files.extractors import exif
from chalicelib.files.extractors.image_facts import MAX_PARTS, ImageFacts, Memory, no_header


def read(memory: Memory) -> ImageFacts:
    """Size of the canvas, number of frames and Exif."""
    size: tuple[int, int] | None = None
    frames = 0
    tiff: Memory = b""
    for kind, start, end in _chunks(memory):
        size = size or _size(memory, kind, start, end)
        if kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF" and not tiff:
            tiff = exif.tiff_in(memory, start, end)
    if not size:
        raise no_header()
    return ImageFacts(*size, frame_count=max(frames, 1), exif=tiff)


def _size(memory: Memory, kind: bytes, start: int, end: int) -> tuple[int, int]:
    """The size in the first chunk, whose type is one of three."""
    match kind:
        case b"VP8X" if end - start >= 10:
            data = memory[start + 4 : start + 10]
            return 1 + int.from_bytes(data[:3], "little"), 1 + int.from_bytes(data[3:], "little")
        case b"VP8L":
            (bits,) = struct.unpack_from("<xL", memory, start)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":  # two of 16 bits are scaling: RFC 6386, 9.1
            width, height = struct.unpack_from("<HH", memory, start + 6)
            return width & 0x3FFF, height & 0x3FFF
        case _:
            raise no_header()


def _chunks(memory: Memory) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk's data, as far as it is in the file."""
    position = 12
    for _ in range(MAX_PARTS):
        if len(memory) - position < 8:
            return
        kind, size = struct.unpack_from("<4sL", memory, position)
        yield kind, position + 8, min(position + 8 + size, len(memory))
        position += 8 + size + size % 2
