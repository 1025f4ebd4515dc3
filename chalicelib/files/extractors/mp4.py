"""MP4, QuickTime and 3GPP (ISO/IEC 14496-12): the tracks of a movie, and its duration."""

from __future__ import annotations

import mmap
from typing import BinaryIO, NamedTuple

from chalicelib.documents import FailureCode
from chalicelib.files.containers import HEAD_BYTES, iso_media_type
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import mp4_fragments, mp4_tags
from chalicelib.files.extractors.iso_boxes import MAX_BOXES, Box, boxes, child, children
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
    unpack,
)
from chalicelib.files.extractors.mp4_samples import SampleEntry, sample_entry
from chalicelib.files.mapped import memory_of
from chalicelib.files.types import AUDIO_OF_VIDEO, MP4

_VIDEO = b"vide"
_AUDIO = b"soun"

_MAX_DELAY_MILLISECONDS = 10_000
"""By which an edit list may delay a track. A movie that claims to last longer than that beyond the
samples of its longest track contradicts itself."""

_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
"""Major brands of audio files, whose video tracks are pictures of chapters."""

_MAX_TRACKS = 1_000

_CONTENT = (b"moov", b"moof", b"mdat")
"""Boxes of which each part of what plays is one."""

_NO_HEADER = "The file has no movie header; it may be truncated."


class Track(NamedTuple):
    """A track of a movie."""

    number: int
    handler: bytes
    """`vide`, `soun` or another."""
    width: int
    height: int
    """Pixels, display size before rotation; 0: unknown."""
    scale: int
    """Units of durations per second."""
    sample_units: int
    """Duration of its samples outside of fragments."""
    size_bytes: int
    """Of these samples."""
    entry: SampleEntry | None


class Movie:
    """The tracks of a file and what its header states."""

    def __init__(self) -> None:
        """A movie without tracks."""
        self.scale: int = 0
        self.units: int = 0
        """Stated duration; 0: unknown, or all of it is in fragments."""
        self.fragmented_units: int = 0
        """Stated duration including the fragments; 0: unknown."""
        self.tracks: list[Track] = []
        self.defaults: dict[int, int] = {}
        """Duration of a sample in fragments, by track number."""
        self.tags: dict[str, str] = {}
        self.is_complete: bool = True
        """False: there are too many boxes to read all fragments."""
        self.is_cut: bool = False
        """The file ends before what its boxes claim to contain."""

    def first(self, handler: bytes) -> Track | None:
        """The first track of a kind that has a format, else the first of the kind."""
        tracks = [track for track in self.tracks if track.handler == handler]
        return next((track for track in tracks if track.entry), tracks[0] if tracks else None)


def detect(content: BinaryIO) -> str:
    """The type by the major brand; for audio without video, its audio type.

    Raises:
        FileRejectedError: the file has no movie.
    """
    data = memory_of(content)
    file_type = iso_media_type(data[:HEAD_BYTES]) or MP4
    moov = next((box for box in boxes(data, 0, len(data)) if box.kind == b"moov"), None)
    if moov is None:
        raise FileRejectedError(FailureCode.UNREADABLE, _NO_HEADER)
    headers = children(data, moov, b"trak", b"mdia", b"hdlr")
    handlers = {data[header.start + 8 : header.start + 12] for header in headers}
    has_audio = data[8:12] in _AUDIO_BRANDS or _AUDIO in handlers
    has_video = data[8:12] not in _AUDIO_BRANDS and _VIDEO in handlers
    return AUDIO_OF_VIDEO[file_type] if has_audio and not has_video else file_type


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`.

    Raises:
        FileRejectedError: the file has no movie header, as in a truncated file.
    """
    movie, fragments = _parse(data)
    video, audio = movie.first(_VIDEO), movie.first(_AUDIO)
    found: Facts = {}
    if movie.tracks and not movie.is_cut:
        found["durationMilliseconds"] = _duration(data, movie, fragments)
    if data[4:8] == b"ftyp" and data[8:12] in _AUDIO_BRANDS:
        video = None
    if audio and audio.entry:
        found["codec"] = audio.entry.codec
        found["channels"] = audio.entry.channels
        found["sampleRate"] = audio.entry.sample_rate
    if audio and not video and not fragments and not movie.is_cut:
        duration = milliseconds(audio.sample_units, audio.scale)
        found["bitRate"] = kilobits_per_second(audio.size_bytes, duration)
    if video:
        largest = max(
            (track for track in movie.tracks if track.handler == _VIDEO),
            key=lambda track: track.width * track.height,
        )
        found["width"], found["height"] = largest.width, largest.height
        found["codec"] = video.entry.codec if video.entry else found.get("codec")
    add_tags(found, movie.tags)
    return found


def _parse(data: mmap.mmap) -> tuple[Movie, list[Box]]:
    """The movie and the boxes of its fragments."""
    movie: Movie | None = None
    fragments = []
    is_cut = False
    count = 0
    for count, box in enumerate(boxes(data, 0, len(data)), start=1):  # noqa: B007 - used behind
        is_cut = is_cut or (box.is_cut and box.kind in _CONTENT)
        if box.kind == b"moov" and movie is None:
            movie = _movie(data, box)
        elif box.kind == b"moof":
            fragments.append(box)
    if movie is None:
        raise FileRejectedError(FailureCode.UNREADABLE, _NO_HEADER)
    movie.is_complete = count < MAX_BOXES
    movie.is_cut = is_cut
    return movie, fragments


def _movie(data: mmap.mmap, moov: Box) -> Movie | None:
    """The movie of this box; None without a header."""
    header = child(data, moov, b"mvhd")
    if header is None:
        return None
    movie = Movie()
    movie.scale, movie.units = _scale_and_duration(data, header)
    extended = child(data, moov, b"mvex", b"mehd")
    if extended:
        (movie.fragmented_units,) = _versioned(data, extended, ">L", ">Q", (4, 4))
    movie.defaults = mp4_fragments.defaults(data, children(data, moov, b"mvex", b"trex"))
    for number, track in enumerate(children(data, moov, b"trak")):
        if number == _MAX_TRACKS:
            break
        movie.tracks.append(_track(data, track))
    movie.tags = mp4_tags.read(data, moov)
    return movie


def _track(data: mmap.mmap, trak: Box) -> Track:
    """14496-12, 8.3.2: width and height are 16.16 fixed-point numbers, 0 for audio."""
    number = width = height = scale = units = size_bytes = 0
    handler = b""
    entry: SampleEntry | None = None
    if header := child(data, trak, b"tkhd"):
        (number,) = _versioned(data, header, ">L", ">L", (12, 20))
        width, height = _versioned(data, header, ">HxxH", ">HxxH", (76, 88))
    if header := child(data, trak, b"mdia", b"mdhd"):
        scale, _ = _scale_and_duration(data, header)
    # QuickTime has a second handler, that of the data reference, in `minf`.
    if header := child(data, trak, b"mdia", b"hdlr"):
        handler = data[header.start + 8 : header.start + 12]
    if table := child(data, trak, b"mdia", b"minf", b"stbl"):
        description = child(data, table, b"stsd")
        if description and handler in (_VIDEO, _AUDIO):
            entry = sample_entry(data, description, is_audio=handler == _AUDIO)
        times, sizes = child(data, table, b"stts"), child(data, table, b"stsz")
        units = mp4_fragments.units_of_samples(data, times) if times else 0
        size_bytes = mp4_fragments.size_of_samples(data, sizes) if sizes else 0
    if entry and not (width and height):
        width, height = entry.width, entry.height
    return Track(number, handler, width, height, scale, units, size_bytes, entry)


def _scale_and_duration(data: mmap.mmap, header: Box) -> tuple[int, int]:
    """Of a movie or media header, 14496-12, 8.2.2 and 8.4.2. All bits set: unknown, here 0."""
    is_long = data[header.start] == 1
    scale, units = _versioned(data, header, ">LL", ">LQ", (12, 20))
    return scale, 0 if units == (2**64 if is_long else 2**32) - 1 else units


def _versioned(
    data: mmap.mmap, box: Box, short: str, long: str, offsets: tuple[int, int]
) -> tuple[int, ...]:
    """Fields of a box by its version: 0, or 1 with 64-bit times."""
    is_long = data[box.start] == 1
    return unpack(long if is_long else short, data, box.start + offsets[is_long])


def _duration(data: mmap.mmap, movie: Movie, fragments: list[Box]) -> int | None:
    """Milliseconds of the movie and its fragments; None: unknown."""
    if fragments and not movie.is_complete:
        return None
    added = mp4_fragments.units_by_track(data, fragments, movie.defaults)
    played = (
        milliseconds(track.sample_units + added.get(track.number, 0), track.scale)
        for track in movie.tracks
        if track.handler in (_VIDEO, _AUDIO)
    )
    of_samples = max(filter(None, played), default=None)
    if any(added.values()):
        return of_samples
    stated = milliseconds(movie.units, movie.scale)
    if stated and of_samples and stated > of_samples + _MAX_DELAY_MILLISECONDS:
        return None
    return stated or of_samples or milliseconds(movie.fragmented_units, movie.scale)
