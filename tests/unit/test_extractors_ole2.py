"""OLE2 files: which one they are, what is found in them, and when they are encrypted."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from chalicelib.documents import FailureCode, Metadata
from chalicelib.files import types
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.extractors import ole2
from tests.support import files_ole2 as made
from tests.support.metadata import extract

FIRST_RECORD = b"\x09\x08\x04\0" + bytes(4)
WORD_HEADER = b"\xec\xa5\xc1\0" + bytes(6)
SUMMARY = "\5SummaryInformation"


@pytest.mark.parametrize(
    ("stream", "file_type"),
    [
        ("WordDocument", types.DOC),
        ("Workbook", types.XLS),
        ("Book", types.XLS),
        ("PowerPoint Document", types.PPT),
        ("__properties_version1.0", types.MSG),
        ("Contents", types.OLE2),
    ],
)
def test_identified(stream: str, file_type: str) -> None:
    """A compound file is what its main stream is called after."""
    assert file_type == ole2.detect(io.BytesIO(made.compound({stream: b"x"})))


def test_properties() -> None:
    """Properties of a Word document are decoded with the code page that it declares."""
    summary = made.summary("Заголовок\0".encode("cp1251"), 5)
    content = made.compound({"WordDocument": WORD_HEADER, SUMMARY: summary})

    assert extract(io.BytesIO(content), types.DOC) == {
        "title": "Заголовок",
        "statedPageCount": 5,
        "hasMacros": False,
    }


def found_in(streams: dict[str, bytes], file_type: str) -> Metadata:
    """The metadata of a file of these streams."""
    return extract(io.BytesIO(made.compound(streams)), file_type)


@pytest.mark.parametrize(
    ("title", "code_page", "expected"),
    [
        pytest.param("Заголовок".encode(), 65_001, "Заголовок", id="UTF-8"),
        pytest.param("Заголовок\0".encode("utf-16-le"), 1_200, "Заголовок", id="UTF-16"),
        pytest.param("Größe".encode("mac_roman"), 10_000, "Größe", id="Macintosh"),
        pytest.param(b"plain", None, "plain", id="no code page"),
        pytest.param(b"Gr\xf6\xdfe", None, None, id="no code page, not ASCII"),
        pytest.param(b"Gr\xf6\xdfe", 9_999, None, id="unknown code page"),
        pytest.param(b"cut\0off", 1_252, "cut", id="null"),
    ],
)
def test_code_page(title: bytes, code_page: int | None, expected: str | None) -> None:
    """A title is decoded with its code page, and left out if that is unknown."""
    streams = {"WordDocument": WORD_HEADER, SUMMARY: made.summary(title, code_page=code_page)}

    assert found_in(streams, types.DOC).get("title") == expected


def test_wide_title_and_dates() -> None:
    """A title in UTF-16 and dates are read; a date that stands for "never" is left out."""
    title = "Größe\0".encode("utf-16-le")
    moment = (datetime(2024, 5, 1, 8, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).days
    properties = [
        (2, struct.pack("<LL", 31, len(title) // 2) + title),
        (12, struct.pack("<LQ", 64, moment * 86_400 * 10**7)),
        (13, struct.pack("<LQ", 64, 10**9)),
    ]
    found = found_in({"Workbook": b"", SUMMARY: made.property_set(properties)}, types.XLS)

    assert found == {"title": "Größe", "createdAt": "2024-05-01T00:00:00Z"}


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param([(2, struct.pack("<LL", 30, 2**31) + b"x")], id="string beyond the end"),
        pytest.param([(2, struct.pack("<LL", 0x1000, 2**32 - 1))], id="vector of nothing"),
        pytest.param([(2, struct.pack("<H", 30))], id="no value"),
        pytest.param([(12, struct.pack("<LQ", 64, 2**64 - 1))], id="after the year 9999"),
    ],
)
def test_damaged_properties(properties: list[tuple[int, bytes]]) -> None:
    """A property that claims to be longer than its set, or is of another type, is left out."""
    streams = {"Workbook": b"", SUMMARY: made.property_set(properties)}

    assert found_in(streams, types.XLS) == {}


def test_properties_cut_off() -> None:
    """Of a set that claims more properties than it has, those that are there are read."""
    summary = made.summary(code_page=None)
    many = summary.replace(struct.pack("<L", 2) + b"\2\0", struct.pack("<L", 2**31) + b"\2\0")

    assert summary != many
    assert found_in({"Workbook": b"", SUMMARY: many}, types.XLS) == {"title": "A title"}


@pytest.mark.parametrize("stream", ["Workbook", "Book"])
def test_sheets(stream: str) -> None:
    """Worksheets, charts and macro sheets count; modules of Visual Basic do not."""
    assert found_in({stream: made.workbook(0, 0, 2)}, types.XLS) == {
        "sheetCount": 3,
        "hasMacros": False,
    }
    assert found_in({stream: made.workbook(0, 1, 6)}, types.XLS) == {
        "sheetCount": 2,
        "hasMacros": True,
    }


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(made.workbook(0, ends=False), id="cut off"),
        pytest.param(made.workbook(0, substream=0x10), id="a sheet alone"),
        pytest.param(b"", id="empty"),
    ],
)
def test_unknown_sheets(content: bytes) -> None:
    """Sheets that are not all listed are not counted."""
    assert found_in({"Workbook": content}, types.XLS) == {}


def test_many_records() -> None:
    """A workbook of 1.5 million empty records takes a few seconds."""
    content = made.workbook(0, ends=False) + bytes(4 * 1_500_000)
    begin = time.process_time()

    assert found_in({"Workbook": content}, types.XLS) == {}
    assert time.process_time() - begin < 8


@pytest.mark.parametrize(
    ("streams", "file_type", "has_macros"),
    [
        pytest.param({"WordDocument": WORD_HEADER}, types.DOC, False, id="Word"),
        pytest.param(
            {"WordDocument": WORD_HEADER, "Macros/VBA/dir": b""}, types.DOC, True, id="Word, macros"
        ),
        pytest.param({"WordDocument": bytes(12)}, types.DOC, None, id="Word 6"),
        pytest.param(
            {"Workbook": b"", "_VBA_PROJECT_CUR/VBA/dir": b""}, types.XLS, True, id="Excel, macros"
        ),
        pytest.param(made.presentation(), types.PPT, False, id="PowerPoint"),
        pytest.param(made.presentation(macros=True), types.PPT, True, id="PowerPoint, macros"),
        pytest.param({"PowerPoint Document": b""}, types.PPT, None, id="no presentation"),
    ],
)
def test_macros(streams: dict[str, bytes], file_type: str, has_macros: bool | None) -> None:
    """A file has macros where its program stores them; nothing is said where that is unknown."""
    assert has_macros is found_in(streams, file_type).get("hasMacros")


def test_slides() -> None:
    """The slides of the version saved last are counted."""
    assert found_in(made.presentation(3), types.PPT)["slideCount"] == 3


def test_slides_of_two_versions() -> None:
    """A file for PowerPoint 95 and 97 has the slides of the latter."""
    later = {f"PP97_DUALSTORAGE/{name}": data for name, data in made.presentation(3).items()}
    streams = {"PowerPoint Document": b"old", "Current User": b"old", **later}

    assert found_in(streams, types.PPT)["slideCount"] == 3


def test_many_slides() -> None:
    """A presentation of more records than the limit is rejected in a few seconds."""
    slides = made.atom(0x0FF0, made.atom(0x03F3) * 500_001)
    streams = made.saved([made.atom(0x03E8, slides)])
    begin = time.process_time()

    with pytest.raises(FileRejectedError, match="more records than the limit"):
        found_in(streams, types.PPT)
    assert time.process_time() - begin < 8


def test_many_edits() -> None:
    """Edits that all refer to one long directory without the presentation take a few seconds."""
    directory = made.atom(0x1772, struct.pack("<L", 5) + bytes(1_000_000))
    edits = b""
    before = last = 0
    for _ in range(2_000):
        before, last = last, len(directory) + len(edits)
        edits += made.atom(0x0FF5, struct.pack("<8xLLL8x", before, 0, 1))
    user = made.atom(0x0FF6, struct.pack("<LLL", 20, 0xE391C05F, last))
    begin = time.process_time()

    assert (
        found_in({"PowerPoint Document": directory + edits, "Current User": user}, types.PPT) == {}
    )
    assert time.process_time() - begin < 8


def test_many_properties_at_one_string() -> None:
    """Properties that all refer to one long string take a few seconds."""
    count = 200_000
    index = b"".join(struct.pack("<LL", 20 + n, 8 + 8 * count) for n in range(count))
    text = struct.pack("<LL", 30, 60_000) + bytes(60_000)
    summary = made.property_set([])[:-8] + struct.pack("<LL", 0, count) + index + text
    begin = time.process_time()

    assert found_in({"Workbook": b"", SUMMARY: summary}, types.XLS) == {}
    assert time.process_time() - begin < 8


@pytest.mark.parametrize("cut", range(10, 300, 20))
def test_presentation_cut_off(cut: int) -> None:
    """Slides of a presentation that is not whole are not counted."""
    streams = made.presentation(3)
    streams["PowerPoint Document"] = streams["PowerPoint Document"][:-cut]

    assert "slideCount" not in found_in(streams, types.PPT)


@pytest.mark.parametrize(
    ("streams", "file_type"),
    [
        pytest.param({"WordDocument": WORD_HEADER + b"\0\1"}, types.DOC, id="Word"),
        pytest.param(made.presentation(token=0xF3D1C4DF), types.PPT, id="PowerPoint"),
        pytest.param({"Workbook": FIRST_RECORD + b"\x2f\0\0\0"}, types.XLS, id="Excel"),
    ],
)
def test_encrypted(streams: dict[str, bytes], file_type: str) -> None:
    """A document that is marked as encrypted is rejected as such."""
    with pytest.raises(FileRejectedError) as refusal:
        ole2.extract(io.BytesIO(made.compound(streams)), file_type)

    assert refusal.value.code is FailureCode.ENCRYPTED


def test_encrypted_package() -> None:
    """An Open XML file that is encrypted is a compound file, and is rejected as encrypted."""
    content = made.compound({"EncryptionInfo": b"", "EncryptedPackage": b""})

    with pytest.raises(FileRejectedError) as refusal:
        ole2.detect(io.BytesIO(content))

    assert refusal.value.code is FailureCode.ENCRYPTED


@pytest.mark.parametrize("cut", [8, 100, 600, 1_000])
def test_unreadable(cut: int) -> None:
    """A compound file that is cut off before its directory is complete is unreadable."""
    content = made.compound({"WordDocument": WORD_HEADER, SUMMARY: made.summary()})

    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content[:cut]), types.DOC)

    assert refusal.value.code is FailureCode.UNREADABLE


def test_nested_lengths() -> None:
    """Records that claim to be longer than those around them cost no more than their bytes."""
    claimed = struct.pack("<HHL", 0, 0x03FF, 0x7FFFFFFF)
    document = made.atom(0x03E8, made.atom(0x07D0, claimed) * 8_000)
    begin = time.process_time()

    assert found_in(made.saved([document]), types.PPT)["hasMacros"] is False
    assert time.process_time() - begin < 8


def test_records_of_several_containers() -> None:
    """The limit of records is that of a document, however they are nested."""
    half = made.atom(0x0FF0, made.atom(0x03F3) * 260_000)

    with pytest.raises(LimitExceededError, match="more records"):
        found_in(made.saved([made.atom(0x03E8, half * 2)]), types.PPT)


def test_memory_of_many_properties() -> None:
    """A summary with 600,000 properties takes little more memory than one with a few."""
    properties = b"".join(struct.pack("<LL", number + 100, 9) for number in range(600_000))
    summary = made.property_set([])[:48] + struct.pack("<LL", 0, 600_000) + properties
    content = io.BytesIO(made.compound({"WordDocument": WORD_HEADER, SUMMARY: summary}))
    tracemalloc.start()
    try:
        assert extract(content, types.DOC) == {"hasMacros": False}
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
