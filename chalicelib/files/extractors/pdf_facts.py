"""Document information and features of a PDF, from its catalog.

Only the catalog and the objects that it references are read: the objects of all pages take as long
as their text. pdf_catalog.py and pypdf (pdf_fallback.py) read them; both return a PDF's objects as

    null None, boolean bool, number int or float, name str with its slash, string bytes,
    array list, dictionary dict, stream dict, indirect reference anything else
"""

from __future__ import annotations

import re
from codecs import (
    BOM_UTF8,
    BOM_UTF16_BE,
    BOM_UTF16_LE,
    charmap_decode,
    utf_16_be_decode,
    utf_16_le_decode,
)
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, Protocol
from xml.parsers import expat

from chalicelib.files import dates
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.xml_events import End, Start, events


class Text(NamedTuple):
    """The text of all pages."""

    pages: int
    words: int
    """Whitespace-separated tokens of all pages; a word hyphenated at a line end is one."""
    is_encrypted: bool

    def counts(self) -> dict[str, int]:
        """The metadata that the text determines."""
        return {
            "pageCount": self.pages,
            "wordCount": self.words,
            "hasTextLayer": self.words > 0,
        }


Dictionary = Mapping[str, object]
"""Keys are names. The values are not resolved."""


class Document(Protocol):
    """A PDF whose objects can be read."""

    catalog: Dictionary
    information: Dictionary | None
    """None if the file has none."""
    is_encrypted: bool

    def resolve(self, value: object) -> object:
        """The object that the value refers to, which is itself unless it is a reference."""

    def data_of(self, stream: Dictionary) -> bytes | None:
        """The decoded content of a stream; None of a dictionary without one."""


HEADER_BYTES = 1_024
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

_PDF_DOC_ENCODING = (
    "\ufffe"
    + "".join(map(chr, range(0x01, 0x16)))
    + "\ufffe\x17˘ˇˆ˙˝˛˚˜"
    + "".join(map(chr, range(0x20, 0x7F)))
    + "\ufffe•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\ufffe€"
    + "".join(map(chr, range(0xA1, 0xAD)))
    + "\ufffe"
    + "".join(map(chr, range(0xAE, 0x100)))
)
"""Characters by code; U+FFFE is undefined for `charmap_decode`. ISO 32000-1, D.2, and its control
characters kept."""

_VERSION_IN_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_VERSION_IN_CATALOG = re.compile(r"/(\d\.\d)")


def facts(document: Document, head: bytes) -> RawMetadata:
    """The metadata of a document whose file begins with this head of `HEADER_BYTES`."""
    return {
        **_information(document),
        "pdfVersion": _latest([version_in_header(head), _version_in_catalog(document)]),
        "encrypted": document.is_encrypted,
        **_page_size(document),
        **_contents(document),
        "pdfAClaim": _pdf_a_claim(document),
    }


def _information(document: Document) -> RawMetadata:
    if document.information is None:
        return {}
    information = document.information

    def text(key: str) -> str | None:
        return _text(document.resolve(information.get(key)))

    return {
        "title": text("/Title"),
        "author": text("/Author"),
        "subject": text("/Subject"),
        "keywords": text("/Keywords"),
        "creator": text("/Creator"),
        "producer": text("/Producer"),
        "createdAt": _moment(text("/CreationDate")),
        "modifiedAt": _moment(text("/ModDate")),
    }


def _text(value: object) -> str | None:
    """A text string, decoded; None for another object or undefined bytes: ISO 32000-2, 7.9.2.2."""
    if not isinstance(value, bytes):
        return None
    try:
        return _decoded(value)
    except UnicodeDecodeError:
        return None


def _decoded(text: bytes) -> str:
    # By functions for one encoding each: looking an encoding up imports its module.
    if text.startswith(BOM_UTF8):
        with suppress(UnicodeDecodeError):
            return text[len(BOM_UTF8) :].decode("utf-8")
    elif text.startswith(BOM_UTF16_BE):
        return utf_16_be_decode(text[2:], "strict", True)[0]
    elif text.startswith(BOM_UTF16_LE):
        return utf_16_le_decode(text[2:], "strict", True)[0]
    elif text.startswith(b"\0"):  # UTF-16 without its mark, which some programs write
        return utf_16_be_decode(text, "strict", True)[0]
    elif text[1:2] == b"\0":
        return utf_16_le_decode(text, "strict", True)[0]
    return charmap_decode(text, "strict", _PDF_DOC_ENCODING)[0]


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


def _page_size(document: Document) -> RawMetadata:
    """Size of the first page from its own or an inherited box: ISO 32000-1, tables 29 and 30."""
    node = _dictionary(document, document.catalog, "/Pages")
    box: object = None
    for _ in range(_MAX_PAGE_TREE_DEPTH):
        box = node.get("/MediaBox", box)
        kids = document.resolve(node.get("/Kids"))
        if not isinstance(kids, list) or not kids:
            break
        first = document.resolve(kids[0])
        node = first if isinstance(first, dict) else {}
    unit = document.resolve(node.get("/UserUnit", 1))  # in 1/72 inch
    corners = document.resolve(box)
    if not isinstance(corners, list) or len(corners) != 4:
        return {}  # viewers use a default size
    left, bottom, right, top = map(document.resolve, corners)
    sides = (_length(left, right, unit), _length(bottom, top, unit))
    if not all(0 < side < _MAX_SIDE for side in sides):
        return {}
    return {"pageWidth": round(sides[0]), "pageHeight": round(sides[1])}


def _length(start: object, end: object, unit: object) -> float:
    """The distance in points; 0 if anything is not a number."""
    numbers = [float(n) for n in (start, end, unit) if isinstance(n, int | float)]
    return (numbers[1] - numbers[0]) * numbers[2] if len(numbers) == 3 else 0.0


def _contents(document: Document) -> RawMetadata:
    """Features in the catalog: ISO 32000-1, tables 28, 31 and 218."""
    catalog = document.catalog
    names = _dictionary(document, catalog, "/Names")
    form = _dictionary(document, catalog, "/AcroForm")
    flags = document.resolve(form.get("/SigFlags"))
    opening = _dictionary(document, catalog, "/OpenAction")
    return {
        "hasScripts": document.resolve(opening.get("/S")) == "/JavaScript"
        or bool(_dictionary(document, names, "/JavaScript"))
        or bool(_dictionary(document, catalog, "/AA")),
        "hasForms": _has_any(document, form, "/Fields") or "/XFA" in form,
        "hasAttachments": _has_any(document, catalog, "/AF")
        or bool(_dictionary(document, names, "/EmbeddedFiles")),
        "hasSignatures": (isinstance(flags, int) and bool(flags & 1))
        or bool(_dictionary(document, catalog, "/Perms")),
    }


def _dictionary(document: Document, parent: Dictionary, key: str) -> Dictionary:
    found = document.resolve(parent.get(key))
    return found if isinstance(found, dict) else {}


def _has_any(document: Document, parent: Dictionary, key: str) -> bool:
    found = document.resolve(parent.get(key))
    return isinstance(found, list) and len(found) > 0


def _pdf_a_claim(document: Document) -> str | None:
    """Declared part and conformance level in the XMP: ISO 19005-1, 6.7.11."""
    xmp = document.data_of(_dictionary(document, document.catalog, "/Metadata"))
    if xmp is None:
        return None
    claim: dict[str, str] = {}
    current: str | None = None
    try:
        for event in events([xmp[:_MAX_XMP_BYTES]]):
            if isinstance(event, Start):
                current = _PDF_A_NAMES.get(event.name)
                claim |= {
                    _PDF_A_NAMES[k]: v for k, v in event.attributes.items() if k in _PDF_A_NAMES
                }
            elif isinstance(event, End):
                current = None
            elif current:
                claim[current] = claim.get(current, "") + event
    except (expat.ExpatError, ValueError):
        return None
    declared = f"PDF/A-{claim.get('part', '').strip()}{claim.get('level', '').strip().lower()}"
    return declared if _PDF_A_CLAIM.fullmatch(declared) else None


def _latest(versions: Iterable[str | None]) -> str | None:
    """The later of the header's version and the catalog's (ISO 32000-1, 7.5.2)."""
    return max(filter(None, versions), default=None)


def version_in_header(head: bytes) -> str | None:
    """The version in the file's header, such as `1.7`; None without a header."""
    found = _VERSION_IN_HEADER.search(head)
    return found.group(1).decode() if found else None


def _version_in_catalog(document: Document) -> str | None:
    name = document.resolve(document.catalog.get("/Version"))
    found = _VERSION_IN_CATALOG.fullmatch(name) if isinstance(name, str) else None
    return found.group(1) if found else None
