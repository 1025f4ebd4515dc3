"""application/pdf by pypdf: counts of pages and words, and the document's information.

A file that opens with the empty password, as any viewer opens it, is read like any other. A page
whose text cannot be had makes the whole file unreadable: a count without it would be a lie. (No
page of the 97 PDFs of test suites that open does: measured with pypdf 7.1.0.)
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from itertools import islice
from typing import BinaryIO
from xml.parsers import expat

import pypdf.filters  # noqa: F401 - pypdf imports it only when it reads, which is in every child
from pypdf import DocumentInformation, PasswordType, PdfReader, errors
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NullObject,
    StreamObject,
    TextStringObject,
)

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused
from chalicelib.extractors.xml_events import End, Start, events

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

_HEADER_BYTES = 1_024
"""Viewers look for the header this far: PDF Reference 1.7, implementation note 13 in appendix H,
https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/pdfreference1.7old.pdf"""

_LONGEST_SIDE = 10**9
"""Points: what a page's side may be that is stored."""

_LONGEST_XMP_BYTES = 1_048_576

_PDF_A = "http://www.aiim.org/pdfa/ns/id/"
_PDF_A_NAMES = {f"{_PDF_A} part": "part", f"{_PDF_A} conformance": "level"}
_PDF_A_CLAIM = re.compile("PDF/A-[1-9][abefu]?")

_VERSION_IN_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_VERSION_IN_CATALOG = re.compile(r"/(\d\.\d)")


_LEFT_OUT = {
    "Exceeded %(limit)d form XObject invocations": _EXCESSIVE,
    "Impossible to decode XFormObject": _BROKEN,
}
"""Beginnings of the warnings by which pypdf tells its log, and nobody else, that it went on without
the text of a form on the page."""


def extract(content: BinaryIO, file_type: str = "application/pdf") -> Found:  # noqa: ARG001 - there is only this
    """Pages, words, the document's information, the version and what else is in the file.

    - wordCount: what white space separates in the text of all pages; hasTextLayer: whether there is
      any, which a scan has not.
    - pageWidth, pageHeight: of the first page in points (1/72 inch), rounded, before any turning.
    - pdfAClaim: `PDF/A-2b`, as the file says of itself; nothing checks that it is.
    - hasScripts: run by the document itself (when it is opened, or by name); hasForms;
      hasAttachments: of the document itself; hasSignatures: whether it says so. None of these
      looks at each page.
    - Moments are ISO 8601: in UTC (`Z`) where the file gives an offset, else without one.
    """
    try:
        return _facts(content)
    except tuple(TRANSLATIONS) as error:
        raise Refused(*_translation(error)) from error


def _translation(error: Exception) -> Translation:
    return next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)


def _facts(content: BinaryIO) -> Found:
    reader = _opened(content)
    pages = len(reader.pages)
    if pages == 0:
        raise Refused(*_NO_PAGES)
    words = _word_count(reader)
    return {
        "pageCount": pages,
        "wordCount": words,
        "hasTextLayer": words > 0,
        **_information(reader.metadata),
        "pdfVersion": _version(content, reader.root_object),
        "encrypted": reader.is_encrypted,
        **_page_size(reader),
        **_contents(reader.root_object),
        "pdfAClaim": _pdf_a_claim(reader.root_object),
    }


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


def _information(information: DictionaryObject | None) -> Found:
    if information is None:
        return {}
    return {
        "title": _text(information, "/Title"),
        "author": _text(information, "/Author"),
        "subject": _text(information, "/Subject"),
        "keywords": _text(information, "/Keywords"),
        "creator": _text(information, "/Creator"),
        "producer": _text(information, "/Producer"),
        "createdAt": _moment(_text(information, "/CreationDate")),
        "modifiedAt": _moment(_text(information, "/ModDate")),
    }


def _text(dictionary: DictionaryObject, key: str) -> str | None:
    # Not by pypdf's properties: they miss a text that stands in an object of its own, as macOS
    # writes it, and take bytes in no known encoding for text.
    text = dictionary.get(key, NullObject()).get_object()
    return str(text) if isinstance(text, TextStringObject) else None


def _moment(text: str | None) -> str | None:
    """The PDF date (`D:20240501100000+02'00'`) as ISO 8601; None where it is malformed."""
    if text is None:
        return None
    information = DocumentInformation()
    information[NameObject("/CreationDate")] = TextStringObject(text)
    try:
        moment = information.creation_date
        if moment is None:
            return None
        if moment.tzinfo is None:
            return moment.isoformat()
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # no date, or one that in UTC is beyond the calendar
        return None


def _page_size(reader: PdfReader) -> Found:
    page = reader.pages[0]
    try:
        # PDF 32000-1, table 30: 1/72 inch unless the page says how many of these make its unit.
        unit = float(page.user_unit)
        sides = (float(page.mediabox.width) * unit, float(page.mediabox.height) * unit)
    except (errors.PyPdfError, ArithmeticError, AttributeError, TypeError, ValueError):
        return {}  # which viewers take for a usual size
    if not all(0 < side < _LONGEST_SIDE for side in sides):
        return {}
    return {"pageWidth": round(sides[0]), "pageHeight": round(sides[1])}


def _contents(catalog: DictionaryObject) -> Found:
    """What the catalog and what it names directly tell: PDF 32000-1, tables 28, 31 and 218."""
    names = _dictionary(catalog, "/Names")
    form = _dictionary(catalog, "/AcroForm")
    flags = form.get("/SigFlags", NullObject()).get_object()
    opening = _dictionary(catalog, "/OpenAction")
    return {
        "hasScripts": opening.get("/S") == "/JavaScript"
        or bool(_dictionary(names, "/JavaScript"))
        or bool(_dictionary(catalog, "/AA")),
        "hasForms": _has_any(form, "/Fields") or "/XFA" in form,
        "hasAttachments": _has_any(catalog, "/AF") or bool(_dictionary(names, "/EmbeddedFiles")),
        "hasSignatures": (isinstance(flags, int) and bool(flags & 1))
        or bool(_dictionary(catalog, "/Perms")),
    }


def _dictionary(parent: DictionaryObject, key: str) -> DictionaryObject:
    found = parent.get(key, NullObject()).get_object()
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _has_any(parent: DictionaryObject, key: str) -> bool:
    found = parent.get(key, NullObject()).get_object()
    return isinstance(found, ArrayObject) and len(found) > 0


def _pdf_a_claim(catalog: DictionaryObject) -> str | None:
    """Part and conformance level that the XMP names: ISO 19005-1, 6.7.11."""
    stream = _dictionary(catalog, "/Metadata")
    if not isinstance(stream, StreamObject):
        return None
    claim: dict[str, str] = {}
    current: str | None = None
    try:
        for event in events([stream.get_data()[:_LONGEST_XMP_BYTES]]):
            if isinstance(event, Start):
                current = _PDF_A_NAMES.get(event.name)
                claim |= {
                    _PDF_A_NAMES[k]: v for k, v in event.attributes.items() if k in _PDF_A_NAMES
                }
            elif isinstance(event, End):
                current = None
            elif current:
                claim[current] = claim.get(current, "") + event
    except (expat.ExpatError, ValueError, errors.PyPdfError):
        return None
    said = f"PDF/A-{claim.get('part', '').strip()}{claim.get('level', '').strip().lower()}"
    return said if _PDF_A_CLAIM.fullmatch(said) else None


def _version(content: BinaryIO, catalog: DictionaryObject) -> str | None:
    """The later of the header's version and the catalog's (ISO 32000-1, 7.5.2)."""
    content.seek(0)
    in_header = _VERSION_IN_HEADER.search(content.read(_HEADER_BYTES))
    versions = [in_header.group(1).decode()] if in_header else []
    name = catalog.get("/Version", NullObject()).get_object()
    in_catalog = _VERSION_IN_CATALOG.fullmatch(name) if isinstance(name, NameObject) else None
    if in_catalog:
        versions.append(in_catalog.group(1))
    return max(versions, default=None)
