"""Whether the head of a file is text, and its beginning, decoded.

UTF-8 and texts with a byte order mark are certain. UTF-16 and UTF-32 without one are recognized if
what they decode to reads like text. `decoding` finds the encoding of a whole file.
"""

from __future__ import annotations

import codecs
import re

_NOT_TEXT = frozenset([*range(7), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
r"""Control characters but \a \b \t \n \v \f \r and ESC, which file(1) counts as text as well:
https://github.com/file/file/blob/master/src/encoding.c (text_chars)"""

_CTRL_Z = "\x1a"

_TEXT_BYTES = bytes(sorted(set(range(256)) - _NOT_TEXT))
"""Of UTF-8, in which control characters are single bytes."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

UNMARKED = ("utf-32le", "utf-32be", "utf-16le", "utf-16be")
"""RFC 2781, 3.3."""

_MIN_CHARACTERS = 8
"""Of a text in UTF-16 or UTF-32 without a byte order mark."""
_MAX_CHARACTERS_PER_SPACE = 100
_MIN_LINE_ENDS = 2
_FORMAT_CHARACTERS = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060])
_MIN_SHARE = 0.95
"""Of ASCII, punctuation and letters of one script in all characters."""
_COMMON = "[!-~\u2010-\u205e\u3001-\u3020\uff01-\uff65]"
_SCRIPTS = (
    "\u3040-\u30ff\u4e00-\u9fff",  # Chinese, Japanese
    "\x80-\u036f\u1e00-\u1eff",  # Latin, also with combining marks
    "\u0370-\u03ff\u1f00-\u1fff",  # Greek
    "\u0400-\u052f",  # Cyrillic
    "\u0530-\u058f",  # Armenian
    "\u0590-\u05ff",  # Hebrew
    "\u0600-\u06ff\u0750-\u077f",  # Arabic
    "\u0900-\u097f",  # Devanagari
    "\u0980-\u09ff",  # Bengali
    "\u0e00-\u0e7f",  # Thai
    "\u10a0-\u10ff",  # Georgian
    "\uac00-\ud7a3",  # Korean
)
"""Code points; compiled when needed, which is rarely."""
_HAN = 0
"""Index in `_SCRIPTS`."""
_FREQUENT_HAN = "[、。，\u3000的了是一不有我のにはをたと]"
"""In every Chinese or Japanese text, and rarely in data that decodes to ideographs by chance."""


def is_text(head: bytes, *, is_whole_file: bool) -> bool:
    """Whether a file's head is text; its last character may be incomplete.

    UTF-16 and UTF-32 without a byte order mark are not: see `unmarked`.
    """
    codec = marked(head)
    for name in (codec,) if codec else ("utf-8", "iso-8859-1"):
        try:
            text = codecs.getincrementaldecoder(name)().decode(head, is_whole_file)
            checked(text, is_end=is_whole_file)
        except ValueError:
            continue
        return True
    return False


def unmarked(head: bytes, *, is_whole_file: bool) -> str | None:
    """The name of the UTF-16 or UTF-32 that a head without a byte order mark is in.

    Few binary files decode, and none to the characters of one script with spaces or line ends.
    """
    for name in UNMARKED:
        try:
            text = codecs.getincrementaldecoder(name)().decode(head, is_whole_file)
            text = checked(text, is_end=is_whole_file)
        except ValueError:
            continue
        if _is_language(text):
            return name
    return None


def beginning(head: bytes) -> str:
    """The text of a head that `is_text` or `unmarked` accepts, without its byte order mark."""
    codec = marked(head)
    if not codec and 0 in head:
        codec = unmarked(head, is_whole_file=False)
    return head.decode(codec or "utf-8-sig", errors="replace").removesuffix(_CTRL_Z)


def checked(text: str, *, is_end: bool) -> str:
    """The text; raises ValueError if it has control characters that are not text.

    At the end of a file, without the Ctrl-Z that DOS programs end it with.
    """
    if is_end:
        text = text.removesuffix(_CTRL_Z)
    # Three times as fast as a regular expression.
    if text.encode("utf-8", "surrogatepass").translate(None, _TEXT_BYTES):
        raise ValueError("control characters that are not text")
    return text


def marked(head: bytes) -> str | None:
    """The codec that the byte order mark of UTF-16 or UTF-32 stands for."""
    return next((codec for mark, codec in _MARKS if head.startswith(mark)), None)


def _is_language(text: str) -> bool:
    """Whether the text is long enough, and consists of words in ASCII and one other script.

    An export may have hardly a letter: of lines in ASCII, no share of words is required.
    """
    bare = "".join(text.translate(_FORMAT_CHARACTERS).split())
    if len(bare) < _MIN_CHARACTERS or not bare.isprintable():
        return False
    scripts = [len(re.findall(f"[{letters}]", bare)) for letters in _SCRIPTS]
    if len(re.findall(_COMMON, bare)) + max(scripts) < _MIN_SHARE * len(bare):
        return False
    if scripts[_HAN] > len(bare) / 2:
        return len(re.findall(_FREQUENT_HAN, text)) > len(bare) / 50
    is_words = sum(map(str.isalpha, bare)) > len(bare) / 2
    is_lines = text.isascii() and len(text.splitlines()) > _MIN_LINE_ENDS
    spaces = len(text) - len(bare)
    return (is_words or is_lines) and spaces * _MAX_CHARACTERS_PER_SPACE > len(bare)
