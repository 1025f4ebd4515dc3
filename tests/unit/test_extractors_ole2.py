"""OLE2 files: which one they are, what they say, and when they are encrypted."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files import types
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import ole2
from tests.support import files_office as made
from tests.support.metadata import extract

FIRST_RECORD = b"\x09\x08\x04\0" + bytes(4)
WORD_HEADER = bytes(10)


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
    content = made.compound({"WordDocument": WORD_HEADER, "\5SummaryInformation": summary})

    assert extract(io.BytesIO(content), types.DOC) == {
        "title": "Заголовок",
        "statedPageCount": 5,
        "hasMacros": False,
    }


@pytest.mark.parametrize(
    ("streams", "file_type"),
    [
        pytest.param({"WordDocument": WORD_HEADER + b"\0\1"}, types.DOC, id="Word"),
        pytest.param({"Workbook": FIRST_RECORD + b"\x2f\0\0\0"}, types.XLS, id="Excel"),
    ],
)
def test_encrypted(streams: dict[str, bytes], file_type: str) -> None:
    """A document that says it is encrypted is."""
    with pytest.raises(FileRejectedError) as refusal:
        ole2.extract(io.BytesIO(made.compound(streams)), file_type)

    assert refusal.value.code is FailureCode.ENCRYPTED


def test_encrypted_package() -> None:
    """An Open XML file that is encrypted is a compound file, and is said to be encrypted."""
    content = made.compound({"EncryptionInfo": b"", "EncryptedPackage": b""})

    with pytest.raises(FileRejectedError) as refusal:
        ole2.detect(io.BytesIO(content))

    assert refusal.value.code is FailureCode.ENCRYPTED


@pytest.mark.parametrize("cut", [8, 100, 600, 1_000])
def test_unreadable(cut: int) -> None:
    """A compound file that is cut off before its directory is complete is unreadable."""
    content = made.compound({"WordDocument": WORD_HEADER, "\5SummaryInformation": made.summary()})

    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content[:cut]), types.DOC)

    assert refusal.value.code is FailureCode.UNREADABLE
