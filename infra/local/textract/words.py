"""Words and lines of a page, from Tesseract's TSV output.

https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html#tsv-output-currently-available-in-305-dev-in-master-branch-on-github
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

_PAGE, _WORD = "1", "5"
"""Levels of the rows."""


@dataclass(frozen=True)
class Box:
    """A rectangle in fractions of the page, the origin being at the top left."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class Word:
    """A word."""

    text: str
    confidence: float
    """0 to 100."""
    box: Box


Line = Sequence[Word]
"""From left to right."""


@dataclass(frozen=True)
class Page:
    """What was recognized of a page."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    lines: Sequence[Line]
    """In reading order."""


def parse_tsv(text: str) -> Page:
    """A page from Tesseract's output for one page."""
    rows = list(csv.DictReader(text.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE))
    page = next(row for row in rows if row["level"] == _PAGE)
    width, height = int(page["width"]), int(page["height"])
    words = [row for row in rows if row["level"] == _WORD and row["text"].strip()]
    grouped = groupby(words, lambda row: (row["block_num"], row["par_num"], row["line_num"]))
    return Page(width, height, [[_word(row, width, height) for row in line] for _, line in grouped])


def around(words: Iterable[Word]) -> Box:
    """The smallest rectangle around words, of which there is at least one."""
    boxes = [word.box for word in words]
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _word(row: dict[str, str], width: int, height: int) -> Word:
    box = Box(
        int(row["left"]) / width,
        int(row["top"]) / height,
        int(row["width"]) / width,
        int(row["height"]) / height,
    )
    return Word(row["text"], min(max(float(row["conf"]), 0.0), 100.0), box)
