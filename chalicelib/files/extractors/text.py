"""text/plain and text/markdown: encoding, lines, words and characters.

At most two chunks of the file are in memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import decoding
from chalicelib.files.decoding import UNKNOWN, Encoding
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.words import WordCounter

_NARROWER: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "koi8-u": ("koi8-r", re.compile("[ЄєІіЇїҐґ]")),
    "windows-1252": ("iso-8859-1", re.compile("[^\0-\xff]")),
}
"""Encodings that include a more common one, and the characters that are not in the latter."""


def prepare() -> None:
    """Load what extraction would load lazily."""
    decoding.prepare()


def extract(
    content: BinaryIO,
    file_type: str = "text/plain",  # noqa: ARG001 - all types alike
    text: TextCollector | None = None,
) -> RawMetadata:
    r"""Encoding and counts of a text.

    - encoding: `utf-8` (with a byte order mark or without), `utf-16` and `utf-32` (with one),
      `utf-16le` and the like (without), else the IANA name of the detected one, or `unknown-8bit`
      (RFC 1428).
    - lineCount: lines end with \n, \r\n or \r; a last line without an end counts.
    - wordCount: tokens between Unicode white space.
    - characterCount: code points, including \r and \n, without the byte order mark and a final
      Ctrl-Z; None for an unknown encoding.
    """
    return read(content, text=text)[0]


def read(
    content: BinaryIO, declared: str | None = None, text: TextCollector | None = None
) -> tuple[RawMetadata, Encoding]:
    """What `extract` returns, and the encoding to decode the text again.

    Args:
        content: the whole text.
        declared: name of the encoding in the text itself, for one that cannot be detected.
        text: is filled with the whole text.

    Raises:
        FileRejectedError: it is not text.
    """
    for encoding in decoding.possible(content, declared):
        try:
            return _counts(content, encoding, text), encoding
        except ValueError:
            if text:
                text.clear()
    raise FileRejectedError(
        FailureCode.UNREADABLE, "The file begins as text, but contains binary data."
    )


def decoded_chunks(content: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The whole text in chunks, in the encoding that `read` returns."""
    return decoding.decoded(content, encoding)


def word_count(pieces: Iterable[str], collector: TextCollector | None = None) -> int:
    """Tokens separated by Unicode white space, of a text in chunks."""
    words = WordCounter(collector)
    for piece in pieces:
        words.add(piece)
    return words.count


def _counts(content: BinaryIO, encoding: Encoding, collector: TextCollector | None) -> RawMetadata:
    """The counts of the content in this encoding; raises ValueError if it is not text in it."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    lines = characters = 0
    words = WordCounter(collector)
    last = ""
    narrower, beyond = _NARROWER.get(encoding.name, (None, None))
    for text in decoding.decoded(content, encoding):
        characters += len(text)
        words.add(text)
        lines += newlines.decode(text).count("\n")
        if narrower and beyond and not text.isascii() and beyond.search(text):
            narrower = None
        last = text[-1]
    lines += newlines.decode("", final=True).count("\n")
    if last and last not in "\r\n":
        lines += 1
    return {
        "encoding": narrower or encoding.name,
        "lineCount": lines,
        "wordCount": words.count,
        "characterCount": None if encoding.name == UNKNOWN else characters,
    }
