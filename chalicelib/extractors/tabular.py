"""text/csv by the standard library: a text in which every row has as many fields.

Strict, for what is not found to be a table stays a text: one delimiter, at least two columns, and
quotes as RFC 4180 has them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, text

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 65_536

LONGEST_ROW = 1_048_576
"""Characters, as a field may have too, for which csv's own limit is 131,072. What a stray quote
would gather to the file's end, and a row of short fields makes many objects of."""

_NO_TABLE = "The file is no table: its rows differ in their number of fields."


def extract(content: BinaryIO, file_type: str) -> Found:  # noqa: ARG001 - there is only this
    r"""What `text.extract` finds, and the table.

    - delimiter: `,`, `;`, `|` or `\t`, a tab written as these two characters.
    - columnCount: fields of each row.
    - rowCount: rows, with the one that names the columns, if there is one; blank lines are none.
    """
    found = text.extract(content)
    encoding = str(found["encoding"])
    csv.field_size_limit(LONGEST_ROW)
    sample = next(text.lines_of(content, encoding), "")[:_SAMPLE_CHARACTERS]
    for delimiter in sorted(_DELIMITERS, key=sample.count, reverse=True):
        if delimiter in sample and (size := _size(content, encoding, delimiter)):
            columns, rows = size
            shown = "\\t" if delimiter == "\t" else delimiter
            return {**found, "delimiter": shown, "columnCount": columns, "rowCount": rows}
    raise Refused(FailureCode.UNREADABLE, _NO_TABLE)


def _size(content: BinaryIO, encoding: str, delimiter: str) -> tuple[int, int] | None:
    """Columns and rows of the table that this delimiter makes, None where it makes none."""
    lines = _Lines(text.lines_of(content, encoding))
    columns = rows = 0
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            lines.characters = 0
            if not row:
                continue
            columns = columns or len(row)
            if len(row) != columns or columns < 2:
                return None
            rows += 1
    except csv.Error:
        return None
    return (columns, rows) if rows else None


class _Lines:
    r"""The text line by line, ends kept, as csv wants it; csv.Error where a row is too long.

    One line can be the whole file, and so can be one row.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self.characters = 0
        """Given out since somebody last set it to 0."""
        self._lines = _lines(pieces)

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.characters += len(line)
            if self.characters > LONGEST_ROW:
                raise csv.Error("a row longer than any")
            yield line


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    rest = ""
    for piece in pieces:
        rest += newlines.decode(piece)
        *whole, rest = rest.split("\n")
        for line in whole:
            yield line + "\n"
        if len(rest) > LONGEST_ROW:
            raise csv.Error("a line longer than any row")
    rest += newlines.decode("", final=True)
    if rest:
        yield rest
