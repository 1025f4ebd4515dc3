"""Subtitles: cues, their words without markup, and the end of the last one."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.detection import candidate_types
from chalicelib.files.extraction import FileRejectedError
from tests.support.metadata import analyze, extract

SUBRIP = "application/x-subrip"
WEBVTT = "text/vtt"

FIRST = b"1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>One</i> two,\r\n{\\an8}three.\r\n\r\n"
SECOND = b"2\n01:02:03,004 --> 01:02:04,050 X1:0 X2:9\n3\n4 - five\n"


@pytest.mark.parametrize(
    ("content", "cues", "words", "end"),
    [
        pytest.param(FIRST, 1, 3, 2_500, id="one cue"),
        pytest.param(FIRST + SECOND, 2, 7, 3_724_050, id="two cues"),
        pytest.param(SECOND + b"\n" + FIRST, 2, 7, 3_724_050, id="unordered"),
        pytest.param(b"\xef\xbb\xbf\n\n" + FIRST.rstrip(), 1, 3, 2_500, id="mark and blank lines"),
        pytest.param(FIRST.decode().encode("utf-16"), 1, 3, 2_500, id="UTF-16"),
        pytest.param(
            FIRST + b"2\n00:00:03.5 --> 00:00:04\nx\n", 2, 4, 4_000, id="without milliseconds"
        ),
        pytest.param(b"7\n0:0:01.5 --> 0:00:02.5\n", 1, 0, 2_500, id="no text"),
    ],
)
def test_subrip(content: bytes, cues: int, words: int, end: int) -> None:
    """A cue begins with its number and its times, in a line each."""
    found = extract(io.BytesIO(content), SUBRIP)

    assert (cues, words, end) == (
        found["cueCount"],
        found["wordCount"],
        found["durationMilliseconds"],
    )


def test_subrip_without_milliseconds() -> None:
    """A file whose first time has no fraction is detected."""
    content = b"1\n00:00:01 --> 00:00:02\nx\n"

    assert SUBRIP == candidate_types(content, None, is_whole_file=True)[0]


NOTES = (
    b"WEBVTT - title\n\nNOTE not a word\nof these\n\nSTYLE\n::cue { color: red }\n\nidentifier\n"
)


@pytest.mark.parametrize(
    ("content", "cues", "words", "end"),
    [
        pytest.param(b"WEBVTT", 0, 0, None, id="no cue"),
        pytest.param(b"WEBVTT\n\n00:01 --> 00:02\na\n", 0, 0, None, id="no milliseconds"),
        pytest.param(b"WEBVTT\n\n00:01.000 --> 00:02.500\none\ntwo\n", 1, 2, 2_500, id="minutes"),
        pytest.param(
            NOTES + b"00:01.000 --> 100:00:02.500 line:0\n<v Ann>one <00:01.500>two</v>\n\nNOTE x",
            1,
            2,
            360_002_500,
            id="notes, styles, settings and tags",
        ),
        pytest.param(
            b"WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\na\r\n00:02.000 --> 00:03.000\r\nb",
            2,
            2,
            3_000,
            id="without blank lines",
        ),
    ],
)
def test_webvtt(content: bytes, cues: int, words: int, end: int | None) -> None:
    """Only the text of cues is counted."""
    found = extract(io.BytesIO(content), WEBVTT)

    assert (cues, words, end) == (
        found["cueCount"],
        found["wordCount"],
        found.get("durationMilliseconds"),
    )


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(b"1\nwords\n", SUBRIP, id="no times"),
        pytest.param(b"words\n" + FIRST, SUBRIP, id="words first"),
        pytest.param(b"00:00:01,000 --> 00:00:02,500\nwords\n", SUBRIP, id="no number"),
        pytest.param(b"\n", SUBRIP, id="blank"),
        pytest.param(b"WEBVTTX\n", WEBVTT, id="other word"),
        pytest.param(b"\nWEBVTT\n", WEBVTT, id="blank line first"),
        pytest.param(b"WEBVTT\n" + b"x" * 3_000_000, WEBVTT, id="line without end"),
    ],
)
def test_neither(content: bytes, file_type: str) -> None:
    """A text that does not begin as the format does is not of it."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), file_type)

    assert refusal.value.code is FailureCode.UNREADABLE


@pytest.mark.parametrize("begin", [FIRST, b"WEBVTT\n"])
def test_lines_above_the_limit(begin: bytes) -> None:
    """A file of millions of lines is rejected by name, and is not text either."""
    content = io.BytesIO(begin + b"\n" * 3_000_000)
    file_type = SUBRIP if begin == FIRST else WEBVTT
    found = analyze(content, [file_type, "text/plain"])

    assert found.failure
    assert (file_type, "The file has more lines than the limit of its type.") == (
        found.file_type,
        found.failure.message,
    )
