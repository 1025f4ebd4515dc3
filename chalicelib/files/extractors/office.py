"""Open XML and OpenDocument: documents, workbooks, presentations and drawings, also templates.

Words, sheets and slides are counted here. The page count depends on layout and is the statistic of
the program that saved the file (`statedPageCount`).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from chalicelib.files import dates, text_codecs, types, zip_package
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extraction import DocumentEncryptedError
from chalicelib.files.extractors import excel_binary, office_counts, office_text, office_words
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.xml_events import End, Start, attributes_of, events, local_name

_MAX_PROPERTIES_BYTES = 1_048_576
"""Size of a part with properties."""

_MAX_FIELD = 10_000
"""Characters of one field that are kept; more than a record stores."""

_WORDPROCESSING = frozenset({types.DOCX, types.DOTX, types.DOCM, types.DOTM})
_SPREADSHEETS = frozenset({types.XLSX, types.XLTX, types.XLSM, types.XLTM})
_TEXTS = frozenset({types.ODT, types.OTT})
_OPEN_DOCUMENT_COUNTS = {
    **dict.fromkeys((types.ODS, types.OTS), ("sheetCount", office_counts.TABLES)),
    **dict.fromkeys((types.ODP, types.OTP), ("slideCount", office_counts.PRESENTATION_PAGES)),
    **dict.fromkeys((types.ODG, types.OTG), ("pageCount", office_counts.DRAWING_PAGES)),
}

_CORE_PROPERTIES = {
    "title": "title",
    "subject": "subject",
    "creator": "author",
    "keywords": "keywords",
    "lastModifiedBy": "lastModifiedBy",
    "created": "createdAt",
    "modified": "modifiedAt",
}
"""Of the core properties, ECMA-376 part 2, clause 8."""

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

_OPEN_XML_MACROS = re.compile(r"vbaproject\.bin$|(^|/)macrosheets/", re.IGNORECASE)
"""Usual names of parts with Visual Basic, and of macro sheets of Excel 4: [MS-OFFMACRO2] 2.1."""

_MACRO_CONTENT_TYPES = frozenset(
    {
        "application/vnd.ms-office.vbaproject",
        *(
            f"application/vnd.ms-excel.{kind}{suffix}"
            for kind in ("macrosheet", "intlmacrosheet")
            for suffix in ("", "+xml")
        ),
    }
)
"""Of these parts, whatever their names: [MS-OFFMACRO2] 2.2.1."""

_OPEN_DOCUMENT_MACROS = re.compile(r"Basic/[^/]+/(?!script-lb\.xml$)[^/]+$|Scripts/.*[^/]$")
"""Names of modules. LibreOffice stores an index of each library, which may be empty."""


def prepare() -> None:
    """Load what extraction would load lazily: XML names its encoding."""
    text_codecs.load_all()


def extract(content: BinaryIO, file_type: str, text: TextCollector | None = None) -> RawMetadata:
    """Document properties and counts.

    - title, subject, author, keywords, lastModifiedBy, application; createdAt and
      modifiedAt.
    - wordCount: whitespace-separated tokens of a text document's body, without headers, notes,
      comments and deletions.
    - sheetCount, slideCount: including hidden ones. pageCount of drawings.
    - statedPageCount: as stored by the program that saved it.
    - hasMacros.
    """
    with zip_package.opened(content) as archive:
        is_open_document = file_type in _TEXTS or file_type in _OPEN_DOCUMENT_COUNTS
        read = _open_document if is_open_document else _open_xml
        found = read(archive, file_type, text)
    found["createdAt"] = dates.from_iso8601(found.get("createdAt"))
    found["modifiedAt"] = dates.from_iso8601(found.get("modifiedAt"))
    return found


def _open_xml(
    archive: zipfile.ZipFile, file_type: str, text: TextCollector | None
) -> dict[str, Any]:
    parts = zip_package.relationships(archive)
    strict = parts.get("extendedProperties", "docProps/app.xml")
    properties = parts.get("extended-properties", strict)
    application = _fields(archive, properties, {"Application": "a", "Pages": "p"})
    core = parts.get("core-properties", "docProps/core.xml")
    found: dict[str, Any] = {
        **_fields(archive, core, _CORE_PROPERTIES),
        "application": application.get("a"),
        "hasMacros": _has_open_xml_macros(archive),
    }

    def name_of(usual_name: str) -> str:
        return parts.get(zip_package.MAIN_PART, usual_name)

    def main(usual_name: str) -> Iterator[bytes]:
        return zip_package.part(archive, name_of(usual_name))

    if file_type in _WORDPROCESSING:
        found["statedPageCount"] = _number(application.get("p"))
        body = main("word/document.xml")
        found["wordCount"] = office_words.word_count(body, office_words.WORD, text)
    elif file_type == types.XLSB:
        found["sheetCount"] = excel_binary.count_sheets(b"".join(main("xl/workbook.bin")))
    elif file_type in _SPREADSHEETS:
        found["sheetCount"] = office_counts.count(main("xl/workbook.xml"), office_counts.SHEETS)
        if text:
            office_text.add_sheets(archive, name_of("xl/workbook.xml"), text)
    else:
        slides = main("ppt/presentation.xml")
        found["slideCount"] = office_counts.count(slides, office_counts.SLIDES)
        if text:
            office_text.add_slides(archive, name_of("ppt/presentation.xml"), text)
    return found


def _has_open_xml_macros(archive: zipfile.ZipFile) -> bool:
    is_named = any(map(_OPEN_XML_MACROS.search, archive.NameToInfo))
    return is_named or zip_package.has_part(archive, _MACRO_CONTENT_TYPES)


def _open_document(
    archive: zipfile.ZipFile, file_type: str, text: TextCollector | None
) -> dict[str, Any]:
    _reject_encrypted(archive)
    found: dict[str, Any] = {
        **_fields(archive, "meta.xml", _META),
        "hasMacros": any(map(_OPEN_DOCUMENT_MACROS.match, archive.NameToInfo)),
    }
    body = zip_package.part(archive, "content.xml")
    if file_type in _TEXTS:
        found["statedPageCount"] = _number(_statistics(archive).get("page-count"))
        found["wordCount"] = office_words.word_count(body, office_words.OPEN_DOCUMENT, text)
    else:
        name, counted = _OPEN_DOCUMENT_COUNTS[file_type]
        found[name] = office_counts.count(body, counted)
        if text:
            kind = office_words.TABLES if name == "sheetCount" else office_words.DRAWING_PAGES
            office_text.add_body(archive, kind, text)
    return found


def _reject_encrypted(archive: zipfile.ZipFile) -> None:
    manifest = _optional(archive, "META-INF/manifest.xml")
    # Predecessors of LibreOffice wrote a document type.
    for event in events(manifest, rejects_dtd=False):
        if isinstance(event, Start) and event.local_name == "encryption-data":
            raise DocumentEncryptedError


def _optional(archive: zipfile.ZipFile, name: str) -> Iterable[bytes]:
    if name not in archive.NameToInfo:
        return [b"<none/>"]
    return zip_package.part(archive, name, _MAX_PROPERTIES_BYTES)


def _statistics(archive: zipfile.ZipFile) -> dict[str, str]:
    """The attributes of OpenDocument's statistic, by their local names."""
    found = attributes_of(_optional(archive, "meta.xml"), "document-statistic")
    return {local_name(name): value for each in found for name, value in each.items()}


def _fields(archive: zipfile.ZipFile, name: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """The text of the first element of each name in `wanted`, by its name in the metadata.

    Args:
        archive: the package.
        name: of the part, which may be missing.
        wanted: local names of elements and their names in the metadata. Of `keyword`, which an
            OpenDocument file has for each, all are joined.
    """
    fields: dict[str, str] = {}
    current: str | None = None
    for event in events(_optional(archive, name)):
        match event:
            case Start(local_name="keyword") if "keywords" in fields:
                current = "keywords"
                fields[current] += ", "
            case Start(local_name=element):
                name_here = wanted.get(element)
                current = name_here if name_here not in fields else None
            case End():
                current = None
            case text if current and len(fields.get(current, "")) < _MAX_FIELD:
                fields[current] = fields.get(current, "") + str(text)
    return fields


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None
