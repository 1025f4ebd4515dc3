"""application/pdf: pages and words by PDFium (pdf_text.py), the document's information by pypdf.

Neither opens every file that the other does. Where PDFium does not, pypdf counts pages and words
as well. Where pypdf does not, what PDFium tells is recorded, and `unread` says what is missing.
Only what neither reads is refused, for pypdf's reason.

A file that opens with the empty password, as any viewer opens it, is read like any other. A page
whose text pypdf cannot have makes the whole file unreadable: a count without it would be a lie.
(PDFium takes what it cannot make sense of on a page for empty, and tells nobody.)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

import pypdf.filters  # noqa: F401 - pypdf imports it only when it reads, which is in every child
from pypdf import PasswordType, PdfReader, errors
from pypdf.generic import StreamObject

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, pdf_text
from chalicelib.extractors.pdf_structure import structure, version_in_header
from chalicelib.extractors.pdf_text import Text

# pypdf logs errors at most, and quotes the file in them, which is nobody's business in the logs.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

Translation = tuple[FailureCode, str]

_BROKEN: Translation = (FailureCode.UNREADABLE, "The file is not a readable PDF.")
_NO_PAGES: Translation = (FailureCode.UNREADABLE, "The PDF has no pages.")
_EXCESSIVE: Translation = (
    FailureCode.UNREADABLE,
    "The PDF unfolds to more content than is read of one file.",
)
_UNSUPPORTED: Translation = (
    FailureCode.UNREADABLE,
    "The PDF is compressed in a way that is not supported.",
)
_PASSWORD: Translation = (
    FailureCode.ENCRYPTED,
    "The PDF is encrypted and does not open without a password or certificate.",
)

TRANSLATIONS: Mapping[type[Exception], Translation] = {
    errors.DependencyError: _UNSUPPORTED,
    errors.DeprecationError: _BROKEN,
    errors.EmptyFileError: _BROKEN,
    errors.EmptyImageDataError: _BROKEN,
    errors.FileNotDecryptedError: _PASSWORD,
    errors.LimitReachedError: _EXCESSIVE,
    errors.PageSizeNotDefinedError: _BROKEN,
    errors.ParseError: _BROKEN,
    errors.PdfReadError: _BROKEN,
    errors.PdfStreamError: _BROKEN,
    errors.PyPdfError: _BROKEN,
    errors.WrongPasswordError: _PASSWORD,
    errors.XmpDocumentError: _BROKEN,
}
"""What each of pypdf's exceptions says about a file; `extractors` translates any other class."""

SAMPLE = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Count 1 /Kids [3 0 R] >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R
           /Resources << /Font << /F 5 0 R >> >> >> endobj
4 0 obj << /Length 24 >> stream
BT /F 9 Tf (word) Tj ET
endstream endobj
5 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj
6 0 obj << /Title <FEFF0074> /CreationDate (D:20260101120000+01'00') >> endobj
trailer << /Root 1 0 R /Info 6 0 R >>
startxref
0
%%EOF
"""
"""Makes PDFium look for the system's fonts, and Python for its codecs."""

_LEFT_OUT = {
    "Exceeded %(limit)d form XObject invocations": _EXCESSIVE,
    "Impossible to decode XFormObject": _BROKEN,
}
"""Beginnings of the warnings by which pypdf tells its log, and nobody else, that it went on without
the text of a form on the page."""


_PYPDF_RAISES: tuple[type[Exception], ...] = (
    *TRANSLATIONS,
    Refused,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What comes out of pypdf for a broken file, and what is raised here for one."""


def extract(content: BinaryIO, file_type: str = "application/pdf") -> Found:  # noqa: ARG001 - there is only this
    """Pages, words, the document's information, the version and what else is in the file.

    - wordCount: what white space separates in the text of all pages; hasTextLayer: whether there is
      any, which a scan has not.
    - pageWidth, pageHeight: of the first page in points (1/72 inch), rounded, before any turning.
    - pdfAClaim: `PDF/A-2b`, as the file says of itself; nothing checks that it is.
    - hasScripts: run by the document itself (when it is opened, or by name); hasForms;
      hasAttachments: of the document itself; hasSignatures: whether it says so. None of these
      looks at each page.
    - unread: `information` where pypdf cannot read the file's structure, so that its absence means
      nothing.
    - Moments are ISO 8601: in UTC (`Z`) where the file gives an offset, else without one.
    """
    try:
        text = pdf_text.read(content)
    except pdf_text.NotReadError:
        return _found_by_pypdf(content)
    try:
        return _facts(_opened(content), content, text)
    except _PYPDF_RAISES:
        return _found_by_pdfium(content, text)


def _found_by_pypdf(content: BinaryIO) -> Found:
    try:
        reader = _opened(content)
        return _facts(reader, content, _text_by_pypdf(reader))
    except tuple(TRANSLATIONS) as error:
        raise Refused(*_translation(error)) from error


def _found_by_pdfium(content: BinaryIO, text: Text) -> Found:
    return {
        **_counts(text),
        "pdfVersion": version_in_header(content),
        "encrypted": text.is_encrypted,
        "unread": "information",
    }


def _translation(error: Exception) -> Translation:
    return next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)


def _facts(reader: PdfReader, content: BinaryIO, text: Text) -> Found:
    return {**_counts(text), **structure(reader, content)}


def _counts(text: Text) -> Found:
    return {"pageCount": text.pages, "wordCount": text.words, "hasTextLayer": text.words > 0}


def _opened(content: BinaryIO) -> PdfReader:
    try:
        reader = PdfReader(content, strict=False)
    except NotImplementedError as error:
        # pypdf knows only the standard handler: not the one for certificates (Adobe.PubSec).
        raise Refused(*_PASSWORD) from error
    # Asked for now, since pypdf fails much later, and in many ways, on what it cannot decrypt.
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        raise Refused(*_PASSWORD)
    return reader


def _text_by_pypdf(reader: PdfReader) -> Text:
    pages = len(reader.pages)
    if pages == 0:
        raise Refused(*_NO_PAGES)
    return Text(pages, _word_count(reader), reader.is_encrypted)


def _word_count(reader: PdfReader) -> int:
    words = 0
    with _left_out_refused():
        for page in reader.pages:
            known = len(reader.resolved_objects)
            words += len(page.extract_text().split())
            _drop_images(reader, known)
    return words


@contextmanager
def _left_out_refused() -> Iterator[None]:
    """Refuse the file at the end of the block if pypdf left text out, rather than count without."""
    reasons: list[Translation] = []

    def note(record: logging.LogRecord) -> bool:
        reasons.extend(why for what, why in _LEFT_OUT.items() if str(record.msg).startswith(what))
        return False  # nothing of it is logged

    logger = logging.getLogger("pypdf._page")
    logger.setLevel(logging.WARNING)
    logger.addFilter(note)
    try:
        yield
    finally:
        logger.removeFilter(note)
        logger.setLevel(logging.NOTSET)
    if reasons:
        raise Refused(*reasons[0])


def _drop_images(reader: PdfReader, known: int) -> None:
    """Forget the images read since so many objects were known: pypdf would keep every page's."""
    objects = reader.resolved_objects
    for key, found in list(islice(reversed(objects.items()), len(objects) - known)):
        if isinstance(found, StreamObject) and found.get("/Subtype") == "/Image":
            del objects[key]
