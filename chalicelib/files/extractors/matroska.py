"""Matroska and WebM (RFC 9559): information of the segment and its tracks."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.metadata import RawMetadata

_SEGMENT = 0x18538067
_INFO = 0x1549A966
_TRACKS = 0x1654AE6B
_TRACK = 0xAE
_VIDEO = 0xE0
_AUDIO = 0xE1
_CLUSTER = 0x1F43B675

_TIMESTAMP_SCALE = 0x2AD7B1
_DURATION = 0x4489
_TITLE = 0x7BA9
_TRACK_TYPE = 0x83
_CODEC = 0x86
_WIDTH = 0xB0
_HEIGHT = 0xBA
_SAMPLE_RATE = 0xB5
_CHANNELS = 0x9F

_PARENTS = frozenset({_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO, _AUDIO})
_NAMES = {
    _TITLE: "title",
    _WIDTH: "width",
    _HEIGHT: "height",
    _SAMPLE_RATE: "sampleRate",
    _CHANNELS: "channels",
}

_DEFAULT_SCALE = 1_000_000
"""Nanoseconds in a unit of the duration: RFC 9559, 5.1.2.9."""

_CODEC_PRIORITY = (1, 2)
"""Types of tracks, RFC 9559, 5.1.4.1.3: video, audio."""

_MAX_ELEMENTS = 10_000
_MAX_VALUE = 4_096


@dataclass(slots=True)
class _Track:
    kind: int = 0
    codec: str = ""


def read(content: BinaryIO) -> RawMetadata:
    """The names listed in `media.extract`, from the first track that has each."""
    found: dict[str, str | int | None] = {}
    tracks: list[_Track] = []
    scale = _DEFAULT_SCALE
    duration: float | None = None
    for element, value in _values(content):
        match element:
            case _ if element in (_TRACK, _TRACK_TYPE, _CODEC):
                _read_track(tracks, element, value)
            case _ if element == _TITLE:
                found.setdefault(_NAMES[element], value.decode("utf-8", errors="replace"))
            case _ if element in (_WIDTH, _HEIGHT, _CHANNELS):
                found.setdefault(_NAMES[element], int.from_bytes(value, "big"))
            case _ if element == _SAMPLE_RATE:
                found.setdefault(_NAMES[element], round(_float(value)))
            case _ if element == _TIMESTAMP_SCALE:
                scale = int.from_bytes(value, "big")
            case _ if element == _DURATION:
                duration = _float(value)
    found["codec"] = _codec(tracks)
    found["durationMilliseconds"] = None if duration is None else round(duration * scale / 10**6)
    return found


def _read_track(tracks: list[_Track], element: int, value: bytes) -> None:
    if element == _TRACK:
        tracks.append(_Track())
    elif tracks and element == _CODEC:
        tracks[-1].codec = value.decode("utf-8", errors="replace")
    elif tracks:
        tracks[-1].kind = int.from_bytes(value, "big")


def _codec(tracks: Sequence[_Track]) -> str | None:
    """Codec of the first video track, else audio track; rejects a file without any codec."""
    if not any(track.codec for track in tracks):
        raise FileRejectedError(FailureCode.UNREADABLE, "The file has no readable tracks.")
    codecs = ((track.codec for track in tracks if track.kind == kind) for kind in _CODEC_PRIORITY)
    return next(filter(None, chain.from_iterable(codecs)), None)


def _values(content: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The elements without children up to the first cluster, and the start of each track."""
    position = 0
    for _ in range(_MAX_ELEMENTS):
        content.seek(position)
        head = content.read(12)
        element, width = _number(head, keeps_marker=True)
        size, size_width = _number(head[width:], keeps_marker=False)
        if not width or not size_width or element == _CLUSTER:
            return
        position += width + size_width
        if element == _TRACK:
            yield element, b""
        if element in _PARENTS:
            continue
        if 0 < size <= _MAX_VALUE:
            content.seek(position)
            yield element, content.read(size)
        position += size


def _number(data: bytes, *, keeps_marker: bool) -> tuple[int, int]:
    """An EBML number and its length in bytes, 0 if there is none: RFC 8794, 4."""
    if not data or not data[0]:
        return 0, 0
    width = 9 - data[0].bit_length()
    if len(data) < width:
        return 0, 0
    number = int.from_bytes(data[:width], "big")
    return (number if keeps_marker else number - (1 << 7 * width)), width


def _float(value: bytes) -> float:
    number: float = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
    return number
