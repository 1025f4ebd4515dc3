"""ID3 tags: version 2 at the start of a file, version 1 at its end.

https://id3.org/id3v2.4.0-structure, https://id3.org/id3v2.3.0, https://id3.org/id3v2-00,
https://id3.org/ID3v1
"""

from __future__ import annotations

import mmap
import re
import zlib
from collections.abc import Iterator

from chalicelib.files.extractors.id3_genres import GENRES
from chalicelib.files.extractors.media_values import MAX_TEXT_BYTES

_HEADER_BYTES = 10
_VERSION_1_BYTES = 128

_FRAMES = {
    **dict.fromkeys((b"TIT2", b"TT2"), "title"),
    **dict.fromkeys((b"TPE1", b"TP1"), "artist"),
    **dict.fromkeys((b"TALB", b"TAL"), "album"),
    **dict.fromkeys((b"TCON", b"TCO"), "genre"),
    **dict.fromkeys((b"TDRC", b"TYER", b"TYE"), "year"),
}

_MAX_TAGS = 100
"""At the start of a file."""

_MAX_FRAMES = 10_000
"""Of one tag."""

_FRAME_ID = re.compile(rb"[A-Z][A-Z0-9]{2,3}")

_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
"""By the first byte of a text frame; UTF-16 without a byte order mark is little-endian."""

_GENRE_NUMBER = re.compile(r"\(?(\d{1,3})\)?")


def end_of_tags(data: mmap.mmap) -> int:
    """The offset behind the version 2 tags at the start, with the zeros that some writers add."""
    position = 0
    for _ in range(_MAX_TAGS):
        end = end_of_tag(data, position)
        if not end:
            break
        position = end
        while not data[position : position + 1_024].strip(b"\0") and position < len(data):
            position += 1_024
        rest = data[position : position + 1_024]
        position = min(position + len(rest) - len(rest.lstrip(b"\0")), len(data))
    return position


def tags(data: mmap.mmap) -> dict[str, str]:
    """Those of the version 2 tags at the start."""
    found: dict[str, str] = {}
    position = 0
    for _ in range(_MAX_TAGS):
        end = end_of_tag(data, position)
        if not end:
            break
        found = {**tags_at(data, position), **found}
        position = end
    return found


def version_1_before(data: mmap.mmap, end: int) -> tuple[int, dict[str, str]]:
    """The offset of the version 1 tag that ends here, else this end, and its texts."""
    start = end - _VERSION_1_BYTES
    if start < 0 or data[start : start + 3] != b"TAG":
        return end, {}
    return start, _version_1(data[start:end])


def version_2_before(data: mmap.mmap, end: int) -> tuple[int, dict[str, str]]:
    """The offset of the version 2 tag whose footer ends here, else this end, and its texts."""
    footer = data[max(end - _HEADER_BYTES, 0) : end]
    if len(footer) < _HEADER_BYTES or footer[:3] != b"3DI":
        return end, {}
    start = end - 2 * _HEADER_BYTES - _synchsafe(footer[6:10])
    return (
        (start, tags_at(data, start))
        if start >= 0 and end_of_tag(data, start) == end
        else (end, {})
    )


def tags_at(data: mmap.mmap | bytes, position: int, limit: int | None = None) -> dict[str, str]:
    """Title, artist, album, genre and year of the version 2 tag at a position, if there is one.

    The tag ends at the limit, else at the end of the data, whatever size it claims.
    """
    found: dict[str, str] = {}
    for frame, body in _frames(data, position, len(data) if limit is None else limit):
        name = _FRAMES.get(frame)
        if name and (text := _text(body)) and name not in found:
            found[name] = _genre(text) if name == "genre" else text
    return found


def end_of_tag(data: mmap.mmap | bytes, position: int) -> int:
    """The offset behind the tag at a position, at most the end of the data; 0: no tag."""
    header = data[position : position + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or header[:3] != b"ID3" or max(header[6:10]) > 0x7F:
        return 0
    footer = _HEADER_BYTES if header[5] & 0x10 else 0
    return min(position + _HEADER_BYTES + _synchsafe(header[6:10]) + footer, len(data))


def _synchsafe(data: bytes) -> int:
    """A number of seven bits in each byte: id3v2.4.0-structure, 6.2."""
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(data)))


def _frames(data: mmap.mmap | bytes, position: int, limit: int) -> Iterator[tuple[bytes, bytes]]:
    """The ids of the text frames of a tag, and the beginnings of their contents."""
    end = min(end_of_tag(data, position), limit)
    if not end:
        return
    version, flags = data[position + 3], data[position + 5]
    body: mmap.mmap | bytes = data
    start = position + _HEADER_BYTES
    if flags & 0x80 and version < 4:  # unsynchronisation of the whole tag
        body = data[start:end].replace(b"\xff\0", b"\xff")
        start, end = 0, len(body)
    if flags & 0x40:
        start += _extended_header_bytes(body[start : start + 4], version)
    id_bytes, header_bytes = (3, 6) if version == 2 else (4, 10)
    for _ in range(_MAX_FRAMES):
        frame = body[start : start + id_bytes]
        if start + header_bytes > end or not _FRAME_ID.fullmatch(frame):
            return
        size = _frame_bytes(body, start, end, version)
        start += header_bytes
        if frame in _FRAMES and 0 < size <= end - start:
            content = body[start : start + min(size, MAX_TEXT_BYTES)]
            yield frame, _decoded(content, version, body[start - 1])
        start += size


def _extended_header_bytes(size: bytes, version: int) -> int:
    """Of version 2.3 without its field of four bytes, of version 2.4 with it."""
    if version == 3:
        return 4 + int.from_bytes(size, "big")
    return _synchsafe(size) if version == 4 else 0


def _frame_bytes(data: mmap.mmap | bytes, start: int, end: int, version: int) -> int:
    """Size of a frame's content. Some programs write plain numbers into version 2.4."""
    if version == 2:
        return int.from_bytes(data[start + 3 : start + 6], "big")
    field = data[start + 4 : start + 8]
    plain = int.from_bytes(field, "big")
    if version == 3 or plain < 0x80:
        return plain
    safe = _synchsafe(field)
    if max(field) > 0x7F or not _is_boundary(data, start + 10 + safe, end):
        return plain if _is_boundary(data, start + 10 + plain, end) else safe
    return safe


def _is_boundary(data: mmap.mmap | bytes, position: int, end: int) -> bool:
    """Whether a frame or padding begins here, or the tag ends."""
    following = data[position : position + 4]
    return position == end or (
        position < end and (following[:1] == b"\0" or bool(_FRAME_ID.fullmatch(following)))
    )


def _decoded(content: bytes, version: int, flags: int) -> bytes:
    """A frame's content without what its format flags add; empty if it is encrypted."""
    if version == 3:
        skipped = (4 if flags & 0x80 else 0) + (1 if flags & 0x20 else 0)
        is_compressed, is_encrypted, is_unsynchronised = flags & 0x80, flags & 0x40, 0
    elif version == 4:
        skipped = (1 if flags & 0x40 else 0) + (4 if flags & 0x01 else 0)
        is_compressed, is_encrypted, is_unsynchronised = flags & 0x08, flags & 0x04, flags & 0x02
    else:
        return content
    if is_encrypted:
        return b""
    content = content[skipped:]
    if is_unsynchronised:
        content = content.replace(b"\xff\0", b"\xff")
    if is_compressed:
        return zlib.decompressobj().decompress(content, MAX_TEXT_BYTES)
    return content


def _text(body: bytes) -> str:
    """The first value of a text frame, id3v2.4.0-frames, 4.2; empty if there is none."""
    if not body or body[0] >= len(_ENCODINGS):
        return ""
    encoding = _ENCODINGS[body[0]]
    content = body[1:]
    if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le"
    values = content.decode(encoding, errors="replace").split("\0")
    return next((text for value in values if (text := value.strip("\ufeff "))), "")


def _genre(text: str) -> str:
    """The name of a genre that is a number, perhaps in parentheses, with or without its name."""
    number = _GENRE_NUMBER.match(text)
    if not number:
        return text
    if text.startswith("(") and (name := text[number.end() :].strip()) and name[0] != "(":
        return name
    is_whole = text.startswith("(") or number.end() == len(text)
    return GENRES.get(int(number[1]), "") if is_whole else text


def _version_1(tag: bytes) -> dict[str, str]:
    fields = {
        "title": tag[3:33],
        "artist": tag[33:63],
        "album": tag[63:93],
        "year": tag[93:97],
    }
    texts = {
        name: field.partition(b"\0")[0].decode("latin-1").strip() for name, field in fields.items()
    }
    texts["genre"] = GENRES.get(tag[127], "")
    return {name: text for name, text in texts.items() if text}
