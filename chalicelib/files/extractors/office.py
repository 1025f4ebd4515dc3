"""Open XML (docx, xlsx, pptx, also with macros) and OpenDocument (odt, ods, odp).

Words, sheets and slides are counted here. The page count depends on layout and is the statistic of
the program that saved the file (`statedPageCount`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import dates, types, zip_package
from chalicelib.files.extraction import FileRejectedError, RawMetadata
from chalicelib.files.words import WordCounter
from chalicelib.files.xml_events import End, Event, Start, events

_MAX_PROPERTIES_BYTES = 1_048_576
"""Size of a part with properties."""

_MAX_FIELD = 10_000
"""Characters of one field that are kept; more than a record stores."""

_WORDPROCESSING = (types.DOCX, types.DOCM)
_SPREADSHEETS = (types.XLSX, types.XLSM)
_PRESENTATIONS = (types.PPTX, types.PPTM)

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
    "creator": "lastModifiedBy",  # OpenDocument 1.3, 4.3.2.7
    "creation-date": "createdAt",
    "date": "modifiedAt",
    "generator": "application",
}
"""Of meta.xml, OpenDocument 1.3, part 3, 4.3."""

_MACRO_FOLDERS = ("Basic/", "Scripts/")
"""Folders of macros in OpenDocument files."""

_WORD_BREAKS = frozenset({"p", "tab", "br", "cr", "h", "s", "line-break", "tc", "table-cell"})
"""Local names of elements that end a word, in either format."""

_NOT_BODY = frozenset(
    {"Fallback", "tracked-changes", "annotation", "note", "instrText", "delText", "moveFrom"}
)
"""Elements whose text is not part of the body, or a duplicate."""

_OPEN_DOCUMENT_TEXT = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 text"
"""With its namespace: others have an element `text` too."""


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Document properties and counts.

    - title, subject, author, keywords, lastModifiedBy, application; createdAt and
      modifiedAt.
    - wordCount: whitespace-separated tokens of a text document's body, without headers, notes,
      comments and deletions.
    - sheetCount, slideCount: including hidden ones.
    - statedPageCount: as stored by the program that saved it.
    - hasMacros.
    """
    with zip_package.opened(content) as archive:
        is_open_document = file_type in (types.ODT, types.ODS, types.ODP)
        read = _open_document if is_open_document else _open_xml
        found = read(archive, file_type)
    found["createdAt"] = dates.from_iso8601(found.get("createdAt"))
    found["modifiedAt"] = dates.from_iso8601(found.get("modifiedAt"))
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
    _reject_encrypted(archive)
    statistics: dict[str, str] = {}
    found: dict[str, Any] = {
        **_fields(archive, "meta.xml", _META, statistics),
        "hasMacros": any(name.startswith(_MACRO_FOLDERS) for name in archive.NameToInfo),
    }
    body = events(zip_package.part(archive, "content.xml"))
    if file_type == types.ODT:
        found["statedPageCount"] = _number(statistics.get("page-count"))
        found["wordCount"] = _word_count(body, _OPEN_DOCUMENT_TEXT)
    elif file_type == types.ODS:
        found["sheetCount"] = _count(body, "table", "spreadsheet")
    else:
        found["slideCount"] = _count(body, "page", "presentation")
    return found


def _reject_encrypted(archive: zipfile.ZipFile) -> None:
    manifest = _optional(archive, "META-INF/manifest.xml")
    # Predecessors of LibreOffice wrote a document type.
    for event in events(manifest, rejects_dtd=False):
        if isinstance(event, Start) and event.local_name == "encryption-data":
            raise FileRejectedError(FailureCode.ENCRYPTED, "The document is encrypted.")


def _main_part(archive: zipfile.ZipFile, usual_name: str) -> Iterator[bytes]:
    """The main part, by the relationship officeDocument: ECMA-376 part 2, 6.5.2."""
    for event in events(_optional(archive, "_rels/.rels")):
        if isinstance(event, Start) and event.attributes.get("Type", "").endswith(
            "/officeDocument"
        ):
            name = event.attributes.get("Target", "").removeprefix("/")
            if name in archive.NameToInfo:
                return zip_package.part(archive, name)
    return zip_package.part(archive, usual_name)


def _optional(archive: zipfile.ZipFile, name: str) -> Iterable[bytes]:
    if name not in archive.NameToInfo:
        return [b"<none/>"]
    return zip_package.part(archive, name, _MAX_PROPERTIES_BYTES)


def _fields(
    archive: zipfile.ZipFile,
    name: str,
    wanted: Mapping[str, str],
    statistics: dict[str, str] | None = None,
) -> dict[str, str]:
    """The text of the first element of each name in `wanted`, by its name in the metadata.

    Args:
        archive: the package.
        name: of the part, which may be missing.
        wanted: local names of elements and their names in the metadata.
        statistics: receives the attributes of OpenDocument's statistic.
    """
    fields: dict[str, str] = {}
    current: str | None = None
    for event in events(_optional(archive, name)):
        match event:
            case Start(local_name="document-statistic", attributes=attributes):
                if statistics is not None:
                    statistics.update({k.rpartition(" ")[2]: v for k, v in attributes.items()})
            case Start(local_name=local_name):
                name_here = wanted.get(local_name)
                current = name_here if name_here not in fields else None
            case End():
                current = None
            case text if current and len(fields.get(current, "")) < _MAX_FIELD:
                fields[current] = fields.get(current, "") + str(text)
    return fields


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None


def _count(found: Iterable[Event], name: str, parent: str) -> int:
    """The number of elements `name` that are children of an element `parent` (local names)."""
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
    """The number of words in the body; each paragraph and cell starts a new word.

    Args:
        found: the events of the part.
        body: the element's name, with or without its namespace.
    """
    words = WordCounter()
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
