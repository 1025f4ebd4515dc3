"""APEv2 tags at the end of audio: https://wiki.hydrogenaud.io/index.php?title=APEv2_specification."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors.media_values import MAX_TEXT_BYTES, unpack

_FOOTER_BYTES = 32
_MAX_ITEMS = 1_000
_KIND = 6
"""Flags of an item's kind; 0: UTF-8."""

_NAMES = {
    b"title": "title",
    b"artist": "artist",
    b"album": "album",
    b"genre": "genre",
    b"year": "year",
}


def before(data: mmap.mmap, end: int) -> tuple[int, dict[str, str]]:
    """The offset of the tag that ends here, else this end, and its texts."""
    footer = data[max(end - _FOOTER_BYTES, 0) : end]
    if len(footer) < _FOOTER_BYTES or footer[:8] != b"APETAGEX":
        return end, {}
    _, size, count, flags = unpack("<LLLL", footer, 8)
    start = end - size
    if size < _FOOTER_BYTES or start < 0:
        return end, {}
    texts = _texts(data, start, end - _FOOTER_BYTES, min(count, _MAX_ITEMS))
    return start - (_FOOTER_BYTES if flags >> 31 and start >= _FOOTER_BYTES else 0), texts


def _texts(data: mmap.mmap, position: int, end: int, count: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(count):
        if position + 8 > end:
            break
        size, flags = unpack("<LL", data, position)
        key_end = data.find(b"\0", position + 8, min(position + 8 + 256, end))
        if key_end < 0:
            break
        name = _NAMES.get(data[position + 8 : key_end].lower())
        position = key_end + 1
        if name and not flags & _KIND and position + size <= end:
            value = data[position : position + min(size, MAX_TEXT_BYTES)]
            found.setdefault(name, value.decode("utf-8", errors="replace").partition("\0")[0])
        position += size
    return found
