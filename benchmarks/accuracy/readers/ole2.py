"""Word, Excel, PowerPoint 97–2003 and Outlook: ExifTool, xlrd, antiword, catdoc, oletools.

olefile is no reference, since Intake uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import extract_msg
import xlrd
from oletools.olevba import VBA_Parser

from benchmarks.accuracy.readers import dates
from benchmarks.accuracy.readers.programs import ReadError, exiftool, number, run


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
    """The values as they are stored: dates are numbers."""
    for sheet in book.sheets():
        for row in range(sheet.nrows):
            for cell in sheet.row(row):
                if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                    yield f"{cell.value:.15g}"
                elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                    yield "TRUE" if cell.value else "FALSE"
                elif cell.ctype == xlrd.XL_CELL_ERROR:
                    yield xlrd.error_text_from_code.get(cell.value, "")
                elif cell.ctype == xlrd.XL_CELL_TEXT:
                    yield cell.value


def antiword(path: Path) -> dict[str, Any]:
    """The text of a Word document."""
    return _text(run("antiword", "-w", "0", "-m", "UTF-8", path).replace("[pic]", " "))


def catppt(path: Path) -> dict[str, Any]:
    """The text of a presentation."""
    return _text(run("catppt", "-d", "utf-8", path))


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
    "olevba": olevba,
    "extract-msg": outlook,
}
