"""The objects of a PDF that pypdf reads, as pdf_objects.py describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from mmap import mmap

from pypdf import PdfReader, errors
from pypdf.generic import (
    BooleanObject,
    ByteStringObject,
    IndirectObject,
    NullObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from chalicelib.files.extractors.pdf_objects import Dictionary

RAISES = (
    errors.DependencyError,
    errors.DeprecationError,
    errors.PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Exceptions of pypdf for a malformed file."""

_MAX_SEARCHED_BYTES = 32 * 1_048_576
"""Of all object streams, decoded."""

_HEADER_BYTES = 64
"""Of an object: its number, generation and keyword, with white space."""


class PypdfDocument:
    """The document that pypdf reads, with its objects as pdf_facts.py expects them."""

    def __init__(self, reader: PdfReader) -> None:
        """Read the catalog and the document information."""
        self.catalog: Dictionary = reader.root_object
        self.information: Dictionary | None = reader.metadata
        self.is_encrypted = reader.is_encrypted

    def resolve(self, value: object) -> object:
        """The object that the value refers to, which is itself unless it is a reference."""
        found = value.get_object() if isinstance(value, PdfObject) else value
        match found:
            case TextStringObject() | ByteStringObject():
                return found.original_bytes
            case BooleanObject():
                return found.value
            case NullObject():
                return None
            case _:
                return found

    def data_of(self, stream: Dictionary) -> bytes | None:
        """The decoded content of a stream; None without one that can be decoded."""
        if not isinstance(stream, StreamObject):
            return None
        try:
            data = stream.get_data()
        except (errors.PyPdfError, NotImplementedError, ValueError):
            return None
        # pypdf decodes damaged data as far as possible.
        return data if data or "/Filter" not in stream else None


class SearchedPypdfDocument(PypdfDocument):
    """The document without pypdf's repairs, each of which would search the whole file."""

    def __init__(self, reader: PdfReader, content: mmap) -> None:
        """Search in what was read; the content is that of the file."""
        super().__init__(reader)
        self.has_gaps = False
        self._reader = reader
        self._content = content
        self._stream_bytes_left = _MAX_SEARCHED_BYTES

    def resolve(self, value: object) -> object:
        """The object that the value refers to; null if it is missing or damaged."""
        try:
            if not isinstance(value, IndirectObject) or self._is_in_place(value):
                return super().resolve(value)
        except RAISES:
            pass
        self.has_gaps = True
        return None

    def _is_in_place(self, reference: IndirectObject) -> bool:
        number, generation = reference.idnum, reference.generation
        if generation == 0 and number in self._reader.xref_objStm:
            return True
        start = self._reader.xref.get(generation, {}).get(number)
        if start is None:
            return False
        header = rb"\s*+%d\s++%d\s++obj" % (number, generation)
        return bool(re.match(header, self._content[start : start + _HEADER_BYTES]))

    def parts(self) -> Iterator[mmap | bytes | None]:
        """The file, and each object stream; None if one cannot be decoded."""
        yield self._content
        for number in {place[0] for place in self._reader.xref_objStm.values()}:
            yield self._object_stream(number)

    def _object_stream(self, number: int) -> bytes | None:
        stream = self.resolve(IndirectObject(number, 0, self._reader))
        data = self.data_of(stream) if isinstance(stream, dict) else None
        if data is not None:
            self._stream_bytes_left -= len(data)
        return data if self._stream_bytes_left >= 0 else None
