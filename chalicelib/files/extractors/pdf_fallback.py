"""application/pdf by pypdf: the files that pdf.py does not finish.

pypdf repairs what pdf_catalog.py is not sure about, and opens files that PDFium does not. If PDFium
failed, pypdf counts pages and words as well. If pypdf fails, PDFium's results are recorded, and
`unread` lists what is missing. A file that neither opens is rejected with pypdf's reason.

A file that opens with the empty password is read like an unencrypted one. A page whose text pypdf
cannot extract makes the file unreadable, since the word count would be wrong. (PDFium treats
malformed page content as empty and reports no error.)
"""

from __future__ import annotations

import codecs
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, cast

import pypdf.filters  # noqa: F401 - pypdf imports it lazily, which each child would repeat
from pypdf import PageObject, PasswordType, PdfReader, errors
from pypdf.generic import EncodedStreamObject, StreamObject

from chalicelib.documents import FailureCode, Metadata
from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import pdf
from chalicelib.files.extractors.pdf_facts import (
    HEADER_BYTES,
    Text,
    facts,
    version_in_header,
)
from chalicelib.files.extractors.pdf_objects import Dictionary, dictionary_in
from chalicelib.files.extractors.pdf_pypdf import RAISES, PypdfDocument, SearchedPypdfDocument
from chalicelib.files.extractors.pdf_search import search
from chalicelib.files.mapped import memory_of
from chalicelib.files.metadata import RawMetadata

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

SAMPLE = pdf.SAMPLE
"""Makes pypdf import and compile what it needs for most files."""

for _codec in (
    "charmap",
    *("utf_16_be", "utf_16_le"),
    *("gbk", "gb2312", "gb18030", "cp950", "cp932"),
):
    codecs.lookup(_codec)  # pypdf decodes names and text with these; a child cannot import them

_MAX_COUNT = 2**53

_HIDDEN = 2 | 32
"""Flags of an annotation, either of which hides it: Hidden and NoView."""

_SKIPPED_TEXT = {
    "Exceeded %(limit)d form XObject invocations": _EXCESSIVE,
    "Impossible to decode XFormObject": _BROKEN,
}
"""Beginnings of the log messages, the only sign that pypdf skipped the text of a form on a page."""


_PYPDF_RAISES = (*RAISES, FileRejectedError)
"""Exceptions of pypdf, and of this module, for a malformed file."""


def extract(
    content: BinaryIO,
    file_type: str,  # noqa: ARG001 - one type only
    found: Metadata,
    text: TextCollector | None = None,
) -> RawMetadata:
    """The metadata as pdf.py has it, and of a file whose structure is damaged `unread`.

    - found: PDFium's results; empty if PDFium cannot extract the text.
    - unread: `information` if pypdf cannot read the structure: what it determines is unknown.
    """
    if not found:
        return _found_by_pypdf(content, text or TextCollector(max_bytes=0))
    counted = _text_of(found)
    try:
        return _facts(_opened(content), content, counted)
    except _PYPDF_RAISES:
        return _found_by_pdfium(content, counted)


def _text_of(found: Metadata) -> Text:
    """The text; without either of its facts if no page shows anything."""
    is_blank = not {"wordCount", "hasTextLayer"} & found.keys()
    pages, words = found.get("pageCount"), found.get("wordCount", 0 if is_blank else None)
    encrypted, without = found.get("encrypted"), found.get("pagesWithoutText")
    if (
        isinstance(pages, int)
        and pages in range(1, _MAX_COUNT)
        and (words is None or (isinstance(words, int) and words in range(_MAX_COUNT)))
        and (without is None or (isinstance(without, int) and without in range(pages + 1)))
        and isinstance(encrypted, bool)
    ):
        return Text(pages, words, encrypted, is_blank, without)
    raise ValueError("malformed results of PDFium")


def _found_by_pypdf(content: BinaryIO, text: TextCollector) -> RawMetadata:
    try:
        reader = _opened(content)
        return _facts(reader, content, _text_by_pypdf(reader, text))
    except tuple(TRANSLATIONS) as error:
        raise FileRejectedError(*_translation(error)) from error


def _found_by_pdfium(content: BinaryIO, text: Text) -> RawMetadata:
    return {
        **text.counts(is_complete=not text.is_blank),
        "pdfVersion": version_in_header(_head(content)),
        "encrypted": text.is_encrypted,
        "unread": "information",
    }


def _head(content: BinaryIO) -> bytes:
    content.seek(0)
    return content.read(HEADER_BYTES)


def _translation(error: Exception) -> Translation:
    return next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)


def _facts(reader: PdfReader, content: BinaryIO, text: Text) -> RawMetadata:
    document = PypdfDocument(reader)
    features = search(SearchedPypdfDocument(reader, memory_of(content)))
    return {**facts(document, _head(content), text), **features}


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


def _text_by_pypdf(reader: PdfReader, text: TextCollector) -> Text:
    words: list[int] = []
    blank = 0
    with _reject_skipped_text():
        for page in reader.pages:
            known = len(reader.resolved_objects)
            shown = _shown(reader, page)
            text.add(shown if not words else PAGE + shown)
            words.append(len(shown.split()))
            blank += not words[-1] and page.get_contents() is None
            _drop_images(reader, known)
    if not words:
        raise FileRejectedError(*_NO_PAGES)
    without = words.count(0) - blank
    return Text(len(words), sum(words), reader.is_encrypted, pages_without_text=without)


def _shown(reader: PdfReader, page: PageObject) -> str:
    """The text of a page and of its annotations."""
    forms = [cast(EncodedStreamObject, form) for form in _appearances(reader, page)]
    return PARAGRAPH.join([page.extract_text(), *map(page.extract_xform_text, forms)])


def _appearances(reader: PdfReader, page: PageObject) -> Iterator[StreamObject]:
    """What the page's annotations show: ISO 32000-1, 12.5.5."""
    document = PypdfDocument(reader)
    annotations = document.resolve(page.get("/Annots"))
    for annotation in map(document.resolve, annotations if isinstance(annotations, list) else ()):
        if isinstance(annotation, dict) and not _is_hidden(document, annotation):
            appearance = dictionary_in(document, annotation, "/AP")
            shown = dictionary_in(document, appearance, "/N")
            if not isinstance(shown, StreamObject):
                state = document.resolve(annotation.get("/AS"))
                shown = dictionary_in(document, shown, str(state))
            if isinstance(shown, StreamObject):
                yield shown


def _is_hidden(document: PypdfDocument, annotation: Dictionary) -> bool:
    """Whether viewers show it on demand, or never: tables 165 and 183."""
    flags = document.resolve(annotation.get("/F"))
    is_popup = document.resolve(annotation.get("/Subtype")) == "/Popup"
    return is_popup or (isinstance(flags, int) and bool(flags & _HIDDEN))


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
