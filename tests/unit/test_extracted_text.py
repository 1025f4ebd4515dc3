"""The text of a file, collected in pieces and bounded."""

from __future__ import annotations

import pytest

from chalicelib.files.extracted_text import MAX_TEXT_BYTES, ExtractedText, TextCollector


def collected(*pieces: str, max_bytes: int = MAX_TEXT_BYTES) -> ExtractedText | None:
    """The text of these pieces."""
    text = TextCollector(max_bytes)
    for piece in pieces:
        text.add(piece)
    return text.result()


@pytest.mark.parametrize(
    ("pieces", "content"),
    [
        pytest.param(["one ", "two"], "one two", id="pieces"),
        pytest.param(["na\u00efve \U0001f600"], "na\u00efve \U0001f600", id="any character"),
        pytest.param(["a\r\nb\rc\n"], "a\nb\nc", id="line ends"),
        pytest.param(["a\r", "\nb"], "a\nb", id="line end in two pieces"),
        pytest.param(["\n", "\f a\n\f\n"], "\f a\n\f", id="blank lines around it"),
        pytest.param(["a\fb\tc"], "a\fb\tc", id="page and tab"),
        pytest.param(["\x00 \x1b[0m \x7f \x9f"], "\ufffd \ufffd[0m \ufffd \ufffd", id="controls"),
        pytest.param(["a\x0bb\x1cc\x85d"], "a b c d", id="other white space"),
        pytest.param(["\ud800 \uffff"], "\ufffd \ufffd", id="no characters"),
    ],
)
def test_content(pieces: list[str], content: str) -> None:
    """The content is UTF-8 without anything that a text file should not have."""
    assert ExtractedText(content.encode(), len(content), is_truncated=False) == collected(*pieces)


@pytest.mark.parametrize("text", ["", " \r\n\f\t"])
def test_nothing(text: str) -> None:
    """White space alone does not count as text."""
    assert collected(text) is None


@pytest.mark.parametrize(
    ("pieces", "content"),
    [
        pytest.param(["1234"], b"1234", id="as long as the limit"),
        pytest.param(["12345"], b"1234", id="longer"),
        pytest.param(["12", "345", "6"], b"1234", id="pieces"),
        pytest.param(["123\u20ac"], b"123", id="no part of a character"),
        pytest.param(["1\U0001f600", "2"], b"1", id="nothing after a character that is cut"),
    ],
)
def test_limit(pieces: list[str], content: bytes) -> None:
    """A longer text is cut at a character, and marked."""
    is_truncated = pieces != ["1234"]

    assert ExtractedText(content, len(content), is_truncated) == collected(*pieces, max_bytes=4)


def test_clear() -> None:
    """Nothing is left of a failed attempt."""
    text = TextCollector(4)
    text.add("12345")
    text.clear()
    text.add("x")

    assert ExtractedText(b"x", 1, is_truncated=False) == text.result()
