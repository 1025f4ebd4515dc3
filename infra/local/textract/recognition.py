"""Pages of documents as words, by Tesseract."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local.textract.documents import (
    DOTS_PER_INCH,
    MOST_PAGES,
    MOST_PIXELS_A_SIDE,
    Document,
    Format,
    count_tiff_pages,
)
from infra.local.textract.tesseract import INSTALL, is_installed, languages
from infra.local.textract.words import Page, parse_tsv
from infra.paths import ROOT

PAGE_SECONDS = 120
"""Maximum time for a page; 2 s is usual."""

_RENDER = "infra.local.textract.render"

_WITH_ORIENTATION = "1"
"""Tesseract's segmentation mode that finds pages lying on their side; it corrects small skew."""


class UnreadableError(Exception):
    """A document or page that cannot be read."""


def count_pages(document: Document) -> int:
    """The number of pages of a document.

    Raises:
        UnreadableError: the document is damaged, encrypted or has too many pages.
    """
    match document.format:
        case Format.PDF:
            pages = int(_run(sys.executable, "-m", _RENDER, str(document.path)))
        case Format.TIFF:
            with (
                document.path.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                pages = count_tiff_pages(content)
        case _:
            pages = 1
    if not 1 <= pages <= MOST_PAGES:
        raise UnreadableError(f"The document must have 1 to {MOST_PAGES:,} pages")
    return pages


def recognize(document: Document, page_index: int) -> Page:
    """The words of a page, counted from 0.

    Raises:
        UnreadableError: the page is damaged or too large, or recognition takes too long.
    """
    if document.format is not Format.PDF:
        return _recognize_image(document.path, "-c", f"tessedit_page_number={page_index}")
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "page.pgm"
        _run(sys.executable, "-m", _RENDER, str(document.path), str(page_index), str(image))
        return _recognize_image(image, "--dpi", str(DOTS_PER_INCH))


def _recognize_image(image: Path, *options: str) -> Page:
    if not is_installed():
        raise UnreadableError(INSTALL)
    page = parse_tsv(
        _run(
            *("tesseract", str(image), "stdout", "-l", languages(), "--psm", _WITH_ORIENTATION),
            *options,
            "tsv",
        )
    )
    if max(page.width, page.height) > MOST_PIXELS_A_SIDE:
        raise UnreadableError(f"An image has at most {MOST_PIXELS_A_SIDE:,} pixels a side")
    return page


def _run(*command: str) -> str:
    """The output of a program, which uses one core: jobs and pages run in parallel."""
    try:
        finished = subprocess.run(
            command,
            capture_output=True,
            timeout=PAGE_SECONDS,
            check=True,
            cwd=ROOT,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise UnreadableError(f"A page takes at most {PAGE_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise UnreadableError(" ".join(last)) from None
    return finished.stdout.decode()
