"""Words that come in pieces."""

from __future__ import annotations

import pytest

from chalicelib.files.words import WordCounter


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
    ],
)
def test_words(pieces: list[str | None], count: int) -> None:
    """A word is counted once over all its pieces, unless it is said to end (None)."""
    words = WordCounter()
    for piece in pieces:
        if piece is None:
            words.end_word()
        else:
            words.add(piece)

    assert count == words.count
