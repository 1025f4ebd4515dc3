"""Tables of a page, by a simple heuristic: consecutive rows whose segments are below each other.

It stands in for Textract's trained model, so that code that reads its answers has something to
read. Ruling lines are not looked at, so a table with cells that are empty, merged or close to each
other, or on a page that is not straight, is found in part or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from infra.local.textract.segments import split_at_gaps
from infra.local.textract.words import Line, Word, around

FEWEST_ROWS = 2
FEWEST_COLUMNS = 2
MOST_WORDS_A_CELL = 6
"""On average; columns of running text have more."""

Row = list[list[Word]]
"""Cells from left to right, each with at least one word."""

Table = list[Row]


def find_tables(lines: Sequence[Line]) -> list[Table]:
    """The tables of a page, from top to bottom."""
    tables: list[Table] = [[]]
    for above, row in pairwise([[], *_rows(lines)]):
        if not _is_aligned(above, row):
            tables.append([])
        tables[-1].append(row)
    return [table for table in tables if _is_table(table)]


def _rows(lines: Sequence[Line]) -> Iterator[Row]:
    """All words of the page as rows: lines that are beside each other are one."""
    row: list[Word] = []
    for line in sorted(lines, key=lambda line: around(line).top):
        if row and not _is_beside(row, line):
            yield split_at_gaps(row)
            row = []
        row = [*row, *line]
    if row:
        yield split_at_gaps(row)


def _is_beside(row: Line, line: Line) -> bool:
    upper, lower = around(row), around(line)
    middle = lower.top + lower.height / 2
    return upper.top <= middle <= upper.bottom


def _is_aligned(above: Row, below: Row) -> bool:
    """Whether each cell is below one of the other row."""
    if len(above) != len(below):
        return False
    boxes = zip(map(around, above), map(around, below), strict=True)
    return all(upper.left < lower.right and lower.left < upper.right for upper, lower in boxes)


def _is_table(rows: Table) -> bool:
    if len(rows) < FEWEST_ROWS or len(rows[0]) < FEWEST_COLUMNS:
        return False
    cells = [cell for row in rows for cell in row]
    return sum(map(len, cells)) <= MOST_WORDS_A_CELL * len(cells)
