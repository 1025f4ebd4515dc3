"""text/plain and text/markdown: encoding, lines, words and characters.

Text decodes and contains no control characters except those that file(1) accepts. At most one chunk
of the file is in memory. A file that is neither UTF-8 nor UTF-16 is decoded with the encoding that
charset-normalizer detects in a sample with enough non-ASCII bytes; the whole file must decode.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import text_codecs
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.words import WordCounter

_CHUNK_BYTES = 65_536

_NOT_TEXT = frozenset([*range(7), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
"""Control characters but \\a \\b \\t \\n \\v \\f \\r and ESC, which file(1) counts as text as well:
https://github.com/file/file/blob/master/src/encoding.c (text_chars)"""

_TEXT_BYTES = bytes(sorted(set(range(256)) - _NOT_TEXT))
"""Of UTF-8, in which control characters are single bytes."""

_NOT_LATIN_1 = re.compile("[\x80-\x84\x86-\x9f]")
"""Not in ISO 8859 text (same table), but in Windows-1252, KOI8-R, Shift JIS, ..."""

_NOT_IN_LATIN_1 = re.compile("[^\0-\xff]")

_LATIN_1 = "iso-8859-1"
_WINDOWS_1252 = "windows-1252"
_UNKNOWN = "unknown-8bit"
"""As in file(1), after RFC 1428."""

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
"""The codecs that are tried, and their IANA names: those still in use
(https://encoding.spec.whatwg.org). With more, charset-normalizer is wrong more often."""

_SAMPLE_BYTES = 32_768
_ENOUGH_TO_DETECT = 16
"""Minimum number of non-ASCII bytes in a sample."""

_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def prepare() -> None:
    """Load what extraction would load lazily: the codecs, and what detects the encoding."""
    text_codecs.load([*text_codecs.UNICODE, *_DETECTED, *_DETECTED.values(), _LATIN_1])
    import charset_normalizer  # noqa: F401, PLC0415 - no cold start pays for it


def is_text(head: bytes, *, is_whole_file: bool) -> bool:
    """Whether a file's head is text; its last character may be incomplete."""
    is_marked = head.startswith(_BYTE_ORDER_MARKS)
    for encoding in ("utf-16",) if is_marked else ("utf-8", _LATIN_1):
        try:
            _checked(_decoder(encoding).decode(head, is_whole_file))
        except ValueError:
            continue
        return True
    return False


def extract(content: BinaryIO, file_type: str = "text/plain") -> RawMetadata:  # noqa: ARG001 - all types alike
    r"""Encoding and counts of a text.

    - encoding: `utf-8` (with a byte order mark or without), `utf-16` (with one), else the IANA
      name of the detected one; `iso-8859-1` if there are too few bytes to detect it, and
      `unknown-8bit` (RFC 1428) if some bytes are not in ISO 8859-1.
    - lineCount: lines end with \n, \r\n or \r; a last line without an end counts.
    - wordCount: tokens between Unicode white space.
    - characterCount: code points, including \r and \n, without the byte order mark.
    """
    for encoding in _possible_encodings(content):
        content.seek(0)
        try:
            return _counts(content, encoding)
        except ValueError:
            continue
    raise FileRejectedError(
        FailureCode.UNREADABLE, "The file begins as text, but contains binary data."
    )


def decoded_chunks(content: BinaryIO, encoding: str) -> Iterator[str]:
    """The whole text in chunks, in the encoding that `extract` returns."""
    content.seek(0)
    return _decoded(content, _LATIN_1 if encoding == _UNKNOWN else encoding)


def word_count(pieces: Iterable[str]) -> int:
    """Tokens separated by Unicode white space, of a text in chunks."""
    words = WordCounter()
    for piece in pieces:
        words.add(piece)
    return words.count


def _possible_encodings(content: BinaryIO) -> Iterator[str]:
    """In order of certainty."""
    if content.read(len(codecs.BOM_UTF16)) in _BYTE_ORDER_MARKS:
        yield "utf-16"
        return
    yield "utf-8"
    if detected := _detected(content):
        yield detected
    yield _LATIN_1


def _detected(content: BinaryIO) -> str | None:
    """The likeliest encoding by a sample with bytes beyond ASCII, None if undetected."""
    content.seek(0)
    sample = b""
    while chunk := content.read(_SAMPLE_BYTES):
        if not chunk.isascii():
            sample = chunk
            break
    if len(sample.translate(None, delete=bytes(range(0x80)))) < _ENOUGH_TO_DETECT:
        return None
    from charset_normalizer import from_bytes  # noqa: PLC0415 - no cold start pays for it

    best = from_bytes(sample, cp_isolation=list(_DETECTED), enable_fallback=False).best()
    return _DETECTED.get(best.encoding) if best else None


def _counts(content: BinaryIO, encoding: str) -> RawMetadata:
    """The counts of the content in this encoding; raises ValueError if it is not text in it."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    lines = characters = 0
    words = WordCounter()
    last = ""
    is_other = _NOT_LATIN_1 if encoding == _LATIN_1 else _NOT_IN_LATIN_1
    is_latin_1 = True
    for text in _decoded(content, encoding):
        characters += len(text)
        words.add(text)
        lines += newlines.decode(text).count("\n")
        is_latin_1 = is_latin_1 and (text.isascii() or not is_other.search(text))
        last = text[-1]
    lines += newlines.decode("", final=True).count("\n")
    if last and last not in "\r\n":
        lines += 1
    if encoding == _LATIN_1 and not is_latin_1:
        encoding = _UNKNOWN
    elif encoding == _WINDOWS_1252 and is_latin_1:
        encoding = _LATIN_1  # of which it is a superset
    return {
        "encoding": encoding,
        "lineCount": lines,
        "wordCount": words.count,
        "characterCount": characters,
    }


def _decoded(content: BinaryIO, encoding: str) -> Iterator[str]:
    """The content's text in nonempty chunks; raises ValueError if it is not text."""
    decoder = _decoder(encoding)
    is_end = False
    while not is_end:
        chunk = content.read(_CHUNK_BYTES)
        is_end = not chunk
        text = _checked(decoder.decode(chunk, is_end))
        if text:
            yield text


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    # "utf-8-sig" drops a byte order mark.
    return codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()


def _checked(text: str) -> str:
    # Three times as fast as a regular expression.
    if text.encode("utf-8", "surrogatepass").translate(None, _TEXT_BYTES):
        raise ValueError("control characters that are not text")
    return text
