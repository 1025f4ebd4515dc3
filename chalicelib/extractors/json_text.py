"""application/json and application/x-ndjson by ijson (YAJL), which streams: no value is kept.

JSON here is UTF-8, as RFC 8259 has it between systems, with or without a byte order mark.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import ijson

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused

_LINES = "application/x-ndjson"

_BEGINS = frozenset({"start_map", "start_array"})
_ENDS = frozenset({"end_map", "end_array"})

_GOES_ON = b"]},:"
_WANTS_MORE = b"[{,:"
"""What a line begins and ends with whose end is within a value."""

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
"""Values within each other; no real file comes near, and those who use one may recurse."""

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
    if content.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        content.seek(0)
    lines = _Lines(content)
    shape = _shape(
        ijson.basic_parse(lines, multiple_values=file_type == _LINES, buf_size=_CHUNK_BYTES)
    )
    if file_type == _LINES:
        if lines.is_any_cut or shape.values != lines.count:
            raise Refused(FailureCode.UNREADABLE, "The lines are not one JSON value each.")
        return {"recordCount": shape.values, "depth": shape.depth}
    return {
        "topLevel": shape.kind,
        "recordCount": shape.children if shape.kind == "array" else None,
        "memberCount": shape.children if shape.kind == "object" else None,
        "depth": shape.depth,
    }


@dataclass(slots=True)
class _Shape:
    kind: str = ""
    """Of the first value."""
    values: int = 0
    """On the top level."""
    children: int = 0
    """Of the values on the top level."""
    depth: int = 0


def _shape(events: Iterable[tuple[str, object]]) -> _Shape:
    shape = _Shape()
    depth = 0
    for event, _ in events:
        if event in _ENDS:
            depth -= 1
            continue
        if event == "map_key":
            continue
        if depth == 0:
            shape.values += 1
            shape.kind = shape.kind or _KINDS[event]
        elif depth == 1:
            shape.children += 1
        if event in _BEGINS:
            depth += 1
            shape.depth = max(shape.depth, depth)
            if depth > _MOST_DEPTH:
                raise Refused(FailureCode.UNREADABLE, "The JSON nests too deeply.")
    return shape


class _Lines:
    """A content that counts the lines which are not blank, as it is read, and finds cut ones.

    That is enough, for what it is read by takes only JSON: where a line ends within a value, there
    is a bracket, a comma or a colon on one side of its end, and between two values there is none.
    """

    def __init__(self, content: _Readable) -> None:
        self._content = content
        self._last = b""
        """Of the line that is open, without blanks; nothing as long as it is blank."""
        self.count = 0
        self.is_any_cut = False

    def read(self, amount: int = -1) -> bytes:
        """Some of the content."""
        chunk = self._content.read(_CHUNK_BYTES if amount < 0 else amount)
        first, *others = chunk.split(b"\n")
        self._note(first.strip())
        if others or not chunk:
            self._end()
        if others:
            *whole, last = others
            lines = list(filter(None, map(bytes.strip, whole)))
            self.count += len(lines)
            self.is_any_cut = self.is_any_cut or any(
                line[0] in _GOES_ON or line[-1] in _WANTS_MORE for line in lines
            )
            self._note(last.strip())
        return chunk

    def _note(self, piece: bytes) -> None:
        """Go on in a line of several pieces."""
        if piece:
            self.is_any_cut = self.is_any_cut or (not self._last and piece[0] in _GOES_ON)
            self._last = piece[-1:]

    def _end(self) -> None:
        """End that line."""
        if self._last:
            self.count += 1
            self.is_any_cut = self.is_any_cut or self._last in _WANTS_MORE
            self._last = b""
