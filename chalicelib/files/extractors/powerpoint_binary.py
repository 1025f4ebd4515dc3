"""The streams of PowerPoint 97–2003: slides, macros, encryption and text.

Specification: [MS-PPT]. A file that was saved several times has several versions of its records;
the persist object directory lists the current ones.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Set
from dataclasses import dataclass

from chalicelib.files.compound import Stream
from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.extraction import (
    DocumentEncryptedError,
    LimitExceededError,
    as_far_as_readable,
)

_HEADER = struct.Struct("<HHL")
"""Version (4 bits) and instance (12 bits), type, length: [MS-PPT] 2.3.1."""

_CURRENT_USER = struct.Struct("<8xLLL")
"""Size, token, offset of the last edit: [MS-PPT] 2.3.2."""
_ENCRYPTED_TOKEN = 0xF3D1C4DF

_USER_EDIT = struct.Struct("<16xLLL")
"""Offset of the edit before, offset of the directory, number of the document: [MS-PPT] 2.3.3."""

_USER_EDIT_ATOM, _DIRECTORY_ATOM = 0x0FF5, 0x1772
_DOCUMENT, _SLIDE_LIST, _SLIDE, _INFO_LIST = 0x03E8, 0x0FF0, 0x03F3, 0x07D0
_MACRO_INFO, _MACRO_ATOM = 0x03FF, 0x0400
_TEXT_HEADER, _TEXT_CHARACTERS, _TEXT_BYTES, _OUTLINE_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
_CONTAINERS = frozenset({0x040C, 0xF002, 0xF003, 0xF004, 0xF00D})
"""Record types: [MS-PPT] 2.13.24."""

_TEXTS = frozenset({_TEXT_CHARACTERS, _TEXT_BYTES})

_SLIDES_OF_SHOW = 0
"""[MS-PPT] 2.4.14.3, recInstance of the list of slides; others list masters and notes."""

_MAX_RECORDS = 500_000
"""Of one document; reading them takes about a second."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What the document container lists."""

    slide_count: int
    has_macros: bool


def read(current_user: bytes, document: Stream) -> Presentation | None:
    """The slides and macros, or None if the records are incomplete.

    Args:
        current_user: the stream of this name.
        document: the stream `PowerPoint Document`.

    Raises:
        DocumentEncryptedError: it is encrypted.
    """
    if len(current_user) < _CURRENT_USER.size:
        return None
    _, token, last_edit = _CURRENT_USER.unpack_from(current_user)
    if token == _ENCRYPTED_TOKEN:
        raise DocumentEncryptedError
    offset = _document_offset(document, last_edit)
    return None if offset is None else _presentation(document, offset)


def add_text(current_user: bytes, document: Stream, text: TextCollector) -> None:
    """Add the text of the slides, as far as it can be read, of a presentation that `read` has."""
    with as_far_as_readable(text):
        _, _, last_edit = _CURRENT_USER.unpack_from(current_user)
        offset = _document_offset(document, last_edit)
        records = _Records(document)
        outlines = {} if offset is None else _outlines(records, offset)
        places = _places(document, last_edit, outlines.keys())
        for number, (identifier, outline) in enumerate(outlines.items()):
            if number:
                text.add(PAGE)
            place = places.get(identifier)
            shown = outline if place is None else _shown(records, place, outline)
            for paragraph in shown:
                if text.is_full:
                    return
                text.add(paragraph)
                text.add(PARAGRAPH)


def _outlines(records: _Records, offset: int) -> dict[int, list[str]]:
    """The texts of the outline by slide, which its shapes may refer to: [MS-PPT] 2.4.14.3."""
    outlines: dict[int, list[str]] = {}
    current: list[str] = []
    for instance, kind, begin, size in records.inside(offset):
        if kind != _SLIDE_LIST or instance != _SLIDES_OF_SHOW:
            continue
        for _, inner, position, length in records.within(begin, begin + size):
            if inner == _SLIDE:
                identifier = int.from_bytes(records.stream.read(position, 4), "little")
                current = outlines.setdefault(identifier, [])
            elif inner == _TEXT_HEADER:
                current.append("")
            elif inner in _TEXTS and current:
                current[-1] = _decoded(inner, records.stream.read(position, length))
    return outlines


def _shown(records: _Records, place: int, outline: list[str]) -> Iterator[str]:
    """The texts of a slide's shapes, in their order."""
    pending = [records.inside(place)]
    while pending:
        found = next(pending[-1], None)
        if found is None:
            pending.pop()
            continue
        _, kind, position, size = found
        if kind in _CONTAINERS:
            pending.append(records.within(position, position + size))
        elif kind in _TEXTS:
            yield _decoded(kind, records.stream.read(position, size))
        elif kind == _OUTLINE_REFERENCE:
            index = int.from_bytes(records.stream.read(position, 4), "little")
            yield from outline[index : index + 1]


def _decoded(kind: int, data: bytes) -> str:
    codec = "utf-16-le" if kind == _TEXT_CHARACTERS else "latin-1"
    return data.decode(codec, "replace").replace("\v", "\n")


def _places(stream: Stream, last_edit: int, wanted: Set[int]) -> dict[int, int]:
    """The current offset of each of these objects."""
    places: dict[int, int] = {}
    for numbers in _directories(stream, last_edit):
        position = 0
        while position < len(numbers):
            first, count = numbers[position] & 0xFFFFF, numbers[position] >> 20
            for index, offset in enumerate(numbers[position + 1 : position + 1 + count]):
                if first + index in wanted:
                    places.setdefault(first + index, offset)
            position += 1 + count
    return places


def _document_offset(stream: Stream, last_edit: int) -> int | None:
    """The offset of the current document container: [MS-PPT] 2.1.2."""
    edit = stream.read(last_edit, _USER_EDIT.size)
    wanted = _USER_EDIT.unpack(edit)[2] if len(edit) == _USER_EDIT.size else 0
    found = (_lookup(numbers, wanted) for numbers in _directories(stream, last_edit))
    return next((offset for offset in found if offset is not None), None)


def _directories(stream: Stream, last_edit: int) -> Iterator[tuple[int, ...]]:
    """The persist directories of all edits, latest first."""
    offset = last_edit
    remaining_bytes = stream.size  # many edits may refer to one directory
    while remaining_bytes > 0:
        edit = stream.read(offset, _USER_EDIT.size)
        if len(edit) < _USER_EDIT.size or _HEADER.unpack_from(edit)[1] != _USER_EDIT_ATOM:
            return
        before, directory, _ = _USER_EDIT.unpack_from(edit)
        numbers = _directory(stream, directory)
        yield numbers
        remaining_bytes -= _USER_EDIT.size + 4 * len(numbers)
        if not before < offset:  # the first edit has 0; a loop would not end
            return
        offset = before


def _directory(stream: Stream, offset: int) -> tuple[int, ...]:
    """The numbers of a persist directory: [MS-PPT] 2.3.4."""
    header = stream.read(offset, _HEADER.size)
    if len(header) < _HEADER.size or _HEADER.unpack(header)[1] != _DIRECTORY_ATOM:
        return ()
    data = stream.read(offset + _HEADER.size, _HEADER.unpack(header)[2])
    return struct.unpack(f"<{len(data) // 4}L", data[: len(data) & ~3])


def _lookup(numbers: tuple[int, ...], wanted: int) -> int | None:
    """The offset that a persist directory has for an object: [MS-PPT] 2.3.5."""
    position = 0
    while position < len(numbers):
        first, count = numbers[position] & 0xFFFFF, numbers[position] >> 20
        index = position + 1 + wanted - first
        if first <= wanted < first + count and index < len(numbers):
            return numbers[index]
        position += 1 + count
    return None


def _presentation(stream: Stream, offset: int) -> Presentation | None:
    header = stream.read(offset, _HEADER.size)
    if len(header) < _HEADER.size or _HEADER.unpack(header)[1] != _DOCUMENT:
        return None
    end = offset + _HEADER.size + _HEADER.unpack(header)[2]
    if end > stream.size:
        return None
    slides = 0
    has_macros = False
    records = _Records(stream)
    for instance, kind, begin, size in records.within(offset + _HEADER.size, end):
        if kind == _SLIDE_LIST and instance == _SLIDES_OF_SHOW:
            slides += sum(child[1] == _SLIDE for child in records.within(begin, begin + size))
        elif kind == _INFO_LIST:
            has_macros = has_macros or _has_macros(records, begin, begin + size)
    return Presentation(slides, has_macros)


def _has_macros(records: _Records, begin: int, end: int) -> bool:
    """Whether a document information list has macros: [MS-PPT] 2.4.10."""
    for _, kind, position, size in records.within(begin, end):
        if kind == _MACRO_INFO:
            for _, inner, at, _ in records.within(position, position + size):
                if inner == _MACRO_ATOM and any(records.stream.read(at + 4, 4)):
                    return True
    return False


class _Records:
    """The records of a document, up to the limit."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._remaining = _MAX_RECORDS

    def inside(self, offset: int) -> Iterator[tuple[int, int, int, int]]:
        """The records within the one at this offset."""
        header = self.stream.read(offset, _HEADER.size)
        size = _HEADER.unpack(header)[2] if len(header) == _HEADER.size else 0
        begin = offset + _HEADER.size
        return self.within(begin, min(begin + size, self.stream.size))

    def within(self, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Instance, type, position of the data and length of each record in this range.

        A record ends with the range, so that nested ones cost no more than their bytes.
        """
        while position + _HEADER.size <= end:
            header = self.stream.read(position, _HEADER.size)
            if len(header) < _HEADER.size:
                return
            if not self._remaining:
                raise LimitExceededError("The presentation has more records than the limit.")
            self._remaining -= 1
            version, kind, size = _HEADER.unpack(header)
            position += _HEADER.size
            size = min(size, end - position)
            yield version >> 4, kind, position, size
            position += size
