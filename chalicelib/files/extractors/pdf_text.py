"""The words of a PDF by PDFium, which is fifteen times as fast as pypdf.

PDFium is C++ without resource limits: it crashes on some files and takes gigabytes for others. It
runs only in the sandbox's child, where either fails just that file.

PDFium's text of a page leaves out its annotations, among them the fields of forms. Flattening adds
what they show to the page as its last object; it also loses resources that the page inherits, so
that the page's own text is read before.
"""

from __future__ import annotations

from codecs import utf_16_le_decode
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_char, c_double
from mmap import mmap
from typing import NamedTuple

from chalicelib.files.extractors.pdf_facts import Text
from chalicelib.files.extractors.pdfium import PDFIUM, Box

_PART_BYTES = 8 * 1_048_576
"""PDFium caches everything it reads until the document is closed. Reopening a large file after each
part of this size bounds memory: 15 MB instead of 51 MB for a file of 50 MB. Opening takes a few
milliseconds."""

_NOT_ENCRYPTED = -1
"""Revision of the security handler of an unencrypted file."""

_UNIT_BYTES = 2
"""Of a UTF-16 code unit."""

_APPEARANCE = b"AP"
"""Key of an annotation's appearance: ISO 32000-1, table 164."""

_FOR_DISPLAY = 0
"""FLAT_NORMALDISPLAY: annotations as on a screen, not as printed."""

_FLATTENED = 1
"""FLATTEN_SUCCESS."""

_MAX_EXAMINED = 100
"""Annotations of a page; flattening skips each of them sooner than Python does."""

_FORM = 5
"""FPDF_PAGEOBJ_FORM, in which flattening puts all annotations."""


class _Shown(NamedTuple):
    """What a page shows."""

    words: int
    is_blank: bool
    """Whether it shows nothing, not even a line."""


class NotReadError(Exception):
    """PDFium cannot open the file without a password, or one of its pages."""


def read(content: mmap) -> Text:
    """The text of all pages, with the empty password where the file is encrypted.

    Raises:
        NotReadError: the text cannot be extracted completely.
    """
    document = _opened(content)
    try:
        pages = PDFIUM.FPDF_GetPageCount(document)
        if pages <= 0:
            raise NotReadError
        revision = PDFIUM.FPDF_GetSecurityHandlerRevision(document)
        parts = _parts(pages, len(content))
        shown = _shown_on(document, next(parts))
    finally:
        PDFIUM.FPDF_CloseDocument(document)
    for part in parts:
        document = _opened(content)
        try:
            shown += _shown_on(document, part)
        finally:
            PDFIUM.FPDF_CloseDocument(document)
    return Text(
        pages,
        sum(page.words for page in shown),
        is_encrypted=revision != _NOT_ENCRYPTED,
        is_blank=all(page.is_blank for page in shown),
    )


def _parts(pages: int, size_bytes: int) -> Iterator[range]:
    """The numbers of all pages, in parts of about `_PART_BYTES` if pages have equal sizes."""
    length = max(1, pages * _PART_BYTES // size_bytes)
    return (range(first, min(first + length, pages)) for first in range(0, pages, length))


def _opened(content: mmap) -> int:
    """The document, which refers to the content until it is closed."""
    return _valid(PDFIUM.FPDF_LoadMemDocument64(_address(content), len(content), None))


def _shown_on(document: int, numbers: range) -> list[_Shown]:
    return [_shown(document, number) for number in numbers]


def _shown(document: int, number: int) -> _Shown:
    with _page(document, number) as page:
        objects = PDFIUM.FPDFPage_CountObjects(page)
        shown = _Shown(_words(page), is_blank=objects == 0)
        if not _flatten(page):
            return shown
    with _page(document, number) as page:
        if not _ends_with_annotations(page, objects):
            return shown
        _remove_all_but_last(page)
        return _Shown(shown.words + _words(page), is_blank=False)


@contextmanager
def _page(document: int, number: int) -> Iterator[int]:
    page = _valid(PDFIUM.FPDF_LoadPage(document, number))
    try:
        yield page
    finally:
        PDFIUM.FPDF_ClosePage(page)


def _flatten(page: int) -> bool:
    """Add what annotations show to the page when it is reloaded; False if there is nothing."""
    annotations = PDFIUM.FPDFPage_GetAnnotCount(page)
    return (
        annotations > _MAX_EXAMINED or any(_has_appearance(page, n) for n in range(annotations))
    ) and PDFIUM.FPDFPage_Flatten(page, _FOR_DISPLAY) == _FLATTENED


def _ends_with_annotations(page: int, objects: int) -> bool:
    """Whether the last object of a flattened page, which had so many before, is what was added.

    Nothing is added for hidden annotations. If inherited resources are lost, so are forms.
    """
    now = PDFIUM.FPDFPage_CountObjects(page)
    if now in {0, objects}:
        return False
    last = PDFIUM.FPDFPage_GetObject(page, now - 1)
    return bool(PDFIUM.FPDFPageObj_GetType(last) == _FORM)


def _has_appearance(page: int, index: int) -> bool:
    annotation = PDFIUM.FPDFPage_GetAnnot(page, index)
    if annotation is None:
        return False
    found = PDFIUM.FPDFAnnot_HasKey(annotation, _APPEARANCE)
    PDFIUM.FPDFPage_CloseAnnot(annotation)
    return bool(found)


def _remove_all_but_last(page: int) -> None:
    for _ in range(PDFIUM.FPDFPage_CountObjects(page) - 1):
        first = PDFIUM.FPDFPage_GetObject(page, 0)
        _check(PDFIUM.FPDFPage_RemoveObject(page, first))
        PDFIUM.FPDFPageObj_Destroy(first)


def _words(page: int) -> int:
    text = _valid(PDFIUM.FPDFText_LoadPage(page))
    try:
        return len(_text(page, text).split())
    finally:
        PDFIUM.FPDFText_ClosePage(text)


def _valid(handle: int | None) -> int:
    if handle is None:
        raise NotReadError
    return handle


def _text(page: int, text: int) -> str:
    """The page's text; if it begins and ends outside of the page, only the text inside.

    Extracting just the text inside takes three times as long and separates fewer words than
    pdftotext does.
    """
    last = PDFIUM.FPDFText_CountChars(text) - 1
    if last < 0:
        return ""
    bounds = Box()
    _check(PDFIUM.FPDF_GetPageBoundingBox(page, byref(bounds)))
    if any(_touches(bounds, text, index) for index in (0, last)):
        return _whole_text(text, last)
    return _text_inside(bounds, text)


def _touches(bounds: Box, text: int, index: int) -> bool:
    """Whether the character is on the page, at least in part."""
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    _check(
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
    written = PDFIUM.FPDFText_GetText(text, start, end - start + 1, _address(buffer))
    return _decoded(buffer, written - 1)  # without the final NUL


def _text_inside(bounds: Box, text: int) -> str:
    corners = (bounds.left, bounds.top, bounds.right, bounds.bottom)
    length = PDFIUM.FPDFText_GetBoundedText(text, *corners, None, 0)
    if length <= 0:
        return ""
    buffer = _buffer(length)
    PDFIUM.FPDFText_GetBoundedText(text, *corners, _address(buffer), length)
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
