"""text/csv by the standard library: text with an equal number of fields in each row.

Strict, since other files are still valid text: one delimiter, at least two columns, quotes as in
RFC 4180.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files.decoding import Encoding
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import text
from chalicelib.files.lines import LineTooLongError, lines
from chalicelib.files.metadata import RawMetadata

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 65_536

MAX_ROW_CHARACTERS = 1_048_576
"""Limits the memory of a stray quote, which joins lines to the end of the file, and of many short
fields. Also the limit of one field, where the default of csv is 131,072."""

_NO_TABLE = "The rows of the table differ in their number of fields."


def prepare() -> None:
    """Load what extraction would load lazily: that of `text`."""
    text.prepare()


def extract(
    content: BinaryIO,
    file_type: str,  # noqa: ARG001 - there is only this
    collector: TextCollector | None = None,
) -> RawMetadata:
    r"""The metadata of `text.extract`, and the table's dimensions.

    - delimiter: `,`, `;`, `|` or `\t`, a tab written as these two characters.
    - columnCount: fields of each row.
    - rowCount: rows including a header; blank lines do not count.
    """
    found, encoding = text.read(content, text=collector)
    csv.field_size_limit(MAX_ROW_CHARACTERS)
    sample = next(text.decoded_chunks(content, encoding), "")[:_SAMPLE_CHARACTERS]
    for delimiter in sorted(_DELIMITERS, key=sample.count, reverse=True):
        if delimiter in sample and (size := _size(content, encoding, delimiter)):
            columns, rows = size
            shown = "\\t" if delimiter == "\t" else delimiter
            return {**found, "delimiter": shown, "columnCount": columns, "rowCount": rows}
    raise FileRejectedError(FailureCode.UNREADABLE, _NO_TABLE)


def _size(content: BinaryIO, encoding: Encoding, delimiter: str) -> tuple[int, int] | None:
    """Columns and rows with this delimiter; None if it does not form a table."""
    rows_of_text = _Lines(text.decoded_chunks(content, encoding))
    columns = rows = 0
    try:
        for row in csv.reader(rows_of_text, delimiter=delimiter, strict=True):
            rows_of_text.characters = 0
            if not row:
                continue
            columns = columns or len(row)
            if len(row) != columns or columns < 2:
                return None
            rows += 1
    except (csv.Error, LineTooLongError):
        return None
    return (columns, rows) if rows else None


class _Lines:
    r"""The lines of the text with their ends; raises an error for a row that exceeds the limit.

    One line or one row can be as long as the file.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self.characters = 0
        """Characters of the current row; the caller resets it."""
        self._lines = lines(pieces, MAX_ROW_CHARACTERS)

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.characters += len(line)
            if self.characters > MAX_ROW_CHARACTERS:
                raise csv.Error("the row exceeds the limit")
            yield line
