"""Parquet: the size of the table by the footer; damaged and hostile footers."""

from __future__ import annotations

import io
import time

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from tests.support.files_parquet import footer, integer, parquet, schema_element, table, varint
from tests.support.metadata import extract

PARQUET = "application/vnd.apache.parquet"
ROOT = schema_element(b"schema", 2)
COLUMN = schema_element(b"column")
TWO_COLUMNS = [ROOT, COLUMN, COLUMN]


@pytest.mark.parametrize(
    ("content", "rows", "columns"),
    [
        pytest.param(table(3, 2), 3, 2, id="table"),
        pytest.param(table(0, 1), 0, 1, id="without rows"),
        pytest.param(table(2**40, 300), 2**40, 300, id="large"),
        pytest.param(
            parquet(footer(3, [ROOT, schema_element(b"list", 1), COLUMN, COLUMN], groups=[1, 2])),
            3,
            2,
            id="nested column",
        ),
        pytest.param(
            # Fields 20 to 25: a map, a list of booleans, a double, a byte, a structure, a flag.
            parquet(
                b"\x0b\x28\x01\x85\x01a\x02"
                b"\x19\x31\x01\x02\x01"
                b"\x17" + bytes(8) + b"\x13\x01"
                b"\x1c\x11\0"
                b"\x11"
                b"\x09\x04\x3c" + ROOT + COLUMN * 2 + b"\x16" + integer(0) + b"\0"
            ),
            0,
            2,
            id="unknown fields",
        ),
    ],
)
def test_table(content: bytes, rows: int, columns: int) -> None:
    """Rows and columns are those that the footer states."""
    assert {"rowCount": rows, "columnCount": columns} == extract(io.BytesIO(content), PARQUET)


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(footer(2**52, TWO_COLUMNS), id="no row group"),
        pytest.param(footer(7, TWO_COLUMNS, groups=[3, 5]), id="another sum"),
        pytest.param(footer(7, TWO_COLUMNS, groups=[7, 0])[:-4], id="row groups are cut off"),
        pytest.param(footer(0, TWO_COLUMNS, groups=[0] * 1_000_000), id="too many row groups"),
    ],
)
def test_unconfirmed_rows(metadata: bytes) -> None:
    """A number of rows that the row groups do not confirm is not recorded."""
    assert {"columnCount": 2} == extract(io.BytesIO(parquet(metadata)), PARQUET)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"PAR1PAR1", id="no footer"),
        pytest.param(table()[:-4], id="cut off"),
        pytest.param(parquet(footer(1, [ROOT, COLUMN]), length=2**31), id="length above the size"),
        pytest.param(parquet(footer(1, [ROOT, COLUMN]), length=9), id="wrong length"),
        pytest.param(parquet(footer(1, [])), id="no schema"),
        pytest.param(parquet(footer(0, [ROOT, COLUMN])), id="fewer columns than claimed"),
        pytest.param(parquet(footer(-1, [ROOT, COLUMN])), id="negative rows"),
        pytest.param(parquet(b"\x19\xfc" + varint(2**60) + ROOT), id="endless list"),
        pytest.param(parquet(b"\x1b" + varint(2**60) + b"\x11"), id="endless map"),
        pytest.param(parquet(b"\x18" + varint(2**60)), id="endless text"),
        pytest.param(parquet(b"\x16" + b"\xff" * 99), id="endless number"),
        pytest.param(parquet(b"\x1c" * 99_999), id="deep"),
        pytest.param(parquet(b"\x1e" * 9), id="unknown type"),
        pytest.param(parquet(b"\x19\xf1" + varint(9_000_000) + bytes(9_000_000)), id="long list"),
    ],
)
def test_damaged(content: bytes) -> None:
    """A damaged footer is rejected, within a second or two."""
    begin = time.process_time()
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), PARQUET)

    assert refusal.value.code is FailureCode.UNREADABLE
    assert time.process_time() - begin < 5


def test_encrypted() -> None:
    """An encrypted footer is reported as such."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(parquet(bytes(99), magic=b"PARE")), PARQUET)

    assert refusal.value.code is FailureCode.ENCRYPTED
