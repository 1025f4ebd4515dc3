"""Parts of a line that a wide gap separates."""

from __future__ import annotations

from statistics import median

from infra.local.textract.words import Line, Word

WIDE_GAP = 1.5
"""Times the height of the line's words, horizontally; a space has about a third."""

_A4_RATIO = 2**0.5
"""Height to width of a page: boxes are fractions of these."""


def split_at_gaps(line: Line) -> list[list[Word]]:
    """The segments of a line, each with at least one word."""
    segments: list[list[Word]] = []
    widest = WIDE_GAP * _A4_RATIO * median([word.box.height for word in line])
    for word in sorted(line, key=lambda word: word.box.left):
        if segments and word.box.left - segments[-1][-1].box.right <= widest:
            segments[-1].append(word)
        else:
            segments.append([word])
    return segments
