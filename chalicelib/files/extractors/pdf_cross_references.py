"""A PDF's cross-references: its trailer, and where each object is.

A file has one section, a table or a stream, and another for each incremental update. Section
numbers in this file are those of ISO 32000-1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import NamedTuple, TypeGuard

from chalicelib.files.extractors.pdf_objects import Dictionary
from chalicelib.files.extractors.pdf_syntax import SKIPPED, WHITE, HandOverError, Parser, Stream

_MAX_SECTIONS = 200
"""Cross-reference sections; each incremental update of a file adds one."""

_MAX_SUBSECTIONS = 10_000
"""Of all tables; each lookup of an entry searches them."""

_TAIL_BYTES = 1_024
"""The end of the file, where `startxref` is."""

_START = re.compile(rb"startxref%b+(\d{1,12})%b+%%%%EOF%b*\Z" % (WHITE, WHITE, WHITE))
_TABLE = re.compile(rb"xref%b+" % WHITE)
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10}) ?(?:\r\n|\r|\n)")
_TRAILER = re.compile(rb"%btrailer" % SKIPPED)
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \n| \r|\r\n)")
_ENTRY_BYTES = 20

FREE, DIRECT, COMPRESSED = range(3)
"""Kinds of entries: table 18."""

Decoder = Callable[[Stream], bytes]
"""Returns the decoded content of a stream."""


class Entry(NamedTuple):
    """Where an object is."""

    kind: int
    place: int
    """Offset in the file; number of the object stream."""
    detail: int
    """Generation; index in the object stream."""


class _Subsection(NamedTuple):
    first: int
    """Object number."""
    length: int
    start: int
    """Of its first entry: offset in the file; index in the stream."""


class _Table:
    """A cross-reference table (7.5.4), whose entries are looked up in the file."""

    def __init__(self, content: mmap | bytes, subsections: list[_Subsection]) -> None:
        self._content = content
        self._subsections = subsections
        self.hidden: _EntryStream | None = None
        """Entries that only readers of PDF 1.5 look up: 7.5.8.4."""

    def entry(self, number: int, decoded: Decoder) -> Entry | None:
        found = self._own_entry(number)
        if self.hidden and (found is None or found.kind == FREE):
            return self.hidden.entry(number, decoded) or found
        return found

    def object_streams(self, decoded: Decoder) -> set[int]:
        return self.hidden.object_streams(decoded) if self.hidden else set()

    def _own_entry(self, number: int) -> Entry | None:
        index = _index_of(number, self._subsections, _ENTRY_BYTES)
        if index is None:
            return None
        found = _ENTRY.fullmatch(self._content[index : index + _ENTRY_BYTES])
        if found is None:
            raise HandOverError("malformed entry of a table")
        offset, generation, kind = found.groups()
        return Entry(DIRECT if kind == b"n" else FREE, int(offset), int(generation))


class _EntryStream:
    """A cross-reference stream (7.5.8), decoded when the first entry is looked up."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._data: bytes | None = None
        widths = stream.get("/W")
        ranges = stream.get("/Index", [0, stream.get("/Size")])
        if not (_are_sizes(widths, 9) and len(widths) == 3):
            raise HandOverError("unusual widths of entries")
        if not _are_sizes(ranges, 10**10) or len(ranges) % 2:
            raise HandOverError("malformed index of entries")
        self._widths = widths
        self._subsections = list(_subsections(ranges))

    def entry(self, number: int, decoded: Decoder) -> Entry | None:
        index = _index_of(number, self._subsections, 1)
        if index is None:
            return None
        data = self._entries(decoded)
        first, second, third = self._widths
        start = index * (first + second + third)
        middle, last, end = start + first, start + first + second, start + first + second + third
        if end > len(data):
            raise HandOverError("missing entries of a stream")
        return Entry(
            int.from_bytes(data[start:middle], "big") if first else DIRECT,
            int.from_bytes(data[middle:last], "big"),
            int.from_bytes(data[last:end], "big"),
        )

    def object_streams(self, decoded: Decoder) -> set[int]:
        data = self._entries(decoded)
        first, second, third = self._widths
        row = first + second + third
        if first == 0:
            return set()  # all objects are in the file itself
        places = {data[start : start + first + second] for start in range(0, len(data), row)}
        return {
            int.from_bytes(place[first:], "big")
            for place in places
            if int.from_bytes(place[:first], "big") == COMPRESSED
        }

    def _entries(self, decoded: Decoder) -> bytes:
        if self._data is None:
            self._data = decoded(self._stream)
        return self._data


def _are_sizes(value: object, limit: int) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(n, int) and 0 <= n < limit for n in value)


def _subsections(ranges: list[int]) -> Iterator[_Subsection]:
    start = 0
    for first, length in zip(ranges[::2], ranges[1::2], strict=True):
        yield _Subsection(first, length, start)
        start += length


def _index_of(number: int, subsections: list[_Subsection], entry_bytes: int) -> int | None:
    """Where the object's entry is."""
    for first, length, start in subsections:
        if first <= number < first + length:
            return start + (number - first) * entry_bytes
    return None


class CrossReferences:
    """All sections of a file."""

    def __init__(self, content: mmap | bytes, parser: Parser) -> None:
        """Read the sections, but no entries yet."""
        self._content = content
        self._parser = parser
        self._sections: list[_Table | _EntryStream] = []
        self._subsections_left = _MAX_SUBSECTIONS
        self.trailer = self._read_sections()

    def entry(self, number: int, decoded: Decoder) -> Entry | None:
        """The newest entry of an object."""
        entries = (section.entry(number, decoded) for section in self._sections)
        return next((entry for entry in entries if entry), None)

    def object_streams(self, decoded: Decoder) -> set[int]:
        """The numbers of all object streams, also of those with replaced objects only."""
        return {number for section in self._sections for number in section.object_streams(decoded)}

    def _read_sections(self) -> Dictionary:
        """Read all sections, newest first, and return the trailer."""
        found = _START.search(self._content[-_TAIL_BYTES:])
        if found is None:
            raise HandOverError("no startxref at the end")
        trailer: dict[str, object] = {}
        position: object = int(found[1])
        visited: set[object] = set()
        while position is not None:
            if not isinstance(position, int) or position < 0 or position in visited:
                raise HandOverError("malformed chain of sections")
            visited.add(position)
            if len(visited) > _MAX_SECTIONS:
                raise HandOverError("too many sections")
            dictionary = self._read_section(position)
            trailer = {**dictionary, **trailer}
            position = dictionary.get("/Prev")
        return trailer

    def _read_section(self, position: int) -> Dictionary:
        found = _TABLE.match(self._content, position)
        if found is None:
            entries, stream = self._entry_stream(position)
            self._sections.append(entries)
            return stream
        subsections, position = self._table_subsections(found.end())
        table = _Table(self._content, subsections)
        trailer, _ = self._parser.value_at(self._content, position)
        if not isinstance(trailer, dict):
            raise HandOverError("malformed trailer")
        if "/XRefStm" in trailer:
            hidden = trailer["/XRefStm"]
            if not isinstance(hidden, int):
                raise HandOverError("malformed trailer")
            table.hidden, _ = self._entry_stream(hidden)
        self._sections.append(table)
        return trailer

    def _table_subsections(self, position: int) -> tuple[list[_Subsection], int]:
        """The subsections, and the position of the trailer's dictionary."""
        subsections: list[_Subsection] = []
        while not (trailer := _TRAILER.match(self._content, position)):
            found = _SUBSECTION.match(self._content, position)
            if found is None or self._subsections_left == 0:
                raise HandOverError("malformed table")
            self._subsections_left -= 1
            subsections.append(_Subsection(int(found[1]), int(found[2]), found.end()))
            position = found.end() + int(found[2]) * _ENTRY_BYTES
            if position >= len(self._content):
                raise HandOverError("truncated table")
        return subsections, trailer.end()

    def _entry_stream(self, position: int) -> tuple[_EntryStream, Stream]:
        _, stream = self._parser.object_at(self._content, position)
        if not isinstance(stream, Stream) or stream.get("/Type") != "/XRef":
            raise HandOverError("no cross-reference section")
        return _EntryStream(stream), stream
