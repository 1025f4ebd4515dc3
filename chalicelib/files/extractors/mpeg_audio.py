"""MPEG audio, layers I to III (ISO/IEC 11172-3, 13818-3, and MPEG 2.5): facts of its frames.

Many files have no header that states their length, and a file's first bit rate need not be that of
the others, so the frames are counted.
"""

from __future__ import annotations

import mmap
import re

from chalicelib.files.extractors import id3, trailing_tags
from chalicelib.files.extractors.media_values import (
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
)
from chalicelib.files.extractors.mpeg_frames import Frame, frame_at

_MAX_GAPS = 1_000
"""Places without frames inside of a stream, which are searched for the next frame."""

_MAX_TRIED = 300
"""Places in one gap that look like a frame; random bytes do once in 32,768."""

_MAX_FRAMES = 5_000_000
"""More than 50 MB have at 8 kilobits per second."""

_STATED_BYTES_TOLERANCE = 0.01
"""Of the audio's size in a Xing or VBRI header, which may include tags."""


class _Walk:
    """What a stream contains."""

    def __init__(self, frames: int = 0, size_bytes: int = 0) -> None:
        self.frames = frames
        self.size_bytes = size_bytes
        self.is_complete: bool = True
        """False: the stream exceeds a bound."""


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`; nothing but tags if there is no frame."""
    start = id3.end_of_tags(data)
    end, trailing = trailing_tags.read(data)
    found: Facts = {}
    add_tags(found, id3.tags(data))
    add_tags(found, trailing)
    position = first_frame(data, start, end)
    frame = frame_at(data, position) if position is not None else None
    if position is None or frame is None:
        return found
    found["channels"], found["sampleRate"] = frame.channels, frame.sample_rate
    stated = _stated(data, position, end, frame)
    walk = stated or _walk(data, position, end, frame)
    if walk.is_complete:
        duration = milliseconds(walk.frames * frame.samples, frame.sample_rate)
        found["durationMilliseconds"] = duration
        found["bitRate"] = kilobits_per_second(walk.size_bytes, duration)
    return found


def first_frame(data: mmap.mmap | bytes, start: int, end: int) -> int | None:
    """The offset of the first frame that another follows, else of one with totals at the start."""
    for tried, match in enumerate(re.finditer(rb"\xff[\xe2-\xff]", _window(data, start, end))):
        position = start + match.start()
        frame = frame_at(data, position)
        if frame and frame.is_followed(data, position, end):
            return position
        if tried >= _MAX_GAPS:
            break
    frame = frame_at(data, start)
    return start if frame and frame.has_totals(data, start) else None


def _window(data: mmap.mmap | bytes, start: int, end: int) -> bytes:
    """Where the first frame may begin, behind padding or remains of a tag."""
    return data[start : min(end, start + 1_048_576)]


def _stated(data: mmap.mmap, position: int, end: int, frame: Frame) -> _Walk | None:
    """The frames by the first one's Xing, Info or VBRI header; None unless the size matches.

    http://gabriel.mp3-tech.org/mp3infotag.html, https://www.codeproject.com/Articles/8295
    """
    content = data[position : min(position + frame.size_bytes, end)]
    frames = size = 0
    xing = 4 + frame.side_information_bytes
    if content[xing : xing + 4] in (b"Xing", b"Info"):
        if content[xing + 7 : xing + 8] and content[xing + 7] & 3 == 3:
            frames = int.from_bytes(content[xing + 8 : xing + 12], "big")
            size = int.from_bytes(content[xing + 12 : xing + 16], "big")
    elif content[36:40] == b"VBRI":
        size = int.from_bytes(content[46:50], "big")
        frames = int.from_bytes(content[50:54], "big")
    else:
        return None
    if not frames or abs(size - (end - position)) > _STATED_BYTES_TOLERANCE * size:
        walk = _walk(data, position, end, frame)
        walk.frames -= 1  # the header's own, which is silent
        walk.size_bytes -= frame.size_bytes
        return walk
    return _Walk(frames, max(size - frame.size_bytes, 0))


def _walk(data: mmap.mmap, position: int, end: int, first: Frame) -> _Walk:
    """Count the frames of the first one's format."""
    walk = _Walk()
    sizes: dict[int, int] = {}
    heads = (first.head, first.head ^ 1)  # with and without a checksum
    gaps = 0
    begin = position
    while walk.frames < _MAX_FRAMES:
        if position + 4 > end:
            break
        size = 0
        if data[position] == 0xFF and data[position + 1] in heads:
            fields = data[position + 2]
            if fields not in sizes:
                sizes[fields] = first.size_of(fields)
            size = sizes[fields]
        if size:
            walk.frames += 1
            position += size
            continue
        walk.size_bytes += position - begin
        gaps += 1
        found = _resume(data, position, end, first) if gaps < _MAX_GAPS else None
        if found is None:
            walk.is_complete = gaps < _MAX_GAPS
            return walk
        begin = position = found
    walk.size_bytes += position - begin
    walk.is_complete = walk.frames < _MAX_FRAMES
    return walk


def _resume(data: mmap.mmap, position: int, end: int, first: Frame) -> int | None:
    """The offset of the next frame of this format that another follows, behind a tag if any."""
    position = id3.end_of_tag(data, position) or position + 1
    heads = re.escape(bytes({first.head, first.head ^ 1}))
    pattern = re.compile(b"\xff[" + heads + b"]", re.DOTALL)
    for tried, match in enumerate(pattern.finditer(data, position, end)):
        frame = frame_at(data, match.start())
        if frame and frame.is_followed(data, match.start(), end):
            return match.start()
        if tried >= _MAX_TRIED:
            break
    return None
