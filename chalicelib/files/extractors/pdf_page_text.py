"""The words of a page that PDFium has opened."""

from __future__ import annotations

import re
from codecs import utf_16_le_decode
from ctypes import byref, c_double
from typing import NamedTuple

from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extractors.pdfium import PDFIUM, Box, address, check, valid

_UNIT_BYTES = 2
"""Of a UTF-16 code unit."""

_UNMAPPED = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
"""What PDFium returns for the codes of glyphs whose characters are unknown."""

_LINE_END_HYPHEN = re.compile("(?<=\\S)\ufffe(?=\\S)")
"""What PDFium has for a hyphen that divides a word at the end of a line, and for the line end."""

_NOT_CHARACTERS = {*range(0x09), *range(0x0E, 0x1C), 0x7F, 0xFFFE, 0xFFFF}
"""The same, and what PDFium leaves out of the text."""


class Words(NamedTuple):
    """The words of a page."""

    total: int
    unmapped: int
    """Words with glyphs of which the characters are unknown, or 1 if that is all there is."""


def words_on(page: int, collector: TextCollector | None) -> Words:
    """The words of a page without its annotations."""
    text = valid(PDFIUM.FPDFText_LoadPage(page))
    try:
        shown = _text(page, text)
        words = shown.split()
        if not words:
            return Words(0, int(_is_unmapped(text)))
        if collector:
            collector.add(_LINE_END_HYPHEN.sub("", shown))
        return Words(len(words), sum(_UNMAPPED.search(word) is not None for word in words))
    finally:
        PDFIUM.FPDFText_ClosePage(text)


def _is_unmapped(text: int) -> bool:
    """Whether a page without words has glyphs of which the characters are unknown."""
    characters = range(PDFIUM.FPDFText_CountChars(text))
    return any(PDFIUM.FPDFText_GetUnicode(text, n) in _NOT_CHARACTERS for n in characters)


def _text(page: int, text: int) -> str:
    """The page's text; if it begins and ends outside of the page, only the text inside.

    Extracting just the text inside takes three times as long and separates fewer words than
    pdftotext does.
    """
    last = PDFIUM.FPDFText_CountChars(text) - 1
    if last < 0:
        return ""
    bounds = Box()
    check(PDFIUM.FPDF_GetPageBoundingBox(page, byref(bounds)))
    if any(_touches(bounds, text, index) for index in (0, last)):
        return _whole_text(text, last)
    return _text_inside(bounds, text)


def _touches(bounds: Box, text: int, index: int) -> bool:
    """Whether the character is on the page, at least in part."""
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    check(
        PDFIUM.FPDFText_GetCharBox(
            text, index, byref(left), byref(right), byref(bottom), byref(top)
        )
    )
    return bool(
        left.value <= bounds.right
        and right.value >= bounds.left
        and bottom.value <= bounds.top
        and top.value >= bounds.bottom
    )


def _whole_text(text: int, last: int) -> str:
    """All text up to the character with this index.

    PDFium reads beyond the text if the first or last character is one that the text omits:
    https://crbug.com/pdfium/2079
    """
    index_of = PDFIUM.FPDFText_GetTextIndexFromCharIndex
    start = next((index for index in range(last + 1) if index_of(text, index) >= 0), None)
    if start is None:
        return ""
    end = next(index for index in range(last, -1, -1) if index_of(text, index) >= 0)
    buffer = _buffer(index_of(text, end) - index_of(text, start) + 2)
    written = PDFIUM.FPDFText_GetText(text, start, end - start + 1, address(buffer))
    return _decoded(buffer, written - 1)  # without the final NUL


def _text_inside(bounds: Box, text: int) -> str:
    corners = (bounds.left, bounds.top, bounds.right, bounds.bottom)
    length = PDFIUM.FPDFText_GetBoundedText(text, *corners, None, 0)
    if length <= 0:
        return ""
    buffer = _buffer(length)
    PDFIUM.FPDFText_GetBoundedText(text, *corners, address(buffer), length)
    return _decoded(buffer, length)


def _buffer(length: int) -> bytearray:
    """Space for so many UTF-16 code units.

    Not an array of ctypes, which would be a new class for each length.
    """
    return bytearray(_UNIT_BYTES * length)


def _decoded(buffer: bytearray, length: int) -> str:
    return utf_16_le_decode(buffer[: _UNIT_BYTES * max(0, length)], "ignore")[0]
