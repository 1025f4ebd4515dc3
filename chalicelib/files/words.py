"""Word count of a text in chunks, independent of where the chunks end."""

from __future__ import annotations


class WordCounter:
    """Counts tokens separated by Unicode white space."""

    def __init__(self) -> None:
        """Start at zero."""
        self.count = 0
        self._is_open = False

    def add(self, text: str) -> None:
        """Count the next chunk, which may begin within a word."""
        if text:
            self.count += len(text.split()) - (self._is_open and not text[0].isspace())
            self._is_open = not text[-1].isspace()

    def end_word(self) -> None:
        """Start a new word with the next chunk, even without white space in between."""
        self._is_open = False
