"""Syntax of objects that is read as pypdf reads it, and what is handed over."""

from __future__ import annotations

import pytest

from tests.support import files
from tests.support.files_pdf import (
    OBJECTS,
    TABLE,
    by_pypdf,
    by_reader,
    reason_of,
    title_of,
    with_title,
)


@pytest.mark.parametrize(
    ("syntax", "title"),
    [
        (rb"(a\)b\(c\\d)", "a)b(c\\d"),
        (rb"(a(b)c)", "a(b)c"),
        (b"(a\\\r\nb\\\nc)", "abc"),
        (rb"(\101\1012\60)", "AA20"),
        (rb"(a\ b)", "a b"),
        (rb"(\223\200\224)", "\ufb01\u2022\ufb02"),
        (b"<41 42\n4>", "AB@"),
        (b"<FEFF20AC>", "€"),
        (b"<FFFEAC20>", "€"),
        (b"<EFBBBFE282AC>", "€"),
        (b"<EFBBBFFF>", "ï»¿ÿ"),
        (b"<00410042>", "AB"),
        (b"<41004200>", "AB"),
        (b"<FEFFD8>", None),
        (b"<41AD42>", None),
        (b"(\x7f)", None),
        (b"/Name#20x", None),
        (b"4 0 R", None),
        (b"true", None),
        (b"-1.5", None),
    ],
)
def test_strings(syntax: bytes, title: str | None) -> None:
    """Strings are decoded as pypdf decodes them; other objects are no text."""
    content = with_title(syntax)

    assert title == title_of(content)
    assert title == by_pypdf(content).get("title")


def test_every_code_of_a_character() -> None:
    """Each code has the character of PDFDocEncoding that pypdf has, or none."""
    contents = [with_title(b"<41%02X>" % code) for code in range(1, 256)]

    assert [title_of(content) for content in contents] == [
        by_pypdf(content)["title"] for content in contents
    ]


def test_names_with_codes() -> None:
    """A key may be written with codes for its characters."""
    information = OBJECTS[3].replace(b"/Title", b"/#54itle")
    content = files.assembled_pdf([*OBJECTS[:3], information, OBJECTS[4]])

    assert title_of(content) == "A title"


def test_comments() -> None:
    """Comments are skipped, also between the tokens of an object."""
    catalog = b"<< % a catalog\n/Type /Catalog /Pages 2 0 R %2\r/Metadata 5 0 R >> % its end"
    content = files.assembled_pdf([catalog, *OBJECTS[1:]])

    assert by_reader(TABLE) == by_reader(content) == by_pypdf(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(TABLE.replace(b"/Pages 2", b"/Pages +"), "syntax error", id="syntax"),
        pytest.param(TABLE.replace(b"(A title)", rb"(A ti\xe)"), "unusual escape", id="escape"),
        pytest.param(TABLE.replace(b"(A title)", rb"(A t\777)"), "unusual escape", id="octal"),
        pytest.param(with_title(b"[ (a)"), "malformed dictionary", id="array"),
        pytest.param(with_title(b"(a) /Title (b)"), "dictionary with other keys", id="key twice"),
        pytest.param(with_title(b"(a) (b) (c)"), "dictionary with other keys", id="no name"),
        pytest.param(TABLE.replace(b"endobj\n5", b"xndobj\n5"), "malformed object", id="no end"),
    ],
)
def test_handed_over(content: bytes, reason: str) -> None:
    """Unusual and malformed syntax is handed over, with the reason."""
    assert reason in reason_of(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(with_title(b"[" * 51 + b"]" * 51), "too deep", id="arrays"),
        pytest.param(with_title(b"<< /A " * 50 + b">>" * 50), "too deep", id="dictionaries"),
        pytest.param(with_title(b"[" + b"0 " * 100_000 + b"]"), "too many tokens", id="array"),
        pytest.param(with_title(b"(" + b"()" * 50_000 + b")"), "too many tokens", id="parentheses"),
    ],
)
def test_limits(content: bytes, reason: str) -> None:
    """What is too deep or has too many tokens is handed over at the limit."""
    assert reason in reason_of(content)
