"""The values of the cells of Excel 5 to 2003: [MS-XLS] 2.1.7.20.6, the worksheet substream.

Dates and times are in the form of ISO 8601, other numbers as the file has them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from chalicelib.files import code_pages
from chalicelib.files.compound import Stream
from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.extraction import as_far_as_readable
from chalicelib.files.extractors.packed_strings import PackedStrings
from chalicelib.files.extractors.spreadsheet_dates import is_date, shown

_BEGIN, _END, _CONTINUE, _CODE_PAGE = 0x0809, 0x000A, 0x003C, 0x0042
_BOUND_SHEET, _STRINGS, _SINCE_1904, _FORMAT, _STYLE = 0x0085, 0x00FC, 0x0022, 0x041E, 0x00E0
_STRING, _LABEL, _RICH_LABEL, _SHARED_LABEL = 0x0207, 0x0204, 0x00D6, 0x00FD
_FORMULAS = frozenset({0x0006, 0x0206, 0x0406})
_NUMBER, _SHORT_NUMBER, _SHORT_NUMBERS, _BOOLEAN = 0x0203, 0x027E, 0x00BD, 0x0205
"""Record numbers: [MS-XLS] 2.3.1; some programs write formulas with those of Excel 3 and 4."""

_VERSION_8 = 0x0600
_WORKSHEET = 0
_MAX_RECORDS = 3_000_000
"""Of a workbook; reading them takes about four seconds."""

_MAX_STRINGS = 1_000_000
"""That cells share; reading them takes about two seconds."""

_WIDE, _EXTENDED, _RICH = 1, 4, 8
"""Flags of a string: [MS-XLS] 2.5.293."""

_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
"""[MS-XLS] 2.5.10."""

_RESULT_IS_BOOLEAN, _RESULT_IS_ERROR = 1, 2
"""[MS-XLS] 2.5.133."""

_Record = tuple[int, bytes]


def add(stream: Stream, text: TextCollector) -> None:
    """Add the values of the sheets in the order of their tabs, as far as they can be read."""
    with as_far_as_readable(text):
        workbook = _Workbook(stream)
        for number, position in enumerate(workbook.sheets):
            if number:
                text.add(PAGE)
            _add_sheet(workbook, position, text)


class _Workbook:
    """The globals: where the sheets are, and the strings that they share."""

    def __init__(self, stream: Stream) -> None:
        self.sheets: list[int] = []
        self.strings = PackedStrings()
        self.codec = "cp1252"
        self.is_version_8 = True
        self._is_since_1904 = False
        self._codes: dict[int, str] = {}
        self._are_dates = bytearray()  # by style
        self._stream = stream
        self._records_left = _MAX_RECORDS
        self._bytes_left = 2 * stream.size  # sheets do not share their bytes
        shared: list[bytes] = []
        before = 0
        for kind, data in self.records(0):
            self._read_property(kind, data)
            if kind == _BOUND_SHEET and data[5] == _WORKSHEET:
                self.sheets.append(int.from_bytes(data[:4], "little"))
            elif kind == _STRINGS:
                shared = [data[8:]]
            elif kind == _CONTINUE and shared and before in (_STRINGS, _CONTINUE):
                shared.append(data)
            before = kind
        _unpack(shared, self.strings)

    def _read_property(self, kind: int, data: bytes) -> None:
        number = int.from_bytes(data[:2], "little")
        if kind == _BEGIN:
            self.is_version_8 = number >= _VERSION_8
        elif kind == _CODE_PAGE:
            self.codec = code_pages.codec_of(number) or self.codec
        elif kind == _SINCE_1904:
            self._is_since_1904 = bool(number)
        elif kind == _FORMAT:
            # In Excel 5, the length has one byte.
            stored = data[2:] if self.is_version_8 else data[2:3] + b"\0" + data[3:]
            self._codes[number] = self.string(stored)
        elif kind == _STYLE:
            number = int.from_bytes(data[2:4], "little")
            self._are_dates.append(is_date(number, self._codes.get(number)))

    def number(self, style: bytes, value: float) -> str:
        """The value, a date if its style is one of dates."""
        index = int.from_bytes(style, "little")
        if any(self._are_dates[index : index + 1]) and (
            date := shown(value, is_since_1904=self._is_since_1904)
        ):
            return date
        return f"{value:.15g}"

    def records(self, position: int) -> Iterator[_Record]:
        """Type and data of the records of a substream, without those of charts in it."""
        depth = 0
        while header := self._stream.read(position, 4):
            kind, size = struct.unpack("<HH", header)
            self._records_left -= 1
            self._bytes_left -= 4 + size
            if min(self._records_left, self._bytes_left) < 0:
                raise ValueError("the workbook has more records than the limit")
            depth += kind == _BEGIN
            if depth == 1:
                yield kind, self._stream.read(position + 4, size)
            depth -= kind == _END
            if depth <= 0:
                return
            position += 4 + size

    def string(self, data: bytes) -> str:
        """A string with a length of two bytes: [MS-XLS] 2.5.294."""
        length = int.from_bytes(data[:2], "little")
        if not self.is_version_8:
            return data[2 : 2 + length].decode(self.codec, "replace")
        if data[2:3] and data[2] & _WIDE:
            return data[3 : 3 + 2 * length].decode("utf-16-le", "replace")
        return data[3 : 3 + length].decode("latin-1")


def _unpack(blocks: list[bytes], strings: PackedStrings) -> None:
    """Read the shared strings, which may continue in the next block: [MS-XLS] 2.4.265."""
    reader = _Blocks(blocks)
    for _ in range(_MAX_STRINGS):
        if not (header := reader.take(3)):
            return
        length, flags = struct.unpack("<HB", header)
        runs = int.from_bytes(reader.take(2), "little") if flags & _RICH else 0
        more = int.from_bytes(reader.take(4), "little") if flags & _EXTENDED else 0
        while True:
            width = 2 if flags & _WIDE else 1
            data = reader.take_here(length * width)
            strings.extend_last(data.decode("utf-16-le" if width == 2 else "latin-1", "replace"))
            length -= len(data) // width
            if length <= 0 or not (begin := reader.take(1)):
                break
            flags = begin[0]  # each block states the width again
        strings.end_string()
        reader.take(4 * runs + more)


class _Blocks:
    """The data of a record and of those that continue it."""

    def __init__(self, blocks: list[bytes]) -> None:
        self._blocks = iter(blocks)
        self._block = next(self._blocks, b"")
        self._position = 0

    def take_here(self, size: int) -> bytes:
        """The next bytes, no further than the block."""
        data = self._block[self._position : self._position + size]
        self._position += len(data)
        return data

    def take(self, size: int) -> bytes:
        """The next bytes; none or fewer at the end."""
        data = self.take_here(size)
        while len(data) < size:
            following = next(self._blocks, None)
            if following is None:
                return b""
            self._block, self._position = following, 0
            data += self.take_here(size - len(data))
        return data


def _add_sheet(workbook: _Workbook, position: int, text: TextCollector) -> None:
    row, separator = -1, ""
    for kind, data in workbook.records(position):
        if text.is_full:
            return
        for value in _values(workbook, kind, data):
            here = row if kind == _STRING else int.from_bytes(data[:2], "little")
            if separator:
                separator = "\t" if here == row else PARAGRAPH
            text.add(separator + value.replace("\n", " "))
            row, separator = here, "\t"


def _values(workbook: _Workbook, kind: int, data: bytes) -> Iterator[str]:
    """The values of the cells of a record; a formula's string is in the record after it."""
    if kind == _SHARED_LABEL:
        yield workbook.strings[int.from_bytes(data[6:10], "little")]
    elif kind in (_LABEL, _RICH_LABEL, _STRING):
        yield workbook.string(data if kind == _STRING else data[6:])
    elif kind in (_SHORT_NUMBER, _SHORT_NUMBERS):
        last = 6 if kind == _SHORT_NUMBER else len(data) - 6
        for position in range(6, last + 1, 6):
            value = _short_number(data[position : position + 4])
            yield workbook.number(data[position - 2 : position], value)
    elif kind == _NUMBER:
        yield workbook.number(data[4:6], *struct.unpack_from("<d", data, 6))
    elif kind == _BOOLEAN:
        yield _ERRORS.get(data[6], "") if data[7] else _boolean(data[6])
    elif kind in _FORMULAS:
        yield from _result(workbook, data[6:14], data[4:6])


def _result(workbook: _Workbook, result: bytes, style: bytes) -> Iterator[str]:
    if result[6:] != b"\xff\xff":
        yield workbook.number(style, *struct.unpack("<d", result))
    elif result[0] == _RESULT_IS_BOOLEAN:
        yield _boolean(result[2])
    elif result[0] == _RESULT_IS_ERROR:
        yield _ERRORS.get(result[2], "")


def _boolean(value: int) -> str:
    return "TRUE" if value else "FALSE"


def _short_number(data: bytes) -> float:
    """[MS-XLS] 2.5.217, RkNumber."""
    (number,) = struct.unpack("<l", data)
    if number & 2:
        value = float(number >> 2)
    else:
        (value,) = struct.unpack("<d", bytes(4) + struct.pack("<l", number & ~3))
    return value / 100 if number & 1 else value
