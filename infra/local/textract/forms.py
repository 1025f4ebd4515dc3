"""Key-value pairs of a page, by a simple heuristic: "Key: value" within a line.

It stands in for Textract's trained model, so that code that reads its answers has something to
read. Keys without a colon, values below their keys and checkboxes are not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from infra.local.textract.segments import split_at_gaps
from infra.local.textract.words import Line, Word

LONGEST_KEY = 5
"""Words; a colon behind more of them is one of a sentence."""

Pair = tuple[list[Word], list[Word]]
"""Key and value, with at least one word each."""


def find_pairs(lines: Sequence[Line]) -> Iterator[Pair]:
    """The pairs of a page, in reading order."""
    for line in lines:
        segments = split_at_gaps(line)
        for segment, following in pairwise([*segments, []]):
            key, value = _split(segment)
            if key and (value or following):
                yield key, value or following


def _split(segment: list[Word]) -> Pair:
    """The words up to the first colon, and the others; the former are empty without one."""
    for place, word in enumerate(segment[:LONGEST_KEY], 1):
        if word.text.endswith(":"):
            return segment[:place], segment[place:]
    return [], segment
