"""The boxes of MP4 and QuickTime (ISO/IEC 14496-12): which tracks there are, and how large.

TinyTag reads the sound and the tags of such a file and no picture; these boxes are few and simple.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Refused
from chalicelib.extractors.containers import AUDIO_MP4, MP4

_MOST_BOXES = 10_000
"""Of one file, all levels together."""

_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"F4A "})
"""Which tell where the tracks do not."""

_READ = frozenset({b"mvhd", b"mehd", b"tkhd", b"hdlr", b"stsd"})
_MOST_READ = 96
"""Bytes of a box: as many as the longest of these, tkhd, has."""

_PARENTS = frozenset({b"moov", b"mvex", b"trak", b"mdia", b"minf", b"stbl"})


@dataclass(slots=True)
class Movie:
    """What the tracks of a file are."""

    has_picture: bool = False
    has_sound: bool = False
    width: int = 0
    height: int = 0
    """Pixels, as the largest picture is to be shown before it is turned; 0: not told."""
    scale: int = 0
    """Units of a duration in a second."""
    duration_milliseconds: int | None = None
    """None: unknown, as it is while a film is being made."""
    codecs: dict[bytes, str] = field(default_factory=dict)
    """Of the first track of each handler."""

    @property
    def codec(self) -> str | None:
        """The first picture's, else the first sound's: four characters, such as `avc1`, `mp4a`."""
        return self.codecs.get(b"vide") or self.codecs.get(b"soun")


def identify(content: BinaryIO) -> str:
    """audio/mp4 where there is sound and no picture, else video/mp4."""
    brand = content.read(12)[8:]
    movie = read(content)
    has_sound = movie.has_sound or brand in _SOUND_BRANDS
    return AUDIO_MP4 if has_sound and not movie.has_picture else MP4


def read(content: BinaryIO) -> Movie:
    """The tracks of a whole file.

    Raises:
        Refused: it has no movie, which is the case where its end is missing.
    """
    movie = Movie()
    kinds = set()
    handler = b""
    for kind, start, end in _boxes(content, 0, content.seek(0, 2)):
        kinds.add(kind)
        if kind in _READ:
            content.seek(start)
            handler = _note(movie, handler, kind, content.read(min(end - start, _MOST_READ)))
    if b"mvhd" not in kinds:
        raise Refused(FailureCode.UNREADABLE, "The file has no movie: its end may be missing.")
    return movie


def _note(movie: Movie, handler: bytes, kind: bytes, data: bytes) -> bytes:
    """Add what a box tells of the movie; the handler of the track that it is in."""
    match kind:
        case b"mvhd":
            _note_duration(movie, data)
        case b"mehd":
            _note_whole_duration(movie, data)
        case b"tkhd":
            _note_size(movie, data)
            return b""
        case b"hdlr":
            return _note_handler(movie, data) or handler
        case b"stsd":
            movie.codecs.setdefault(handler, data[12:16].decode("latin-1").strip())
    return handler


def _boxes(content: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of the content of each box, those within the known ones after them."""
    pending = [(start, end)]
    for _ in range(_MOST_BOXES):
        while pending and pending[-1][1] - pending[-1][0] < 8:
            pending.pop()
        if not pending:
            return
        start, end = pending.pop()
        content.seek(start)
        size, kind = struct.unpack(">L4s", content.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", content.read(8))
            head = 16
        elif size == 0:
            size = end - start
        if size < head:
            return
        box_end = min(start + size, end)
        pending.append((box_end, end))
        if kind in _PARENTS:
            pending.append((start + head, box_end))
        yield kind, start + head, box_end


def _note_duration(movie: Movie, header: bytes) -> None:
    """14496-12, 8.2.2: all bits set where it is unknown, and 0 where it is in fragments."""
    movie.scale, duration = struct.unpack_from(
        *(">LQ", header, 20) if header[0] else (">LL", header, 12)
    )
    if movie.scale and duration not in (0, 2**64 - 1 if header[0] else 2**32 - 1):
        movie.duration_milliseconds = duration * 1_000 // movie.scale


def _note_whole_duration(movie: Movie, header: bytes) -> None:
    """14496-12, 8.8.2: with all fragments."""
    (duration,) = struct.unpack_from(">Q" if header[0] else ">L", header, 4)
    if movie.scale and movie.duration_milliseconds is None and duration:
        movie.duration_milliseconds = duration * 1_000 // movie.scale


def _note_size(movie: Movie, header: bytes) -> None:
    """14496-12, 8.3.2: 16.16 fixed point, 0 for sound."""
    width, height = struct.unpack_from(">LL", header, 88 if header[0] else 76)
    if (width >> 16) * (height >> 16) > movie.width * movie.height:
        movie.width, movie.height = width >> 16, height >> 16


def _note_handler(movie: Movie, header: bytes) -> bytes | None:
    """14496-12, 8.4.3; QuickTime has a second one in a track, of how the data are found."""
    kind = header[8:12]
    movie.has_picture = movie.has_picture or kind == b"vide"
    movie.has_sound = movie.has_sound or kind == b"soun"
    return kind if kind in (b"vide", b"soun") else None
