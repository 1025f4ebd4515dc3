r"""RTF by a streaming tokenizer: title, author and the words of the body.

Specification: Rich Text Format 1.9.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import code_pages, text_codecs
from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.words import WordCounter

_CHUNK_BYTES = 1_048_576

_MAX_CONTROL_BYTES = 64
"""Longer than any control that `_TOKEN` matches."""

_MAX_DEPTH = 1_000
"""Nested groups."""

_MAX_TOKENS = 10_000_000
"""Tokens of one file: about 20 seconds."""

_UNBALANCED = "The RTF has unbalanced braces."

_MAX_FIELD_CHARACTERS = 10_000
"""Characters of a title or author that are kept; more than a record stores."""

_TOKEN = re.compile(
    rb"([^\\{}]+)|([{}])|\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])"
)
"""Groups: text, brace, control word and its parameter, byte in hex, control symbol."""

_BODY, _INFO, _FONTS, _HIDDEN = "body", "info", "fonts", "hidden"
_WITHOUT_TEXT = frozenset({_INFO, _FONTS, _HIDDEN})
_FIELDS = {b"title": "title", b"author": "author"}
"""Destinations within `info`."""

_NOT_BODY = frozenset(
    b"colortbl deleted fldinst footer footerf footerl footerr footnote ftncn ftnsep ftnsepc"
    b" header headerf headerl headerr listtext nonshppict objdata pict pntext revtbl shprslt"
    b" stylesheet tc xe".split()
)
"""Destinations, and the property `deleted`, whose text is not part of the body."""

_CHARACTERS = {
    **dict.fromkeys(b"column line nestrow par row sect".split(), PARAGRAPH),
    **dict.fromkeys(b"cell nestcell tab".split(), "\t"),
    b"page": PAGE,
    **dict.fromkeys(b"emspace enspace qmspace".split(), " "),
    b"bullet": "\u2022",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"ldblquote": "\u201c",
    b"lquote": "\u2018",
    b"rdblquote": "\u201d",
    b"rquote": "\u2019",
}
_SYMBOLS = {
    b"\\": "\\",
    b"{": "{",
    b"}": "}",
    b"_": "-",
    b"~": "\xa0",
    b"\n": PARAGRAPH,
    b"\r": PARAGRAPH,
}

_FONT_WORDS = frozenset({b"f", b"plain", b"deff", b"fcharset", b"cpg"})

_CODE_PAGES = {b"ansi": "cp1252", b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}


_MAX_FONTS = 10_000


def prepare() -> None:
    """Load what extraction would load lazily: RTF names its code page."""
    text_codecs.load_all()


def extract(
    content: BinaryIO,
    file_type: str,  # noqa: ARG001 - one type only
    text: TextCollector | None = None,
) -> RawMetadata:
    """Document information and word count.

    - title, author: of the `info` group.
    - wordCount: whitespace-separated tokens of the body, without headers, footers, notes,
      annotations and deletions.
    """
    reader = _Reader(WordCounter(text))
    for token in _tokens(content):
        reader.read(token)
    if not reader.is_complete:
        raise FileRejectedError(FailureCode.UNREADABLE, _UNBALANCED)
    fields = {
        name: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for name, value in reader.fields.items()
    }
    return {**fields, "wordCount": reader.words.count}


def _tokens(content: BinaryIO) -> Iterator[re.Match[bytes]]:
    r"""The tokens of the file, in order; the data of `\bin` is skipped."""
    buffer = b""
    binary_bytes = count = 0  # binary_bytes: those that are still to be skipped
    while True:
        chunk = content.read(_CHUNK_BYTES)
        buffer += chunk
        position = min(binary_bytes, len(buffer))
        binary_bytes -= position
        safe_end = len(buffer) - _MAX_CONTROL_BYTES if chunk else len(buffer)
        while match := _TOKEN.search(buffer, position):
            if match.start() > safe_end and not match[1]:
                break
            yield match
            position = match.end()
            count += 1
            if match[3] == b"bin":
                end = position + max(int(match[4] or 0), 0)
                position = min(end, len(buffer))
                binary_bytes = end - position
        buffer = buffer[position:]
        if count > _MAX_TOKENS:
            message = "The RTF has more control words and groups than the limit."
            raise LimitExceededError(message)
        if not chunk:
            return


@dataclass(frozen=True, slots=True)
class _Group:
    """The properties that end with a group."""

    destination: str = _BODY
    """`_BODY`, `_INFO`, `_FONTS`, `_HIDDEN` or the name of a field."""
    fallback_characters: int = 1
    r"""Characters after `\uN` for readers without Unicode (`\uc`)."""
    font: int | None = None
    r"""Number of the font (`\f`); None for the document's (`\deff`)."""


class _Reader:
    """Collects fields and words, token by token."""

    def __init__(self, words: WordCounter) -> None:
        self.fields: dict[str, str] = {}
        self.words = words
        self.is_complete = False
        self._group = _Group(_HIDDEN)
        self._outer: list[_Group] = []
        self._codec = "cp1252"
        self._font_codecs: dict[int, str] = {}
        self._font = 0  # of the table's current entry
        self._default_font: int | None = None
        self._encoded = bytearray()  # one character may consist of several tokens
        self._fallback = 0  # characters that are still to be skipped
        self._is_ignorable = False
        self._high = ""  # first half of a character

    def read(self, token: re.Match[bytes]) -> None:
        """Apply one token."""
        text, brace, word, parameter, hexadecimal, symbol = token.groups()
        if text:
            self._read_bytes(text.translate(None, b"\r\n"))
        elif hexadecimal:
            self._read_bytes(bytes.fromhex(hexadecimal.decode("ascii")))
        else:
            self._decode()
            if brace:
                self._read_brace(brace)
            elif word:
                self._read_word(word, int(parameter) if parameter else None)
            elif self._fallback:
                self._fallback -= 1
            else:
                self._add(_SYMBOLS.get(symbol, ""))
        self._is_ignorable = symbol == b"*"

    def _read_bytes(self, data: bytes) -> None:
        skipped = min(self._fallback, len(data))
        self._fallback -= skipped
        if self._group.destination not in _WITHOUT_TEXT:
            self._encoded += data[skipped:]

    def _decode(self) -> None:
        if self._encoded:
            self._add(self._encoded.decode(self._current_codec(), errors="replace"))
            self._encoded.clear()

    def _current_codec(self) -> str:
        if self._group.destination != _BODY:
            return self._codec
        font = self._group.font
        number = self._default_font if font is None else font
        return self._codec if number is None else self._font_codecs.get(number, self._codec)

    def _read_brace(self, brace: bytes) -> None:
        self._fallback = 0
        if len(self._outer) >= _MAX_DEPTH:
            raise LimitExceededError("The nesting depth of the RTF exceeds the limit.")
        if self.is_complete:
            raise FileRejectedError(FailureCode.UNREADABLE, _UNBALANCED)
        if brace == b"{":
            self._outer.append(self._group)
            self._group = self._group if len(self._outer) > 1 else _Group()
        else:
            self._group = self._outer.pop()  # IndexError: more are closed than opened
            self.is_complete = not self._outer

    def _read_word(self, word: bytes, parameter: int | None) -> None:
        self._fallback = 0
        if destination := self._destination(word, parameter):
            self._group = replace(self._group, destination=destination)
            if destination in _FIELDS.values():
                self.fields[destination] = ""
        elif word == b"u" and parameter is not None:
            self._add_unit(chr(parameter & 0xFFFF))
            self._fallback = self._group.fallback_characters
        elif word == b"uc" and parameter is not None:
            self._group = replace(self._group, fallback_characters=max(parameter, 0))
        elif word in _CODE_PAGES:
            self._codec = _CODE_PAGES[word]
        elif word == b"ansicpg":
            self._codec = code_pages.codec_of(parameter or 0) or "cp1252"
        elif word in _FONT_WORDS:
            self._read_font(word, parameter or 0)
        else:
            self._add(_CHARACTERS.get(word, ""))

    def _add_unit(self, unit: str) -> None:
        """Add a unit of UTF-16, of which two may form a character."""
        if "\ud800" <= unit < "\udc00":
            self._add("\N{REPLACEMENT CHARACTER}" if self._high else "")
            self._high = unit
        else:
            self._add(unit)

    def _read_font(self, word: bytes, number: int) -> None:
        """Apply a control word about fonts: of an entry in the table, or of the body."""
        if word == b"deff":
            self._default_font = number
        elif self._group.destination != _FONTS:
            font = None if word == b"plain" else number
            self._group = replace(self._group, font=font)
        elif word == b"f":
            self._font = number
        elif len(self._font_codecs) < _MAX_FONTS:
            page = number if word == b"cpg" else code_pages.of_character_set(number)
            codec = None if page is None else code_pages.codec_of(page)
            if codec:
                self._font_codecs[self._font] = codec

    def _destination(self, word: bytes, parameter: int | None) -> str | None:
        """The destination that this control word makes of the group; None if it makes none."""
        current = self._group.destination
        if word == b"shptxt":  # the text of a text box, within an ignorable destination
            return _BODY
        if word == b"ud" and current == _INFO:  # the Unicode version of a field, ignorable as well
            return _INFO
        if word == b"fonttbl" and current == _BODY:
            return _FONTS
        if self._is_ignorable or (word in _NOT_BODY and parameter != 0):
            return _HIDDEN
        if word == b"info" and current == _BODY:
            return _INFO
        return _FIELDS.get(word) if current == _INFO else None

    def _add(self, text: str) -> None:
        if self._high and text:
            pair = (self._high + text).encode("utf-16", "surrogatepass")
            text = pair.decode("utf-16", "replace")
            self._high = ""
        destination = self._group.destination
        if destination == _BODY:
            self.words.add(text)
        elif destination in self.fields and len(self.fields[destination]) < _MAX_FIELD_CHARACTERS:
            self.fields[destination] += text
