"""Document information and features of a PDF, from its catalog.

Only the catalog, the objects that it references and the first page are read: the objects of all
pages take as long as their text. pdf_search.py determines what needs more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from xml.parsers import expat

from chalicelib.files.extractors.pdf_objects import Document, dictionary_in
from chalicelib.files.extractors.pdf_pages import are_readable, has_pages, page_size
from chalicelib.files.extractors.pdf_strings import moment_of, text_of
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.xml_events import End, Start, events


class Text(NamedTuple):
    """The text of all pages."""

    pages: int
    words: int | None
    """Whitespace-separated tokens of all pages; a word hyphenated at a line end is one. None if
    there is text, but the file does not map its glyphs to characters."""
    is_encrypted: bool
    is_blank: bool = False
    """Whether no page shows anything: it is empty, or its content is damaged."""
    pages_without_text: int | None = None
    """Pages that show something, such as a scan, of which the file has no characters."""

    def counts(self, *, is_complete: bool) -> RawMetadata:
        """The metadata that the text determines.

        Args:
            is_complete: whether the content of all pages is readable.
        """
        has_text = self.words is None or self.words > 0
        return {
            "pageCount": self.pages,
            "wordCount": self.words if is_complete else None,
            "hasTextLayer": has_text if is_complete else None,
            "pagesWithoutText": self.pages_without_text if is_complete else None,
        }


HEADER_BYTES = 1_024
"""Viewers look for the header this far: PDF Reference 1.7, implementation note 13 in appendix H,
https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/pdfreference1.7old.pdf"""

_MAX_XMP_BYTES = 1_048_576

_PDF_A = "http://www.aiim.org/pdfa/ns/id/"
_PDF_A_NAMES = {f"{_PDF_A} part": "part", f"{_PDF_A} conformance": "level"}
_PDF_A_CLAIM = re.compile("PDF/A-[1-9][abefu]?")

_VERSION_IN_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_VERSION_IN_CATALOG = re.compile(r"/(\d\.\d)")


def facts(document: Document, head: bytes, text: Text) -> RawMetadata:
    """The metadata of a document with this text.

    Args:
        document: the objects.
        head: the first `HEADER_BYTES` of the file.
        text: of all pages.
    """
    return {
        **_counts(document, text),
        **_information(document),
        "pdfVersion": _latest([version_in_header(head), _version_in_catalog(document)]),
        "encrypted": document.is_encrypted,
        **page_size(document),
        "hasForms": _has_forms(document),
        "pdfAClaim": _pdf_a_claim(document),
    }


def _counts(document: Document, text: Text) -> RawMetadata:
    """What the text determines; nothing if PDFium took another object for a page."""
    if not has_pages(document):
        return {}
    return text.counts(is_complete=not text.is_blank or are_readable(document, text.pages))


def _information(document: Document) -> RawMetadata:
    if document.information is None:
        return {}
    information = document.information

    def text(key: str) -> str | None:
        return text_of(document.resolve(information.get(key)))

    return {
        "title": text("/Title"),
        "author": text("/Author"),
        "subject": text("/Subject"),
        "keywords": text("/Keywords"),
        "creator": text("/Creator"),
        "producer": text("/Producer"),
        "createdAt": moment_of(text("/CreationDate")),
        "modifiedAt": moment_of(text("/ModDate")),
    }


def _has_forms(document: Document) -> bool:
    """Whether there are fields: ISO 32000-1, table 218."""
    form = dictionary_in(document, document.catalog, "/AcroForm")
    fields = document.resolve(form.get("/Fields"))
    return (isinstance(fields, list) and len(fields) > 0) or "/XFA" in form


def _pdf_a_claim(document: Document) -> str | None:
    """Declared part and conformance level in the XMP: ISO 19005-1, 6.7.11."""
    xmp = document.data_of(dictionary_in(document, document.catalog, "/Metadata"))
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
