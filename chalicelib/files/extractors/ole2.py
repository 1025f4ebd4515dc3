"""Word, Excel and PowerPoint 97–2003, and what else an OLE2 compound file may be.

The names of the streams determine the type. Words are not counted; counts of words and pages are
the statistics of the program that saved the file.
"""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from chalicelib.documents import MetadataValue
from chalicelib.files import dates, text_codecs
from chalicelib.files.compound import CompoundFile, Stream
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extraction import DocumentEncryptedError
from chalicelib.files.extractors import (
    excel_binary,
    excel_text,
    powerpoint_binary,
    property_sets,
    word_text,
)
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import DOC, MSG, OLE2, PPT, XLS

_STREAMS = {
    "WordDocument": DOC,
    "PowerPoint Document": PPT,
    "Workbook": XLS,
    "Book": XLS,
    "__properties_version1.0": MSG,
    "VisioDocument": "application/vnd.visio",
}
"""Names of the main stream: [MS-DOC], [MS-PPT], [MS-XLS], [MS-OXMSG] 2.1."""

_DIRECTORY_ENCRYPTED = ("EncryptedPackage", "EncryptedSummary", "EncryptedSummaryInfo")
"""[MS-OFFCRYPTO] 2.3.4.4 and 2.3.5.4."""

_WORD_HEADER_BYTES = 12
_WORD_97 = 0x00C1
_WORD_IS_ENCRYPTED = 0x0100
"""[MS-DOC] 2.5.2, FibBase: nFib and fEncrypted."""

_SUMMARY = {
    "title": property_sets.TITLE,
    "subject": property_sets.SUBJECT,
    "author": property_sets.AUTHOR,
    "keywords": property_sets.KEYWORDS,
    "lastModifiedBy": property_sets.LAST_AUTHOR,
    "application": property_sets.APPLICATION,
    "createdAt": property_sets.CREATED,
    "modifiedAt": property_sets.LAST_SAVED,
}


def detect(content: BinaryIO) -> str:
    """The MIME type by the main stream's name; that of the container for unknown names."""
    file = CompoundFile(content)
    if any(file.has(name) for name in _DIRECTORY_ENCRYPTED):
        raise DocumentEncryptedError
    return next((kind for name, kind in _STREAMS.items() if file.has(name)), OLE2)


def prepare() -> None:
    """Load what extraction would load lazily: the properties name their code page."""
    text_codecs.load_all()


def extract(content: BinaryIO, file_type: str, text: TextCollector | None = None) -> RawMetadata:
    """Document properties.

    - title, subject, author, keywords, lastModifiedBy, application; createdAt and modifiedAt.
    - statedWordCount and statedPageCount of Word: as stored by the program that saved it.
    - sheetCount, slideCount: including hidden ones.
    - hasMacros: absent for Word 6 and 95, which have macros in another form.
    """
    file = CompoundFile(content)
    summary = property_sets.read(file.read(property_sets.SUMMARY, most=property_sets.MAX_BYTES))
    specific = {DOC: _word, XLS: _excel, PPT: _power_point}[file_type]
    found = specific(file, summary)
    if text:
        _add_text(CompoundFile(content), file_type, text)  # of its own, since streams are read once
    return {
        **{name: _described(summary.get(number)) for name, number in _SUMMARY.items()},
        **found,
    }


def _add_text(file: CompoundFile, file_type: str, text: TextCollector) -> None:
    if file_type == DOC:
        word_text.add(file, text)
    elif file_type == XLS and (workbook := file.stream("Workbook") or file.stream("Book")):
        excel_text.add(workbook, text)
    elif file_type == PPT:
        user, document = _presentation(file)
        if document:
            powerpoint_binary.add_text(user, document, text)


def _described(value: property_sets.Value | None) -> MetadataValue | None:
    if isinstance(value, datetime):
        return dates.to_iso8601(value)
    return value if isinstance(value, str) else None


def _word(file: CompoundFile, summary: property_sets.Values) -> RawMetadata:
    main = file.stream("WordDocument")
    header = main.read(0, _WORD_HEADER_BYTES) if main else b""
    if int.from_bytes(header[10:], "little") & _WORD_IS_ENCRYPTED:
        raise DocumentEncryptedError
    has_project = "macros" in file.root.storages
    is_word_97 = int.from_bytes(header[2:4], "little") >= _WORD_97
    return {
        "statedPageCount": _number(summary.get(property_sets.PAGE_COUNT)),
        "statedWordCount": _number(summary.get(property_sets.WORD_COUNT)),
        "hasMacros": has_project if has_project or is_word_97 else None,
    }


def _excel(file: CompoundFile, summary: property_sets.Values) -> RawMetadata:  # noqa: ARG001 - one of three
    stream = file.stream("Workbook") or file.stream("Book")
    workbook = excel_binary.read(stream) if stream else excel_binary.Workbook()
    has_project = "_vba_project_cur" in file.root.storages
    is_known = has_project or workbook.has_macro_sheets or workbook.sheet_count is not None
    return {
        "sheetCount": workbook.sheet_count,
        "hasMacros": has_project or workbook.has_macro_sheets if is_known else None,
    }


def _power_point(file: CompoundFile, summary: property_sets.Values) -> RawMetadata:  # noqa: ARG001 - one of three
    user, document = _presentation(file)
    found = powerpoint_binary.read(user, document) if document else None
    if found is None:
        return {}
    return {"slideCount": found.slide_count, "hasMacros": found.has_macros}


def _presentation(file: CompoundFile) -> tuple[bytes, Stream | None]:
    """The streams `Current User` and `PowerPoint Document`."""
    # PowerPoint 95 has streams of the same names; a file for both has those of 97 in a storage.
    storage = file.root.storages.get("pp97_dualstorage", file.root)
    document = file.stream("PowerPoint Document", storage)
    return file.read("Current User", storage), document


def _number(value: property_sets.Value | None) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
