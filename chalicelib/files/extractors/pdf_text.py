"""The words of a PDF by PDFium, which is fifteen times as fast as pypdf.

PDFium is C++ without resource limits: it crashes on some files and takes gigabytes for others. It
runs only in the sandbox's child, where either fails just that file.

PDFium's text of a page leaves out its annotations, among them the fields of forms. Flattening adds
what they show to the page as its last object; it also loses resources that the page inherits, so
that the page's own text is read before. pdf_annotations.py has what flattening leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from typing import NamedTuple

from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.extractors import pdf_annotations
from chalicelib.files.extractors.pdf_facts import Text
from chalicelib.files.extractors.pdf_page_text import words_on
from chalicelib.files.extractors.pdfium import PDFIUM, NotReadError, address, check, valid

_PART_BYTES = 8 * 1_048_576
"""PDFium caches everything it reads until the document is closed. Reopening a large file after each
part of this size bounds memory: 15 MB instead of 51 MB for a file of 50 MB. Opening takes a few
milliseconds."""

_NOT_ENCRYPTED = -1
"""Revision of the security handler of an unencrypted file."""

_FOR_DISPLAY = 0
"""FLAT_NORMALDISPLAY: annotations as on a screen, not as printed."""

_FLATTENED = 1
"""FLATTEN_SUCCESS."""

_FORM = 5
"""FPDF_PAGEOBJ_FORM, in which flattening puts all annotations."""

_MAX_UNMAPPED = 0.05
"""Share of the words with such a code, up to which the number of words is known."""


class _Shown(NamedTuple):
    """What a page shows."""

    words: int
    unmapped: int
    """Words with glyphs of which the characters are unknown, or 1 if that is all there is."""
    is_blank: bool
    """Whether it shows nothing, not even a line."""

    @property
    def is_without_text(self) -> bool:
        """Whether it shows something of which the file has no characters."""
        return not self.is_blank and self.words <= self.unmapped


def read(content: mmap, collector: TextCollector | None = None) -> Text:
    """The text of all pages, with the empty password where the file is encrypted.

    Args:
        content: the file.
        collector: is filled with the text.

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
        shown = _shown_on(document, next(parts), collector)
    finally:
        PDFIUM.FPDF_CloseDocument(document)
    for part in parts:
        document = _opened(content)
        try:
            shown += _shown_on(document, part, collector)
        finally:
            PDFIUM.FPDF_CloseDocument(document)
    return Text(
        pages,
        _known_words(shown),
        is_encrypted=revision != _NOT_ENCRYPTED,
        is_blank=all(page.is_blank for page in shown),
        pages_without_text=sum(page.is_without_text for page in shown),
    )


def _known_words(shown: list[_Shown]) -> int | None:
    words = sum(page.words for page in shown)
    unmapped = sum(page.unmapped for page in shown)
    return words if unmapped <= _MAX_UNMAPPED * words else None


def _parts(pages: int, size_bytes: int) -> Iterator[range]:
    """The numbers of all pages, in parts of about `_PART_BYTES` if pages have equal sizes."""
    length = max(1, pages * _PART_BYTES // size_bytes)
    return (range(first, min(first + length, pages)) for first in range(0, pages, length))


def _opened(content: mmap) -> int:
    """The document, which refers to the content until it is closed."""
    return valid(PDFIUM.FPDF_LoadMemDocument64(address(content), len(content), None))


def _shown_on(document: int, numbers: range, collector: TextCollector | None) -> list[_Shown]:
    return [_shown(document, number, collector) for number in numbers]


def _shown(document: int, number: int, collector: TextCollector | None) -> _Shown:
    if collector and number:
        collector.add(PAGE)
    with _page(document, number) as page:
        objects = PDFIUM.FPDFPage_CountObjects(page)
        shown = _Shown(*words_on(page, collector), is_blank=objects == 0)
        annotations = pdf_annotations.examined(page)
        if annotations.texts:
            words = shown.words + sum(len(text.split()) for text in annotations.texts)
            shown = shown._replace(words=words, is_blank=False)
        if collector:
            collector.add("".join(PARAGRAPH + text for text in annotations.texts))
        if not annotations.have_appearances or not _flatten(page):
            return shown
    with _page(document, number) as page:
        if not _ends_with_annotations(page, objects):
            return shown
        _remove_all_but_last(page)
        if collector:
            collector.add(PARAGRAPH)
        words, unmapped = words_on(page, collector)
        return _Shown(shown.words + words, shown.unmapped + unmapped, is_blank=False)


@contextmanager
def _page(document: int, number: int) -> Iterator[int]:
    page = valid(PDFIUM.FPDF_LoadPage(document, number))
    try:
        yield page
    finally:
        PDFIUM.FPDF_ClosePage(page)


def _flatten(page: int) -> bool:
    """Add what annotations show to the page when it is reloaded; False if there is nothing."""
    return bool(PDFIUM.FPDFPage_Flatten(page, _FOR_DISPLAY) == _FLATTENED)


def _ends_with_annotations(page: int, objects: int) -> bool:
    """Whether the last object of a flattened page, which had so many before, is what was added.

    Nothing is added for hidden annotations. If inherited resources are lost, so are forms.
    """
    now = PDFIUM.FPDFPage_CountObjects(page)
    if now in {0, objects}:
        return False
    last = PDFIUM.FPDFPage_GetObject(page, now - 1)
    return bool(PDFIUM.FPDFPageObj_GetType(last) == _FORM)


def _remove_all_but_last(page: int) -> None:
    for _ in range(PDFIUM.FPDFPage_CountObjects(page) - 1):
        first = PDFIUM.FPDFPage_GetObject(page, 0)
        check(PDFIUM.FPDFPage_RemoveObject(page, first))
        PDFIUM.FPDFPageObj_Destroy(first)
