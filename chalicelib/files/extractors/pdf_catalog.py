"""Reads a PDF's catalog and the objects that it references, without a PDF library.

pypdf reads the header of every object first, and its modules make each fork more expensive. This
reader accepts only what the specification defines and most programs write. `HandOverError` is
raised for everything else, also for a file that is merely unusual: pypdf then reads it, with its
repairs (pdf_fallback.py). References are to ISO 32000-1.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple, TypeGuard

from chalicelib.files.extraction import RawMetadata
from chalicelib.files.extractors.pdf_facts import HEADER_BYTES, Dictionary, facts
from chalicelib.files.mapped import Memory

_MAX_SECTIONS = 200
"""Cross-reference sections; each incremental update of a file adds one."""

_MAX_SUBSECTIONS = 10_000
"""Of all tables; each lookup of an entry searches them."""

_MAX_NESTED_READS = 8
"""Objects that must be read to read one object: an object stream and its length."""

_MAX_TOKENS = 100_000
"""Of all objects; reading them takes less than 0.1 s."""

_MAX_DEPTH = 50
"""Arrays and dictionaries around a value."""

_MAX_STREAM_BYTES = 8 * 1_048_576
"""Of one stream's encoded content."""

_MAX_DECODED_BYTES = 32 * 1_048_576
"""Of all streams."""

_TAIL_BYTES = 1_024
"""The end of the file, where `startxref` is."""

_WHITE = rb"[\0\t\n\f\r ]"
_END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
"""What follows a number, keyword or name."""

_SKIPPED = rb"(?:" + _WHITE + rb"++|%[^\r\n]*+)*+"
"""White space and comments."""

_START = re.compile(rb"startxref%b+(\d{1,12})%b+%%%%EOF%b*\Z" % (_WHITE, _WHITE, _WHITE))
_TABLE = re.compile(rb"xref%b+" % _WHITE)
_SUBSECTION = re.compile(rb"(\d{1,10}) (\d{1,10}) ?(?:\r\n|\r|\n)")
_TRAILER = re.compile(rb"%btrailer" % _SKIPPED)
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \n| \r|\r\n)")
_ENTRY_BYTES = 20
_OBJECT = re.compile(rb"%b*+(\d{1,10})%b+(\d{1,5})%b+obj%b" % (_WHITE, _WHITE, _WHITE, _END))
_OBJECT_END = re.compile(rb"%bendobj%b" % (_SKIPPED, _END))
_STREAM = re.compile(rb"%bstream\r?\n" % _SKIPPED)
_STREAM_END = re.compile(rb"%b*endstream%b" % (_WHITE, _END))
_INTEGERS = re.compile(rb"(?:[\t\n\f\r ]*+\d{1,10}(?!\d))*+[\t\n\f\r ]*+")

_TOKEN = re.compile(
    rb"""%b(?:
      /(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%%]*+)
    | (?P<number>\d{1,10})%b+(?P<generation>\d{1,5})%b+R%b
    | (?P<integer>[+-]?\d{1,18})%b
    | (?P<real>[+-]?(?:\d{1,18}\.\d{0,18}|\.\d{1,18}))%b
    | \((?P<string>[^()\\]*+)\)
    | (?P<open><<|\[)
    | (?P<close>>>|\])
    | <(?P<hex>[0-9A-Fa-f\0\t\n\f\r\ ]*+)>
    | (?P<nested>\()
    | (?P<keyword>true|false|null)%b
    )"""
    % (_SKIPPED, _WHITE, _WHITE, _END, _END, _END, _END),
    re.VERBOSE,
)
_KEYWORDS = {b"true": True, b"false": False, b"null": None}

_PART_OF_STRING = re.compile(
    rb"(?P<text>[^()\\]++)|(?P<parenthesis>[()])"
    rb"|\\(?:(?P<code>[0-7]{1,3})|(?P<line>\r\n|\r|\n)|(?P<escape>[nrtbf()\\ /%<>\[\]#_&$]))"
)
"""Table 3, and other characters from which pypdf, too, strips the backslash."""

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HEX_CODE = re.compile("#([0-9A-Fa-f]{2})")

_PNG_UP = 2
"""Each byte is the difference to the one above: https://www.w3.org/TR/png-3/#9Filter-types"""

_FREE, _DIRECT, _COMPRESSED = range(3)
"""Kinds of entries: table 18."""


class HandOverError(Exception):
    """The file is not what this reader is sure about; the message is the reason."""


class Reference(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


class Stream(dict[str, object]):
    """The dictionary of a stream."""

    start: int
    """Of its encoded content in the file."""


def read(content: Memory) -> RawMetadata:
    """The facts of an unencrypted PDF.

    Raises:
        HandOverError: pypdf has to read the file.
    """
    return facts(_Document(content), content[:HEADER_BYTES])


class _Entry(NamedTuple):
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

    def __init__(self, content: Memory, subsections: list[_Subsection]) -> None:
        self._content = content
        self._subsections = subsections
        self.hidden: _EntryStream | None = None
        """Entries that only readers of PDF 1.5 look up: 7.5.8.4."""

    def entry(self, number: int) -> _Entry | None:
        found = self._own_entry(number)
        if self.hidden and (found is None or found.kind == _FREE):
            return self.hidden.entry(number) or found
        return found

    def _own_entry(self, number: int) -> _Entry | None:
        index = _index_of(number, self._subsections, _ENTRY_BYTES)
        if index is None:
            return None
        found = _ENTRY.fullmatch(self._content[index : index + _ENTRY_BYTES])
        if found is None:
            raise HandOverError("malformed entry of a table")
        offset, generation, kind = found.groups()
        return _Entry(_DIRECT if kind == b"n" else _FREE, int(offset), int(generation))


class _EntryStream:
    """A cross-reference stream (7.5.8), decoded when the first entry is looked up."""

    def __init__(self, document: _Document, stream: Stream) -> None:
        self._document = document
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

    def entry(self, number: int) -> _Entry | None:
        index = _index_of(number, self._subsections, 1)
        if index is None:
            return None
        if self._data is None:
            self._data = self._document.decoded(self._stream)
        first, second, third = self._widths
        start = index * (first + second + third)
        middle, last, end = start + first, start + first + second, start + first + second + third
        if end > len(self._data):
            raise HandOverError("missing entries of a stream")
        return _Entry(
            int.from_bytes(self._data[start:middle], "big") if first else _DIRECT,
            int.from_bytes(self._data[middle:last], "big"),
            int.from_bytes(self._data[last:end], "big"),
        )


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


class _Document:
    """A PDF, of which objects are read when they are referred to."""

    is_encrypted = False

    def __init__(self, content: Memory) -> None:
        self._content = content
        self._sections: list[_Table | _EntryStream] = []
        self._objects: dict[Reference, object] = {}
        self._being_read: set[Reference] = set()
        self._object_streams: dict[int, tuple[bytes, list[int], list[int]]] = {}
        self._subsections_left = _MAX_SUBSECTIONS
        self._tokens_left = _MAX_TOKENS
        self._bytes_left = _MAX_DECODED_BYTES
        trailer = self._read_sections()
        if "/Encrypt" in trailer:
            raise HandOverError("encrypted")
        catalog = self.resolve(trailer.get("/Root"))
        if not isinstance(catalog, dict) or self.resolve(catalog.get("/Type")) != "/Catalog":
            raise HandOverError("no catalog")
        information = self.resolve(trailer.get("/Info"))
        if not isinstance(information, dict | None):
            raise HandOverError("malformed information")
        self.catalog: Dictionary = catalog
        self.information: Dictionary | None = information

    def resolve(self, value: object) -> object:
        """The object that the value refers to, which is itself unless it is a reference."""
        return self._object(value) if isinstance(value, Reference) else value

    def data_of(self, stream: Dictionary) -> bytes | None:
        """The decoded content of a stream; None of a dictionary without one."""
        return self.decoded(stream) if isinstance(stream, Stream) else None

    def decoded(self, stream: Stream) -> bytes:
        """The decoded content of a stream."""
        data = self._encoded(stream)
        kind, parameters = self._only(stream, "/Filter"), self._only(stream, "/DecodeParms")
        if kind is None:
            return data
        if kind != "/FlateDecode" or not isinstance(parameters, dict | None):
            raise HandOverError("unusual filter")
        data = self._inflated(data)
        return _unpredicted(data, parameters) if parameters else data

    def _only(self, stream: Stream, key: str) -> object:
        """The only filter, or its parameters."""
        found = self.resolve(stream.get(key))
        if not isinstance(found, list):
            return found
        if len(found) > 1:
            raise HandOverError("several filters")
        return self.resolve(found[0]) if found else None

    def _encoded(self, stream: Stream) -> bytes:
        length = self.resolve(stream.get("/Length"))
        if not isinstance(length, int) or not 0 <= length <= _MAX_STREAM_BYTES or "/F" in stream:
            raise HandOverError("unusual stream")
        end = stream.start + length
        if not _STREAM_END.match(self._content, end):
            raise HandOverError("wrong length of a stream")
        return self._content[stream.start : end]

    def _inflated(self, data: bytes) -> bytes:
        inflater = zlib.decompressobj()
        try:
            inflated = inflater.decompress(data, self._bytes_left + 1)
        except zlib.error as error:
            raise HandOverError("damaged stream") from error
        self._bytes_left -= len(inflated)
        if self._bytes_left < 0 or not inflater.eof:
            raise HandOverError("truncated or excessive stream")
        return inflated

    def _read_sections(self) -> Dictionary:
        """Read all cross-reference sections and return the trailer, newest entries first."""
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
        trailer, _ = self._parsed(self._content, position)
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
        _, stream = self._object_at(position)
        if not isinstance(stream, Stream) or stream.get("/Type") != "/XRef":
            raise HandOverError("no cross-reference section")
        return _EntryStream(self, stream), stream

    def _object(self, reference: Reference) -> object:
        if reference in self._objects:
            return self._objects[reference]
        if reference in self._being_read or len(self._being_read) >= _MAX_NESTED_READS:
            raise HandOverError("objects in a circle")
        self._being_read.add(reference)
        found = self._read_object(reference)
        self._being_read.remove(reference)
        if isinstance(found, Reference):
            raise HandOverError("reference as an object")
        self._objects[reference] = found
        return found

    def _read_object(self, reference: Reference) -> object:
        entries = (section.entry(reference.number) for section in self._sections)
        entry = next((entry for entry in entries if entry), None)
        if entry and entry.kind == _DIRECT and entry.detail == reference.generation:
            actual, found = self._object_at(entry.place)
            if actual != reference:
                raise HandOverError("another object at an offset")
            return found
        if entry and entry.kind == _COMPRESSED and reference.generation == 0:
            return self._object_in_stream(reference.number, entry.place, entry.detail)
        raise HandOverError("missing object")

    def _object_at(self, position: int) -> tuple[Reference, object]:
        header = _OBJECT.match(self._content, position)
        if header is None:
            raise HandOverError("no object at an offset")
        found, end = self._parsed(self._content, header.end())
        stream_start = _STREAM.match(self._content, end)
        if stream_start and isinstance(found, dict):
            found = Stream(found)
            found.start = stream_start.end()
        elif not _OBJECT_END.match(self._content, end):
            raise HandOverError("malformed object")
        return Reference(int(header[1]), int(header[2])), found

    def _object_in_stream(self, number: int, stream_number: int, index: int) -> object:
        data, numbers, offsets = self._object_stream(stream_number)
        if index >= len(numbers) or numbers[index] != number:
            raise HandOverError("another object in a stream")
        return self._parsed(data, offsets[index])[0]

    def _object_stream(self, number: int) -> tuple[bytes, list[int], list[int]]:
        """Decoded content, object numbers and offsets of an object stream: 7.5.7."""
        if number not in self._object_streams:
            stream = self._object(Reference(number, 0))
            if not isinstance(stream, Stream) or stream.get("/Type") != "/ObjStm":
                raise HandOverError("no object stream")
            data = self.decoded(stream)
            count, first = self.resolve(stream.get("/N")), self.resolve(stream.get("/First"))
            if not isinstance(count, int) or not isinstance(first, int) or first < 0:
                raise HandOverError("malformed object stream")
            self._object_streams[number] = (data, *_index_in(data[:first], count))
        return self._object_streams[number]

    def _parsed(self, data: Memory, position: int) -> tuple[object, int]:
        """The value at the position, and the position after it."""
        enclosing: list[tuple[bytes, list[object]]] = []
        items: list[object] = []
        while True:
            token = _TOKEN.match(data, position)
            self._count_token()
            if token is None:
                raise HandOverError("syntax error")
            position, kind = token.end(), token.lastgroup
            value: object
            if kind == "open":
                if len(enclosing) >= _MAX_DEPTH:
                    raise HandOverError("too deep")
                enclosing.append((token["open"], items))
                items = []
                continue
            if kind == "close":
                value, items = _closed(token["close"], items, enclosing)
            elif kind == "nested":
                value, position = self._string(data, position)
            else:
                value = _VALUES[kind](token)
            if not enclosing:
                return value, position
            items.append(value)

    def _string(self, data: Memory, position: int) -> tuple[bytes, int]:
        """The literal string after its opening parenthesis: 7.3.4.2."""
        parts: list[bytes] = []
        depth = 1
        while True:
            found = _PART_OF_STRING.match(data, position)
            self._count_token()
            if found is None:
                raise HandOverError("unusual escape, or string without an end")
            position = found.end()
            part = found[found.lastgroup or 0]
            if found.lastgroup == "parenthesis":
                depth += 1 if part == b"(" else -1
                if depth == 0:
                    return b"".join(parts), position
            parts.append(_PARTS[found.lastgroup](part))

    def _count_token(self) -> None:
        self._tokens_left -= 1
        if self._tokens_left < 0:
            raise HandOverError("too many tokens")


def _closed(
    mark: bytes, items: list[object], enclosing: list[tuple[bytes, list[object]]]
) -> tuple[object, list[object]]:
    """The array or dictionary that ends here, and the items around it."""
    if not enclosing:
        raise HandOverError("end without a beginning")
    opened, outer = enclosing.pop()
    if (opened, mark) == (b"[", b"]"):
        return items, outer
    if (opened, mark) != (b"<<", b">>") or len(items) % 2:
        raise HandOverError("malformed dictionary")
    keys = items[::2]
    dictionary = dict(zip(keys, items[1::2], strict=True)) if _are_names(keys) else {}
    if len(dictionary) != len(keys):
        raise HandOverError("dictionary with other keys than names, or one of them twice")
    return dictionary, outer


def _are_names(keys: list[object]) -> TypeGuard[list[str]]:
    return all(isinstance(key, str) for key in keys)


def _index_in(header: bytes, count: int) -> tuple[list[int], list[int]]:
    """Numbers and offsets of an object stream's objects, which begin after the header."""
    if not _INTEGERS.fullmatch(header):
        raise HandOverError("malformed header of an object stream")
    integers = [int(digits) for digits in header.split()[: 2 * count]]
    numbers, offsets = integers[::2], [len(header) + offset for offset in integers[1::2]]
    is_ascending = all(a < b for a, b in pairwise(offsets))
    if not len(numbers) == len(offsets) == count or not is_ascending:
        raise HandOverError("malformed header of an object stream")
    return numbers, offsets


def _unpredicted(data: bytes, parameters: Dictionary) -> bytes:
    """The data before a predictor of PNG's was applied: 7.4.4.4."""
    predictor = parameters.get("/Predictor", 1)
    if predictor == 1:
        return data
    columns = parameters.get("/Columns", 1)
    if (
        predictor not in range(10, 16)
        or not isinstance(columns, int)
        or not 0 < columns < len(data)
        or (parameters.get("/Colors", 1), parameters.get("/BitsPerComponent", 8)) != (1, 8)
        or len(data) % (columns + 1)
    ):
        raise HandOverError("unusual predictor")
    kinds = set(data[:: columns + 1])
    if kinds == {_PNG_UP}:
        return _sums_of_rows(data, columns)
    raise HandOverError("unusual filter type of a row")


def _sums_of_rows(data: bytes, columns: int) -> bytes:
    """Each byte plus those above it. The first byte of each row is not data."""
    sums = bytearray(len(data) // (columns + 1) * columns)
    for column in range(columns):
        bytes_below = accumulate(data[column + 1 :: columns + 1])
        sums[column::columns] = bytes(total & 0xFF for total in bytes_below)
    return bytes(sums)


def _name(token: re.Match[bytes]) -> str:
    name = "/" + token["name"].decode("latin-1")
    return _HEX_CODE.sub(lambda code: chr(int(code[1], 16)), name) if "#" in name else name


def _hex_string(token: re.Match[bytes]) -> bytes:
    digits = token["hex"].translate(None, b"\0\t\n\f\r ")
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())


def _octal(code: bytes) -> bytes:
    if (number := int(code, 8)) > 0xFF:
        raise HandOverError("unusual escape")
    return bytes([number])


_VALUES: dict[str | None, Callable[[re.Match[bytes]], object]] = {
    "name": _name,
    "generation": lambda token: Reference(int(token["number"]), int(token["generation"])),
    "integer": lambda token: int(token["integer"]),
    "real": lambda token: float(token["real"]),
    "string": lambda token: token["string"],
    "hex": _hex_string,
    "keyword": lambda token: _KEYWORDS[token["keyword"]],
}
"""By group of `_TOKEN`."""

_PARTS: dict[str | None, Callable[[bytes], bytes]] = {
    "text": bytes,
    "parenthesis": bytes,
    "code": _octal,
    "line": lambda _: b"",
    "escape": lambda escape: _ESCAPES.get(escape, escape),
}
"""By group of `_PART_OF_STRING`."""
