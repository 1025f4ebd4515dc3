"""Reads a PDF's catalog and the objects that it references, without a PDF library.

pypdf reads the header of every object first, and its modules make each fork more expensive. This
reader accepts only what the specification defines and most programs write. `HandOverError` is
raised for everything else, also for a file that is merely unusual: pypdf then reads it, with its
repairs (pdf_fallback.py). Section numbers are those of ISO 32000-1.

This module reads objects and decodes streams. pdf_cross_references.py finds objects in the file,
pdf_syntax.py parses them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import accumulate, pairwise
from mmap import mmap

from chalicelib.files.extractors.pdf_cross_references import COMPRESSED, DIRECT, CrossReferences
from chalicelib.files.extractors.pdf_facts import HEADER_BYTES, Text, facts
from chalicelib.files.extractors.pdf_objects import Dictionary
from chalicelib.files.extractors.pdf_search import search
from chalicelib.files.extractors.pdf_syntax import (
    END,
    WHITE,
    HandOverError,
    Parser,
    Reference,
    Stream,
)
from chalicelib.files.metadata import RawMetadata

_MAX_NESTED_READS = 8
"""Objects that must be read to read one object: an object stream and its length."""

_MAX_STREAM_BYTES = 8 * 1_048_576
"""Of one stream's encoded content."""

_MAX_DECODED_BYTES = 32 * 1_048_576
"""Of all streams."""

_STREAM_END = re.compile(rb"%b*endstream%b" % (WHITE, END))
_INTEGERS = re.compile(rb"(?:[\t\n\f\r ]*+\d{1,10}(?!\d))*+[\t\n\f\r ]*+")

_PNG_UP = 2
"""Each byte is the difference to the one above: https://www.w3.org/TR/png-3/#9Filter-types"""


def read(content: mmap | bytes, text: Text) -> RawMetadata:
    """The facts of an unencrypted PDF with this text.

    Raises:
        HandOverError: pypdf has to read the file.
    """
    document = _Document(content)
    return {**facts(document, content[:HEADER_BYTES], text), **search(document)}


class _Document:
    """A PDF, of which objects are read when they are referred to."""

    is_encrypted = False
    has_gaps = False

    def __init__(self, content: mmap | bytes) -> None:
        self._content = content
        self._parser = Parser()
        self._objects: dict[Reference, object] = {}
        self._being_read: set[Reference] = set()
        self._object_streams: dict[int, tuple[bytes, dict[int, int]]] = {}
        self._bytes_left = _MAX_DECODED_BYTES
        self._cross_references = CrossReferences(content, self._parser)
        trailer = self._cross_references.trailer
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

    def parts(self) -> Iterator[mmap | bytes | None]:
        """The file, and each object stream; None for one that cannot be decoded."""
        yield self._content
        for number in self._cross_references.object_streams(self.decoded):
            yield self._searched_stream(number)

    def _searched_stream(self, number: int) -> bytes | None:
        if number in self._object_streams:
            return self._object_streams[number][0]
        try:
            return self.decoded(self._object_stream(number))
        except HandOverError:  # nothing may refer to its objects anymore
            return None

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
        entry = self._cross_references.entry(reference.number, self.decoded)
        if entry and entry.kind == DIRECT and entry.detail == reference.generation:
            actual, found = self._parser.object_at(self._content, entry.place)
            if actual != reference:
                raise HandOverError("another object at an offset")
            return found
        if entry and entry.kind == COMPRESSED and reference.generation == 0:
            return self._object_in_stream(reference.number, entry.place)
        raise HandOverError("missing object")

    def _object_in_stream(self, number: int, stream_number: int) -> object:
        if stream_number not in self._object_streams:
            self._object_streams[stream_number] = self._opened(stream_number)
        data, offsets = self._object_streams[stream_number]
        if number not in offsets:
            raise HandOverError("object missing in a stream")
        return self._parser.value_at(data, offsets[number])[0]

    def _opened(self, number: int) -> tuple[bytes, dict[int, int]]:
        """Decoded content, and offsets by object number, of an object stream: 7.5.7."""
        stream = self._object_stream(number)
        data = self.decoded(stream)
        count, first = self.resolve(stream.get("/N")), self.resolve(stream.get("/First"))
        if not isinstance(count, int) or not isinstance(first, int) or first < 0:
            raise HandOverError("malformed object stream")
        return data, _index_in(data[:first], count)

    def _object_stream(self, number: int) -> Stream:
        stream = self._object(Reference(number, 0))
        if not isinstance(stream, Stream) or stream.get("/Type") != "/ObjStm":
            raise HandOverError("no object stream")
        return stream


def _index_in(header: bytes, count: int) -> dict[int, int]:
    """Offsets by number of an object stream's objects, which begin after the header."""
    if not _INTEGERS.fullmatch(header):
        raise HandOverError("malformed header of an object stream")
    integers = [int(digits) for digits in header.split()[: 2 * count]]
    numbers, offsets = integers[::2], [len(header) + offset for offset in integers[1::2]]
    is_ascending = all(a < b for a, b in pairwise(offsets))
    index = dict(zip(numbers, offsets, strict=False))
    if not len(index) == len(offsets) == count or not is_ascending:
        raise HandOverError("malformed header of an object stream")
    return index


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
