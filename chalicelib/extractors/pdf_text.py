"""The words of a PDF by PDFium, which reads text fifteen times as fast as pypdf.

PDFium is C++ and has no limits of its own: it crashes on some files and takes gigabytes on others.
So it runs only in the child that chalicelib/isolation.py confines, where either is the end of that
file and of nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pypdfium2 import PdfDocument, PdfiumError, PdfPage, PdfTextPage, raw

_PART_BYTES = 8 * 1_048_576
"""PDFium keeps whatever it has read, pictures included, until the document is closed. So a large
file is read in parts of about so many bytes, each opened anew, and memory does not grow with it:
a file of 50 MB takes 15 MB instead of 51 MB. Opening takes a few milliseconds."""

_OPEN_FILES = Path("/proc/self/fd")

_NOT_ENCRYPTED = -1
"""PDFium's revision of the security handler of a file that has none."""


Box = tuple[float, float, float, float]
"""Left, bottom, right, top in the page's own units."""


class NotReadError(Exception):
    """PDFium opens the file not at all, or not without a password, or not each of its pages."""


@dataclass(frozen=True, slots=True)
class Text:
    """What PDFium tells of a whole PDF."""

    pages: int
    words: int
    """What white space separates in the text of all pages. A word that a hyphen parts at the end
    of a line is one."""
    is_encrypted: bool


def read(content: BinaryIO) -> Text:
    """The text of all pages, with the empty password where the file is encrypted.

    Raises:
        NotReadError: the text cannot be had, or not all of it.
    """
    try:
        with closing(_opened(content)) as document:
            pages = len(document)
            if pages == 0:
                raise NotReadError
            is_encrypted = raw.FPDF_GetSecurityHandlerRevision(document) != _NOT_ENCRYPTED
            parts = _parts(pages, content.seek(0, io.SEEK_END))
            words = _words(document, next(parts))
        for part in parts:
            with closing(_opened(content)) as document:
                words += _words(document, part)
    except PdfiumError as error:
        raise NotReadError from error
    return Text(pages, words, is_encrypted)


def _parts(pages: int, size_bytes: int) -> Iterator[range]:
    """The numbers of all pages, in parts that are small enough if the pages are alike."""
    length = max(1, pages * _PART_BYTES // size_bytes)
    return (range(first, min(first + length, pages)) for first in range(0, pages, length))


def _opened(content: BinaryIO) -> PdfDocument:
    """The document, which reads from the content as long as it is open."""
    path = _path(content)
    if path is None:
        return PdfDocument(content)
    # Not PdfDocument(path): it looks for the name that a file without one has in /proc.
    document = raw.FPDF_LoadDocument(bytes(path), None)
    if not document:
        raise NotReadError
    return PdfDocument(document)


def _path(content: BinaryIO) -> Path | None:
    """Where PDFium can open the file itself, which saves it from asking Python for each block."""
    content.flush()
    try:
        path = _OPEN_FILES / str(content.fileno())
    except OSError:  # it has no descriptor
        return None
    return path if path.exists() else None


def _words(document: PdfDocument, numbers: range) -> int:
    return sum(_page_words(document, number) for number in numbers)


def _page_words(document: PdfDocument, number: int) -> int:
    with closing(document[number]) as page, closing(page.get_textpage()) as text:
        return len(_text(page, text).split())


def _text(page: PdfPage, text: PdfTextPage) -> str:
    """The page's text; without what lies beside the page, if it both begins and ends there.

    To ask for the text within the page takes three times as long, and parts fewer words than
    pdftotext does: so only pages are asked that seem to have none.
    """
    last = text.count_chars() - 1
    if last < 0:
        return ""
    bounds = page.get_bbox()
    if any(_touch(bounds, text.get_charbox(index)) for index in (0, last)):
        return str(text.get_text_range())
    return str(text.get_text_bounded())


def _touch(bounds: Box, box: Box) -> bool:
    """Whether the two boxes, of left, bottom, right and top, touch."""
    return (
        box[0] <= bounds[2] and box[2] >= bounds[0] and box[1] <= bounds[3] and box[3] >= bounds[1]
    )
