"""Tiny files of every kind, built in code and named for what they are or what is wrong."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence

from pypdf import PdfWriter

WORDS = "The quick brown fox jumps over the lazy dog"
"""Nine words."""


def pdf(
    pages: Sequence[str] = (WORDS, WORDS),
    information: Mapping[str, bytes] | None = None,
    *,
    header: bytes = b"%PDF-1.4\n",
    catalog: bytes = b"",
    objects: Sequence[bytes] = (),
) -> bytes:
    """A PDF with one line of text a page; information values are PDF syntax (`(text)`).

    The first of the further objects has number 5 + 2 * pages.
    """
    kids = b" ".join(b"%d 0 R" % (5 + 2 * number) for number in range(len(pages)))
    entries = b" ".join(b"/%s %s" % (key.encode(), v) for key, v in (information or {}).items())
    numbered = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< %s >>" % entries,
    ]
    for number, text in enumerate(pages):
        show = b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode("ascii")
        numbered += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (6 + 2 * number),
            stream(show),
        ]
    return assembled_pdf([*numbered, *objects], header=header)


def encrypted_pdf(user_password: str) -> bytes:
    """The default `pdf()`, AES-256 encrypted."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf()))
    writer.encrypt(user_password, owner_password="owner", algorithm="AES-256")
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()


def pdf_encrypted_for_a_certificate(*, header: bytes = b"%PDF-1.4\n") -> bytes:
    """A PDF that names the public-key security handler."""
    encrypted = b"trailer\n<< /Encrypt << /Filter /Adobe.PubSec /V 4 >>"
    return pdf(header=header).replace(b"trailer\n<<", encrypted)


def pdf_with_image(side: int) -> bytes:
    """A PDF of one page that shows a gray square image of so many pixels a side."""
    page = b"/MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /Im1 5 0 R >> >>"
    image = b"/Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceGray" % (
        side,
        side,
    )
    return assembled_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R %s >>" % page,
            stream(b"/Im1 Do"),
            stream(bytes(side * side), image),
        ],
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream in PDF syntax, with these further entries in its dictionary."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def assembled_pdf(
    objects: Sequence[bytes], *, header: bytes = b"%PDF-1.4\n", information: int = 4
) -> bytes:
    """A PDF of these objects, numbered from 1: the first is the catalog.

    Args:
        objects: in PDF syntax.
        header: what the file begins with.
        information: number of the document's information; 0 when there is none.
    """
    parts = [header]
    offsets = []
    offset = len(header)
    for number, syntax in enumerate(objects, start=1):
        offsets.append(offset)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, syntax))
        offset += len(parts[-1])
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    parts += [b"%010d 00000 n \n" % offset for offset in offsets]
    info = b"/Info %d 0 R " % information if information else b""
    parts.append(b"trailer\n<< /Size %d /Root 1 0 R %s>>\n" % (len(objects) + 1, info))
    parts.append(b"startxref\n%d\n%%%%EOF\n" % offset)
    return b"".join(parts)


def png(
    width: int = 3, height: int = 2, *, is_animated: bool = False, claimed_frames: int = 1
) -> bytes:
    """A whole gray PNG."""
    rows = zlib.compress(bytes((width + 1) * height))
    control = _png_chunk(b"acTL", struct.pack(">LL", claimed_frames, 0)) if is_animated else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0))
        + control
        + _png_chunk(b"IDAT", rows)
        + _png_chunk(b"IEND", b"")
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def jpeg(width: int = 3, height: int = 2, *, frame: int = 0xC0, exif: bytes = b"") -> bytes:
    """The markers of a JPEG without its pixels; frame 0xC0 is baseline, 0xC2 progressive."""
    segments = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if exif:
        segments += jpeg_segment(0xE1, b"Exif\0\0" + exif)
    segments += jpeg_segment(0xC4, bytes(20))  # a table, whose marker lies among the frames'
    segments += jpeg_segment(frame, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    return b"\xff\xd8" + segments + b"\xff\xd9"


def jpeg_segment(marker: int, payload: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


TURNED_EXIF = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
"""Orientation 6: to be shown turned by 90 degrees."""


def gif(width: int = 3, height: int = 2) -> bytes:
    """A GIF without frames."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def lossy_webp(width: int = 3, height: int = 2) -> bytes:
    """The header of a WebP with a VP8 key frame."""
    frame = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(6)
    return _webp(b"VP8 ", frame)


def lossless_webp(width: int = 3, height: int = 2) -> bytes:
    """The header of a WebP with a VP8L image."""
    return _webp(b"VP8L", b"\x2f" + struct.pack("<L", (width - 1) | (height - 1) << 14) + bytes(5))


def extended_webp(width: int = 3, height: int = 2) -> bytes:
    """The header of a WebP with a VP8X chunk, as animations and transparent pictures have it."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _webp(b"VP8X", bytes(4) + canvas)


def _webp(kind: bytes, data: bytes) -> bytes:
    chunk = kind + struct.pack("<L", len(data)) + data
    return b"RIFF" + struct.pack("<L", 4 + len(chunk)) + b"WEBP" + chunk


RAR = b"Rar!\x1a\x07\x01\0" + bytes(20)
"""The begin of a RAR archive, a type that no extractor reads."""

BINARY = bytes(range(256))
"""Of no known type, and no text."""

TEXT = f"{WORDS}\n{WORDS}\n".encode()
