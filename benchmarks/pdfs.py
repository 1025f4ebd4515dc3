"""The PDFs that are measured: real ones where they are, else some that are made here."""

from __future__ import annotations

import io
import random
import zlib
from contextlib import closing
from pathlib import Path

from pypdf import PdfWriter
from pypdfium2 import PdfDocument, PdfiumError

from infra.local.samples import pdf
from tests.support.corpora import CORPORA
from tests.support.files import assembled_pdf, stream

MEGABYTE = 1_000_000
_PICTURE_SIDE = 995
_WORDS_A_PAGE = 450
_PAGES_A_PICTURE = 4


def corpus(made: Path) -> list[Path]:
    """PDFs to read the text of, by name; those that are made are written into this folder."""
    found = sorted(path for path in CORPORA.rglob("*.pdf") if path.is_file())
    if found:
        return found
    for number in range(40):
        pages = 1 + number % 10
        (made / f"{number:02}.pdf").write_bytes(pdf(pages, 50 * (1 + number % 8)))
    return sorted(made.glob("*.pdf"))


def page_count(path: Path) -> int:
    """The pages of a PDF, as PDFium counts them; 0 where it does not open it."""
    try:
        with closing(PdfDocument(path)) as document:
            return len(document)
    except PdfiumError:
        return 0


def large(megabytes: int) -> bytes:
    """A PDF of this size: for each megabyte a picture and four pages of text in small print."""
    chance = random.Random(megabytes)
    pages = _PAGES_A_PICTURE * megabytes
    kids = b" ".join(b"%d 0 R" % (4 + 3 * number) for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(pages):
        side = 1 if number % _PAGES_A_PICTURE else _PICTURE_SIDE
        objects += [
            _page(contents=5 + 3 * number, screenshot=6 + 3 * number),
            stream(zlib.compress(_text(chance)), b"/Filter /FlateDecode"),
            _picture(side, chance),
        ]
    return assembled_pdf(objects, information=0)


def encrypted(content: bytes) -> bytes:
    """The PDF with AES-256 and an empty password, as files are that anyone may open."""
    writer = PdfWriter(clone_from=io.BytesIO(content))
    writer.encrypt("", algorithm="AES-256")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _page(contents: int, screenshot: int) -> bytes:
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
        b" /Resources << /Font << /F1 3 0 R >> /XObject << /P %d 0 R >> >> >>"
    ) % (contents, screenshot)


def _text(chance: random.Random) -> bytes:
    words = [b"w%d" % chance.randrange(MEGABYTE) for _ in range(_WORDS_A_PAGE)]
    lines = b"".join(
        b"(%s) Tj T*\n" % b" ".join(words[first : first + 9])
        for first in range(0, _WORDS_A_PAGE, 9)
    )
    return b"BT /F1 9 Tf 14 TL 40 760 Td\n" + lines + b"ET /P Do"


def _picture(side: int, chance: random.Random) -> bytes:
    entries = b"/Type /XObject /Subtype /Image /BitsPerComponent 8 /ColorSpace /DeviceGray"
    return stream(chance.randbytes(side * side), entries + b" /Width %d /Height %d" % (side, side))
