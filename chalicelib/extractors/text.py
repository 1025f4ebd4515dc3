"""text/plain by the standard library: encoding, lines, words and characters.

Text is what decodes and holds no control characters but those that file(1) counts as text.
Nothing here holds more than a chunk of the file, however long its lines are.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused

_CHUNK_BYTES = 65_536

_NOT_TEXT = re.compile("[\0-\6\x0e-\x1a\x1c-\x1f\x7f]")
"""file(1) counts \\a \\b \\t \\n \\v \\f \\r and ESC as text, and no other control character:
https://github.com/file/file/blob/master/src/encoding.c (text_chars)"""

_NOT_LATIN_1 = re.compile("[\x80-\x84\x86-\x9f]")
"""What no text in ISO 8859 holds, says the same table: Windows-1252, KOI8-R, Shift JIS, ..."""

_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_text(head: bytes, *, is_whole_file: bool) -> bool:
    """Whether a file that begins like this is text so far; its last character may be cut."""
    for encoding in _possible_encodings(head):
        try:
            _checked(_decoder(encoding).decode(head, is_whole_file))
        except ValueError:
            continue
        return True
    return False


def extract(content: BinaryIO) -> Found:
    r"""Encoding and counts of a text.

    - encoding: `utf-8` (with a byte order mark or without), `utf-16` (with one), else `iso-8859-1`,
      or `unknown-8bit` (RFC 1428, what file(1) says) where it holds bytes which that lacks.
    - lineCount: lines end with \n, \r\n or \r; a last line without an end counts.
    - wordCount: tokens between Unicode white space.
    - characterCount: code points, \r and \n each one; the byte order mark is none.
    """
    head = content.read(len(codecs.BOM_UTF16))
    for encoding in _possible_encodings(head):
        content.seek(0)
        try:
            return _counts(content, encoding)
        except ValueError:
            continue
    raise Refused(FailureCode.UNREADABLE, "The file begins as text, but binary data follows.")


def _possible_encodings(head: bytes) -> tuple[str, ...]:
    if head.startswith(_BYTE_ORDER_MARKS):
        return ("utf-16",)
    return ("utf-8", "iso-8859-1")


def _counts(content: BinaryIO, encoding: str) -> Found:
    """The counts of the content in this encoding; ValueError where it is no text in it."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    lines = words = characters = 0
    last = ""
    is_latin_1 = True
    for text in _decoded(content, encoding):
        characters += len(text)
        words += len(text.split())
        if last and not last.isspace() and not text[0].isspace():
            words -= 1  # one word, counted on both sides of the chunks' border
        lines += newlines.decode(text).count("\n")
        is_latin_1 = is_latin_1 and not _NOT_LATIN_1.search(text)
        last = text[-1]
    lines += newlines.decode("", final=True).count("\n")
    if last and last not in "\r\n":
        lines += 1
    if encoding == "iso-8859-1" and not is_latin_1:
        encoding = "unknown-8bit"
    return {
        "encoding": encoding,
        "lineCount": lines,
        "wordCount": words,
        "characterCount": characters,
    }


def _decoded(content: BinaryIO, encoding: str) -> Iterator[str]:
    """The content's text in pieces, none of them empty; ValueError where it is no text."""
    decoder = _decoder(encoding)
    is_end = False
    while not is_end:
        chunk = content.read(_CHUNK_BYTES)
        is_end = not chunk
        text = _checked(decoder.decode(chunk, is_end))
        if text:
            yield text


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    # "utf-8-sig" is UTF-8 whose byte order mark, if any, is no character of the text.
    return codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()


def _checked(text: str) -> str:
    if _NOT_TEXT.search(text):
        raise ValueError("control characters that no text has")
    return text
