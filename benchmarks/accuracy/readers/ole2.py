"""Word, Excel, PowerPoint 97–2003 and Outlook: ExifTool, xlrd, antiword, catdoc, oletools.

olefile is no reference, since Intake uses it.
"""

from __future__ import annotations

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
        return {"sheetCount": book.nsheets}


def antiword(path: Path) -> dict[str, Any]:
    """The words of a Word document."""
    return {"wordCount": len(run("antiword", "-w", "0", "-m", "UTF-8", path).split())}


def catppt(path: Path) -> dict[str, Any]:
    """The words of a presentation."""
    return {"wordCount": len(run("catppt", "-d", "utf-8", path).split())}


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
        }


READERS = {
    "exiftool": exif,
    "xlrd": xls,
    "antiword": antiword,
    "catppt": catppt,
    "olevba": olevba,
    "extract-msg": outlook,
}
