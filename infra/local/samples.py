"""Sample files with the record that each must produce."""

from __future__ import annotations

import io
from dataclasses import dataclass

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from infra.local.guardduty.eicar import eicar
from infra.local.scans import Scan, scan

WORDS_A_PAGE = 149
PAGES = 3
LETTER = [
    "Dear Sir or Madam, the goods were delivered on time and in good order.",
    "Please find our invoice enclosed. It is due within thirty days of receipt.",
    "Payment may be made by bank transfer to the account that is named below.",
    "If you have any questions, please do not hesitate to write to us.",
]
WORDS = ["intake", "keeps", "one", "record", "of", "each", "file", "that", "a", "user", "uploads"]


@dataclass(frozen=True)
class Sample:
    """A file, its declared type and the record that it must produce."""

    file_name: str
    content: bytes
    declared_type: str
    status: str
    word_count: int = 0
    """If PROCESSED."""
    failure_code: str | None = None
    """If FAILED."""
    scanned_text: str = ""
    """What a stage with OCR recognizes; empty for a file that is not a scan."""


def samples(largest_file_bytes: int) -> list[Sample]:
    """Valid files, invalid files, and one with a non-ASCII name.

    Args:
        largest_file_bytes: the stage's limit, which one file exceeds by one byte.
    """
    text = "One line in English.\nUne ligne en français.\nمرحبا بالعالم\n"
    return [
        Sample(
            "sample.pdf",
            pdf(PAGES, WORDS_A_PAGE),
            "application/pdf",
            "PROCESSED",
            word_count=PAGES * WORDS_A_PAGE,
        ),
        Sample("notes.txt", text.encode(), "text/plain", "PROCESSED", word_count=10),
        Sample("picture.png", png(640, 480), "image/png", "PROCESSED"),
        Sample(
            "résumé + مرحبا 你好.txt",
            b"seven words in a file named oddly",
            "text/plain",
            "PROCESSED",
            word_count=7,
        ),
        Sample(
            "too large.txt",
            b"\n" * (largest_file_bytes + 1),
            "text/plain",
            "FAILED",
            failure_code="too_large",
        ),
        Sample(
            "really a picture.pdf",
            png(8, 8),
            "application/pdf",
            "FAILED",
            failure_code="type_mismatch",
        ),
    ]


def scanned_sample() -> Sample:
    """A picture of a letter that lay crooked in the scanner, for stages with OCR."""
    content = scan(LETTER, degrees=2).png()
    return Sample("letter.png", content, "image/png", "PROCESSED", scanned_text=" ".join(LETTER))


def infected_sample() -> Sample:
    """The EICAR test file, for stages that scan uploads for malware."""
    return Sample("invoice.txt", eicar(), "text/plain", "FAILED", failure_code="infected")


def pdf(pages: int, words_a_page: int) -> bytes:
    """A PDF with this many words on each page."""
    writer = PdfWriter()
    writer.add_metadata({"/Title": "A sample", "/Author": "Intake"})
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for _ in range(pages):
        page = writer.add_blank_page(width=595, height=842)
        content = DecodedStreamObject()
        content.set_data(_text_operators(words_a_page))
        page[NameObject("/Contents")] = writer._add_object(content)  # noqa: SLF001 - pypdf has no public way to add a stream
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def png(width: int, height: int) -> bytes:
    """A grey PNG of this size in pixels."""
    return Scan(width, height, b"\x80" * width * height).png()


def _text_operators(words: int) -> bytes:
    """PDF operators (PDF 32000-1, 9.4) that write this many words, ten per line."""
    text = [WORDS[number % len(WORDS)] for number in range(words)]
    lines = [" ".join(text[start : start + 10]) for start in range(0, words, 10)]
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    return f"BT /F1 11 Tf 14 TL 60 780 Td\n{shown}ET".encode("ascii")
