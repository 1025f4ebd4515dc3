"""Ogg (RFC 3533): its logical streams, by the first packets that their codecs define.

Streams that begin together play together; a file may chain several such groups.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.files.extractors import vorbis_comment
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
    unpack,
)
from chalicelib.files.extractors.ogg_codecs import VIDEO, Codec, codec_of

_CAPTURE = b"OggS"
_HEADER_BYTES = 27
_FIRST_PAGE = 2
_MAX_PAGES = 1_000_000
_MAX_GAPS = 10_000
_MAX_STREAMS = 1_000
_MAX_UNITS_OF_PAGE = 255 * 65_535
"""Samples: a page holds at most 255 packets (RFC 3533, 6), and a packet of FLAC 65,535 samples, the
most of all codecs. A recording that starts in the middle of a stream begins later."""
_NO_POSITION = -1
"""Granule position of a page on which no packet ends: RFC 3533, 6."""


class _Page(NamedTuple):
    is_first: bool
    position: int
    """Granule position."""
    serial: int
    start: int
    """Offset of the content."""
    end: int
    segments: bytes


class _Stream:
    def __init__(self, codec: Codec) -> None:
        self.codec: Codec = codec
        self.last_position: int = 0
        self.is_from_start: bool = True
        """Whether the positions count from the beginning of the file, and only grow."""
        self.size_bytes: int = 0
        self.packet: bytearray = bytearray()
        """The second packet, which has the tags."""
        self.has_packet: bool = False

    @property
    def duration(self) -> int | None:
        """Milliseconds; None: unknown."""
        if not self.is_from_start:
            return None
        units = self.codec.units_at(self.last_position)
        return milliseconds(units, self.codec.units_per_second)

    def add(self, page: _Page, data: mmap.mmap) -> None:
        """Count a page behind the first one."""
        if not self.has_packet:
            self._complete_packet(page, data)
        if page.position != _NO_POSITION:
            self._move_to(page.position)
        if self.last_position:  # 0 on the pages of headers
            self.size_bytes += page.end - page.start

    def _move_to(self, position: int) -> None:
        """Continue at the granule position of a page."""
        is_late = self.last_position == 0 and position > _MAX_UNITS_OF_PAGE
        if position < self.last_position or (is_late and self.codec.kind != VIDEO):
            self.is_from_start = False
        self.last_position = position

    def _complete_packet(self, page: _Page, data: mmap.mmap) -> None:
        size = 0
        for segment in page.segments:
            size += segment
            if segment < 255:
                self.has_packet = True
                break
        self.packet += data[page.start : page.start + size]


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`; channels and sample rate of the first audio stream."""
    groups, is_complete = _groups(data)
    streams = [stream for group in groups for stream in group.values()]
    found: Facts = {}
    video = next((stream for stream in streams if stream.codec.kind == VIDEO), None)
    audio = next((stream for stream in streams if stream.codec.kind != VIDEO), None)
    main = video or audio
    if main is None:
        return found
    durations = [_longest(group.values()) for group in groups]
    whole = None if None in durations or not is_complete else sum(filter(None, durations))
    found["durationMilliseconds"] = whole
    found["codec"] = main.codec.name
    found["width"], found["height"] = main.codec.width, main.codec.height
    if audio:
        found["channels"], found["sampleRate"] = audio.codec.channels, audio.codec.sample_rate
    if audio and not video and all(len(group) == 1 for group in groups):
        size = sum(stream.size_bytes for stream in streams)
        found["bitRate"] = kilobits_per_second(size, whole)
    for stream in (main, audio) if audio else (main,):
        skipped = stream.codec.comment_prefix_bytes
        add_tags(found, vorbis_comment.parse(bytes(stream.packet), skipped, len(stream.packet)))
    return found


def _longest(streams: Iterable[_Stream]) -> int | None:
    """Duration of streams that play together, in milliseconds; None: unknown."""
    return max((stream.duration or 0 for stream in streams), default=0) or None


def _groups(data: mmap.mmap) -> tuple[list[dict[int, _Stream]], bool]:
    """The streams that play together, by serial number, in the order of the file.

    And whether these are all pages.
    """
    groups: list[dict[int, _Stream]] = []
    begins = True
    count = 0
    for count, page in enumerate(_pages(data), start=1):  # noqa: B007 - used behind the loop
        if page.is_first:
            if begins or not groups:
                groups.append({})
                begins = False
            is_read = len(groups) + len(groups[-1]) <= _MAX_STREAMS
            if is_read and (codec := codec_of(data[page.start : page.end])):
                groups[-1][page.serial] = _Stream(codec)
        elif groups:
            begins = True
            if stream := groups[-1].get(page.serial):
                stream.add(page, data)
    return [group for group in groups if group], count < _MAX_PAGES


def _pages(data: mmap.mmap) -> Iterator[_Page]:
    position = gaps = 0
    for _ in range(_MAX_PAGES):
        header = data[position : position + _HEADER_BYTES]
        if len(header) < _HEADER_BYTES:
            return
        if header[:5] != _CAPTURE + b"\0":
            gaps += 1
            position = data.find(_CAPTURE + b"\0", position + 1)
            if position < 0 or gaps > _MAX_GAPS:
                return
            continue
        granule, serial = unpack("<qL", header, 6)
        start = position + _HEADER_BYTES + header[26]
        segments = data[position + _HEADER_BYTES : start]
        end = start + sum(segments)
        if end > len(data):
            return
        yield _Page(bool(header[5] & _FIRST_PAGE), granule, serial, start, end, segments)
        position = end
