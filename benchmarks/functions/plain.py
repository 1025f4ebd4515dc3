"""What everyone writes to count the words of a PDF: the object's bytes, PdfReader, extract_text."""

from __future__ import annotations

import io
import logging
from typing import Any

from pypdf import PdfReader

from benchmarks.functions.floor import read, write

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def process_upload(event: dict[str, Any], _context: object) -> None:
    """Write a record of the file's pages and words."""
    key, content = read(event)
    try:
        reader = PdfReader(io.BytesIO(content))
        text = "\n".join(page.extract_text() for page in reader.pages)
    except Exception:  # noqa: BLE001 - any exception of pypdf's means that it did not read the file
        write(key, "FAILED", fileSize=len(content))
    else:
        pages, words = len(reader.pages), len(text.split())
        write(key, fileSize=len(content), pageCount=pages, wordCount=words)
