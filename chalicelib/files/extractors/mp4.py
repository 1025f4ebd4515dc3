"""The boxes of MP4 and QuickTime (ISO/IEC 14496-12): tracks, size and duration.

TinyTag reads only the audio and the tags of such a file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.types import AUDIO_MP4, MP4

_MAX_BOXES = 10_000
"""Boxes of one file, on all levels."""

_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"F4A "})
"""Major brands of audio files."""

_READ = frozenset({b"mvhd", b"mehd", b"tkhd", b"hdlr", b"stsd"})
_MAX_READ = 96
"""Bytes of a box that are read: the length of tkhd, the longest."""

_PARENTS = frozenset({b"moov", b"mvex", b"trak", b"mdia", b"minf", b"stbl"})


@dataclass(slots=True)
class Movie:
    """The tracks of a file."""

    has_video: bool = False
    has_audio: bool = False
    width: int = 0
    height: int = 0
    """Pixels, display size of the largest video before rotation; 0: unknown."""
    scale: int = 0
    """Units of durations per second."""
    duration_milliseconds: int | None = None
    """None: unknown, as in live recordings."""
    codecs: dict[bytes, str] = field(default_factory=dict)
    """Codec of the first track, by handler."""

    @property
    def codec(self) -> str | None:
        """Of the first video track, else audio track: four characters such as `avc1`, `mp4a`."""
        return self.codecs.get(b"vide") or self.codecs.get(b"soun")


def detect(content: BinaryIO) -> str:
    """audio/mp4 for audio without video, else video/mp4."""
    brand = content.read(12)[8:]
    movie = read(content)
    has_audio = movie.has_audio or brand in _SOUND_BRANDS
    return AUDIO_MP4 if has_audio and not movie.has_video else MP4


def read(content: BinaryIO) -> Movie:
    """The tracks of a whole file.

    Raises:
        FileRejectedError: it has no movie header, as in a truncated file.
    """
    movie = Movie()
    kinds = set()
    handler = b""
    for kind, start, end in _boxes(content, 0, content.seek(0, 2)):
        kinds.add(kind)
        if kind in _READ:
            content.seek(start)
            handler = _read(movie, handler, kind, content.read(min(end - start, _MAX_READ)))
    if b"mvhd" not in kinds:
        raise FileRejectedError(
            FailureCode.UNREADABLE, "The file has no movie header; it may be truncated."
        )
    return movie


def _read(movie: Movie, handler: bytes, kind: bytes, data: bytes) -> bytes:
    """Add a box's data to the movie and return the handler of the current track."""
    match kind:
        case b"mvhd":
            _read_duration(movie, data)
        case b"mehd":
            _read_fragment_duration(movie, data)
        case b"tkhd":
            _read_size(movie, data)
            return b""
        case b"hdlr":
            return _read_handler(movie, data) or handler
        case b"stsd":
            movie.codecs.setdefault(handler, data[12:16].decode("latin-1").strip())
    return handler


def _boxes(content: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each box's content, parents before children."""
    pending = [(start, end)]
    for _ in range(_MAX_BOXES):
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


def _read_duration(movie: Movie, header: bytes) -> None:
    """14496-12, 8.2.2: all bits set if unknown, 0 in fragmented files."""
    movie.scale, duration = struct.unpack_from(
        *(">LQ", header, 20) if header[0] else (">LL", header, 12)
    )
    if movie.scale and duration not in (0, 2**64 - 1 if header[0] else 2**32 - 1):
        movie.duration_milliseconds = duration * 1_000 // movie.scale


def _read_fragment_duration(movie: Movie, header: bytes) -> None:
    """14496-12, 8.8.2: including all fragments."""
    (duration,) = struct.unpack_from(">Q" if header[0] else ">L", header, 4)
    if movie.scale and movie.duration_milliseconds is None and duration:
        movie.duration_milliseconds = duration * 1_000 // movie.scale


def _read_size(movie: Movie, header: bytes) -> None:
    """14496-12, 8.3.2: 16.16 fixed point, 0 for audio."""
    width, height = struct.unpack_from(">LL", header, 88 if header[0] else 76)
    if (width >> 16) * (height >> 16) > movie.width * movie.height:
        movie.width, movie.height = width >> 16, height >> 16


def _read_handler(movie: Movie, header: bytes) -> bytes | None:
    """14496-12, 8.4.3; QuickTime tracks have a second one, for the data reference."""
    kind = header[8:12]
    movie.has_video = movie.has_video or kind == b"vide"
    movie.has_audio = movie.has_audio or kind == b"soun"
    return kind if kind in (b"vide", b"soun") else None
