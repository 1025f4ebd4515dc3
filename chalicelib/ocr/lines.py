"""The text of Textract's blocks: lines in the order of the results, pages apart by form feeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Block = Mapping[str, Any]
"""Textract API reference, "Block"."""

PAGE_BREAK = "\f"


@dataclass(frozen=True, slots=True)
class RecognizedText:
    """The text of a document, as far as it was read."""

    content: bytes
    """UTF-8."""
    character_count: int
    word_count: int
    """Whitespace-separated tokens, as everywhere."""
    mean_confidence: int | None
    """Textract's confidence in a word, 0 to 100, averaged over the words that were read; None
    without words."""
    is_truncated: bool


class LineCollector:
    """Collects the lines of a document's pages up to a size."""

    def __init__(self, max_bytes: int) -> None:
        """Args:
        max_bytes: of the text in UTF-8.
        """
        self._max_bytes = max_bytes
        self._lines: defaultdict[int, list[str]] = defaultdict(list)
        self._bytes = 0
        self._words = 0
        self._confidence = 0.0

    @property
    def is_full(self) -> bool:
        """Whether more lines would be cut off."""
        return self._bytes > self._max_bytes

    def add(self, blocks: Iterable[Block]) -> None:
        """Add the lines and words of one response.

        Textract returns the lines of a page in reading order; images have no page number.
        """
        for block in blocks:
            if block["BlockType"] == "LINE":
                self._lines[block.get("Page", 1)].append(block["Text"])
                self._bytes += len(block["Text"].encode()) + 1
            elif block["BlockType"] == "WORD":
                self._words += 1
                self._confidence += block.get("Confidence", 0.0)

    def text(self, *, is_complete: bool) -> RecognizedText:
        """The text so far.

        Args:
            is_complete: whether every response was added.
        """
        last = max(self._lines, default=0)
        pages = ("\n".join(self._lines.get(page, ())) for page in range(1, last + 1))
        whole = PAGE_BREAK.join(pages).encode()
        content = whole[: self._max_bytes].decode(errors="ignore")  # cut at a character
        encoded = content.encode()
        return RecognizedText(
            content=encoded,
            character_count=len(content),
            word_count=len(content.split()),
            mean_confidence=round(self._confidence / self._words) if self._words else None,
            is_truncated=not is_complete or len(encoded) < len(whole),
        )
