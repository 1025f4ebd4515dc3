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
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from typing import BinaryIO

import pypdf.filters  # noqa: F401 - pypdf imports it only when it reads, which is in every child
from pypdf import PasswordType, PdfReader, errors
from pypdf.generic import DictionaryObject, NameObject, NullObject, StreamObject, TextStringObject

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, pdf_text
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

_HEADER_BYTES = 1_024
"""Viewers look for the header this far: PDF Reference 1.7, implementation note 13 in appendix H,
https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/pdfreference1.7old.pdf"""

_MOMENT = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)"
    r"(?:(\d\d)(?:([Zz+-])(?:(\d\d)'?(?:(\d\d)'?)?)?)?)?)?)?)?)?",
    re.ASCII,
)
"""ISO 32000-1, 7.9.4: each part may be missing with all that follow it; so may `D:`, which many
leave out."""

_VERSION_IN_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_VERSION_IN_CATALOG = re.compile(r"/(\d\.\d)")


_LEFT_OUT = {
    "Exceeded %(limit)d form XObject invocations": _EXCESSIVE,
    "Impossible to decode XFormObject": _BROKEN,
}
"""Beginnings of the warnings by which pypdf tells its log, and nobody else, that it went on without
the text of a form on the page."""


_PYPDF_RAISES: tuple[type[Exception], ...] = (
    *TRANSLATIONS,
    Refused,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes out of pypdf for a broken file, and what is raised here for one."""


def extract(content: BinaryIO) -> Found:
    """Pages, words, the document's information, the version and whether the file is encrypted.

    Words are what white space separates in the text of all pages. Moments are ISO 8601: in UTC
    (`Z`) where the file gives an offset, else without one. `unread` is `information` where that
    could not be read, so that its absence means nothing.
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
        "pageCount": text.pages,
        "wordCount": text.words,
        "pdfVersion": _latest([_version_in_header(content)]),
        "encrypted": text.is_encrypted,
        "unread": "information",
    }


def _translation(error: Exception) -> Translation:
    return next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)


def _facts(reader: PdfReader, content: BinaryIO, text: Text) -> Found:
    return {
        "pageCount": text.pages,
        "wordCount": text.words,
        **_information(reader.metadata),
        "pdfVersion": _latest(
            [_version_in_header(content), _version_in_catalog(reader.root_object)]
        ),
        "encrypted": reader.is_encrypted,
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
    """The PDF date (`D:20240501100000+02'00'`) as ISO 8601; None where it is malformed.

    pypdf's own way is to try seven formats, which takes longer than all else that is read here.
    """
    found = _MOMENT.fullmatch(text) if text else None
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=_zone(sign, int(hours or 0), int(minutes or 0)),
        )
        if moment.tzinfo is None:
            return moment.isoformat()
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # no date, or one that in UTC is beyond the calendar
        return None


def _zone(sign: str | None, hours: int, minutes: int) -> timezone | None:
    if sign is None:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)


def _latest(versions: Iterable[str | None]) -> str | None:
    """The later of the header's version and the catalog's (ISO 32000-1, 7.5.2)."""
    return max(filter(None, versions), default=None)


def _version_in_header(content: BinaryIO) -> str | None:
    content.seek(0)
    found = _VERSION_IN_HEADER.search(content.read(_HEADER_BYTES))
    return found.group(1).decode() if found else None


def _version_in_catalog(catalog: DictionaryObject) -> str | None:
    name = catalog.get("/Version", NullObject()).get_object()
    found = _VERSION_IN_CATALOG.fullmatch(name) if isinstance(name, NameObject) else None
    return found.group(1) if found else None
