"""The lines of a text that is read in chunks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from chalicelib.files.extraction import LimitExceededError

_MAX_LINES = 3_000_000
"""Lines that are handled one by one; that takes about four seconds."""
_MAX_LINE_CHARACTERS = 1_048_576


class LineTooLongError(ValueError):
    """A line exceeds the limit."""


def lines(pieces: Iterable[str], max_characters: int) -> Iterator[str]:
    r"""The lines with their ends, each of which is \n.

    Raises:
        LineTooLongError: a line has more characters than the limit; one can be as long as the file.
    """
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    rest = ""
    for piece in pieces:
        rest += newlines.decode(piece)
        *whole, rest = rest.split("\n")
        for line in whole:
            yield line + "\n"
        if len(rest) > max_characters:
            raise LineTooLongError("the line exceeds the limit")
    rest += newlines.decode("", final=True)
    if rest:
        yield rest


def limited(pieces: Iterable[str]) -> Iterator[str]:
    """The lines as above, of a format that has short ones.

    Raises:
        LineTooLongError: a line has more than a million characters.
        LimitExceededError: the text has more lines than the limit.
    """
    for count, line in enumerate(lines(pieces, _MAX_LINE_CHARACTERS)):
        if count == _MAX_LINES:
            raise LimitExceededError("The file has more lines than the limit of its type.")
        yield line
