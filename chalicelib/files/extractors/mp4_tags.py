"""The tags of MP4, QuickTime and 3GPP: iTunes' list, QuickTime's user data and keys.

QuickTime File Format, "User Data Atoms" and "Metadata"; 3GPP TS 26.244, 8.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

from chalicelib.files.extractors.id3_genres import GENRES
from chalicelib.files.extractors.iso_boxes import Box, boxes, child
from chalicelib.files.extractors.media_values import MAX_TEXT_BYTES, unpack

_NAMES = {
    b"\xa9nam": "title",
    b"\xa9ART": "artist",
    b"\xa9alb": "album",
    b"\xa9gen": "genre",
    b"\xa9day": "year",
}
"""Of items of iTunes' list, and of QuickTime's user data."""

_GENRE_NUMBER = b"gnre"

_KEYS = {
    b"com.apple.quicktime.title": "title",
    b"com.apple.quicktime.artist": "artist",
    b"com.apple.quicktime.album": "album",
    b"com.apple.quicktime.genre": "genre",
    b"com.apple.quicktime.year": "year",
}
"""Of QuickTime's list, whose items are numbered."""

_ASSETS = {b"titl": "title", b"perf": "artist", b"albm": "album", b"gnre": "genre"}
"""Of 3GPP's user data."""

_YEAR = b"yrrc"
_TEXT_TYPES = {0: "utf-8", 1: "utf-8", 2: "utf-16-be"}
"""Codecs by the type of a value."""

_MAX_KEYS = 1_000

Tags = Iterator[tuple[str, str]]


def read(data: mmap.mmap, moov: Box) -> dict[str, str]:
    """Title, artist, album, genre and year; of several values, the first one."""
    found: dict[str, str] = {}
    for name, text in _all(data, moov):
        if text:
            found.setdefault(name, text)
    return found


def _all(data: mmap.mmap, moov: Box) -> Tags:
    user_data = child(data, moov, b"udta")
    for parent in (user_data, moov):
        if parent and (meta := child(data, parent, b"meta")):
            yield from _metadata(data, meta)
    if user_data:
        yield from _user_data(data, user_data)


def _metadata(data: mmap.mmap, meta: Box) -> Tags:
    """The items of a metadata box, which QuickTime writes without version and flags."""
    is_full = data[meta.start + 4 : meta.start + 8] != b"hdlr"
    meta = meta._replace(start=meta.start + (4 if is_full else 0))
    items = child(data, meta, b"ilst")
    keys = child(data, meta, b"keys")
    if items is None:
        return
    names = _numbered(data, keys) if keys else {}
    for item in boxes(data, items.start, items.end):
        name = _NAMES.get(item.kind) or names.get(item.kind)
        value = child(data, item, b"data")
        if value is None or value.end - value.start < 8:
            continue
        if name:
            yield name, _value(data, value)
        elif item.kind == _GENRE_NUMBER and value.end - value.start >= 10:
            (number,) = unpack(">H", data, value.start + 8)
            yield "genre", GENRES.get(number - 1, "")


def _numbered(data: mmap.mmap, keys: Box) -> dict[bytes, str]:
    """The names of the items whose kind is the number of a known key."""
    entries = boxes(data, keys.start + 8, keys.end)
    known = {}
    for number, key in zip(range(1, _MAX_KEYS), entries, strict=False):
        if name := _KEYS.get(data[key.start : min(key.end, key.start + 64)]):
            known[number.to_bytes(4, "big")] = name
    return known


def _value(data: mmap.mmap, value: Box) -> str:
    """A text behind its type and locale."""
    (kind,) = unpack(">L", data, value.start)
    codec = _TEXT_TYPES.get(kind & 0xFFFFFF)
    text = data[value.start + 8 : min(value.end, value.start + 8 + MAX_TEXT_BYTES)]
    return text.decode(codec, errors="replace").strip("\0") if codec else ""


def _user_data(data: mmap.mmap, user_data: Box) -> Tags:
    for box in boxes(data, user_data.start, user_data.end):
        content = data[box.start : min(box.end, box.start + MAX_TEXT_BYTES)]
        if (name := _NAMES.get(box.kind)) and len(content) > 4:
            size = int.from_bytes(content[:2], "big")
            yield name, _text(content[4 : 4 + size])
        elif (name := _ASSETS.get(box.kind)) and len(content) > 6:
            yield name, _text(content[6:])
        elif box.kind == _YEAR and len(content) >= 6:
            yield "year", str(int.from_bytes(content[4:6], "big"))


def _text(value: bytes) -> str:
    """In UTF-8, with a byte order mark in UTF-16, else in an encoding of older programs."""
    if value.startswith((b"\xfe\xff", b"\xff\xfe")):
        return value.decode("utf-16", errors="replace").partition("\0")[0]
    value = value.partition(b"\0")[0]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("mac-roman")
