"""The pure parts of the local Textract: formats, words, forms and tables."""

from __future__ import annotations

import struct

import pytest

from infra.local.protocol import ServiceError
from infra.local.textract.documents import Format, count_tiff_pages, format_of
from infra.local.textract.forms import find_pairs
from infra.local.textract.tables import find_tables
from infra.local.textract.words import Box, Line, Word, parse_tsv

TSV = "\n".join(
    "\t".join(row.split())
    for row in (
        "level page_num block_num par_num line_num word_num left top width height conf text",
        "1 1 0 0 0 0 0 0 200 100 -1",
        "5 1 1 1 1 1 20 10 40 10 96.5 Two",
        "5 1 1 1 1 2 70 10 40 10 91 words",
        '5 1 1 1 2 1 20 40 60 10 -1 "quoted',
        "5 1 2 1 1 1 20 60 60 10 80 last",
    )
)

LINE_HEIGHT = 0.01


def line(top: float, *cells: tuple[float, str]) -> Line:
    """A line of words: each cell begins at a place and has its words close to each other."""
    return [
        Word(text, 90, Box(left + 0.05 * place, top, 0.04, LINE_HEIGHT))
        for left, cell in cells
        for place, text in enumerate(cell.split())
    ]


def text_of(words: Line) -> str:
    """The words, separated by blanks."""
    return " ".join(word.text for word in words)


def test_words_of_a_page() -> None:
    """Lines in reading order; places are fractions of the page, confidences 0 to 100."""
    page = parse_tsv(TSV)
    assert ["Two words", '"quoted', "last"] == [text_of(line) for line in page.lines]
    assert Word("Two", 96.5, Box(0.1, 0.1, 0.2, 0.1)) == page.lines[0][0]
    assert 0 == page.lines[1][0].confidence


def test_a_page_without_words() -> None:
    """It has no lines."""
    assert [] == parse_tsv("\n".join(TSV.split("\n")[:2])).lines


@pytest.mark.parametrize(
    ("cells", "pairs"),
    [
        ([(0.1, "Name: Ada Lovelace")], [("Name:", "Ada Lovelace")]),
        ([(0.1, "Date of birth: 1815")], [("Date of birth:", "1815")]),
        ([(0.1, "Name:"), (0.5, "Ada")], [("Name:", "Ada")]),
        ([(0.1, "Name: Ada"), (0.5, "Born: 1815")], [("Name:", "Ada"), ("Born:", "1815")]),
        ([(0.1, "Name:")], []),
        ([(0.1, "No key")], []),
        ([(0.1, "We have to say one more thing: no")], []),
    ],
)
def test_keys_and_values(cells: list[tuple[float, str]], pairs: list[tuple[str, str]]) -> None:
    """A key ends with a colon; its value follows it, also behind a gap."""
    found = find_pairs([line(0.1, *cells)])
    assert pairs == [(text_of(key), text_of(value)) for key, value in found]


def test_a_table() -> None:
    """Rows of cells that are below each other, between other lines."""
    lines = [
        line(0.10, (0.1, "A title")),
        line(0.12, (0.1, "Fruit"), (0.5, "Price")),
        line(0.14, (0.1, "Red apples"), (0.5, "4.50")),
        line(0.16, (0.1, "An end")),
    ]
    (table,) = find_tables(lines)
    assert [["Fruit", "Price"], ["Red apples", "4.50"]] == [
        [text_of(cell) for cell in row] for row in table
    ]


def test_cells_that_were_recognized_as_lines() -> None:
    """Lines beside each other are one row."""
    columns = [[line(0.12, (left, "a")), line(0.14, (left, "b"))] for left in (0.1, 0.5)]
    (table,) = find_tables([each for column in columns for each in column])
    assert [2, 2] == [len(row) for row in table]


@pytest.mark.parametrize(
    "lines",
    [
        [line(0.1, (0.1, "One"), (0.5, "row"))],
        [line(0.1, (0.1, "One column")), line(0.12, (0.1, "of text"))],
        [line(0.1, (0.1, "Not"), (0.5, "below")), line(0.12, (0.3, "each"), (0.7, "other"))],
        [line(top, (0.0, "a b c d e f g"), (0.5, "a b c d e f g")) for top in (0.1, 0.12)],
    ],
)
def test_no_table(lines: list[Line]) -> None:
    """One row, one column, other places, and columns of running text."""
    assert [] == find_tables(lines)


def tiff(pages: int, order: str = "<") -> bytes:
    """A TIFF of empty directories."""
    content = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    for number in range(pages):
        following = len(content) + 6 if number < pages - 1 else 0
        content += struct.pack(f"{order}HI", 0, following)
    return content


@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_of_a_tiff(order: str) -> None:
    """Both byte orders; a directory outside the file ends the count."""
    assert 3 == count_tiff_pages(tiff(3, order))
    assert 2 == count_tiff_pages(tiff(3, order)[:-6])


def test_pages_of_a_tiff_that_never_ends() -> None:
    """A directory that names itself counts as one page too many."""
    assert 3_001 == count_tiff_pages(b"II*\0" + struct.pack("<IHI", 8, 0, 8))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0", Format.JPEG),
        (b"\x89PNG\r\n\x1a\n", Format.PNG),
        (tiff(1), Format.TIFF),
        (tiff(1, ">"), Format.TIFF),
        (b"%PDF-1.7", Format.PDF),
        (b"junk before %PDF-1.7", Format.PDF),
    ],
)
def test_formats(head: bytes, expected: Format) -> None:
    """By the first bytes."""
    assert expected is format_of(head)


@pytest.mark.parametrize("head", [b"", b"GIF89a", b"PK\3\4"])
def test_other_formats(head: bytes) -> None:
    """They are not supported."""
    with pytest.raises(ServiceError, match="UnsupportedDocumentException"):
        format_of(head)
