"""The one table that a run prints: figures, each with its ratio to a named baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    part: str
    """Of the run, as it is named on the command line."""
    what: str
    figure: str
    """With its unit."""
    ratio: float | None = None
    """To the baseline's figure; None where there is nothing to compare with."""
    baseline: str = ""
    """What the ratio is to."""


HEADINGS = ("part", "what", "figure", "ratio", "to")


def printed(rows: Sequence[Row]) -> str:
    """The table as text, with figures and ratios aligned to the right."""
    cells = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [_line(line, widths) for line in cells]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return row.part, row.what, row.figure, ratio, row.baseline


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = [
        cell.rjust(width) if column in {2, 3} else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(aligned).rstrip()
