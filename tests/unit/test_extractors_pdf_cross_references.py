"""Forms of cross-references that are read as pypdf reads them, and what is handed over."""

from __future__ import annotations

import zlib

import pytest

from tests.support import files
from tests.support.files_pdf import (
    OBJECTS,
    TABLE,
    by_pypdf,
    by_reader,
    reason_of,
    start_of,
    streamed,
    title_of,
    updated,
)


def with_table(subsection: bytes) -> bytes:
    """A file whose table claims to have this first object and number of entries."""
    return TABLE.replace(b"xref\n0 6", b"xref\n" + subsection)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TABLE, id="table"),
        pytest.param(streamed(), id="streams"),
        pytest.param(streamed(predictor=2), id="predictor"),
        pytest.param(streamed(index=b"/Index [0 4 4 4]"), id="subsections of a stream"),
        pytest.param(updated(TABLE, {3: OBJECTS[2]}), id="update"),
        pytest.param(TABLE.replace(b" \n", b"\r\n"), id="entries with CR and LF"),
        pytest.param(TABLE + b"\n \n", id="white space at the end"),
        pytest.param(with_table(b"0 0\n" * 9_999 + b"0 6"), id="many subsections"),
    ],
)
def test_facts(content: bytes) -> None:
    """Each form of cross-references leads to the same facts, which are pypdf's."""
    found = by_reader(content)

    assert found == by_pypdf(content)
    assert ("A title", 300, 400, "PDF/A-2b") == tuple(
        found[name] for name in ("title", "pageWidth", "pageHeight", "pdfAClaim")
    )


def test_newest_object() -> None:
    """Of an object in several sections, the newest counts."""
    assert title_of(updated(TABLE, {4: b"<< /Title (New) >>"})) == "New"


def test_newest_information() -> None:
    """The trailer of an update may name another object."""
    content = updated(TABLE, {8: b"<< /Title (New) >>"}, b"/Info 8 0 R")

    assert title_of(content) == "New"


def hybrid(trailer: bytes) -> bytes:
    """A file whose information is free in the table; %d in the trailer is where a stream has it."""
    content = TABLE[: start_of(TABLE)]
    row = zlib.compress(b"\1%b\0" % len(content).to_bytes(2, "big"))
    content += b"8 0 obj\n<< /Title (Hidden) >>\nendobj\n"
    section = len(content)
    entries = b"/Type /XRef /Size 9 /W [1 2 1] /Index [8 1] /Filter /FlateDecode"
    content += b"9 0 obj\n%s\nendobj\n" % files.stream(row, entries)
    start = len(content)
    content += TABLE[start_of(TABLE) :].partition(b"trailer")[0] + b"8 1\n0000000000 65535 f \n"
    content += b"trailer\n<< /Root 1 0 R /Info 8 0 R " + (trailer % section if trailer else b"")
    return content + b">>\nstartxref\n%d\n%%%%EOF\n" % start


def test_hybrid() -> None:
    """An object that a table has as free is looked up in the stream that its trailer names."""
    content = hybrid(b"/XRefStm %d")

    assert ("Hidden", "Hidden") == (title_of(content), by_pypdf(content)["title"])


def test_free_object() -> None:
    """A reference to a free object is handed over."""
    assert reason_of(hybrid(b"")) == "missing object"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(TABLE[:-7], "no startxref at the end", id="truncated"),
        pytest.param(TABLE + b"x", "no startxref at the end", id="more behind the end"),
        pytest.param(b" " + TABLE, "no object at an offset", id="moved"),
        pytest.param(TABLE.replace(b"xref\n0 6", b"xref\n0 9"), "malformed table", id="long table"),
        pytest.param(
            TABLE.replace(b"xref\n0 6", b"xref\n0 5"), "malformed table", id="short table"
        ),
        pytest.param(
            TABLE.replace(b"xref\n0 6", b"xref\n0 600"), "truncated table", id="very long table"
        ),
        pytest.param(
            TABLE.replace(b"00000 n", b"0000 n "), "malformed entry of a table", id="entry"
        ),
        pytest.param(TABLE.replace(b"/Root 1", b"/Root 9"), "missing object", id="missing"),
        pytest.param(TABLE.replace(b"/Root 1", b"/Root 0"), "missing object", id="free"),
        pytest.param(TABLE.replace(b"1 0 R", b"1 1 R"), "missing object", id="other generation"),
        pytest.param(
            streamed().replace(b"/XRef", b"/XRex"), "no cross-reference section", id="no entries"
        ),
        pytest.param(streamed(index=b"/Index [2 8]"), "missing object", id="other index"),
        pytest.param(streamed(index=b"/Index [8 9 0 8]"), "missing entries", id="too few"),
        pytest.param(streamed(index=b"/Index [0 8 4]"), "malformed index", id="odd index"),
    ],
)
def test_handed_over(content: bytes, reason: str) -> None:
    """Unusual and malformed sections and entries are handed over, with the reason."""
    assert reason in reason_of(content)


def chain(length: int, *, is_loop: bool = False) -> bytes:
    """A file of so many cross-reference sections."""
    content = TABLE
    for _ in range(length - 1):
        content = updated(content, {3: OBJECTS[2]})
    if is_loop:
        last = start_of(content)
        content = content.replace(b"/Info 4 0 R", b"/Prev %5d" % last)
    return content


def test_chain_of_sections() -> None:
    """A file may have been updated as often as the limit allows, not more often."""
    assert title_of(chain(200)) == "A title"
    assert reason_of(chain(201)) == "too many sections"


def test_loop_of_sections() -> None:
    """A chain of sections that refers to itself is handed over."""
    assert "malformed chain" in reason_of(chain(2, is_loop=True))
