"""Document information and features of a PDF, by pypdf.

Reads only the catalog and the objects that it references: reading the objects of all pages with
pypdf takes as long as their text with PDFium.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import BinaryIO, cast
from xml.parsers import expat

from pypdf import PdfReader, errors
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NullObject,
    PdfObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)

from chalicelib.files import dates
from chalicelib.files.extraction import RawMetadata
from chalicelib.files.xml_events import End, Start, events

_HEADER_BYTES = 1_024
"""Viewers look for the header this far: PDF Reference 1.7, implementation note 13 in appendix H,
https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/pdfreference1.7old.pdf"""

_MAX_SIDE = 10**9
"""Points; larger page sizes are not stored."""

_MAX_PAGE_TREE_DEPTH = 100
"""Levels above the first page; trees are balanced, so that real files have few."""

_MAX_XMP_BYTES = 1_048_576

_PDF_A = "http://www.aiim.org/pdfa/ns/id/"
_PDF_A_NAMES = {f"{_PDF_A} part": "part", f"{_PDF_A} conformance": "level"}
_PDF_A_CLAIM = re.compile("PDF/A-[1-9][abefu]?")

_MOMENT = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)"
    r"(?:(\d\d)(?:([Zz+-])(?:(\d\d)'?(?:(\d\d)'?)?)?)?)?)?)?)?)?",
    re.ASCII,
)
"""ISO 32000-1, 7.9.4: each part may be missing together with all that follow; so may `D:`."""

_VERSION_IN_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_VERSION_IN_CATALOG = re.compile(r"/(\d\.\d)")


def structure(reader: PdfReader, content: BinaryIO) -> RawMetadata:
    """The metadata of the document that the reader opened from the content."""
    catalog = reader.root_object
    return {
        **_information(reader.metadata),
        "pdfVersion": _latest([version_in_header(content), _version_in_catalog(catalog)]),
        "encrypted": reader.is_encrypted,
        **_page_size(catalog),
        **_contents(catalog),
        "pdfAClaim": _pdf_a_claim(catalog),
    }


def _information(information: DictionaryObject | None) -> RawMetadata:
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
    # pypdf's properties miss indirect objects, which macOS writes, and accept undecodable bytes.
    text = dictionary.get(key, NullObject()).get_object()
    return str(text) if isinstance(text, TextStringObject) else None


def _moment(text: str | None) -> str | None:
    """The PDF date (`D:20240501100000+02'00'`) as ISO 8601; None if it is malformed.

    pypdf's parser tries seven formats, which takes longer than everything else in this module.
    """
    found = _MOMENT.fullmatch(text) if text else None
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        return dates.to_iso8601(
            datetime(
                int(year),
                int(month or 1),
                int(day or 1),
                int(hour or 0),
                int(minute or 0),
                int(second or 0),
                tzinfo=_zone(sign, int(hours or 0), int(minutes or 0)),
            )
        )
    except ValueError:  # not in the calendar
        return None


def _zone(sign: str | None, hours: int, minutes: int) -> timezone | None:
    if sign is None:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)


def _page_size(catalog: DictionaryObject) -> RawMetadata:
    """Size of the first page from its own or an inherited box: ISO 32000-1, tables 29 and 30."""
    node = _dictionary(catalog, "/Pages")
    box: PdfObject | None = None
    for _ in range(_MAX_PAGE_TREE_DEPTH):
        if "/MediaBox" in node:
            box = node["/MediaBox"]
        kids = node.get("/Kids", NullObject()).get_object()
        if not isinstance(kids, ArrayObject) or not kids:
            break
        first = kids[0].get_object()
        node = first if isinstance(first, DictionaryObject) else DictionaryObject()
    try:
        unit = float(node.get("/UserUnit", 1))  # in 1/72 inch
        page = RectangleObject(cast(ArrayObject, box))
        sides = (float(page.width) * unit, float(page.height) * unit)
    except (errors.PyPdfError, ArithmeticError, AssertionError, LookupError, TypeError, ValueError):
        return {}  # viewers use a default size
    if not all(0 < side < _MAX_SIDE for side in sides):
        return {}
    return {"pageWidth": round(sides[0]), "pageHeight": round(sides[1])}


def _contents(catalog: DictionaryObject) -> RawMetadata:
    """Features in the catalog: ISO 32000-1, tables 28, 31 and 218."""
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
    """Declared part and conformance level in the XMP: ISO 19005-1, 6.7.11."""
    stream = _dictionary(catalog, "/Metadata")
    if not isinstance(stream, StreamObject):
        return None
    claim: dict[str, str] = {}
    current: str | None = None
    try:
        for event in events([stream.get_data()[:_MAX_XMP_BYTES]]):
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
    declared = f"PDF/A-{claim.get('part', '').strip()}{claim.get('level', '').strip().lower()}"
    return declared if _PDF_A_CLAIM.fullmatch(declared) else None


def _latest(versions: Iterable[str | None]) -> str | None:
    """The later of the header's version and the catalog's (ISO 32000-1, 7.5.2)."""
    return max(filter(None, versions), default=None)


def version_in_header(content: BinaryIO) -> str | None:
    """The version in the file's header, such as `1.7`; None without a header."""
    content.seek(0)
    found = _VERSION_IN_HEADER.search(content.read(_HEADER_BYTES))
    return found.group(1).decode() if found else None


def _version_in_catalog(catalog: DictionaryObject) -> str | None:
    name = catalog.get("/Version", NullObject()).get_object()
    found = _VERSION_IN_CATALOG.fullmatch(name) if isinstance(name, NameObject) else None
    return found.group(1) if found else None
