"""application/json and application/x-ndjson by ijson (YAJL), as a stream: no value is kept.

UTF-8 only, as RFC 8259 requires between systems; a byte order mark is accepted.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import ijson

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.metadata import RawMetadata

_LINES = "application/x-ndjson"

_BEGINS = frozenset({"start_map", "start_array"})
_ENDS = frozenset({"end_map", "end_array"})

_CONTINUES = b"]},:"
_INCOMPLETE = b"[{,:"
"""First and last bytes of a line that is part of a value."""

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

_MAX_DEPTH = 10_000
"""Nested values: consumers of the file may recurse."""

_CHUNK_BYTES = 1_048_576
"""YAJL rescans an incomplete string from its start with each chunk."""


class _Readable(Protocol):
    def read(self, amount: int, /) -> bytes: ...


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """The shape of valid JSON.

    - topLevel (JSON only): `object`, `array`, `string`, `number`, `boolean` or `null`.
    - recordCount: elements of a top-level array, or values of JSON Lines.
    - memberCount: of a top-level object.
    - depth: maximum nesting of arrays and objects; 0 for a scalar.
    """
    if content.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        content.seek(0)
    lines = _Lines(content)
    shape = _shape(
        ijson.basic_parse(lines, multiple_values=file_type == _LINES, buf_size=_CHUNK_BYTES)
    )
    if file_type == _LINES:
        if lines.is_any_cut or shape.values != lines.count:
            raise FileRejectedError(FailureCode.UNREADABLE, "A line is not exactly one JSON value.")
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
            if depth > _MAX_DEPTH:
                raise LimitExceededError("The nesting depth of the JSON exceeds the limit.")
    return shape


class _Lines:
    """A content that counts its nonblank lines while it is read, and detects incomplete ones.

    The parser accepts only JSON, so a line that ends within a value has a bracket, comma or colon
    on one side of the line end, and a line that ends between two values has none.
    """

    def __init__(self, content: _Readable) -> None:
        self._content = content
        self._last = b""
        """Last nonblank byte of the current line; empty while the line is blank."""
        self.count = 0
        self.is_any_cut = False

    def read(self, amount: int = -1) -> bytes:
        """As `read` of the content."""
        chunk = self._content.read(_CHUNK_BYTES if amount < 0 else amount)
        first, *others = chunk.split(b"\n")
        self._continue_line(first.strip())
        if others or not chunk:
            self._end_line()
        if others:
            *whole, last = others
            lines = list(filter(None, map(bytes.strip, whole)))
            self.count += len(lines)
            self.is_any_cut = self.is_any_cut or any(
                line[0] in _CONTINUES or line[-1] in _INCOMPLETE for line in lines
            )
            self._continue_line(last.strip())
        return chunk

    def _continue_line(self, piece: bytes) -> None:
        """Continue the current line."""
        if piece:
            self.is_any_cut = self.is_any_cut or (not self._last and piece[0] in _CONTINUES)
            self._last = piece[-1:]

    def _end_line(self) -> None:
        """End the current line."""
        if self._last:
            self.count += 1
            self.is_any_cut = self.is_any_cut or self._last in _INCOMPLETE
            self._last = b""
