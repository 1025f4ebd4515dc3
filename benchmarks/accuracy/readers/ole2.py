"""Word, Excel, PowerPoint 97–2003 and Outlook: ExifTool, xlrd, antiword, catdoc, oletools.

olefile gives the stream of a presentation, whose text is read here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import extract_msg
import olefile
import xlrd
from oletools.olevba import VBA_Parser

from benchmarks.accuracy.readers import cells, dates
from benchmarks.accuracy.readers.programs import ReadError, exiftool, number, run

_DOCUMENT, _TEXT_CHARACTERS, _TEXT_BYTES = 0x03E8, 0x0FA0, 0x0FA8
_OTHER_TEXTS = {(0x03F8, 0), (0x03F0, 0), (0x0FC9, 0), (0x0FF0, 1), (0x0FF0, 2)}
"""Masters, notes, handouts, and the texts of masters and notes: [MS-PPT] 2.13.24."""


def exif(path: Path) -> dict[str, Any]:
    """The property sets, whose times are in UTC."""
    tags = exiftool(path)
    if not any(name.startswith("FlashPix:") for name in tags):
        raise ReadError("no property set")
    return {
        "title": tags.get("FlashPix:Title"),
        "subject": tags.get("FlashPix:Subject"),
        "author": tags.get("FlashPix:Author"),
        "keywords": tags.get("FlashPix:Keywords"),
        "lastModifiedBy": tags.get("FlashPix:LastModifiedBy"),
        "application": tags.get("FlashPix:Software"),
        "createdAt": _utc(tags.get("FlashPix:CreateDate")),
        "modifiedAt": _utc(tags.get("FlashPix:ModifyDate")),
        "statedPageCount": number(tags.get("FlashPix:Pages")),
        "statedWordCount": number(tags.get("FlashPix:Words")),
        "slideCount": number(tags.get("FlashPix:Slides")),
    }


def _utc(text: str | None) -> str | None:
    moment = dates.to_iso(text)
    return moment if moment is None or "+" in moment else f"{moment}+00:00"


def xls(path: Path) -> dict[str, Any]:
    """Sheets; xlrd counts worksheets, charts and macro sheets."""
    with xlrd.open_workbook(path, on_demand=True) as book:
        return {"sheetCount": book.nsheets, "text": "\n".join(_cells(book))}


def _cells(book: Any) -> Iterator[str]:
    """The values as they are stored, and dates."""
    return (
        _shown(book, cell)
        for sheet in book.sheets()
        for row in range(sheet.nrows)
        for cell in sheet.row(row)
    )


def _shown(book: Any, cell: Any) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        moment = xlrd.xldate_as_datetime(cell.value, book.datemode)
        return cells.shown(moment.time() if cell.value < 1 else moment)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return f"{cell.value:.15g}"
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return str(cell.value)


def antiword(path: Path) -> dict[str, Any]:
    """The text of a Word document."""
    return _text(run("antiword", "-w", "0", "-m", "UTF-8", path).replace("[pic]", " "))


def catppt(path: Path) -> dict[str, Any]:
    """The words of a presentation; mostly the names of themes, so that they are no reference."""
    return {"wordCount": len(run("catppt", "-d", "utf-8", path).split())}


def atoms(path: Path) -> dict[str, Any]:
    """The text of the last outline and of all slides."""
    with olefile.OleFileIO(path) as file:
        records = file.openstream("PowerPoint Document").read()
    documents = [at for at, kind in _top_level(records) if kind == _DOCUMENT]
    older = set(documents[:-1])
    kept = [at for at, _ in _top_level(records) if at not in older]
    return {"text": "\n".join(text for at in kept for text in _atoms(_record(records, at)))}


def _top_level(records: bytes) -> Iterator[tuple[int, int]]:
    """Position and type."""
    position = 0
    while position + 8 <= len(records):
        _, kind, size = struct.unpack_from("<HHL", records, position)
        yield position, kind
        position += 8 + size


def _record(records: bytes, position: int) -> bytes:
    size = struct.unpack_from("<4xL", records, position)[0]
    return records[position : position + 8 + size]


def _atoms(records: bytes) -> Iterator[str]:
    """[MS-PPT] 2.3.1: containers have the version 15."""
    position = 0
    while position + 8 <= len(records):
        version, kind, size = struct.unpack_from("<HHL", records, position)
        data = records[position + 8 : position + 8 + size]
        position += 8 + size
        if version & 15 == 15 and (kind, version >> 4) not in _OTHER_TEXTS:
            yield from _atoms(data)
        elif kind == _TEXT_CHARACTERS:
            yield data.decode("utf-16-le", "replace")
        elif kind == _TEXT_BYTES:
            yield data.decode("latin-1")


def catdoc(path: Path) -> dict[str, Any]:
    """The text of a Word document."""
    return {"text": run("catdoc", "-w", "-d", "utf-8", path)}


def _text(text: str) -> dict[str, Any]:
    return {"wordCount": len(text.split()), "text": text}


def olevba(path: Path) -> dict[str, Any]:
    """Macros."""
    parser = VBA_Parser(str(path))
    try:
        return {"hasMacros": bool(parser.detect_vba_macros())}
    finally:
        parser.close()


def outlook(path: Path) -> dict[str, Any]:
    """A message of Outlook."""
    kinds = extract_msg.enums.RecipientType
    with extract_msg.openMsg(str(path)) as mail:
        to, cc = (
            [each.email for each in mail.recipients if each.type == kind]
            for kind in (kinds.TO, kinds.CC)
        )
        return {
            "subject": mail.subject,
            "from": mail.sender,
            "to": ", ".join(address for address in to if address),
            "messageId": mail.messageId,
            "sentAt": dates.of(mail.date),
            "attachmentCount": len(mail.attachments),
            "toCount": len(to),
            "ccCount": len(cc),
            "text": mail.body,
        }


READERS = {
    "exiftool": exif,
    "xlrd": xls,
    "antiword": antiword,
    "catdoc": catdoc,
    "catppt": catppt,
    "atoms": atoms,
    "olevba": olevba,
    "extract-msg": outlook,
}
