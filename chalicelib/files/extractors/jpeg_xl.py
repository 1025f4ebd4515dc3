"""JPEG XL: the headers of the codestream (ISO/IEC 18181-1, annex D) and its container (18181-2)."""

from __future__ import annotations

from chalicelib.files.extractors import exif, iso_boxes
from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header

_CODESTREAM = b"\xff\x0a"
_MAX_HEADER_BYTES = 128
"""More than the headers take that are read."""

_NUMBER_BYTES = {b"jxlc": 0, b"jxlp": 4}
"""Boxes of the whole codestream, and of a part after its number."""

_Choice = tuple[int, int]
"""What a two-bit selector chooses: a number, and how many bits are added to it."""

_SIZES: tuple[_Choice, ...] = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW_SIZES: tuple[_Choice, ...] = ((1, 6), (65, 8), (321, 10), (1_345, 12))
_SMALL_PREVIEW_SIZES: tuple[_Choice, ...] = ((16, 0), (32, 0), (1, 5), (33, 9))
_TICKS: tuple[_Choice, ...] = ((100, 0), (1_000, 0), (1, 10), (1, 30))
_TICKS_DIVISOR: tuple[_Choice, ...] = ((1, 0), (1_001, 0), (1, 8), (1, 10))
_LOOPS: tuple[_Choice, ...] = ((0, 0), (0, 3), (0, 16), (0, 32))
_DEPTHS: tuple[_Choice, ...] = ((8, 0), (10, 0), (12, 0), (1, 6))
_FLOAT_DEPTHS: tuple[_Choice, ...] = ((32, 0), (16, 0), (24, 0), (1, 6))

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Of width to height: table D.2."""


class _Bits:
    """Numbers of a codestream, lowest bit first."""

    def __init__(self, data: bytes) -> None:
        self._data = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def number(self, bits: int) -> int:
        """The next bits; rejects the file at its end."""
        self._left -= bits
        if self._left < 0:
            raise no_header()
        value = self._data & (1 << bits) - 1
        self._data >>= bits
        return value

    def chosen(self, choices: tuple[_Choice, ...]) -> int:
        """A number with a two-bit selector: U32 in B.2.2."""
        base, bits = choices[self.number(2)]
        return base + self.number(bits)

    def flag(self) -> bool:
        """The next bit."""
        return bool(self.number(1))


def read(memory: Memory) -> ImageFacts:
    """Size, orientation, bit depth and Exif."""
    if memory[:2] == _CODESTREAM:
        return _read_codestream(memory[2:_MAX_HEADER_BYTES], b"")
    codestream = tiff = b""
    for kind, start, end, _ in iso_boxes.boxes(memory, 0, len(memory)):
        if kind in _NUMBER_BYTES and not codestream:
            first = start + _NUMBER_BYTES[kind]
            codestream = memory[first : min(end, first + _MAX_HEADER_BYTES)]
        elif kind == b"Exif" and not tiff:
            tiff = exif.tiff_at_offset(memory, start, end)
    if codestream[:2] != _CODESTREAM:
        raise no_header()
    return _read_codestream(codestream[2:], tiff)


def _read_codestream(header: bytes, tiff: bytes) -> ImageFacts:
    bits = _Bits(header)
    width, height = _size(bits)
    orientation, is_animated = 1, False
    is_default = bits.flag()
    if not is_default and bits.flag():
        orientation = 1 + bits.number(3)
        is_animated = _skip_extra_fields(bits)
    return ImageFacts(
        width,
        height,
        orientation=orientation,
        bit_depth=8 if is_default else bits.chosen(_FLOAT_DEPTHS if bits.flag() else _DEPTHS),
        frame_count=None if is_animated else 1,
        exif=tiff,
    )


def _skip_extra_fields(bits: _Bits) -> bool:
    """Skip further sizes and timing; whether the image is animated."""
    if bits.flag():
        _size(bits)
    if bits.flag():
        _skip_preview(bits)
    is_animated = bits.flag()
    if is_animated:
        for choices in (_TICKS, _TICKS_DIVISOR, _LOOPS):
            bits.chosen(choices)
        bits.flag()
    return is_animated


def _size(bits: _Bits) -> tuple[int, int]:
    """Width and height: D.2."""
    is_small = bits.flag()
    height = _side(bits, is_small=is_small)
    ratio = bits.number(3)
    if not ratio:
        return _side(bits, is_small=is_small), height
    numerator, denominator = _RATIOS[ratio - 1]
    return height * numerator // denominator, height


def _side(bits: _Bits, *, is_small: bool) -> int:
    return 8 * (1 + bits.number(5)) if is_small else bits.chosen(_SIZES)


def _skip_preview(bits: _Bits) -> None:
    choices = _SMALL_PREVIEW_SIZES if bits.flag() else _PREVIEW_SIZES
    bits.chosen(choices)
    if not bits.number(3):
        bits.chosen(choices)
