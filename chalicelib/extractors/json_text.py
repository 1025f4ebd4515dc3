"""application/json and application/x-ndjson by ijson (YAJL), which streams: no value is kept.

JSON here is UTF-8, as RFC 8259 has it between systems, with or without a byte order mark.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO, Protocol

import ijson

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused

_LINES = "application/x-ndjson"

_BEGINS = frozenset({"start_map", "start_array"})
_ENDS = frozenset({"end_map", "end_array"})

_KINDS = {
    "start_map": "object",
    "start_array": "array",
    "null": "null",
    "boolean": "boolean",
    "number": "number",
    "integer": "number",
    "double": "number",
    "string": "string",
}

_MOST_DEPTH = 10_000
"""Values within each other; no real file comes near, and readers of the record's file may recurse."""

_CHUNK_BYTES = 1_048_576
"""YAJL looks at a string that does not end in it again, from its start, with each chunk."""


class _Readable(Protocol):
    def read(self, amount: int, /) -> bytes: ...


def extract(content: BinaryIO, file_type: str) -> Found:
    """Valid JSON's shape.

    - topLevel (JSON only): `object`, `array`, `string`, `number`, `boolean` or `null`.
    - recordCount: elements of a top-level array, or JSON Lines' values.
    - memberCount: of a top-level object.
    - depth: arrays and objects within each other at most; 0 for a bare value.
    """
    is_lines = file_type == _LINES
    if not content.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        content.seek(0)
    lines = _Lines(content)
    kind = ""
    depth = deepest = values = children = 0
    for event, _ in ijson.basic_parse(
        lines, multiple_values=is_lines, buf_size=_CHUNK_BYTES
    ):
        if event in _ENDS:
            depth -= 1
            continue
        if event == "map_key":
            continue
        if depth == 0:
            values += 1
            kind = kind or _KINDS[event]
        elif depth == 1:
            children += 1
        if event in _BEGINS:
            depth += 1
            deepest = max(deepest, depth)
            if depth > _MOST_DEPTH:
                raise Refused(FailureCode.UNREADABLE, "The JSON nests too deeply.")
    if is_lines:
        if values != lines.count:
            raise Refused(FailureCode.UNREADABLE, "The lines are not one JSON value each.")
        return {"recordCount": values, "depth": deepest}
    return {
        "topLevel": kind,
        "recordCount": children if kind == "array" else None,
        "memberCount": children if kind == "object" else None,
        "depth": deepest,
    }


class _Lines:
    """A content that counts the lines which are not blank, as it is read."""

    def __init__(self, content: _Readable) -> None:
        self._content = content
        self._is_open = False
        self.count = 0

    def read(self, amount: int = -1) -> bytes:
        """Some of the content."""
        chunk = self._content.read(_CHUNK_BYTES if amount < 0 else amount)
        *ended, last = chunk.split(b"\n")
        for line in ended:
            self.count += self._is_open or bool(line.strip())
            self._is_open = False
        self._is_open = self._is_open or bool(last.strip())
        if not chunk and self._is_open:
            self.count += 1
            self._is_open = False
        return chunk
