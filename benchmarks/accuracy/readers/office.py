"""Open XML and OpenDocument: python-docx, openpyxl, python-pptx, lxml, oletools and ExifTool."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

import docx.package
import openpyxl
import pptx
from lxml import etree
from oletools.olevba import VBA_Parser

from benchmarks.accuracy.readers import cells, dates
from benchmarks.accuracy.readers.programs import ReadError, exiftool, named, number

_HIDDEN = {
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}del",
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}moveFrom",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
"""Elements of a Word document whose text is not part of the current version."""

_CORE_PROPERTIES = (
    "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
)
_BREAKS = {"tab", "br", "cr", "p", "tc"}
_ODF = "{urn:oasis:names:tc:opendocument:xmlns:"
_ODF_BREAKS = {f"{_ODF}text:1.0}}{name}" for name in ("p", "h", "tab", "s", "line-break")}
_ODF_MACROS = ("Basic/", "Scripts/")
_ODF_HIDDEN = {
    f"{_ODF}text:1.0}}tracked-changes",
    f"{_ODF}text:1.0}}note",
    f"{_ODF}office:1.0}}annotation",
    f"{_ODF}svg-compatible:1.0}}desc",
    f"{_ODF}svg-compatible:1.0}}title",
    f"{_ODF}presentation:1.0}}notes",
}


def python_docx(path: Path) -> dict[str, Any]:
    """Core properties, and the words of the body."""
    # docx.Document refuses templates and documents with macros.
    package = docx.package.Package.open(str(path))
    root = etree.fromstring(package.main_document_part.blob, etree.XMLParser(huge_tree=True))
    text = "".join(_word_text(root))
    return {**_core(package), "wordCount": len(text.split()), "text": text}


def _word_text(element: Any) -> Iterator[str]:
    if element.tag in _HIDDEN:
        return
    name = etree.QName(element).localname if isinstance(element.tag, str) else ""
    if name == "t":
        yield element.text or ""
    for child in element:
        yield from _word_text(child)
    if name in _BREAKS:
        yield "\n"


def python_pptx(path: Path) -> dict[str, Any]:
    """Core properties and slides."""
    presentation = pptx.Presentation(str(path))
    return {
        **_core(presentation.part.package),
        "slideCount": len(presentation.slides),
        "text": "\n".join(
            text for slide in presentation.slides for text in _shape_texts(slide.shapes)
        ),
    }


def _shape_texts(shapes: Any) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shape_texts(shape.shapes)
        elif getattr(shape, "has_table", False):
            yield from (cell.text for row in shape.table.rows for cell in row.cells)
        elif shape.has_text_frame:
            yield shape.text_frame.text


def _core(package: Any) -> dict[str, Any]:
    """Core properties; the libraries invent them where the package has none."""
    try:
        package.part_related_by(_CORE_PROPERTIES)
    except KeyError:
        return {}
    properties = package.core_properties
    return {
        "title": properties.title,
        "subject": properties.subject,
        "author": properties.author,
        "keywords": properties.keywords,
        "lastModifiedBy": properties.last_modified_by,
        "createdAt": dates.utc(properties.created),
        "modifiedAt": dates.utc(properties.modified),
    }


def open_pyxl(path: Path) -> dict[str, Any]:
    """Core properties and sheets."""
    with path.open("rb") as file:  # by name, openpyxl refuses unusual extensions
        book = openpyxl.load_workbook(file, read_only=True, keep_links=False, data_only=True)
        text = "\n".join(
            _cell(value)
            for sheet in book.worksheets
            for row in sheet.iter_rows(values_only=True)
            for value in row
            if value is not None
        )
    found = book.properties
    sheets = len(book.sheetnames)
    return {
        "title": found.title,
        "subject": found.subject,
        "author": found.creator,
        "keywords": found.keywords,
        "lastModifiedBy": found.lastModifiedBy,
        # openpyxl takes the present time where the file has none
        "createdAt": dates.utc(found.created) if _has_core(path, "created") else None,
        "modifiedAt": dates.utc(found.modified) if _has_core(path, "modified") else None,
        "sheetCount": sheets or None,  # none in the namespace of strict Open XML
        "text": text,
    }


def _cell(value: object) -> str:
    """The value as it is stored, and dates."""
    if isinstance(value, datetime | time):
        return cells.shown(value)
    if isinstance(value, float):
        return f"{value:.15g}"  # what Excel keeps
    return str(value).upper() if isinstance(value, bool) else str(value)


def _has_core(path: Path, name: str) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(
            f"dcterms:{name}".encode() in archive.read(part)
            for part in archive.namelist()
            if part.lower().endswith("core.xml") or part.endswith(".psmdcp")
        )


def odf(path: Path) -> dict[str, Any]:
    """The parts of an OpenDocument package by lxml."""
    with zipfile.ZipFile(path) as archive:
        kind = archive.read("mimetype").decode().strip()
        meta = etree.fromstring(archive.read("meta.xml")) if _has(archive, "meta.xml") else None
        content = etree.fromstring(archive.read("content.xml"), etree.XMLParser(huge_tree=True))
        macros = [name for name in archive.namelist() if name.startswith(_ODF_MACROS)]
    body = content.find(f"{_ODF}office:1.0}}body")
    found = {} if meta is None else _odf_meta(meta)
    found["hasMacros"] = bool(macros)
    found["text"] = "".join(_odf_text(body[0]))
    match kind.rpartition(".")[2]:
        case "text" | "text-template":
            found["wordCount"] = len("".join(_odf_text(body[0])).split())
        case "spreadsheet" | "spreadsheet-template":
            found["sheetCount"] = len(body[0].findall(f"{_ODF}table:1.0}}table"))
        case "graphics" | "graphics-template":
            found["pageCount"] = len(body[0].findall(f"{_ODF}drawing:1.0}}page"))
        case "presentation" | "presentation-template":
            found["slideCount"] = len(body[0].findall(f"{_ODF}drawing:1.0}}page"))
    return found


def _has(archive: zipfile.ZipFile, name: str) -> bool:
    return name in archive.NameToInfo


def _odf_meta(meta: Any) -> dict[str, Any]:
    dc = "{http://purl.org/dc/elements/1.1/}"

    def text(name: str) -> str | None:
        return next((element.text for element in meta.iter(name)), None)

    return {
        "title": text(f"{dc}title"),
        "subject": text(f"{dc}subject"),
        "keywords": ", ".join(each.text or "" for each in meta.iter(f"{_ODF}meta:1.0}}keyword")),
        "author": text(f"{_ODF}meta:1.0}}initial-creator"),
        "lastModifiedBy": text(f"{dc}creator"),
        "application": text(f"{_ODF}meta:1.0}}generator"),
        "createdAt": dates.to_iso(text(f"{_ODF}meta:1.0}}creation-date")),
        "modifiedAt": dates.to_iso(text(f"{dc}date")),
    }


def _odf_text(element: Any) -> Iterator[str]:
    if element.tag in _ODF_HIDDEN or not isinstance(element.tag, str):
        return
    if element.tag in _ODF_BREAKS:
        yield "\n"
    yield element.text or ""
    for child in element:
        yield from _odf_text(child)
        yield child.tail or ""
    if element.tag in _ODF_BREAKS:
        yield "\n"


def exif(path: Path) -> dict[str, Any]:
    """Properties of either format."""
    tags = exiftool(path, with_parts=True)
    if named(tags, "FileType") == "ZIP":
        raise ReadError("only a ZIP to ExifTool")
    return {
        "title": named(tags, "Title"),
        "subject": named(tags, "Subject"),
        "author": named(tags, "Initial-creator") or tags.get("XMP-dc:Creator"),
        "lastModifiedBy": named(tags, "LastModifiedBy"),
        "application": named(tags, "Application") or named(tags, "Generator"),
        "createdAt": dates.to_iso(named(tags, "CreateDate") or named(tags, "Creation-date")),
        "modifiedAt": dates.to_iso(named(tags, "ModifyDate")),
        "statedPageCount": number(named(tags, "Pages")),
    }


def olevba(path: Path) -> dict[str, Any]:
    """Macros."""
    parser = VBA_Parser(str(path))
    try:
        return {"hasMacros": bool(parser.detect_vba_macros())}
    finally:
        parser.close()


READERS = {
    "python-docx": python_docx,
    "openpyxl": open_pyxl,
    "python-pptx": python_pptx,
    "lxml": odf,
    "exiftool": exif,
    "olevba": olevba,
}
