"""Property sets of OLE2 files: title, author, dates and statistics.

Specification: [MS-OLEPS]. Lengths and counts are not trusted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from chalicelib.files import code_pages

SUMMARY = "\5SummaryInformation"

CODE_PAGE, TITLE, SUBJECT, AUTHOR, KEYWORDS, LAST_AUTHOR = 1, 2, 3, 4, 5, 8
CREATED, LAST_SAVED, PAGE_COUNT, WORD_COUNT, APPLICATION = 12, 13, 14, 15, 18
"""Of the summary: [MS-OSHARED] 2.3.3.2.1."""

_NAMES = frozenset(
    {
        *(CODE_PAGE, TITLE, SUBJECT, AUTHOR, KEYWORDS, LAST_AUTHOR),
        *(CREATED, LAST_SAVED, PAGE_COUNT, WORD_COUNT, APPLICATION),
    }
)
"""Others are not read: thousands of them may refer to one long string."""

Value = str | int | datetime
Values = Mapping[int, Value]

MAX_BYTES = 1_048_576
"""Of a property set's beginning, which is read; a picture of the document may follow."""

_I2, _I4, _STRING, _WIDE_STRING, _FILETIME = 2, 3, 30, 31, 64
"""[MS-OLEPS] 2.15."""

_MAX_STRING_BYTES = 65_536
"""More than a record stores."""

_FILETIME_BEGIN = datetime(1601, 1, 1, tzinfo=UTC)


def read(stream: bytes) -> Values:
    """The values of the first property set, by these identifiers.

    A string whose code page is unknown is left out unless it is ASCII.
    """
    if len(stream) < 48:
        return {}
    (offset,) = struct.unpack_from("<L", stream, 44)
    section = stream[offset:]
    found = {name: offset for name, offset in _offsets(section) if name in _NAMES}
    code_page = _value(section, found.get(CODE_PAGE, len(section)), None)
    encoding = code_page & 0xFFFF if isinstance(code_page, int) else None  # signed: 65001 is -535
    values = {name: _value(section, offset, encoding) for name, offset in found.items()}
    return {name: value for name, value in values.items() if value is not None}


def moment(filetime: int) -> datetime | None:
    """The moment in UTC of a FILETIME; None for "never", which is in 1601, and beyond year 9999."""
    try:
        found = _FILETIME_BEGIN + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None
    return found if found.year > _FILETIME_BEGIN.year else None


def _offsets(section: bytes) -> Iterator[tuple[int, int]]:
    if len(section) < 8:
        return
    (count,) = struct.unpack_from("<L", section, 4)
    for index in range(min(count, len(section) // 8 - 1)):
        yield struct.unpack_from("<LL", section, 8 + 8 * index)


def _value(section: bytes, at: int, code_page: int | None) -> Value | None:
    """The value at this offset; None for another type and for one beyond the end."""
    kind = int.from_bytes(section[at : at + 2], "little")
    data = section[at + 4 : at + 12]
    if kind == _I2 and len(data) >= 2:
        return int.from_bytes(data[:2], "little", signed=True)
    if kind == _I4 and len(data) >= 4:
        return int.from_bytes(data[:4], "little", signed=True)
    if kind == _FILETIME and len(data) == 8:
        return moment(int.from_bytes(data, "little"))
    if kind not in (_STRING, _WIDE_STRING) or len(data) < 4:
        return None
    size = int.from_bytes(data[:4], "little") * (2 if kind == _WIDE_STRING else 1)
    if size > len(section) - at - 8:
        return None
    text = section[at + 8 : at + 8 + min(size, _MAX_STRING_BYTES)]
    return _text(text, code_pages.UTF_16 if kind == _WIDE_STRING else code_page)


def _text(data: bytes, code_page: int | None) -> str | None:
    if code_page == code_pages.UTF_16:
        data = data[: len(data) & ~1]
    text = code_pages.decode(data, code_page)
    return None if text is None else text.partition("\0")[0]
