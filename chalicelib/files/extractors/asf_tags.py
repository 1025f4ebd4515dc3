"""The tags of ASF: "Advanced Systems Format Specification" 01.20, 3.10, 3.11, 4.7 and 4.8."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator

from chalicelib.files.extractors.media_values import MAX_TEXT_BYTES, unpack

_CONTENT_DESCRIPTION = bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c")
_EXTENDED_CONTENT_DESCRIPTION = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
_METADATA = bytes.fromhex("eacbf8c5af5b77488467aa8c44fa4cca")
_METADATA_LIBRARY = bytes.fromhex("941c23449894d149a1411d134e457054")

_NAMES = {
    "Title": "title",
    "Author": "artist",
    "WM/AlbumTitle": "album",
    "WM/Genre": "genre",
    "WM/Year": "year",
}
_LONGEST_NAME_BYTES = 2 * (max(map(len, _NAMES)) + 1)
_UNICODE = 0
"""Type of a value."""

Tags = Iterator[tuple[str, str]]


PRIORITY = (_CONTENT_DESCRIPTION, _EXTENDED_CONTENT_DESCRIPTION, _METADATA, _METADATA_LIBRARY)
"""The ids of the objects with tags."""


def read(data: mmap.mmap, identifier: bytes, start: int, end: int) -> dict[str, str]:
    """Title, artist, album, genre and year of such an object between these offsets."""
    reader = _READERS.get(identifier)
    found: dict[str, str] = {}
    for name, text in reader(data, start, end) if reader else ():
        if text:
            found.setdefault(name, text)
    return found


def _description(data: mmap.mmap, start: int, end: int) -> Tags:
    """The lengths of title, author, copyright, description and rating, and these texts."""
    title_size, author_size = unpack("<HH", data, start)
    begin = start + 10
    yield "title", _text(data, begin, title_size, end)
    yield "artist", _text(data, begin + title_size, author_size, end)


def _more_description(data: mmap.mmap, start: int, end: int) -> Tags:
    (count,) = unpack("<H", data, start)
    position = start + 2
    for _ in range(count):
        if position + 2 > end:
            return
        (name_size,) = unpack("<H", data, position)
        name_start = position + 2
        kind, size = unpack("<HH", data, name_start + name_size)
        position = name_start + name_size + 4
        yield from _named(data, (name_start, name_size), (position, size), kind, end)
        position += size


def _metadata(data: mmap.mmap, start: int, end: int) -> Tags:
    (count,) = unpack("<H", data, start)
    position = start + 2
    for _ in range(count):
        if position + 12 > end:
            return
        name_size, kind, size = unpack("<HHL", data, position + 4)
        name_start = position + 12
        position = name_start + name_size
        yield from _named(data, (name_start, name_size), (position, size), kind, end)
        position += size


def _named(
    data: mmap.mmap, name: tuple[int, int], value: tuple[int, int], kind: int, end: int
) -> Tags:
    """The value with this name, if it is a known text; both by offset and size."""
    if kind == _UNICODE and name[1] <= _LONGEST_NAME_BYTES:
        known = _NAMES.get(_text(data, *name, end))
        if known:
            yield known, _text(data, *value, end)


def _text(data: mmap.mmap, start: int, size: int, end: int) -> str:
    content = data[start : min(start + min(size, MAX_TEXT_BYTES), end)]
    return content.decode("utf-16-le", errors="replace").partition("\0")[0]


_READERS: dict[bytes, Callable[[mmap.mmap, int, int], Tags]] = {
    _CONTENT_DESCRIPTION: _description,
    _EXTENDED_CONTENT_DESCRIPTION: _more_description,
    _METADATA: _metadata,
    _METADATA_LIBRARY: _metadata,
}
"""By the object's id."""
