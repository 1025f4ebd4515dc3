"""GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""

from __future__ import annotations

import struct

from chalicelib.files.extractors.image_facts import MAX_PARTS, ImageFacts, Memory

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B


def read(memory: Memory) -> ImageFacts:
    """Size, bits of the largest palette and number of frames."""
    width, height, flags = struct.unpack_from("<HHB", memory, 6)
    frames, depth = _frames(memory, flags)
    return ImageFacts(
        width=width,
        height=height,
        bit_depth=depth or None,
        color_mode="palette",
        frame_count=frames,
    )


def _frames(memory: Memory, flags: int) -> tuple[int | None, int]:
    """The number of frames that begin, and the bits of the largest palette.

    The number is None where bytes that are no block hide whether others follow.
    """
    frames, depth = 0, _palette_bits(flags)
    position = 13 + _palette_bytes(flags)
    blocks = 0
    while position < len(memory) and blocks < MAX_PARTS:
        kind = memory[position]
        if kind == _IMAGE and len(memory) - position > 9:
            frames += 1
            flags = memory[position + 9]
            depth = max(depth, _palette_bits(flags))
            position += 11 + _palette_bytes(flags)
        elif kind == _EXTENSION:
            position += 2
        elif kind == _TRAILER:
            break
        else:
            return None, depth
        while position < len(memory) and blocks < MAX_PARTS and memory[position]:
            position += 1 + memory[position]
            blocks += 1
        position += 1
        blocks += 1
    return frames or None if blocks < MAX_PARTS else None, depth


def _palette_bits(flags: int) -> int:
    return (flags & 7) + 1 if flags & 0x80 else 0


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
