"""Matroska and WebM (RFC 9559): information of the segment, its tracks and its tags."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from chalicelib.documents import FailureCode
from chalicelib.files.containers import HEAD_BYTES, ebml_type
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import ebml
from chalicelib.files.extractors.matroska_segment import (
    BLOCK,
    CLUSTER,
    PARENTS,
    SEGMENT,
    SIMPLE_BLOCK,
    Segment,
)
from chalicelib.files.extractors.media_values import Facts, add_tags
from chalicelib.files.mapped import memory_of
from chalicelib.files.types import AUDIO_OF_VIDEO, MATROSKA

_MAX_ELEMENTS = 500_000
_MAX_VALUE = 4_096

_BLOCK_HEAD_BYTES = 12
_BLOCKS = frozenset({BLOCK, SIMPLE_BLOCK})

_OPUS_RATE = 48_000
"""Hertz of every decoder: RFC 7845, 4."""


class _Element(NamedTuple):
    identifier: int
    start: int
    """Offset of the content."""
    end: int
    is_unknown: bool
    """The size is unknown: it ends with the file, or before an element of a higher level."""
    is_cut: bool
    """Its size exceeds the file."""


def detect(content: BinaryIO) -> str:
    """The type by the EBML header; for audio without video, its audio type."""
    data = memory_of(content)
    file_type = ebml_type(data[:HEAD_BYTES]) or MATROSKA
    segment = _read(data)
    is_audio = segment.audio and not segment.video
    return AUDIO_OF_VIDEO[file_type] if is_audio else file_type


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`, from the first track that has each.

    Raises:
        FileRejectedError: no track has a codec.
    """
    segment = _read(data)
    if not any(track.codec for track in segment.tracks):
        raise FileRejectedError(FailureCode.UNREADABLE, "The file has no readable tracks.")
    found: Facts = {"durationMilliseconds": segment.milliseconds}
    video, audio = segment.video, segment.audio
    if main := video or audio:
        found["codec"] = main.codec
    if video:
        found["width"], found["height"] = video.size
    if audio:
        found["channels"] = audio.channels
        found["sampleRate"] = audio.output_rate or audio.sample_rate
        if audio.codec == "A_OPUS":
            found["sampleRate"] = _OPUS_RATE
    add_tags(found, segment.texts())
    return found


def _read(data: mmap.mmap) -> Segment:
    segment = Segment()
    cluster: _Element | None = None
    count = 0
    is_cut = False
    for count, element in enumerate(_elements(data, 0, len(data)), start=1):  # noqa: B007 - see below
        is_cut = is_cut or (element.is_cut and element.identifier == SEGMENT)
        if element.identifier == CLUSTER and not element.is_unknown:
            cluster = element
        else:
            _add(segment, data, element)
    if is_cut:
        segment.duration, segment.end_nanoseconds = None, 0
    elif count == _MAX_ELEMENTS:
        segment.end_nanoseconds = 0  # the last frame is not among them
    elif cluster and segment.duration is None:
        for element in _elements(data, cluster.start, cluster.end):
            _add(segment, data, element)
    return segment


def _add(segment: Segment, data: mmap.mmap, element: _Element) -> None:
    """Add an element to the segment: the start of a parent, the head of a block, or a value."""
    size = _MAX_VALUE
    if element.identifier in PARENTS:
        size = 0
    elif element.identifier in _BLOCKS:
        size = _BLOCK_HEAD_BYTES
    elif element.end - element.start > _MAX_VALUE:
        return
    segment.add(element.identifier, data[element.start : min(element.end, element.start + size)])


def _elements(data: mmap.mmap, start: int, end: int) -> Iterator[_Element]:
    """The elements between two offsets, parents before children; of clusters, only if unknown."""
    position = start
    for _ in range(_MAX_ELEMENTS):
        identifier, width = ebml.number(data, position, keeps_marker=True)
        size, size_width = ebml.number(data, position + width, keeps_marker=False)
        if not width or not size_width or position >= end:
            return
        position += width + size_width
        is_unknown = ebml.is_unknown(size, size_width)
        yield _Element(
            identifier,
            position,
            end if is_unknown else min(position + size, end),
            is_unknown,
            is_cut=not is_unknown and position + size > end,
        )
        is_entered = identifier in PARENTS and (identifier != CLUSTER or is_unknown)
        if is_unknown and not is_entered and identifier != SEGMENT:
            return
        position += 0 if is_entered else size
