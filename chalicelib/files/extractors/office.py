"""Open XML (docx, xlsx, pptx, also with macros) and OpenDocument (odt, ods, odp).

Words, sheets and slides are counted here. The page count depends on layout and is the statistic of
the program that saved the file (`statedPageCount`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import dates, text_codecs, types, zip_package
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.words import WordBuffer
from chalicelib.files.xml_events import End, Start, events, local_name, parse

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


def prepare() -> None:
    """Load what extraction would load lazily: XML names its encoding."""
    text_codecs.load_all()


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
        found["wordCount"] = _word_count(_main_part(archive, "word/document.xml"), "body")
    elif file_type in _SPREADSHEETS:
        workbook = _main_part(archive, "xl/workbook.xml")
        found["sheetCount"] = _count(workbook, "sheet", "sheets")
    elif file_type in _PRESENTATIONS:
        presentation = _main_part(archive, "ppt/presentation.xml")
        found["slideCount"] = _count(presentation, "sldId", "sldIdLst")
    return found


def _open_document(archive: zipfile.ZipFile, file_type: str) -> dict[str, Any]:
    _reject_encrypted(archive)
    statistics: dict[str, str] = {}
    found: dict[str, Any] = {
        **_fields(archive, "meta.xml", _META, statistics),
        "hasMacros": any(name.startswith(_MACRO_FOLDERS) for name in archive.NameToInfo),
    }
    body = zip_package.part(archive, "content.xml")
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


class _ChildCount:
    """Counts the elements `name` that are children of a `parent`; a handler for `parse`."""

    def __init__(self, name: str, parent: str) -> None:
        """Both are local names."""
        self.count = 0
        self._name = name
        self._parent = parent
        self._parent_depths = [0]  # of those that are open

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        local = local_name(name)
        if local == self._name:
            self.count += depth > 1 and self._parent_depths[-1] == depth - 1
        if local == self._parent:
            self._parent_depths.append(depth)

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        if depth == self._parent_depths[-1]:
            self._parent_depths.pop()

    def text(self, text: str) -> None:
        """Ignore it."""

    def end_chunk(self) -> None:
        """Keep the count."""


def _count(part: Iterable[bytes], name: str, parent: str) -> int:
    children = _ChildCount(name, parent)
    parse(part, children, only=frozenset({name, parent}))
    return children.count


class _BodyWords:
    """Counts the words of a body; a handler for `parse`."""

    def __init__(self, body: str) -> None:
        """`body` is the element's name, with or without its namespace."""
        self.words = WordBuffer()
        self._body = body
        self._body_depth = 0  # 0: outside
        self._hidden_depth = 0

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        local = local_name(name)
        if local in _WORD_BREAKS:
            self.words.end_word()
        elif local in _NOT_BODY:
            self._hidden_depth = self._hidden_depth or depth
        elif self._body in (name, local):
            self._body_depth = self._body_depth or depth

    def end(self, name: str, depth: int) -> None:
        if local_name(name) in _WORD_BREAKS:
            self.words.end_word()
        elif depth == self._hidden_depth:
            self._hidden_depth = 0
        elif depth == self._body_depth:
            self._body_depth = 0

    def text(self, text: str) -> None:
        if self._body_depth and not self._hidden_depth:
            self.words.add(text)

    def end_chunk(self) -> None:
        self.words.flush()


def _word_count(part: Iterable[bytes], body: str) -> int:
    """The words of the element `body` of the part."""
    words = _BodyWords(body)
    parse(part, words, only=_WORD_BREAKS | _NOT_BODY | {local_name(body)})
    return words.words.count
