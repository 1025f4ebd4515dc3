"""Scans of pages that have text: pictures of it, as a scanner makes them."""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, PdfObject

A4 = (595, 842)
"""Width and height in points."""

POINTS_PER_INCH = 72

TAB_POINTS = 150
"""From one tab stop to the next."""

_DELIMITERS, _ESCAPED = r"([\\()])", r"\\\1"
"""Of strings in PDF (PDF 32000-1, 7.3.4.2)."""


@dataclass(frozen=True)
class Scan:
    """A grey picture of a page."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    pixels: bytes
    """One byte each, row by row."""

    def png(self) -> bytes:
        """As a PNG."""
        rows = (
            b"\0" + self.pixels[start : start + self.width]
            for start in range(0, len(self.pixels), self.width)
        )
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 0, 0, 0, 0)
        chunks = [
            (b"IHDR", header),
            (b"IDAT", zlib.compress(b"".join(rows))),
            (b"IEND", b""),
        ]
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )


def scan(
    lines: Sequence[str],
    *,
    degrees: float = 0,
    dots_per_inch: int = 150,
    page: tuple[int, int] = A4,
) -> Scan:
    """A picture of a page with these lines, of characters of Windows-1252.

    Args:
        lines: from top to bottom; a tab goes on `TAB_POINTS` behind the last one.
        degrees: by which the page lies crooked, counter-clockwise.
        dots_per_inch: resolution.
        page: width and height in points.
    """
    with pypdfium2.PdfDocument(_page_of_text(lines, degrees, page)) as document:
        bitmap = document[0].render(scale=dots_per_inch / POINTS_PER_INCH, grayscale=True)
        pixels = bytes(bitmap.buffer)
        rows = [
            pixels[row * bitmap.stride : row * bitmap.stride + bitmap.width]
            for row in range(bitmap.height)
        ]
        return Scan(bitmap.width, bitmap.height, b"".join(rows))


def scanned_pdf(*scans: Scan) -> bytes:
    """A PDF whose pages are pictures, without text."""
    writer = PdfWriter()
    for scan in scans:
        stream = DecodedStreamObject()
        stream.set_data(scan.pixels)
        image = stream.flate_encode()
        image.update(
            _dictionary(
                Type="/XObject",
                Subtype="/Image",
                Width=scan.width,
                Height=scan.height,
                ColorSpace="/DeviceGray",
                BitsPerComponent=8,
            )
        )
        width, height = A4
        drawing = f"{width} 0 0 {height} 0 0 cm /Image Do".encode()
        resources = _dictionary(XObject=_dictionary(Image=writer._add_object(image)))  # noqa: SLF001 - pypdf has no public way to add a stream
        _add_page(writer, A4, drawing, resources)
    return _written(writer)


def _page_of_text(lines: Sequence[str], degrees: float, page: tuple[int, int]) -> bytes:
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rotation = f"{cosine:.6f} {sine:.6f} {-sine:.6f} {cosine:.6f} 0 0 cm"
    shown = "".join(map(_text_operators, lines))
    left, top = page[0] // 10, page[1] * 9 // 10
    drawing = f"{rotation} BT /F 11 Tf 16 TL {left} {top} Td\n{shown}ET".encode("cp1252")
    font = _dictionary(
        Type="/Font", Subtype="/Type1", BaseFont="/Helvetica", Encoding="/WinAnsiEncoding"
    )
    writer = PdfWriter()
    _add_page(writer, page, drawing, _dictionary(Font=_dictionary(F=font)))
    return _written(writer)


def _text_operators(line: str) -> str:
    """Operators that show a line and go to the next one (PDF 32000-1, 9.4)."""
    cells = re.sub(_DELIMITERS, _ESCAPED, line).split("\t")
    shown = f" {TAB_POINTS} 0 Td ".join(f"({cell}) Tj" for cell in cells)
    return f"{shown} {-TAB_POINTS * (len(cells) - 1)} 0 Td T*\n"


def _add_page(
    writer: PdfWriter, size: tuple[int, int], drawing: bytes, resources: DictionaryObject
) -> None:
    content = DecodedStreamObject()
    content.set_data(drawing)
    page = writer.add_blank_page(*size)
    page[NameObject("/Contents")] = writer._add_object(content)  # noqa: SLF001 - as above
    page[NameObject("/Resources")] = resources


def _dictionary(**entries: str | int | PdfObject) -> DictionaryObject:
    return DictionaryObject(
        {NameObject(f"/{name}"): _value(value) for name, value in entries.items()}
    )


def _value(value: str | int | PdfObject) -> PdfObject:
    match value:
        case str():
            return NameObject(value)
        case int():
            return NumberObject(value)
    return value


def _written(writer: PdfWriter) -> bytes:
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
