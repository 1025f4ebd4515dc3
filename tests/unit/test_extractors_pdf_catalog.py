"""Objects and streams that are read as pypdf reads them, and what is handed over."""

from __future__ import annotations

import zlib

import pytest

from chalicelib.files.extractors.pdf_syntax import HandOverError
from tests.support import files
from tests.support.corpora import known_types
from tests.support.files_pdf import (
    LENGTH,
    OBJECTS,
    TABLE,
    XMP,
    by_pypdf,
    by_reader,
    reason_of,
    streamed,
    updated,
    with_title,
)


def with_stream(entries: bytes) -> bytes:
    """A file whose XMP has these entries in its dictionary."""
    stream = b"<< %s >>\nstream\n%s\nendstream" % (entries, XMP)
    return files.assembled_pdf([*OBJECTS[:4], stream])


def indirect(number: int) -> bytes:
    """A file in which the length of the XMP is this object."""
    xmp = OBJECTS[4].replace(LENGTH, b"/Length %d 0 R" % number)
    return files.assembled_pdf([*OBJECTS[:4], xmp, b"%d" % len(XMP)])


def test_length_in_an_object() -> None:
    """The length of a stream may be in another object."""
    assert by_reader(indirect(6))["pdfAClaim"] == "PDF/A-2b"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(files.encrypted_pdf(""), "encrypted", id="encrypted"),
        pytest.param(
            TABLE.replace(b"0000000009", b"%010d" % TABLE.index(b"2 0 obj")),
            "another object at an offset",
            id="wrong offset",
        ),
        pytest.param(TABLE.replace(b"/Root 1", b"/Root 2"), "no catalog", id="no catalog"),
        pytest.param(
            TABLE.replace(b"/Info 4 0 R ", b"/Info (xxx) "), "malformed information", id="info"
        ),
        pytest.param(with_title(b"3 0 R", page=b"2 0 R"), "reference as an object", id="reference"),
        pytest.param(
            with_stream(b"/Length %d" % (len(XMP) - 1)), "wrong length of a stream", id="length"
        ),
        pytest.param(with_stream(LENGTH + b"/F (x)"), "unusual stream", id="external stream"),
        pytest.param(with_stream(LENGTH + b"/Filter /LZWDecode"), "unusual filter", id="filter"),
        pytest.param(with_stream(LENGTH + b"/Filter [/A /B]"), "several filters", id="filters"),
        pytest.param(with_stream(LENGTH + b"/Filter /FlateDecode"), "damaged", id="no deflate"),
        pytest.param(streamed(predictor=4), "unusual filter type", id="other predictor"),
        pytest.param(streamed(predictor=2, columns=5), "unusual predictor", id="columns"),
        pytest.param(
            streamed(numbers=[1, 2, 3, 9]), "object missing in a stream", id="missing in a stream"
        ),
        pytest.param(
            streamed().replace(b"/ObjStm", b"/ObjXtm"), "no object stream", id="no object stream"
        ),
        pytest.param(
            streamed(compressed=(b"", *OBJECTS[1:4])), "malformed header", id="equal offsets"
        ),
        pytest.param(streamed(parameters=b"/N 5 /First %d"), "malformed header", id="N"),
        pytest.param(streamed(parameters=b"/N 4 /First 3"), "malformed header", id="First"),
        pytest.param(streamed(parameters=b"/N (4) /First 3"), "malformed object stream", id="no N"),
        pytest.param(updated(TABLE, {3: OBJECTS[2]}, b"/Encrypt 9 0 R"), "encrypted", id="later"),
    ],
)
def test_handed_over(content: bytes, reason: str) -> None:
    """Unusual and malformed objects and streams are handed over, with the reason."""
    assert reason in reason_of(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(indirect(5), "unusual stream", id="a stream that is its own length"),
        pytest.param(
            streamed(compressed=(b"<<>>", *OBJECTS[1:4]), parameters=b"/N 1 0 R /First %d"),
            "circle",
            id="an object stream that contains its own count",
        ),
        pytest.param(
            files.assembled_pdf(
                [
                    *OBJECTS[:4],
                    files.stream(zlib.compress(bytes(33 * 2**20)), b"/Filter /FlateDecode"),
                ]
            ),
            "excessive stream",
            id="decompression bomb",
        ),
        pytest.param(
            files.assembled_pdf(
                [*OBJECTS[:4], files.stream(zlib.compress(XMP)[:-5], b"/Filter /FlateDecode")]
            ),
            "truncated",
            id="truncated stream",
        ),
        pytest.param(
            files.assembled_pdf([*OBJECTS[:4], files.stream(bytes(9 * 2**20))]),
            "unusual stream",
            id="large stream",
        ),
    ],
)
def test_limits(content: bytes, reason: str) -> None:
    """What refers to itself, or is too large, is handed over at the limit."""
    assert reason in reason_of(content)


def test_page_tree_that_refers_to_itself() -> None:
    """The search for the first page ends without a size."""
    content = TABLE.replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")

    assert "pageWidth" not in by_reader(content)


def test_objects_in_another_order_than_their_entries() -> None:
    """An object is found in its stream by its number, as pypdf finds it."""
    content = streamed(places=[1, 0, 2, 3])

    assert by_reader(streamed()) == by_reader(content) == by_pypdf(content)


def test_real_files() -> None:
    """Of the real PDFs, most are read, and all that are read have pypdf's facts."""
    read = total = 0
    for path in (path for path in known_types() if path.suffix == ".pdf"):
        content = path.read_bytes()
        total += 1
        try:
            found = by_reader(content)
        except HandOverError:
            continue
        read += 1
        assert by_pypdf(content) == found, path.name

    assert read > 0.65 * total
