"""text/plain and text/markdown: encoding, lines, words and characters.

Text is what decodes and holds no control characters but those that file(1) counts as text.
Nothing here holds more than a chunk of the file, however long its lines are. What is neither UTF-8
nor UTF-16 is in the encoding that charset-normalizer finds likeliest in a sample, if there is
enough in it to tell: a guess, which the whole file must bear out.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused
from chalicelib.extractors.words import Words

_CHUNK_BYTES = 65_536

_NOT_TEXT = re.compile("[\0-\6\x0e-\x1a\x1c-\x1f\x7f]")
"""file(1) counts \\a \\b \\t \\n \\v \\f \\r and ESC as text, and no other control character:
https://github.com/file/file/blob/master/src/encoding.c (text_chars)"""

_NOT_LATIN_1 = re.compile("[\x80-\x84\x86-\x9f]")
"""What no text in ISO 8859 holds, says the same table: Windows-1252, KOI8-R, Shift JIS, ..."""

_NOT_IN_LATIN_1 = re.compile("[^\0-\xff]")

_LATIN_1 = "iso-8859-1"
_WINDOWS_1252 = "windows-1252"
_UNKNOWN = "unknown-8bit"
"""What file(1) says, after RFC 1428."""

_DETECTED = {
    "big5": "big5",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp1252": _WINDOWS_1252,
    "cp1253": "windows-1253",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "koi8_r": "koi8-r",
    "mac_roman": "macintosh",
}
"""The codecs that are tried, and IANA's names. Those still in use (https://encoding.spec.whatwg.org);
with more of them, charset-normalizer errs more often."""

_SAMPLE_BYTES = 32_768
_ENOUGH_TO_DETECT = 16
"""Bytes beyond ASCII in a sample; with fewer, any guess is as good."""

_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_text(head: bytes, *, is_whole_file: bool) -> bool:
    """Whether a file that begins like this is text so far; its last character may be cut."""
    is_marked = head.startswith(_BYTE_ORDER_MARKS)
    for encoding in ("utf-16",) if is_marked else ("utf-8", _LATIN_1):
        try:
            _checked(_decoder(encoding).decode(head, is_whole_file))
        except ValueError:
            continue
        return True
    return False


def extract(content: BinaryIO, file_type: str = "text/plain") -> Found:  # noqa: ARG001 - all are read alike
    r"""Encoding and counts of a text.

    - encoding: `utf-8` (with a byte order mark or without), `utf-16` (with one), else the
      likeliest, by IANA's name; `iso-8859-1` where there is too little to tell by, and
      `unknown-8bit` (RFC 1428) where that lacks some of its bytes.
    - lineCount: lines end with \n, \r\n or \r; a last line without an end counts.
    - wordCount: tokens between Unicode white space.
    - characterCount: code points, \r and \n each one; the byte order mark is none.
    """
    for encoding in _possible_encodings(content):
        content.seek(0)
        try:
            return _counts(content, encoding)
        except ValueError:
            continue
    raise Refused(FailureCode.UNREADABLE, "The file begins as text, but binary data follows.")


def lines_of(content: BinaryIO, encoding: str) -> Iterator[str]:
    """The whole text in pieces, decoded as `extract` found it to be."""
    content.seek(0)
    return _decoded(content, _LATIN_1 if encoding == _UNKNOWN else encoding)


def word_count(pieces: Iterable[str]) -> int:
    """Tokens between Unicode white space in a text that comes in pieces."""
    words = Words()
    for piece in pieces:
        words.add(piece)
    return words.count


def _possible_encodings(content: BinaryIO) -> Iterator[str]:
    """From the surest to the vaguest."""
    if content.read(len(codecs.BOM_UTF16)) in _BYTE_ORDER_MARKS:
        yield "utf-16"
        return
    yield "utf-8"
    if detected := _detected(content):
        yield detected
    yield _LATIN_1


def _detected(content: BinaryIO) -> str | None:
    """The likeliest encoding by a sample with bytes beyond ASCII, None where it cannot be told."""
    content.seek(0)
    sample = b""
    while chunk := content.read(_SAMPLE_BYTES):
        if not chunk.isascii():
            sample = chunk
            break
    if len(sample.translate(None, delete=bytes(range(0x80)))) < _ENOUGH_TO_DETECT:
        return None
    from charset_normalizer import from_bytes  # noqa: PLC0415 - for the rare file that needs it

    best = from_bytes(sample, cp_isolation=list(_DETECTED), enable_fallback=False).best()
    return _DETECTED.get(best.encoding) if best else None


def _counts(content: BinaryIO, encoding: str) -> Found:
    """The counts of the content in this encoding; ValueError where it is no text in it."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    lines = characters = 0
    words = Words()
    last = ""
    is_other = _NOT_LATIN_1 if encoding == _LATIN_1 else _NOT_IN_LATIN_1
    is_latin_1 = True
    for text in _decoded(content, encoding):
        characters += len(text)
        words.add(text)
        lines += newlines.decode(text).count("\n")
        is_latin_1 = is_latin_1 and not is_other.search(text)
        last = text[-1]
    lines += newlines.decode("", final=True).count("\n")
    if last and last not in "\r\n":
        lines += 1
    if encoding == _LATIN_1 and not is_latin_1:
        encoding = _UNKNOWN
    elif encoding == _WINDOWS_1252 and is_latin_1:
        encoding = _LATIN_1  # of which it is an extension that nothing here needs
    return {
        "encoding": encoding,
        "lineCount": lines,
        "wordCount": words.count,
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
