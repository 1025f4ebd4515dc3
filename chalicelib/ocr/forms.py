"""Key-value pairs and tables of Textract's blocks, as the JSON of `GET /documents/{id}/analysis`.

The blocks refer to each other by id (Textract developer guide, "Form Data (Key-Value Pairs)" and
"Tables"), in any response of the same job.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.ocr.lines import Block

_KEPT_TYPES = frozenset(
    {
        "WORD",
        "SELECTION_ELEMENT",
        "KEY_VALUE_SET",
        "TABLE",
        "TABLE_TITLE",
        "TABLE_FOOTER",
        "CELL",
        "MERGED_CELL",
    }
)
_KEPT_FIELDS = (
    "BlockType",
    "Text",
    "Confidence",
    "Page",
    "EntityTypes",
    "SelectionStatus",
    "RowIndex",
    "ColumnIndex",
    "RowSpan",
    "ColumnSpan",
)
_CLOSING_BYTES = 64
"""For the brackets and the last member of the JSON."""


class FormCollector:
    """Collects the blocks of forms and tables up to a number of blocks."""

    def __init__(self, max_blocks: int) -> None:
        """Args:
        max_blocks: that are kept in memory, about 0.5 kB each.
        """
        self._max_blocks = max_blocks
        self._blocks: dict[str, dict[str, Any]] = {}
        self._is_complete = True

    def add(self, blocks: Iterable[Block]) -> None:
        """Add the blocks of one response."""
        for block in blocks:
            if block["BlockType"] not in _KEPT_TYPES:
                continue
            if len(self._blocks) == self._max_blocks:
                self._is_complete = False
                return
            kept = {name: block[name] for name in _KEPT_FIELDS if name in block}
            for relationship in block.get("Relationships", ()):
                kept[relationship["Type"]] = relationship.get("Ids", [])
            self._blocks[block["Id"]] = kept

    def to_json(self, max_bytes: int, *, is_complete: bool) -> bytes:
        """The pairs and tables so far as JSON, in the order of the results.

        Args:
            max_bytes: of the JSON; pairs and tables that do not fit are left out.
            is_complete: whether every response was added.
        """
        left = max_bytes - _CLOSING_BYTES
        found: dict[str, list[dict[str, Any]]] = {"keyValuePairs": [], "tables": []}
        is_truncated = not (is_complete and self._is_complete)
        for name, item in self._items():
            left -= len(json.dumps(item)) + 2
            if left < 0:
                is_truncated = True
                break
            found[name].append(item)
        return json.dumps({**found, "truncated": is_truncated}).encode()

    def _items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for block in self._blocks.values():
            if block["BlockType"] == "KEY_VALUE_SET" and "KEY" in block.get("EntityTypes", ()):
                yield "keyValuePairs", self._pair(block)
            elif block["BlockType"] == "TABLE":
                yield "tables", self._table(block)

    def _pair(self, key: Block) -> dict[str, Any]:
        values = [self._text_of(value) for value in self._related(key, "VALUE")]
        return {
            "page": key.get("Page", 1),
            "key": self._text_of(key),
            "value": " ".join(value for value in values if value),
            "confidence": _confidence(key),
        }

    def _table(self, table: Block) -> dict[str, Any]:
        merged = list(self._related(table, "MERGED_CELL"))
        covered = {identifier for cell in merged for identifier in cell.get("CHILD", ())}
        cells = [
            self._cell(cell)
            for identifier, cell in self._with_ids(table.get("CHILD", ()))
            if cell["BlockType"] == "CELL" and identifier not in covered
        ]
        cells += [self._merged_cell(cell) for cell in merged]
        cells.sort(key=lambda cell: (cell["row"], cell["column"]))
        return {
            "page": table.get("Page", 1),
            "title": self._first_text(table, "TABLE_TITLE"),
            "footer": self._first_text(table, "TABLE_FOOTER"),
            "confidence": _confidence(table),
            "cells": cells,
        }

    def _cell(self, cell: Block) -> dict[str, Any]:
        return {
            "row": cell.get("RowIndex", 1),
            "column": cell.get("ColumnIndex", 1),
            "rowSpan": cell.get("RowSpan", 1),
            "columnSpan": cell.get("ColumnSpan", 1),
            "isHeader": "COLUMN_HEADER" in cell.get("EntityTypes", ()),
            "text": self._text_of(cell),
        }

    def _merged_cell(self, merged: Block) -> dict[str, Any]:
        parts = list(self._related(merged, "CHILD"))
        texts = [self._text_of(part) for part in parts]
        return {
            **self._cell(merged),
            "isHeader": any("COLUMN_HEADER" in part.get("EntityTypes", ()) for part in parts),
            "text": " ".join(text for text in texts if text),
        }

    def _first_text(self, block: Block, relationship: str) -> str | None:
        return next((self._text_of(found) for found in self._related(block, relationship)), None)

    def _text_of(self, block: Block) -> str:
        """The words of a block; a check box as SELECTED or NOT_SELECTED."""
        parts = (
            child.get("Text") or child.get("SelectionStatus", "")
            for child in self._related(block, "CHILD")
        )
        return " ".join(part for part in parts if part)

    def _related(self, block: Block, relationship: str) -> Iterator[Block]:
        return (found for _, found in self._with_ids(block.get(relationship, ())))

    def _with_ids(self, identifiers: Iterable[str]) -> Iterator[tuple[str, Block]]:
        """The blocks with these ids, as far as they were added."""
        for identifier in identifiers:
            if identifier in self._blocks:
                yield identifier, self._blocks[identifier]


def _confidence(block: Block) -> int:
    return round(float(block.get("Confidence", 0.0)))
