"""Words of a text that comes in pieces: one is counted once, wherever the pieces end."""

from __future__ import annotations


class Words:
    """Counts tokens between Unicode white space."""

    def __init__(self) -> None:
        """None yet."""
        self.count = 0
        self._is_open = False

    def add(self, text: str) -> None:
        """Go on with some text, perhaps in the middle of a word."""
        if text:
            self.count += len(text.split()) - (self._is_open and not text[0].isspace())
            self._is_open = not text[-1].isspace()

    def end_word(self) -> None:
        """Have what comes next begin a word, whether there is white space before it or not."""
        self._is_open = False
