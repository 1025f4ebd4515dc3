r"""The text of a file: UTF-8, lines end with `\n`, pages are separated by form feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT_BYTES = 5 * 1_048_576
"""Of the text of one file."""

_ASCII_TEXT = bytes(code for code in range(0x80) if code in b"\t\n\f\r" or 0x20 <= code < 0x7F)

PARAGRAPH = "\n"
PAGE = "\f"
"""Separators."""

_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Controls, lone surrogates and noncharacters, which a text file should not have."""


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """The text of a file that has any."""

    content: bytes
    """UTF-8, at most `MAX_TEXT_BYTES`."""
    character_count: int
    is_truncated: bool
    """Whether the content is the beginning of a longer text."""


class TextCollector:
    """Collects the text of a file in pieces, up to the limit."""

    def __init__(self, max_bytes: int = MAX_TEXT_BYTES) -> None:
        """Start without text."""
        self._max_bytes = max_bytes
        self._content = bytearray()
        self._is_truncated = False

    def add(self, text: str) -> None:
        """Add the next piece; a no-op once the limit is exceeded."""
        if self._is_truncated:
            return
        self._content += _encoded(text)
        if len(self._content) > self._max_bytes:
            self._is_truncated = True
            del self._content[_end_of_character(self._content, self._max_bytes) :]

    @property
    def is_full(self) -> bool:
        """Whether the limit is exceeded, so that further text would be dropped."""
        return self._is_truncated

    def truncate(self) -> None:
        """Mark the text as incomplete, and add no more."""
        self._is_truncated = True

    def clear(self) -> None:
        """Drop the text, which was that of a failed attempt."""
        self._content.clear()
        self._is_truncated = False

    def result(self) -> ExtractedText | None:
        """The text; None if there is only white space."""
        content = self._content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
        if not content.strip():
            return None
        return ExtractedText(bytes(content), len(content.decode()), self._is_truncated)


def _encoded(text: str) -> bytes:
    """The text in UTF-8, with what should not be in it replaced."""
    if text.isascii() and not (content := text.encode()).translate(None, delete=_ASCII_TEXT):
        return content  # several times as fast
    return _NOT_TEXT.sub(_replacement, text).encode()


def _replacement(found: re.Match[str]) -> str:
    """White space for white space, so that the words stay the same."""
    return " " if found[0].isspace() else "\N{REPLACEMENT CHARACTER}"


def _end_of_character(content: bytearray, end: int) -> int:
    """The last position up to `end` at which a character of UTF-8 begins."""
    while content[end] & 0xC0 == 0x80:
        end -= 1
    return end
