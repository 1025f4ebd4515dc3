"""Tiny files with text of the types whose words are not counted."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.support.files_office import open_xml
from tests.support.files_ole2 import atom, compound, record

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHOW = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_OPEN_XML = "application/vnd.openxmlformats-officedocument"


def _related(targets: Sequence[str]) -> str:
    links = "".join(
        f'<Relationship Id="r{number}" Type="x" Target="{target}"/>'
        for number, target in enumerate(targets)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'


def pptx(*slides: str) -> bytes:
    """A presentation with these slides, whose elements of text have the prefix `a`."""
    ids = "".join(f'<sldId r:id="r{number}"/>' for number in range(len(slides)))
    names = [f"slides/s{len(slides) - number}.xml" for number in range(len(slides))]
    parts = {
        f"ppt/{name}": f'<p:sld xmlns:p="{_SHOW}" xmlns:a="{_DRAWING}">{slide}</p:sld>'
        for name, slide in zip(names, slides, strict=True)
    }
    main = (
        f'<presentation xmlns="{_SHOW}" xmlns:r="{_RELATIONSHIPS}">'
        f"<sldIdLst>{ids}</sldIdLst></presentation>"
    )
    return open_xml(
        f"{_OPEN_XML}.presentationml.presentation.main+xml",
        "ppt/presentation.xml",
        {"ppt/presentation.xml": main, "ppt/_rels/presentation.xml.rels": _related(names), **parts},
    )


def xlsx(strings: Sequence[str], *sheets: str, styles: str = "") -> bytes:
    """A workbook with these shared strings (their XML) and the rows of these sheets."""
    listed = "".join(f'<sheet r:id="r{number}"/>' for number in range(len(sheets)))
    names = [f"/xl/sheets/{number}.xml" for number in range(len(sheets))]
    parts = {
        name[1:]: f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>'
        for name, rows in zip(names, sheets, strict=True)
    }
    book = f'<workbook xmlns="{_SHEET}" xmlns:r="{_RELATIONSHIPS}"><sheets>{listed}</sheets>'
    shared = "".join(f"<si>{string}</si>" for string in strings)
    return open_xml(
        f"{_OPEN_XML}.spreadsheetml.sheet.main+xml",
        "xl/workbook.xml",
        {
            "xl/workbook.xml": f"{book}</workbook>",
            "xl/_rels/workbook.xml.rels": _related(names),
            "xl/styles.xml": f'<styleSheet xmlns="{_SHEET}">{styles}</styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}">{shared}</sst>',
            **parts,
        },
    )


def doc(pieces: Sequence[str | bytes], *, length: int | None = None, boxes: int = 0) -> bytes:
    """A Word 97 document of these pieces: bytes in Windows-1252, text in UTF-16.

    Args:
        pieces: the text of all parts.
        length: characters of the main document; all by default.
        boxes: characters of the text boxes, which follow in this file.
    """
    header = bytearray(0x200)
    struct.pack_into("<6H", header, 0, 0xA5EC, 0x00C1, 0, 0, 0, 0x0200)
    ends, places, body = [0], b"", b""
    for piece in pieces:
        ends.append(ends[-1] + len(piece))
        place = len(header) + len(body)
        if isinstance(piece, bytes):
            places += struct.pack("<HLH", 0, 0x40000000 | place * 2, 0)
            body += piece
        else:
            places += struct.pack("<HLH", 0, place, 0)
            body += piece.encode("utf-16-le")
    table = struct.pack(f"<{len(ends)}L", *ends) + places
    clx = b"\1\2\0xx\2" + struct.pack("<L", len(table)) + table
    struct.pack_into("<L", header, 0x4C, ends[-1] if length is None else length)
    struct.pack_into("<L", header, 0x64, boxes)
    struct.pack_into("<LL", header, 0x1A2, 0, len(clx))
    return compound({"WordDocument": bytes(header) + body, "1Table": clx})


def old_doc(text: bytes, locale: int, *, is_mac: bool = False) -> bytes:
    """A Word 95 document."""
    header = bytearray(0x200)
    struct.pack_into("<6H", header, 0, 0xA5DC, 0x0068, 0, locale, 0, 0)
    header[0x12] = is_mac
    struct.pack_into("<L", header, 0x18, len(header))
    struct.pack_into("<L", header, 0x34, len(text))
    return compound({"WordDocument": bytes(header) + text})


def ppt(outline: str, *texts: bytes, shapes: bytes = b"") -> bytes:
    """A presentation of two slides: of the outline and these texts, and of the outline only."""
    shapes += b"".join(atom(0xF00D, atom(0x0FA8, text)) for text in texts)
    reference = atom(0xF00D, atom(0x0F9E, struct.pack("<L", 0)))
    slide = atom(0x03EE, atom(0x040C, atom(0xF004, reference) + shapes))
    listed = b"".join(
        atom(0x03F3, struct.pack("<L", number).ljust(20, b"\0"))
        + atom(0x0F9F, bytes(4))
        + atom(0x0FA0, outline.encode("utf-16-le"))
        for number in (1, 2)
    )
    document = atom(0x03E8, atom(0x0FF0, listed))
    begin = document + slide
    directory = atom(0x1772, struct.pack("<3L", 2 << 20, 0, len(document)))
    edit = atom(0x0FF5, bytes(8) + struct.pack("<LLL", 0, len(begin), 0))
    user = bytes(8) + struct.pack("<LLL", 20, 0xE391C05F, len(begin) + len(directory))
    return compound({"PowerPoint Document": begin + directory + edit, "Current User": user})


def xls(*cells: bytes, strings: Sequence[bytes] = (), styles: bytes = b"") -> bytes:
    """A workbook with two sheets of these records, and the parts of the shared strings."""
    begin, end = record(0x0809, struct.pack("<HHHH", 0x0600, 5, 0, 0)), record(0x000A)
    sheet = record(0x0809, struct.pack("<HHHH", 0x0600, 0x10, 0, 0)) + b"".join(cells) + end
    shared = styles + b"".join(
        record(0x003C if number else 0x00FC, part) for number, part in enumerate(strings)
    )
    name = b"\1\0x"
    bound_bytes = 2 * len(record(0x0085, bytes(6) + name))
    first = len(begin) + bound_bytes + len(shared) + len(end)
    bound = b"".join(
        record(0x0085, struct.pack("<LBB", first + number * len(sheet), 0, 0) + name)
        for number in range(2)
    )
    book = begin + bound + shared + end + sheet + sheet
    return compound({"Workbook": book.ljust(4_096, b"\0")})
