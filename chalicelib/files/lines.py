"""The lines of a text that is read in chunks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator


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
