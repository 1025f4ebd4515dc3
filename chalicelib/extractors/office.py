"""Open XML (docx, xlsx, pptx, with macros too) and OpenDocument (odt, ods, odp) by their parts.

What people wrote is counted here: words of a text document, sheets, slides. What only layout tells
is the file's own statistic, said by the program that saved it, and named so (`statedPageCount`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, containers, moments, package
from chalicelib.extractors.words import Words
from chalicelib.extractors.xml_events import End, Event, Start, events

_LARGEST_PROPERTIES_BYTES = 1_048_576
"""Of a part that holds some fields."""

_LONGEST_FIELD = 10_000
"""Characters of one field that are kept; more than is stored of one."""

_WORDPROCESSING = (containers.DOCX, containers.DOCM)
_SPREADSHEETS = (containers.XLSX, containers.XLSM)
_PRESENTATIONS = (containers.PPTX, containers.PPTM)

_CORE_PROPERTIES = {
    "title": "title",
    "subject": "subject",
    "creator": "author",
    "keywords": "keywords",
    "lastModifiedBy": "lastModifiedBy",
    "created": "createdAt",
    "modified": "modifiedAt",
}
"""Of docProps/core.xml, ECMA-376 part 2, clause 8."""

_META = {
    "title": "title",
    "subject": "subject",
    "initial-creator": "author",
    "keyword": "keywords",
    "creator": "lastModifiedBy",  # Dublin Core's creator is who saved it: OpenDocument 1.3, 4.3.2.7
    "creation-date": "createdAt",
    "date": "modifiedAt",
    "generator": "application",
}
"""Of meta.xml, OpenDocument 1.3, part 3, 4.3."""

_MACRO_FOLDERS = ("Basic/", "Scripts/")
"""Where OpenDocument files keep them."""

_WORD_BREAKS = frozenset({"p", "tab", "br", "cr", "h", "s", "line-break", "tc", "table-cell"})
"""Local names of elements that end a word, in either format."""

_NOT_BODY = frozenset(
    {"Fallback", "tracked-changes", "annotation", "note", "instrText", "delText", "moveFrom"}
)
"""Elements whose text is no part of the document's, or is there a second time."""

_OPEN_DOCUMENT_TEXT = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 text"
"""With its namespace: other ones have an element `text` too."""


def extract(content: BinaryIO, file_type: str) -> Found:
    """What the document's own properties say, and counts.

    - title, subject, author, keywords, lastModifiedBy, application; createdAt and
      modifiedAt.
    - wordCount: whitespace-separated tokens of a text document's body, without headers, notes,
      comments and deletions.
    - sheetCount, slideCount: of all, hidden ones too.
    - statedPageCount: by the program that saved it.
    - hasMacros.
    """
    with package.opened(content) as archive:
        is_open_document = file_type in (containers.ODT, containers.ODS, containers.ODP)
        read = _open_document if is_open_document else _open_xml
        found = read(archive, file_type)
    found["createdAt"] = moments.from_iso(found.get("createdAt"))
    found["modifiedAt"] = moments.from_iso(found.get("modifiedAt"))
    return found


def _open_xml(archive: zipfile.ZipFile, file_type: str) -> dict[str, Any]:
    names = archive.NameToInfo
    application = _fields(archive, "docProps/app.xml", {"Application": "a", "Pages": "p"})
    found: dict[str, Any] = {
        **_fields(archive, "docProps/core.xml", _CORE_PROPERTIES),
        "application": application.get("a"),
        "hasMacros": any(name.endswith("vbaProject.bin") for name in names),
    }
    if file_type in _WORDPROCESSING:
        found["statedPageCount"] = _number(application.get("p"))
        found["wordCount"] = _word_count(events(_main_part(archive, "word/document.xml")), "body")
    elif file_type in _SPREADSHEETS:
        workbook = events(_main_part(archive, "xl/workbook.xml"))
        found["sheetCount"] = _count(workbook, "sheet", "sheets")
    elif file_type in _PRESENTATIONS:
        presentation = events(_main_part(archive, "ppt/presentation.xml"))
        found["slideCount"] = _count(presentation, "sldId", "sldIdLst")
    return found


def _open_document(archive: zipfile.ZipFile, file_type: str) -> dict[str, Any]:
    _refuse_encrypted(archive)
    statistics: dict[str, str] = {}
    found: dict[str, Any] = {
        **_fields(archive, "meta.xml", _META, statistics),
        "hasMacros": any(name.startswith(_MACRO_FOLDERS) for name in archive.NameToInfo),
    }
    body = events(package.part(archive, "content.xml"))
    if file_type == containers.ODT:
        found["statedPageCount"] = _number(statistics.get("page-count"))
        found["wordCount"] = _word_count(body, _OPEN_DOCUMENT_TEXT)
    elif file_type == containers.ODS:
        found["sheetCount"] = _count(body, "table", "spreadsheet")
    else:
        found["slideCount"] = _count(body, "page", "presentation")
    return found


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    manifest = _optional(archive, "META-INF/manifest.xml")
    # A document type: LibreOffice's predecessors wrote one.
    for event in events(manifest, refuses_dtd=False):
        if isinstance(event, Start) and event.local_name == "encryption-data":
            raise Refused(FailureCode.ENCRYPTED, "The document is encrypted.")


def _main_part(archive: zipfile.ZipFile, usual_name: str) -> Iterator[bytes]:
    """The part that the package is about: ECMA-376 part 2, 6.5.2 (relationship officeDocument)."""
    for event in events(_optional(archive, "_rels/.rels")):
        if isinstance(event, Start) and event.attributes.get("Type", "").endswith(
            "/officeDocument"
        ):
            name = event.attributes.get("Target", "").removeprefix("/")
            if name in archive.NameToInfo:
                return package.part(archive, name)
    return package.part(archive, usual_name)


def _optional(archive: zipfile.ZipFile, name: str) -> Iterable[bytes]:
    if name not in archive.NameToInfo:
        return [b"<none/>"]
    return package.part(archive, name, _LARGEST_PROPERTIES_BYTES)


def _fields(
    archive: zipfile.ZipFile,
    name: str,
    wanted: Mapping[str, str],
    statistics: dict[str, str] | None = None,
) -> dict[str, str]:
    """The text of the wanted elements, by what they are called here; the first of each.

    Args:
        archive: the package.
        name: of the part; one that is missing has no fields.
        wanted: local names of elements, and what these are called.
        statistics: gets the attributes of OpenDocument's statistic.
    """
    fields: dict[str, str] = {}
    current: str | None = None
    for event in events(_optional(archive, name)):
        match event:
            case Start(local_name="document-statistic", attributes=attributes):
                if statistics is not None:
                    statistics.update({k.rpartition(" ")[2]: v for k, v in attributes.items()})
            case Start(local_name=local_name):
                called = wanted.get(local_name)
                current = called if called not in fields else None
            case End():
                current = None
            case text if current and len(fields.get(current, "")) < _LONGEST_FIELD:
                fields[current] = fields.get(current, "") + str(text)
    return fields


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None


def _count(found: Iterable[Event], name: str, parent: str) -> int:
    """How many elements of this local name are children of the one of that local name."""
    path: list[str] = []
    number = 0
    for event in found:
        if isinstance(event, Start):
            number += event.local_name == name and path[-1:] == [parent]
            path.append(event.local_name)
        elif isinstance(event, End):
            path.pop()
    return number


def _word_count(found: Iterable[Event], body: str) -> int:
    """The tokens of the text within the body, each paragraph and cell for itself.

    Args:
        found: the part.
        body: the element's name, with its namespace or without.
    """
    words = Words()
    hidden = 0
    in_body = 0
    for event in found:
        match event:
            case Start():
                in_body += in_body > 0 or body in (event.name, event.local_name)
                hidden += hidden > 0 or event.local_name in _NOT_BODY
                if event.local_name in _WORD_BREAKS:
                    words.end_word()
            case End(name=name):
                in_body -= in_body > 0
                hidden -= hidden > 0
                if name.rpartition(" ")[2] in _WORD_BREAKS:
                    words.end_word()
            case text if in_body and not hidden:
                words.add(str(text))
    return words.count
