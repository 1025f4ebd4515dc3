"""Parquet files without data: a footer in Thrift's compact protocol."""

from __future__ import annotations

from collections.abc import Sequence

STRING = 8
INT32, INT64 = 5, 6


def varint(number: int) -> bytes:
    """A number in groups of seven bits."""
    groups = []
    while number >= 0x80:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def integer(number: int) -> bytes:
    """A number in zigzag encoding."""
    return varint(number << 1 if number >= 0 else -number * 2 - 1)


def schema_element(name: bytes, children: int = 0) -> bytes:
    """An element of the schema; a column has no children."""
    named = bytes([4 << 4 | STRING]) + varint(len(name)) + name
    counted = bytes([1 << 4 | INT32]) + integer(children) if children else b""
    return named + counted + b"\0"


def footer(rows: int, elements: Sequence[bytes], *, groups: Sequence[int] = ()) -> bytes:
    """FileMetaData with a version, a schema, a number of rows, and row groups of so many rows."""
    described = [b"\x19\x0c\x16\0" + b"\x16" + integer(count) + b"\0" for count in groups]
    count = bytes([0xFC]) + varint(len(elements))
    return (
        bytes([1 << 4 | INT32])
        + integer(2)
        + bytes([1 << 4 | 9])
        + count
        + b"".join(elements)
        + bytes([1 << 4 | INT64])
        + integer(rows)
        + b"\x19\xfc"
        + varint(len(groups))
        + b"".join(described)
        + b"\0"
    )


def parquet(metadata: bytes, *, length: int | None = None, magic: bytes = b"PAR1") -> bytes:
    """A file with this footer."""
    stated = len(metadata) if length is None else length
    return magic + b"\x15\0" * 9 + metadata + stated.to_bytes(4, "little") + magic


def table(rows: int = 3, columns: int = 2) -> bytes:
    """A file of a table."""
    elements = [schema_element(b"column") for _ in range(columns)]
    return parquet(footer(rows, [schema_element(b"schema", columns), *elements], groups=[rows]))
