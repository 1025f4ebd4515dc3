"""Words that come in pieces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.words import FlowingWords, WordBuffer, WordCounter


@pytest.mark.parametrize(
    ("pieces", "count"),
    [
        ([], 0),
        (["one two"], 2),
        (["one", "half"], 1),
        (["one", "", "half"], 1),
        (["one ", "two"], 2),
        (["one", "\u00a0two"], 2),
        (["one", " ", "two"], 2),
        (["on", "e tw", "o "], 2),
        ([" ", "\n"], 0),
        (["one", None, "two"], 2),
        ([None, "one ", None, None, " two"], 2),
        (["".join(map(chr, range(128)))], 3),
        (["x".join(" \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u3000")], 12),
    ],
)
@pytest.mark.parametrize(
    "counter",
    [
        WordCounter,
        WordBuffer,
        *(partial(kind, TextCollector()) for kind in (WordCounter, WordBuffer, FlowingWords)),
    ],
)
def test_words(
    counter: Callable[[], WordCounter | WordBuffer], pieces: list[str | None], count: int
) -> None:
    """A word is counted once over all its pieces, unless its end is given (None)."""
    words = counter()
    for piece in pieces:
        if piece is None:
            words.end_word()
        else:
            words.add(piece)

    assert count == words.count


def test_flush() -> None:
    """A word goes on after the texts before it were counted and freed."""
    words = WordBuffer()
    words.add("one tw")
    words.flush()
    words.add("o")

    assert 2 == words.count
