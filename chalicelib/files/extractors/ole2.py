"""OLE2 compound files by olefile: Word, Excel and PowerPoint 97–2003.

The names of the streams determine the type. Text is not read; counts of words and pages are the
statistics of the program that saved the file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import BinaryIO

import olefile

from chalicelib.documents import FailureCode
from chalicelib.files import dates, text_codecs
from chalicelib.files.extraction import FileRejectedError
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

_MACRO_STORAGES = ("Macros", "_VBA_PROJECT_CUR", "VBA")

_DIRECTORY_ENCRYPTED = ("EncryptedPackage", "EncryptedSummary", "EncryptedSummaryInfo")
"""[MS-OFFCRYPTO] 2.3.4.4 and 2.3.5.4."""

_WORD_FLAGS_AT = 10
_WORD_IS_ENCRYPTED = 0x0100
"""[MS-DOC] 2.5.2, FibBase, fEncrypted."""

_EXCEL_FILE_PASS = 0x2F
"""[MS-XLS] 2.4.117: follows the first record of an encrypted workbook."""

_MAX_RECORDS_BEFORE = 8

_FALLBACK_ENCODING = "cp1252"


def detect(content: BinaryIO) -> str:
    """The MIME type by the main stream's name; that of the container for unknown names."""
    with _opened(content) as file:
        if any(file.exists(name) for name in _DIRECTORY_ENCRYPTED):
            raise FileRejectedError(FailureCode.ENCRYPTED, "The document is encrypted.")
        return next((kind for name, kind in _STREAMS.items() if file.exists(name)), OLE2)


def prepare() -> None:
    """Load what extraction would load lazily: the properties name their code page."""
    text_codecs.load_all()


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Document properties.

    - title, subject, author, keywords, lastModifiedBy, application; createdAt and modifiedAt.
    - statedWordCount and statedPageCount, slideCount: as stored by the program that saved it.
    - hasMacros.
    """
    with _opened(content) as file:
        if _is_encrypted(file, file_type):
            raise FileRejectedError(FailureCode.ENCRYPTED, "The document is encrypted.")
        properties = file.get_metadata()
        code_page = properties.codepage
        encoding = f"cp{code_page}" if isinstance(code_page, int) else _FALLBACK_ENCODING

        def text(value: object) -> str | None:
            return _text(value, encoding)

        return {
            "title": text(properties.title),
            "subject": text(properties.subject),
            "author": text(properties.author),
            "keywords": text(properties.keywords),
            "lastModifiedBy": text(properties.last_saved_by),
            "application": text(properties.creating_application),
            "createdAt": _moment(properties.create_time),
            "modifiedAt": _moment(properties.last_saved_time),
            "statedPageCount": _number(properties.num_pages) if file_type == DOC else None,
            "statedWordCount": _number(properties.num_words) if file_type == DOC else None,
            "slideCount": _number(properties.slides) if file_type == PPT else None,
            "hasMacros": any(file.exists(name) for name in _MACRO_STORAGES),
        }


def _opened(content: BinaryIO) -> olefile.OleFileIO:
    return olefile.OleFileIO(content)


def _is_encrypted(file: olefile.OleFileIO, file_type: str) -> bool:
    if file_type == DOC:
        flags = file.openstream("WordDocument").read(_WORD_FLAGS_AT + 2)[_WORD_FLAGS_AT:]
        return bool(int.from_bytes(flags, "little") & _WORD_IS_ENCRYPTED)
    if file_type == XLS:
        stream = file.openstream("Workbook" if file.exists("Workbook") else "Book")
        for _ in range(_MAX_RECORDS_BEFORE):
            header = stream.read(4)
            if int.from_bytes(header[:2], "little") == _EXCEL_FILE_PASS:
                return True
            stream.read(int.from_bytes(header[2:], "little"))
    return False


def _text(value: object, encoding: str) -> str | None:
    if isinstance(value, bytes):
        value = _decoded(value, encoding)
    return value.partition("\0")[0] if isinstance(value, str) else None


def _decoded(value: bytes, encoding: str) -> str:
    try:
        return value.decode(encoding, errors="replace")
    except LookupError:  # unknown code page
        return value.decode(_FALLBACK_ENCODING, errors="replace")


def _moment(value: object) -> str | None:
    # FILETIME, in UTC; olefile returns it without an offset, and 1601 for "never".
    if isinstance(value, datetime) and value.year > 1601:
        return dates.to_iso8601(value.replace(tzinfo=UTC))
    return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
