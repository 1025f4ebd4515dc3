"""RIFF chunks, and the facts of WAV: RFC 2361, RF64 and BW64 (ITU-R BS.2088)."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.files.extractors import id3
from chalicelib.files.extractors.media_values import (
    MAX_TEXT_BYTES,
    Facts,
    add_tags,
    kilobits_per_second,
    milliseconds,
    unpack,
)

_MAX_CHUNKS = 100_000

_TAGS = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"IGNR": "genre",
    b"ICRD": "year",
}
"""Of a list of information, Multimedia Programming Interface 1.0, "INFO List Chunk"."""

_EXTENSIBLE = 0xFFFE
_FIXED_RATE = frozenset({1, 3, 6, 7})
"""PCM, float, A-law and µ-law: the size of the audio determines its duration."""

_UNKNOWN_SIZE = 0xFFFFFFFF
"""Of a stream, and of a chunk whose size is in `ds64`."""


class Chunk(NamedTuple):
    """A chunk of a file."""

    kind: bytes
    start: int
    """Offset of the content."""
    end: int
    """At most the end of the file."""
    size: int
    """As stated."""


def chunks(data: mmap.mmap, start: int, end: int) -> Iterator[Chunk]:
    """The chunks in a part of a file."""
    position = start
    for _ in range(_MAX_CHUNKS):
        if position + 8 > end:
            return
        kind, size = unpack("<4sL", data, position)
        begin = position + 8
        yield Chunk(kind, begin, min(begin + size, end), size)
        position = begin + size + size % 2


def information(data: mmap.mmap, start: int, end: int) -> dict[str, str]:
    """The tags of a `LIST` chunk's content, if it is a list of information."""
    if data[start : start + 4] != b"INFO":
        return {}
    found: dict[str, str] = {}
    for chunk in chunks(data, start + 4, end):
        if name := _TAGS.get(chunk.kind):
            value = data[chunk.start : min(chunk.end, chunk.start + MAX_TEXT_BYTES)]
            found.setdefault(name, text(value))
    return found


def text(value: bytes) -> str:
    """A text up to its zero byte, in UTF-8 or else, as older programs write it, windows-1252."""
    value = value.partition(b"\0")[0]
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("windows-1252", errors="replace")


class WaveFormat(NamedTuple):
    """The content of a `fmt ` chunk."""

    tag: int
    channels: int
    sample_rate: int
    bytes_per_second: int
    block_bytes: int

    @property
    def codec(self) -> str:
        """The format tag in hexadecimal digits: RFC 2361, 3."""
        return f"{self.tag:X}"


def wave_format(data: mmap.mmap | bytes, start: int, end: int) -> WaveFormat:
    """The WAVEFORMATEX between these offsets; the tag of an extensible one is its sub-format's."""
    tag, channels, rate, per_second, block = unpack("<HHLLH", data, start)
    if tag == _EXTENSIBLE and end - start >= 26:
        (tag,) = unpack("<H", data, start + 24)
    return WaveFormat(tag, channels, rate, per_second, block)


def read_wave(data: mmap.mmap) -> Facts:
    """The names listed in `media.extract`."""
    found: Facts = {}
    first: dict[bytes, Chunk] = {}
    for chunk in _wave_chunks(data):
        first.setdefault(chunk.kind, chunk)
        if chunk.kind == b"LIST":
            add_tags(found, information(data, chunk.start, chunk.end))
        elif chunk.kind in (b"id3 ", b"ID3 ") and first[chunk.kind] is chunk:
            add_tags(found, id3.tags_at(data, chunk.start, chunk.end))
    header, audio, fact = (first.get(kind) for kind in (b"fmt ", b"data", b"fact"))
    if header:
        form = wave_format(data, header.start, header.end)
        found["channels"], found["sampleRate"] = form.channels, form.sample_rate
        found["codec"] = form.codec
        if audio:
            is_stated = fact and fact.end - fact.start >= 4
            samples = unpack("<L", data, fact.start)[0] if fact and is_stated else 0
            _add_duration(found, form, audio, samples)
    return found


def _wave_chunks(data: mmap.mmap) -> Iterator[Chunk]:
    """The chunks of a WAV; one with audio of unknown size ends with the file."""
    is_long = data[:4] in (b"RF64", b"BW64") and data[12:16] == b"ds64"
    long_size = unpack("<Q", data, 28)[0] if is_long else 0
    is_unfinished = data[4:8] in (b"\0\0\0\0", b"\xff\xff\xff\xff")
    for chunk in chunks(data, 12, len(data)):
        if chunk.kind != b"data":
            yield chunk
            continue
        size = long_size if is_long and chunk.size == _UNKNOWN_SIZE else chunk.size
        if size == 0 and is_unfinished:
            size = len(data) - chunk.start
        yield Chunk(chunk.kind, chunk.start, min(chunk.start + size, len(data)), size)
        yield from chunks(data, chunk.start + size + size % 2, len(data))
        return


def _add_duration(found: Facts, form: WaveFormat, audio: Chunk, samples: int) -> None:
    size = audio.end - audio.start
    if form.tag in _FIXED_RATE:
        duration = milliseconds(size, form.block_bytes * form.sample_rate)
    else:
        duration = milliseconds(size, form.bytes_per_second)
        stated = milliseconds(samples, form.sample_rate) if size == audio.size else None
        if stated:
            agrees = duration is None or duration / 2 <= stated <= duration * 2
            duration = stated if agrees else None
    found["durationMilliseconds"] = duration
    found["bitRate"] = kilobits_per_second(size, duration)
