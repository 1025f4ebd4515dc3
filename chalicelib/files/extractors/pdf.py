"""application/pdf: pages and words by PDFium (pdf_text.py), the document's information by pypdf.

Each opens files that the other does not. If PDFium fails, pypdf counts pages and words as well. If
pypdf fails, PDFium's results are recorded, and `unread` lists what is missing. A file that neither
opens is rejected with pypdf's reason.

A file that opens with the empty password is read like an unencrypted one. A page whose text pypdf
cannot extract makes the file unreadable, since the word count would be wrong. (PDFium treats
malformed page content as empty and reports no error.)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

import pypdf.filters  # noqa: F401 - pypdf imports it lazily, which each child would repeat
from pypdf import PasswordType, PdfReader, errors
from pypdf.generic import StreamObject

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError, RawMetadata
from chalicelib.files.extractors import pdf_text
from chalicelib.files.extractors.pdf_structure import structure, version_in_header
from chalicelib.files.extractors.pdf_text import Text

# pypdf quotes the file in its messages.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

Translation = tuple[FailureCode, str]

_BROKEN: Translation = (FailureCode.UNREADABLE, "The file is not a readable PDF.")
_NO_PAGES: Translation = (FailureCode.UNREADABLE, "The PDF has no pages.")
_EXCESSIVE: Translation = (
    FailureCode.UNREADABLE,
    "The PDF's decompressed size exceeds the limit.",
)
_UNSUPPORTED: Translation = (
    FailureCode.UNREADABLE,
    "The PDF uses an unsupported compression method.",
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
"""Failure of each of pypdf's exceptions; extraction.py translates all others."""

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
"""Makes PDFium load the system's fonts, and Python its codecs."""

_SKIPPED_TEXT = {
    "Exceeded %(limit)d form XObject invocations": _EXCESSIVE,
    "Impossible to decode XFormObject": _BROKEN,
}
"""Beginnings of the log messages, the only sign that pypdf skipped the text of a form on a page."""


_PYPDF_RAISES: tuple[type[Exception], ...] = (
    *TRANSLATIONS,
    FileRejectedError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Exceptions of pypdf, and of this module, for a malformed file."""


def extract(content: BinaryIO, file_type: str = "application/pdf") -> RawMetadata:  # noqa: ARG001 - one type only
    """Pages, words, document information, version and features.

    - wordCount: whitespace-separated tokens of all pages; hasTextLayer: whether there are any; a
      scan has none.
    - pageWidth, pageHeight: of the first page in points (1/72 inch), rounded, before rotation.
    - pdfAClaim: declared conformance such as `PDF/A-2b`; not verified.
    - hasScripts: scripts of the document (on opening, or by name); hasForms; hasAttachments;
      hasSignatures: as the form declares. Single pages are not searched.
    - unread: `information` if pypdf cannot read the structure: the values above are unknown.
    """
    try:
        text = pdf_text.read(content)
    except pdf_text.NotReadError:
        return _found_by_pypdf(content)
    try:
        return _facts(_opened(content), content, text)
    except _PYPDF_RAISES:
        return _found_by_pdfium(content, text)


def _found_by_pypdf(content: BinaryIO) -> RawMetadata:
    try:
        reader = _opened(content)
        return _facts(reader, content, _text_by_pypdf(reader))
    except tuple(TRANSLATIONS) as error:
        raise FileRejectedError(*_translation(error)) from error


def _found_by_pdfium(content: BinaryIO, text: Text) -> RawMetadata:
    return {
        **_counts(text),
        "pdfVersion": version_in_header(content),
        "encrypted": text.is_encrypted,
        "unread": "information",
    }


def _translation(error: Exception) -> Translation:
    return next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)


def _facts(reader: PdfReader, content: BinaryIO, text: Text) -> RawMetadata:
    return {**_counts(text), **structure(reader, content)}


def _counts(text: Text) -> RawMetadata:
    return {"pageCount": text.pages, "wordCount": text.words, "hasTextLayer": text.words > 0}


def _opened(content: BinaryIO) -> PdfReader:
    try:
        reader = PdfReader(content, strict=False)
    except NotImplementedError as error:
        # pypdf supports only the standard handler, not certificates (Adobe.PubSec).
        raise FileRejectedError(*_PASSWORD) from error
    # Checked first: pypdf fails later, with various exceptions, on content that it cannot decrypt.
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        raise FileRejectedError(*_PASSWORD)
    return reader


def _text_by_pypdf(reader: PdfReader) -> Text:
    pages = len(reader.pages)
    if pages == 0:
        raise FileRejectedError(*_NO_PAGES)
    return Text(pages, _word_count(reader), reader.is_encrypted)


def _word_count(reader: PdfReader) -> int:
    words = 0
    with _reject_skipped_text():
        for page in reader.pages:
            known = len(reader.resolved_objects)
            words += len(page.extract_text().split())
            _drop_images(reader, known)
    return words


@contextmanager
def _reject_skipped_text() -> Iterator[None]:
    """Reject the file at the end of the block if pypdf skipped text."""
    reasons: list[Translation] = []

    def note(record: logging.LogRecord) -> bool:
        reasons.extend(
            why for what, why in _SKIPPED_TEXT.items() if str(record.msg).startswith(what)
        )
        return False  # drop the record

    logger = logging.getLogger("pypdf._page")
    logger.setLevel(logging.WARNING)
    logger.addFilter(note)
    try:
        yield
    finally:
        logger.removeFilter(note)
        logger.setLevel(logging.NOTSET)
    if reasons:
        raise FileRejectedError(*reasons[0])


def _drop_images(reader: PdfReader, known: int) -> None:
    """Free the images of the last page, which pypdf would cache."""
    objects = reader.resolved_objects
    for key, found in list(islice(reversed(objects.items()), len(objects) - known)):
        if isinstance(found, StreamObject) and found.get("/Subtype") == "/Image":
            del objects[key]
