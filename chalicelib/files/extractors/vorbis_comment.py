"""Vorbis comments, the tags of FLAC and Ogg: https://xiph.org/vorbis/doc/v-comment.html."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors.media_values import MAX_TEXT_BYTES

_MAX_COMMENTS = 10_000

_NAMES = {
    b"TITLE": "title",
    b"ARTIST": "artist",
    b"ALBUM": "album",
    b"GENRE": "genre",
    b"DATE": "year",
    b"YEAR": "year",
}

_LONGEST_NAME = max(map(len, _NAMES))


def parse(data: mmap.mmap | bytes, position: int, end: int) -> dict[str, str]:
    """Title, artist, album, genre and year; those before the first one that is damaged."""
    found: dict[str, str] = {}
    position += 4 + _number(data, position)
    count = _number(data, position)
    position += 4
    for _ in range(min(count, _MAX_COMMENTS)):
        size = _number(data, position)
        position += 4
        if position + size > end:
            break
        beginning = data[position : position + min(size, MAX_TEXT_BYTES)]
        name, separator, value = beginning.partition(b"=")
        position += size
        if separator and len(name) <= _LONGEST_NAME and (known := _NAMES.get(name.upper())):
            found.setdefault(known, value.decode("utf-8", errors="replace"))
    return found


def _number(data: mmap.mmap | bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 4], "little")
