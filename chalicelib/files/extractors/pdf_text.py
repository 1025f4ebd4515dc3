"""The words of a PDF by PDFium, which is fifteen times as fast as pypdf.

PDFium is C++ without resource limits: it crashes on some files and takes gigabytes for others. It
runs only in the sandbox's child, where either fails just that file.

The library is that of the package pypdfium2, called directly: importing the package takes 45 ms and
9 MB, the table below 1 ms and 1 MB, and each fork copies a part of that.
"""

from __future__ import annotations

import ctypes
import sys
from codecs import utf_16_le_decode
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char, c_double, c_float, c_int, c_size_t, c_void_p
from importlib.machinery import PathFinder
from mmap import mmap

from chalicelib.files.extractors.pdf_facts import Text

_PART_BYTES = 8 * 1_048_576
"""PDFium caches everything it reads until the document is closed. Reopening a large file after each
part of this size bounds memory: 15 MB instead of 51 MB for a file of 50 MB. Opening takes a few
milliseconds."""

_NOT_ENCRYPTED = -1
"""Revision of the security handler of an unencrypted file."""

_UNIT_BYTES = 2
"""Of a UTF-16 code unit."""

_PACKAGE = "pypdfium2_raw"
_LIBRARY_NAME = "libpdfium.dylib" if sys.platform == "darwin" else "libpdfium.so"


class _Box(ctypes.Structure):
    """FS_RECTF: a page's box in the page's own units."""

    _fields_ = (("left", c_float), ("top", c_float), ("right", c_float), ("bottom", c_float))


_Handle = c_void_p

_FUNCTIONS: dict[str, tuple[type | None, list[type]]] = {
    "FPDF_InitLibrary": (None, []),
    "FPDF_LoadMemDocument64": (_Handle, [c_void_p, c_size_t, c_void_p]),
    "FPDF_CloseDocument": (None, [_Handle]),
    "FPDF_GetPageCount": (c_int, [_Handle]),
    "FPDF_GetSecurityHandlerRevision": (c_int, [_Handle]),
    "FPDF_LoadPage": (_Handle, [_Handle, c_int]),
    "FPDF_ClosePage": (None, [_Handle]),
    "FPDF_GetPageBoundingBox": (c_int, [_Handle, POINTER(_Box)]),
    "FPDFText_LoadPage": (_Handle, [_Handle]),
    "FPDFText_ClosePage": (None, [_Handle]),
    "FPDFText_CountChars": (c_int, [_Handle]),
    "FPDFText_GetCharBox": (c_int, [_Handle, c_int, *[POINTER(c_double)] * 4]),
    "FPDFText_GetTextIndexFromCharIndex": (c_int, [_Handle, c_int]),
    "FPDFText_GetText": (c_int, [_Handle, c_int, c_int, c_void_p]),
    "FPDFText_GetBoundedText": (c_int, [_Handle, *[c_double] * 4, c_void_p, c_int]),
}
"""Results and parameters: https://pdfium.googlesource.com/pdfium/+/refs/heads/main/public/"""


class NotReadError(Exception):
    """PDFium cannot open the file without a password, or one of its pages."""


def read(content: mmap) -> Text:
    """The text of all pages, with the empty password where the file is encrypted.

    Raises:
        NotReadError: the text cannot be extracted completely.
    """
    document = _opened(content)
    try:
        pages = _PDFIUM.FPDF_GetPageCount(document)
        if pages <= 0:
            raise NotReadError
        revision = _PDFIUM.FPDF_GetSecurityHandlerRevision(document)
        parts = _parts(pages, len(content))
        words = _words(document, next(parts))
    finally:
        _PDFIUM.FPDF_CloseDocument(document)
    for part in parts:
        document = _opened(content)
        try:
            words += _words(document, part)
        finally:
            _PDFIUM.FPDF_CloseDocument(document)
    return Text(pages, words, is_encrypted=revision != _NOT_ENCRYPTED)


def _parts(pages: int, size_bytes: int) -> Iterator[range]:
    """The numbers of all pages, in parts of about `_PART_BYTES` if pages have equal sizes."""
    length = max(1, pages * _PART_BYTES // size_bytes)
    return (range(first, min(first + length, pages)) for first in range(0, pages, length))


def _opened(content: mmap) -> int:
    """The document, which refers to the content until it is closed."""
    return _valid(_PDFIUM.FPDF_LoadMemDocument64(_address(content), len(content), None))


def _words(document: int, numbers: range) -> int:
    return sum([_page_words(document, number) for number in numbers])


def _page_words(document: int, number: int) -> int:
    page = _valid(_PDFIUM.FPDF_LoadPage(document, number))
    try:
        text = _valid(_PDFIUM.FPDFText_LoadPage(page))
        try:
            return len(_text(page, text).split())
        finally:
            _PDFIUM.FPDFText_ClosePage(text)
    finally:
        _PDFIUM.FPDF_ClosePage(page)


def _valid(handle: int | None) -> int:
    if handle is None:
        raise NotReadError
    return handle


def _text(page: int, text: int) -> str:
    """The page's text; if it begins and ends outside of the page, only the text inside.

    Extracting just the text inside takes three times as long and separates fewer words than
    pdftotext does.
    """
    last = _PDFIUM.FPDFText_CountChars(text) - 1
    if last < 0:
        return ""
    bounds = _Box()
    _check(_PDFIUM.FPDF_GetPageBoundingBox(page, byref(bounds)))
    if any(_touches(bounds, text, index) for index in (0, last)):
        return _whole_text(text, last)
    return _text_inside(bounds, text)


def _touches(bounds: _Box, text: int, index: int) -> bool:
    """Whether the character is on the page, at least in part."""
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    _check(
        _PDFIUM.FPDFText_GetCharBox(
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
    index_of = _PDFIUM.FPDFText_GetTextIndexFromCharIndex
    start = next((index for index in range(last + 1) if index_of(text, index) >= 0), None)
    if start is None:
        return ""
    end = next(index for index in range(last, -1, -1) if index_of(text, index) >= 0)
    buffer = _buffer(index_of(text, end) - index_of(text, start) + 2)
    written = _PDFIUM.FPDFText_GetText(text, start, end - start + 1, _address(buffer))
    return _decoded(buffer, written - 1)  # without the final NUL


def _text_inside(bounds: _Box, text: int) -> str:
    corners = (bounds.left, bounds.top, bounds.right, bounds.bottom)
    length = _PDFIUM.FPDFText_GetBoundedText(text, *corners, None, 0)
    if length <= 0:
        return ""
    buffer = _buffer(length)
    _PDFIUM.FPDFText_GetBoundedText(text, *corners, _address(buffer), length)
    return _decoded(buffer, length)


def _buffer(length: int) -> bytearray:
    """Space for so many UTF-16 code units.

    Not an array of ctypes, which would be a new class for each length.
    """
    return bytearray(_UNIT_BYTES * length)


def _address(memory: bytearray | mmap) -> object:
    """A pointer to the beginning, as an argument of a function."""
    return byref(c_char.from_buffer(memory))


def _decoded(buffer: bytearray, length: int) -> str:
    return utf_16_le_decode(buffer[: _UNIT_BYTES * max(0, length)], "ignore")[0]


def _check(succeeded: int) -> None:
    if not succeeded:
        raise NotReadError


def _loaded() -> ctypes.CDLL:
    """The library, initialized.

    Raises:
        ImportError: the package is not installed.
    """
    package = PathFinder.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ImportError(f"the package {_PACKAGE} is not installed", name=_PACKAGE)
    library = ctypes.CDLL(f"{package.submodule_search_locations[0]}/{_LIBRARY_NAME}")
    for name, (result, parameters) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters
    library.FPDF_InitLibrary()
    return library


_PDFIUM = _loaded()
