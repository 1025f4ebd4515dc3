"""ASF, the container of WMA and WMV: Microsoft's "Advanced Systems Format Specification" 01.20."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from chalicelib.files.extractors import asf_tags
from chalicelib.files.extractors.avi import fourcc
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    milliseconds,
    unpack,
)
from chalicelib.files.extractors.riff import WaveFormat, wave_format
from chalicelib.files.mapped import memory_of
from chalicelib.files.types import WMA, WMV

HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_STREAM_PROPERTIES = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_HEADER_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_EXTENDED_STREAM_PROPERTIES = bytes.fromhex("cba5e61472c632438399a96952065b5a")
_AUDIO = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")

_HEADER_BYTES = 24
"""Of an object: its id and size."""

_MAX_OBJECTS = 10_000
_BROADCAST = 1
"""Flag of a live stream, whose duration is unknown."""


class _Object(NamedTuple):
    identifier: bytes
    start: int
    """Offset of the content."""
    end: int


class _Header:
    def __init__(self) -> None:
        self.duration: int | None = None
        """Milliseconds."""
        self.audio: WaveFormat | None = None
        self.video: str = ""
        """Codec of the first video stream."""
        self.width: int = 0
        self.height: int = 0
        self.tags: dict[bytes, dict[str, str]] = {}


def detect(content: BinaryIO) -> str:
    """WMA for audio without video, else WMV."""
    header = _read(memory_of(content))
    return WMA if header.audio and not header.video else WMV


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`."""
    header = _read(data)
    found: Facts = {}
    if not (header.audio or header.video):
        return found
    found["durationMilliseconds"] = header.duration
    found["codec"] = header.video or (header.audio.codec if header.audio else "")
    found["width"], found["height"] = header.width, header.height
    if header.audio:
        found["channels"] = header.audio.channels
        found["sampleRate"] = header.audio.sample_rate
    for identifier in asf_tags.PRIORITY:
        add_tags(found, header.tags.get(identifier, {}))
    return found


def _read(data: mmap.mmap) -> _Header:
    header = _Header()
    (size,) = unpack("<Q", data, 16)
    for item in _objects(data, 30, min(size, len(data))):
        _read_object(header, data, item)
    return header


def _objects(data: mmap.mmap, start: int, end: int) -> Iterator[_Object]:
    position = start
    for _ in range(_MAX_OBJECTS):
        if position + _HEADER_BYTES > end:
            return
        identifier, size = unpack("<16sQ", data, position)
        if size < _HEADER_BYTES:
            return
        yield _Object(identifier, position + _HEADER_BYTES, min(position + size, end))
        position += size


def _read_object(header: _Header, data: mmap.mmap, item: _Object) -> None:
    if item.identifier == _FILE_PROPERTIES:
        header.duration = _duration(data, item.start)
    elif item.identifier == _STREAM_PROPERTIES:
        _read_stream(header, data, item)
    elif item.identifier == _HEADER_EXTENSION:
        for inner in _objects(data, item.start + 22, item.end):
            _read_object(header, data, inner)
    elif item.identifier == _EXTENDED_STREAM_PROPERTIES:
        for inner in _objects(data, _end_of_extended_fields(data, item), item.end):
            _read_object(header, data, inner)
    elif item.identifier in asf_tags.PRIORITY:
        tags = asf_tags.read(data, item.identifier, item.start, item.end)
        header.tags.setdefault(item.identifier, tags)


def _duration(data: mmap.mmap, start: int) -> int | None:
    """The play duration without the time for buffering before: 3.2. None for a truncated file."""
    (file_bytes,) = unpack("<Q", data, start + 16)
    duration, _, preroll, flags = unpack("<QQQL", data, start + 40)
    if flags & _BROADCAST or file_bytes > len(data):
        return None
    return milliseconds(duration - preroll * 10_000, 10_000_000)


def _read_stream(header: _Header, data: mmap.mmap, item: _Object) -> None:
    """Stream properties object, 3.3: a WAVEFORMATEX, or a size and a BITMAPINFOHEADER."""
    kind, start = data[item.start : item.start + 16], item.start + 54
    if kind == _AUDIO and not header.audio:
        header.audio = wave_format(data, start, item.end)
    elif kind == _VIDEO and not header.video:
        header.width, header.height = unpack("<LL", data, start)
        header.video = fourcc(data[start + 27 : start + 31])


def _end_of_extended_fields(data: mmap.mmap, item: _Object) -> int:
    """Where an extended stream properties object may contain another one: 4.1."""
    names, systems = unpack("<HH", data, item.start + 60)
    position = item.start + 64
    for _ in range(names):
        position += 4 + unpack("<H", data, position + 2)[0]
    for _ in range(systems):
        position += 22 + unpack("<L", data, position + 18)[0]
    return position
