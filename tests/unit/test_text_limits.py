"""Text that a file repeats without end is read no further than the text may be long."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest

from chalicelib.files import types
from chalicelib.files.extracted_text import MAX_TEXT_BYTES
from tests.support import files_ole2, files_text
from tests.support.metadata import analyze

MEBIBYTE = 1_048_576


def doc_with_equal_pieces() -> bytes:
    """A Word document whose 100,000 pieces are the same 60 kB."""
    content = bytearray(files_text.doc([b"x " * 30_000] + [b""] * 100_000, length=2**31))
    table = content.index(b"\1\2\0xx\2") + 10
    places = table + 4 * 100_002
    for index in range(100_001):
        struct.pack_into("<L", content, table + 4 * index, 60_000 * min(index, 70_000))
        content[places + 8 * index : places + 8 * index + 8] = content[places : places + 8]
    return bytes(content)


def doc_of_field_codes() -> bytes:
    """A Word document of 4 MB in which nothing is shown."""
    return files_text.doc([b"\x13" + b"x\x14\x15\x13" * 1_000_000])


def workbook_with_long_string() -> bytes:
    """A workbook of 100,000 cells that refer to the same string of a mebibyte."""
    cells = '<c t="s"><v>0</v></c>' * 100_000
    return files_text.xlsx([f"<t>{'x' * MEBIBYTE}</t>"], f"<row>{cells}</row>")


def workbook_with_equal_sheets() -> bytes:
    """A workbook of Excel 97 with 5,000 sheets that are the same 100 kB."""
    begin, end = files_ole2.record(0x0809, struct.pack("<HHHH", 0x0600, 5, 0, 0)), b"\x0a\0\0\0"
    name = b"\1\0x"
    length = len(files_ole2.record(0x0085, bytes(6) + name))
    position = len(begin) + 5_000 * length + len(end)
    bound = files_ole2.record(0x0085, struct.pack("<LBB", position, 0, 0) + name)
    cell = files_ole2.record(0x0205, struct.pack("<HHHBB", 0, 0, 0, 1, 0))
    return files_ole2.compound(
        {"Workbook": begin + bound * 5_000 + end + begin + cell * 8_000 + end}
    )


def presentation_with_equal_texts() -> bytes:
    """A presentation of 200,000 shapes that refer to the same mebibyte of the outline."""
    reference = files_ole2.atom(0x0F9E, struct.pack("<L", 0))
    return files_text.ppt("x" * MEBIBYTE, shapes=reference * 200_000)


@pytest.mark.parametrize(
    ("made", "file_type", "is_truncated"),
    [
        pytest.param(doc_with_equal_pieces, types.DOC, True, id="equal pieces"),
        pytest.param(doc_of_field_codes, types.DOC, None, id="field codes"),
        pytest.param(workbook_with_long_string, types.XLSX, True, id="shared string"),
        pytest.param(workbook_with_equal_sheets, types.XLS, True, id="equal sheets"),
        pytest.param(presentation_with_equal_texts, types.PPT, True, id="outline"),
    ],
)
def test_repeated_text(
    made: Callable[[], bytes], file_type: str, is_truncated: bool | None
) -> None:
    """Such a file takes a few seconds and little memory."""
    content = made()
    tracemalloc.start()
    started = time.process_time()
    found = analyze(io.BytesIO(content), [file_type], with_text=True)
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert is_truncated == (found.text and found.text.is_truncated)
    assert len(found.text.content if found.text else b"") <= MAX_TEXT_BYTES
    assert seconds < 20
    assert peak < 100 * MEBIBYTE
