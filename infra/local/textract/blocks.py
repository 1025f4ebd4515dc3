"""Textract's blocks of recognized pages.

https://docs.aws.amazon.com/textract/latest/dg/how-it-works-document-layout.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.local.textract.forms import find_pairs
from infra.local.textract.tables import Table, find_tables
from infra.local.textract.words import Box, Line, Page, Word, around

Block = dict[str, Any]

_WHOLE_PAGE = Box(0.0, 0.0, 1.0, 1.0)


class PageBlocks:
    """The blocks of one page, in the order of Textract's responses."""

    def __init__(self, page: Page, number: int) -> None:
        """Of a page, counted from 1: PAGE, LINE and WORD."""
        self._number = number
        self._page = page
        self._page_block = self._block("PAGE", _WHOLE_PAGE)
        self._words = {id(word): self._word(word) for line in page.lines for word in line}
        lines = [self._line(line) for line in page.lines]
        self._children = [line["Id"] for line in lines]
        self._blocks = [*lines, *self._words.values()]

    def all(self) -> list[Block]:
        """PAGE, with the others as its children, and the others."""
        _relate(self._page_block, "CHILD", self._children)
        return [self._page_block, *self._blocks]

    def add_forms(self) -> None:
        """Add KEY_VALUE_SET blocks."""
        for key, value in find_pairs(self._page.lines):
            value_block = self._key_value("VALUE", value)
            key_block = self._key_value("KEY", key)
            key_block["Relationships"].insert(0, _relationship("VALUE", [value_block["Id"]]))
            self._add_child(key_block, value_block)

    def add_tables(self) -> None:
        """Add TABLE and CELL blocks."""
        for table in find_tables(self._page.lines):
            cells = list(self._cells(table))
            block = self._block("TABLE", around(_words_of(table)), _confidence(_words_of(table)))
            _relate(block, "CHILD", [cell["Id"] for cell in cells])
            self._add_child(block, *cells)

    def _cells(self, table: Table) -> Iterable[Block]:
        for row, line in enumerate(table, 1):
            for column, words in enumerate(line, 1):
                cell = self._block("CELL", around(words), _confidence(words))
                cell |= {"RowIndex": row, "ColumnIndex": column, "RowSpan": 1, "ColumnSpan": 1}
                _relate(cell, "CHILD", self._ids(words))
                yield cell

    def _add_child(self, block: Block, *descendants: Block) -> None:
        self._children += [item["Id"] for item in (block, *descendants) if _is_child(item)]
        self._blocks += [block, *descendants]

    def _key_value(self, kind: str, words: Sequence[Word]) -> Block:
        block = self._block("KEY_VALUE_SET", around(words), _confidence(words))
        block["EntityTypes"] = [kind]
        _relate(block, "CHILD", self._ids(words))
        return block

    def _line(self, line: Line) -> Block:
        block = self._block("LINE", around(line), _confidence(line))
        block["Text"] = " ".join(word.text for word in line)
        _relate(block, "CHILD", self._ids(line))
        return block

    def _word(self, word: Word) -> Block:
        block = self._block("WORD", word.box, word.confidence)
        return block | {"Text": word.text, "TextType": "PRINTED"}

    def _ids(self, words: Iterable[Word]) -> list[str]:
        return [self._words[id(word)]["Id"] for word in words]

    def _block(self, kind: str, box: Box, confidence: float | None = None) -> Block:
        block: Block = {"BlockType": kind, "Id": str(uuid.uuid4()), "Page": self._number}
        block["Geometry"] = _geometry(box)
        if confidence is not None:
            block["Confidence"] = confidence
        return block


def _is_child(block: Mapping[str, Any]) -> bool:
    return block["BlockType"] in {"KEY_VALUE_SET", "TABLE"}


def _relate(block: Block, kind: str, ids: list[str]) -> None:
    if ids:
        block.setdefault("Relationships", []).append(_relationship(kind, ids))


def _relationship(kind: str, ids: list[str]) -> dict[str, Any]:
    return {"Type": kind, "Ids": ids}


def _confidence(words: Sequence[Word]) -> float:
    return sum(word.confidence for word in words) / len(words)


def _words_of(table: Table) -> list[Word]:
    return [word for row in table for cell in row for word in cell]


def _geometry(box: Box) -> dict[str, Any]:
    corners = [
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    ]
    bounding = {"Width": box.width, "Height": box.height, "Left": box.left, "Top": box.top}
    return {"BoundingBox": bounding, "Polygon": [{"X": x, "Y": y} for x, y in corners]}
