"""AVI: Microsoft's "AVI RIFF File Reference", and OpenDML 1.02."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors.media_values import Facts, add_tags, milliseconds, unpack
from chalicelib.files.extractors.riff import Chunk, WaveFormat, chunks, information, wave_format

_MAX_STREAMS = 100
_LEAST_BYTES = {b"vids": 8}
"""Of a sample: a frame is a chunk, which has a header. More samples than the file can have are not
believed."""


class _Stream:
    def __init__(self) -> None:
        self.kind: bytes = b""
        """`vids`, `auds` and others."""
        self.duration: int | None = None
        self.codec: str = ""
        self.width: int = 0
        self.height: int = 0
        self.form: WaveFormat | None = None


class _Movie:
    def __init__(self) -> None:
        self.streams: list[_Stream] = []
        self.tags: dict[str, str] = {}
        self.is_whole: bool = False
        """The list of samples ends within the file."""


def read(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`. The duration is absent in a truncated file."""
    movie = _Movie()
    for chunk in chunks(data, 12, len(data)):
        if chunk.kind == b"LIST":
            _read_list(movie, data, chunk)
    found: Facts = {}
    video = next((stream for stream in movie.streams if stream.kind == b"vids"), None)
    audio = next((stream for stream in movie.streams if stream.kind == b"auds"), None)
    main = video or audio
    if main is None:
        return found
    found["codec"] = main.codec
    found["width"], found["height"] = main.width, main.height
    if audio and audio.form:
        found["channels"], found["sampleRate"] = audio.form.channels, audio.form.sample_rate
    if movie.is_whole:
        played = (stream for stream in movie.streams if stream.kind in (b"vids", b"auds"))
        found["durationMilliseconds"] = max(stream.duration or 0 for stream in played)
    add_tags(found, movie.tags)
    return found


def _read_list(movie: _Movie, data: mmap.mmap, chunk: Chunk) -> None:
    match data[chunk.start : chunk.start + 4]:
        case b"hdrl":
            for inner in chunks(data, chunk.start + 4, chunk.end):
                if inner.kind == b"LIST" and len(movie.streams) < _MAX_STREAMS:
                    _read_list(movie, data, inner)
        case b"strl":
            movie.streams.append(_stream(data, chunk))
        case b"movi":
            movie.is_whole = chunk.start + chunk.size == chunk.end and chunk.size > 4
        case b"INFO":
            movie.tags.update(information(data, chunk.start, chunk.end))


def _stream(data: mmap.mmap, header: Chunk) -> _Stream:
    """The facts of a stream's header (`strh`) and format (`strf`)."""
    stream = _Stream()
    for chunk in chunks(data, header.start + 4, header.end):
        if chunk.kind == b"strh":
            scale, rate, _, length = unpack("<4L", data, chunk.start + 20)
            stream.kind = data[chunk.start : chunk.start + 4]
            if length * _LEAST_BYTES.get(stream.kind, 1) <= len(data):
                stream.duration = milliseconds(length * scale, rate)
        elif chunk.kind == b"strf" and stream.kind == b"vids":
            stream.width, height = unpack("<ll", data, chunk.start + 4)
            stream.height = abs(height)  # negative: rows from top to bottom
            stream.codec = fourcc(data[chunk.start + 16 : chunk.start + 20])
        elif chunk.kind == b"strf" and stream.kind == b"auds":
            stream.form = wave_format(data, chunk.start, chunk.end)
            stream.codec = stream.form.codec
    return stream


def fourcc(compression: bytes) -> str:
    """A BITMAPINFOHEADER's compression: four characters, or `RGB` for uncompressed pictures."""
    return compression.decode("latin-1").strip("\0 ") or "RGB"
