"""application/x-subrip and text/vtt: subtitles.

SubRip has no specification; WebVTT: https://www.w3.org/TR/webvtt1/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files.extracted_text import PARAGRAPH, TextCollector
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import text
from chalicelib.files.lines import limited
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import WEBVTT
from chalicelib.files.words import WordCounter

_SECONDS = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})"
_FRACTION = r"[,.](\d{1,3})"


def _times(time: str) -> re.Pattern[str]:
    """Of a cue: its start and its end, each as hours, minutes, seconds and their fraction."""
    return re.compile(rf"\s*{time}\s*-->\s*{time}(?!\S)")


_WEBVTT_TIMES = _times(_SECONDS + _FRACTION)
_SUBRIP_TIMES = _times(rf"{_SECONDS}(?:{_FRACTION})?")  # some programs leave a zero fraction out

_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?\n?")

_TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
"""Markup of a cue's text; in braces: https://aegisub.org/docs/latest/ass_tags/."""


def prepare() -> None:
    """Load what extraction would load lazily: that of `text`."""
    text.prepare()


def extract(
    content: BinaryIO, file_type: str, collector: TextCollector | None = None
) -> RawMetadata:
    """The number, the words and the time of the cues.

    - cueCount; wordCount, of the cues' text without markup.
    - durationMilliseconds: the latest end of a cue; None without cues.
    - encoding: as of a text.
    """
    found, encoding = text.read(content)
    source = limited(text.decoded_chunks(content, encoding))
    cues = _Cues(WordCounter(collector))
    if file_type == WEBVTT:
        _read_webvtt(source, cues)
    else:
        _read_subrip(source, cues)
    return {
        "encoding": found["encoding"],
        "cueCount": cues.count,
        "wordCount": cues.words.count,
        "durationMilliseconds": cues.last_end,
    }


class _Cues:
    """The cues so far."""

    def __init__(self, words: WordCounter) -> None:
        self.count = 0
        self.words = words
        self.last_end: int | None = None

    def begin(self, times: re.Match[str]) -> None:
        """Count a cue with these times."""
        hours, minutes, seconds, fraction = times.groups(default="0")[4:]
        end = (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds) * 1_000
        self.last_end = max(self.last_end or 0, end + int(fraction.ljust(3, "0")))
        self.count += 1

    def add(self, line: str) -> None:
        """Count the words of a line of the current cue."""
        self.words.add(_TAG.sub("", line) if "<" in line or "{" in line else line)
        if line and not line.endswith(PARAGRAPH):
            self.words.end_word()

    def end(self) -> None:
        """Part the current cue from the next."""
        self.words.end_word()


def _read_subrip(source: Iterable[str], cues: _Cues) -> None:
    """Count the cues, each of which begins with a line for its number and one for its times."""
    before = ""
    for line in source:
        if not line.strip() and not before:
            continue
        if _is_number(before) and (times := _SUBRIP_TIMES.match(line)):
            cues.begin(times)
            before = ""
            continue
        if before and not cues.count:
            raise FileRejectedError(FailureCode.UNREADABLE, "The text does not begin with a cue.")
        cues.add(before)
        before = line
    if not cues.count:
        raise FileRejectedError(FailureCode.UNREADABLE, "The text has no cue.")
    cues.add(before)


def _is_number(line: str) -> bool:
    return line.isascii() and line.strip().isdecimal()


def _read_webvtt(source: Iterator[str], cues: _Cues) -> None:
    """Count the cues; other lines are their identifiers, comments and style sheets."""
    if not _HEADER.fullmatch(next(source, "")):
        raise FileRejectedError(FailureCode.UNREADABLE, "The text does not begin with WEBVTT.")
    is_in_cue = False
    for line in source:
        if times := _WEBVTT_TIMES.match(line):
            cues.begin(times)
            is_in_cue = True
        elif line == "\n":
            is_in_cue = False
            cues.end()
        elif is_in_cue:
            cues.add(line)
