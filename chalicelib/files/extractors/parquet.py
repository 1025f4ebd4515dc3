"""application/vnd.apache.parquet: rows and columns by the file's footer.

The footer is a structure in Thrift's compact protocol:
https://parquet.apache.org/docs/file-format/metadata/,
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.metadata import RawMetadata

_MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_END_BYTES = 8
"""Length of the footer, magic number."""

_MAX_FOOTER_BYTES = 16 * 1_048_576
_MAX_VALUES = 2_000_000
"""Values up to the row groups; each column takes about six in the schema. Where the row groups have
more, their rows are unknown."""
_MAX_DEPTH = 32
_MAX_VARINT_BYTES = 10

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_INTEGERS = frozenset({_I16, _I32, _I64})
_NESTED = frozenset({_LIST, _SET, _MAP, _STRUCT})
_SIZES = {_TRUE: 0, _FALSE: 0, _BYTE: 1, _DOUBLE: 8}
"""Bytes of the other types' values in a structure."""

# Fields of FileMetaData, SchemaElement and RowGroup, parquet.thrift.
_SCHEMA, _ROW_COUNT, _ROW_GROUPS = 2, 3, 4
_CHILD_COUNT = 5
_GROUP_ROW_COUNT = 3


def extract(content: BinaryIO, file_type: str) -> RawMetadata:  # noqa: ARG001 - one type only
    """The size of the table.

    - rowCount; None unless the row groups have as many rows as the file states.
    - columnCount: columns of the table; one with nested values is one column.
    """
    reader = _Reader(_footer(content))
    columns = rows = None
    grouped: int | None = 0
    for field, kind in reader.fields():
        if field == _SCHEMA and kind == _LIST:
            columns = _column_count(reader)
        elif field == _ROW_COUNT and kind == _I64:
            rows = reader.integer()
        elif field == _ROW_GROUPS and kind == _LIST:
            grouped = _grouped_rows(reader)
        else:
            reader.skip(kind)
        if grouped is None:
            break
    if columns and rows is not None and rows >= 0:
        return {"rowCount": rows if rows == grouped else None, "columnCount": columns}
    raise FileRejectedError(FailureCode.UNREADABLE, "The footer of the Parquet file is damaged.")


def _footer(content: BinaryIO) -> bytes:
    """The first part of the footer."""
    size = content.seek(0, io.SEEK_END)
    content.seek(max(0, size - _END_BYTES))
    end = content.read(_END_BYTES)
    if end[4:] == _ENCRYPTED:
        raise FileRejectedError(FailureCode.ENCRYPTED, "The Parquet file is encrypted.")
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _MAGIC or length > size - _END_BYTES - len(_MAGIC):
        raise FileRejectedError(FailureCode.UNREADABLE, "The Parquet file has no footer.")
    content.seek(size - _END_BYTES - length)
    return content.read(min(length, _MAX_FOOTER_BYTES))


def _column_count(reader: _Reader) -> int | None:
    """The children of the first element of the schema, its root."""
    count, kind = reader.list_header()
    if not count or kind != _STRUCT:
        raise ValueError("no schema")
    children = 0
    for field, field_kind in reader.fields():
        if field == _CHILD_COUNT and field_kind == _I32:
            children = reader.integer()
        else:
            reader.skip(field_kind)
    if children > count - 1:
        raise ValueError("the schema has fewer elements than the root has children")
    for _ in range(count - 1):
        reader.skip(kind)
    return children


def _grouped_rows(reader: _Reader) -> int | None:
    """The rows of all row groups; None if they are damaged, or too many to read."""
    try:
        count, kind = reader.list_header()
        return (
            sum(_group_rows(reader) for _ in range(count)) if kind == _STRUCT or not count else None
        )
    except (ValueError, IndexError, KeyError, LimitExceededError):
        return None


def _group_rows(reader: _Reader) -> int:
    reader.count_value()
    rows = 0
    for field, kind in reader.fields():
        if field == _GROUP_ROW_COUNT and kind == _I64:
            rows = reader.integer()
        else:
            reader.skip(kind)
    return rows


class _Reader:
    """Reads values of the compact protocol; raises ValueError or IndexError if they are damaged."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._values = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a structure; the caller consumes its value."""
        field = 0
        while header := self._byte():
            delta, kind = header >> 4, header & 0xF
            field = field + delta if delta else self.integer()
            yield field, kind

    def integer(self) -> int:
        """A number in zigzag encoding."""
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def list_header(self) -> tuple[int, int]:
        """Length and type of the values of a list, which has at most as many as there are bytes."""
        header = self._byte()
        count = header >> 4
        if count == 0xF:
            count = self._varint()
        if count > len(self._data):
            raise ValueError("a list is longer than the footer")
        return count, header & 0xF

    def count_value(self) -> None:
        """Raise LimitExceededError if this is one value more than the limit."""
        self._values += 1
        if self._values > _MAX_VALUES:
            raise LimitExceededError("The Parquet file has more columns than the limit.")

    def skip(self, kind: int, depth: int = 0) -> None:
        """Consume a value of a structure's field."""
        self.count_value()
        if depth > _MAX_DEPTH:
            raise ValueError("the footer is nested too deeply")
        if kind in _NESTED:
            self._skip_nested(kind, depth)
        elif kind in _INTEGERS:
            self._varint()
        else:
            size = self._varint() if kind == _BINARY else _SIZES[kind]
            self._position += size  # after that of the varint

    def _skip_nested(self, kind: int, depth: int) -> None:
        if kind == _STRUCT:
            for _, of in self.fields():
                self.skip(of, depth + 1)
        elif kind == _MAP:
            self._skip_map(depth)
        else:
            count, of = self.list_header()
            self._skip_all((of,), count, depth)

    def _skip_map(self, depth: int) -> None:
        count = self._varint()
        if count > len(self._data):
            raise ValueError("a map is longer than the footer")
        kinds = self._byte() if count else 0
        self._skip_all((kinds >> 4, kinds & 0xF), count, depth)

    def _skip_all(self, kinds: tuple[int, ...], count: int, depth: int) -> None:
        """Consume elements of these types, of which booleans take a byte."""
        elements = [_BYTE if kind in (_TRUE, _FALSE) else kind for kind in kinds]
        for _ in range(count):
            for kind in elements:
                self.skip(kind, depth + 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _MAX_VARINT_BYTES, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("a number is too long")

    def _byte(self) -> int:
        byte = self._data[self._position]
        self._position += 1
        return byte
