"""Binary workbooks: the stream of Excel 5 to 2003, and the part of an xlsb.

Specifications: [MS-XLS] 2.1.7.20.3, the globals substream; [MS-XLSB] 2.1.7, the workbook part.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.files.compound import Stream
from chalicelib.files.extraction import DocumentEncryptedError

_BEGIN, _END, _FILE_PASS, _BOUND_SHEET = 0x0809, 0x000A, 0x002F, 0x0085
"""[MS-XLS] 2.4.21, 2.4.103, 2.4.117, 2.4.28. Those of Excel 5 begin with the same fields."""

_GLOBALS = 0x0005
"""[MS-XLS] 2.4.21, dt."""

_MACRO_SHEET, _MODULE = 1, 6
_SHEETS = frozenset({0, _MACRO_SHEET, 2})
"""[MS-XLS] 2.4.28, dt: worksheets and dialogs, macro sheets and charts, as in an xlsx. Modules of
Visual Basic were sheets in Excel 5 only."""

_BUNDLE_SHEET, _END_SHEETS = 156, 144
"""BrtBundleSh and BrtEndBundleShs: [MS-XLSB] 2.3.2, record enumeration."""

_MAX_RECORDS = 500_000
"""Of the globals; Excel itself is limited to 64,000 formats and styles."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the globals substream lists."""

    sheet_count: int | None = None
    """Tabs of the window, hidden ones too; None if there are no globals, or not all of them."""
    has_macro_sheets: bool = False
    """Whether there are macros of Excel 4 or modules of Excel 5."""


def read(stream: Stream) -> Workbook:
    """The sheets of a workbook stream.

    Raises:
        DocumentEncryptedError: it is encrypted.
    """
    kinds: Counter[int] = Counter()
    is_whole = False
    for kind, position in _records(stream):
        if kind == _FILE_PASS:
            raise DocumentEncryptedError
        if kind == _BOUND_SHEET:
            kinds.update(stream.read(position + 5, 1))
        is_whole = kind == _END
    if not is_whole or not _begins_with_globals(stream):
        return Workbook()
    sheet_count = sum(kinds[kind] for kind in _SHEETS)
    return Workbook(sheet_count, has_macro_sheets=bool(kinds[_MACRO_SHEET] or kinds[_MODULE]))


def _begins_with_globals(stream: Stream) -> bool:
    """Whether the first substream is the globals: [MS-XLS] 2.4.21."""
    begin = struct.unpack("<HHHH", stream.read(0, 8).ljust(8, b"\0"))
    return (begin[0], begin[3]) == (_BEGIN, _GLOBALS)


def _records(stream: Stream) -> Iterator[tuple[int, int]]:
    """Types of the records of the first substream and positions of their data."""
    position = 0
    for _ in range(_MAX_RECORDS):
        header = stream.read(position, 4)
        if len(header) < 4:
            return
        kind, size = struct.unpack("<HH", header)
        yield kind, position + 4
        if kind == _END:
            return
        position += 4 + size


def count_sheets(workbook: bytes) -> int | None:
    """The sheets that the workbook part of an xlsb lists; None if the list is incomplete."""
    sheets = 0
    position = 0
    for _ in range(_MAX_RECORDS):
        kind, position = _number(workbook, position, 2)
        size, position = _number(workbook, position, 4)
        if position > len(workbook) or kind == _END_SHEETS:
            break
        sheets += kind == _BUNDLE_SHEET
        position += size
    return sheets if kind == _END_SHEETS else None


def _number(data: bytes, position: int, max_bytes: int) -> tuple[int, int]:
    """A number in groups of 7 bits, and the position after it: [MS-XLSB] 2.1.4."""
    number = 0
    for index, byte in enumerate(data[position : position + max_bytes]):
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, position + index + 1
    return number, position + max_bytes
