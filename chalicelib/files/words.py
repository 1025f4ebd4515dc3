"""Word count of a text in chunks, independent of where the chunks end.

A counter passes the text on to a `TextCollector` if it is given one.
"""

from __future__ import annotations

from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector

_ASCII_CLASSES = bytes(ord(" " if chr(code).isspace() else "x") for code in range(256))
"""Translates white space to a space, and everything else to an x."""

_STRENGTH = {separator: number for number, separator in enumerate(["", " ", "\t", PARAGRAPH, PAGE])}
"""How much each separates."""


class WordCounter:
    """Counts tokens separated by Unicode white space."""

    def __init__(self, text: TextCollector | None = None) -> None:
        """Start at zero."""
        self.count = 0
        self._is_open = False
        self._text = text

    def add(self, text: str) -> None:
        """Count the next chunk, which may begin within a word."""
        if text:
            self.count += _count(text) - (self._is_open and not text[0].isspace())
            self._is_open = not text[-1].isspace()
            if self._text:
                self._text.add(text)

    def end_word(self, separator: str = PARAGRAPH) -> None:
        """Start a new word with the next chunk, even without white space in between.

        Args:
            separator: white space that the text has here.
        """
        self._is_open = False
        if self._text:
            self._text.add(separator)


class WordBuffer:
    """Counts the words of many short texts, as WordCounter does.

    It collects them until `flush`, since counting them one by one takes three times as long.
    """

    def __init__(self, text: TextCollector | None = None) -> None:
        """Start at zero."""
        self._words = WordCounter(text)
        self._texts: list[str] = []
        self.add = self._texts.append

    def end_word(self, separator: str = PARAGRAPH) -> None:
        """Start a new word with the next text, even without white space in between."""
        self._texts.append(separator)

    def add_verbatim(self, text: str) -> None:
        """Count the next text, whose white space is significant."""
        self._texts.append(text)

    def flush(self) -> None:
        """Count what was collected, and free it."""
        self._words.add("".join(self._texts))
        self._texts.clear()

    @property
    def count(self) -> int:
        """The words of all texts so far."""
        self.flush()
        return self._words.count


class FlowingWords(WordBuffer):
    """A WordBuffer that collects a text whose white space only separates words, as in HTML.

    Of a run of white space and ends of words, the text has what separates most.
    """

    def __init__(self, text: TextCollector, *, keeps_lines: bool = False) -> None:
        """Start at zero.

        Args:
            text: is filled with the text.
            keeps_lines: whether the end of a line separates more than a space.
        """
        super().__init__(text)
        self._append = self._texts.append
        self._separator = ""
        self._has_begun = False
        self.add = self._add_lines if keeps_lines else self._add

    def end_word(self, separator: str = PARAGRAPH) -> None:
        """Start a new word with the next text, even without white space in between."""
        if _STRENGTH[separator] > _STRENGTH[self._separator]:
            self._separator = separator

    def add_verbatim(self, text: str) -> None:
        """Count the next text, whose white space is significant."""
        self._append(self._separator + text if self._has_begun else text)
        self._separator = ""
        self._has_begun = True

    def _add_lines(self, text: str) -> None:
        first, *others = text.split("\n")
        self._add(first)
        for line in others:
            self.end_word()
            self._add(line)

    def _add(self, text: str) -> None:
        words = " ".join(text.split())
        if words:
            if text[0].isspace():
                self.end_word(" ")
            self.add_verbatim(words)
            if text[-1].isspace():
                self._separator = " "
        elif text:
            self.end_word(" ")


def flowing_words(text: TextCollector | None, *, keeps_lines: bool = False) -> WordBuffer:
    """A buffer that collects the text if that is requested."""
    return FlowingWords(text, keeps_lines=keeps_lines) if text else WordBuffer()


def _count(text: str) -> int:
    if not text.isascii():
        return len(text.split())
    # Three times as fast as split, which creates the words.
    classes = text.encode("ascii").translate(_ASCII_CLASSES)
    return classes.count(b" x") + classes.startswith(b"x")
