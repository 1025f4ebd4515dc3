"""Textract's blocks become text, key-value pairs and tables."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.ocr.forms import FormCollector
from chalicelib.ocr.lines import LineCollector, RecognizedText
from tests.support.textract import Block, block, line, relationship, words

MIB = 1_024**2


def text_of(*responses: list[Block], max_bytes: int = MIB) -> RecognizedText:
    """The text of a job's responses."""
    lines = LineCollector(max_bytes)
    for response in responses:
        lines.add(response)
    return lines.text(is_complete=True)


def analysis_of(blocks: list[Block], max_bytes: int = MIB) -> dict[str, Any]:
    """The pairs and tables of one response."""
    forms = FormCollector(max_blocks=1_000)
    forms.add(blocks)
    found: dict[str, Any] = json.loads(forms.to_json(max_bytes, is_complete=True))
    return found


def form_field(key: str, value: list[Block]) -> list[Block]:
    """A key, its value and their words."""
    key_words = words(key)
    value_block = block("KEY_VALUE_SET", value, EntityTypes=["VALUE"])
    key_block = block("KEY_VALUE_SET", key_words, EntityTypes=["KEY"], Confidence=97.6)
    key_block["Relationships"].append(relationship("VALUE", [value_block]))
    return [key_block, value_block, *key_words, *value]


def cell(row: int, column: int, text: str, **fields: object) -> list[Block]:
    """A cell and its words."""
    found = words(text)
    return [block("CELL", found, RowIndex=row, ColumnIndex=column, **fields), *found]


def test_lines_stay_in_order_and_pages_apart() -> None:
    """Lines end with a newline character, pages with a form feed, whichever response has them."""
    text = text_of(line("First line") + line("second"), line("Page three", page=3))
    assert b"First line\nsecond\f\fPage three" == text.content


def test_words_and_characters_are_counted() -> None:
    """Words are what is between white space, characters are Unicode's."""
    text = text_of(line("Größe der Straße") + line("ok"))
    assert (4, 19, False) == (text.word_count, text.character_count, text.is_truncated)


def test_the_confidence_is_the_mean_of_the_words() -> None:
    """Lines do not count twice."""
    assert text_of(line("a b", confidence=90.0), line("c", confidence=60.0)).mean_confidence == 80


def test_a_document_without_words_has_empty_text() -> None:
    """Without a confidence."""
    text = text_of([block("PAGE")])
    assert (b"", 0, 0, None) == (
        text.content,
        text.character_count,
        text.word_count,
        text.mean_confidence,
    )


def test_the_text_is_cut_at_a_character() -> None:
    """Never within one, and the counts describe what is left."""
    text = text_of(line("aß cd"), max_bytes=2)
    assert (b"a", 1, 1, True) == (
        text.content,
        text.character_count,
        text.word_count,
        text.is_truncated,
    )


def test_a_full_text_needs_no_more_responses() -> None:
    """Beyond the size, or where it fits exactly with the rest unknown."""
    lines = LineCollector(max_bytes=4)
    lines.add(line("abcd"))
    assert lines.is_full


def test_results_that_were_not_read_make_the_text_truncated() -> None:
    """Although what was read fits."""
    lines = LineCollector(max_bytes=MIB)
    lines.add(line("abcd"))
    assert lines.text(is_complete=False).is_truncated


def test_form_fields_become_pairs() -> None:
    """With the text of key and value, and the confidence in their connection."""
    assert [{"page": 1, "key": "Name:", "value": "Ada Lovelace", "confidence": 98}] == analysis_of(
        form_field("Name:", words("Ada Lovelace"))
    )["keyValuePairs"]


def test_a_check_box_is_a_value() -> None:
    """In Textract's words."""
    box = block("SELECTION_ELEMENT", SelectionStatus="NOT_SELECTED")
    assert "NOT_SELECTED" == analysis_of(form_field("Married", [box]))["keyValuePairs"][0]["value"]


def test_tables_have_their_cells_in_order() -> None:
    """By row and column, with headers marked, and a title where there is one."""
    header = cell(1, 1, "Item", EntityTypes=["COLUMN_HEADER"])
    first, second = cell(2, 1, "Pen"), cell(2, 2, "2.50")
    title = block("TABLE_TITLE", title_words := words("Prices"))
    table = block("TABLE", [second[0], first[0], header[0]])
    table["Relationships"].append(relationship("TABLE_TITLE", [title]))
    blocks = [table, title, *title_words, *second, *first, *header]
    found = analysis_of(blocks)["tables"][0]
    assert ("Prices", None) == (found["title"], found["footer"])
    assert [(1, 1, True, "Item"), (2, 1, False, "Pen"), (2, 2, False, "2.50")] == [
        (item["row"], item["column"], item["isHeader"], item["text"]) for item in found["cells"]
    ]


def test_a_merged_cell_replaces_those_that_it_covers() -> None:
    """With their text."""
    left, right = cell(1, 1, "Total"), cell(1, 2, "sum")
    merged = block(
        "MERGED_CELL", [left[0], right[0]], RowIndex=1, ColumnIndex=1, RowSpan=1, ColumnSpan=2
    )
    table = block("TABLE", [left[0], right[0]])
    table["Relationships"].append(relationship("MERGED_CELL", [merged]))
    (found,) = analysis_of([table, merged, *left, *right])["tables"][0]["cells"]
    assert ("Total sum", 2) == (found["text"], found["columnSpan"])


def test_an_analysis_is_bounded() -> None:
    """What does not fit is left out, and the analysis is marked as truncated."""
    blocks = [made for number in range(50) for made in form_field(f"Key{number}", words("value"))]
    found = analysis_of(blocks, max_bytes=1_000)
    assert found["truncated"]
    assert 0 < len(found["keyValuePairs"]) < 50
    assert len(json.dumps(found)) <= 1_000


def test_blocks_beyond_the_limit_are_not_kept() -> None:
    """References to them are ignored, and the analysis is marked as truncated."""
    forms = FormCollector(max_blocks=2)
    forms.add(form_field("Name:", words("Ada")))
    found = json.loads(forms.to_json(MIB, is_complete=True))
    assert found["truncated"]
    assert [("", "")] == [(pair["key"], pair["value"]) for pair in found["keyValuePairs"]]
