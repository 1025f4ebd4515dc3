"""The encoding of a whole text: which encodings it may be in, and its decoding.

Legacy encodings are detected by chardetng, the detector of Firefox, in the parts of a file that
have bytes beyond ASCII; the whole file must decode.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from chalicelib.files import text_codecs
from chalicelib.files.text_encoding import UNMARKED, checked, marked, unmarked

CHUNK_BYTES = 65_536

_HEAD_BYTES = 8_192
"""By which a text without a byte order mark is recognized as UTF-16 or UTF-32."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a text."""

    name: str
    """IANA name."""
    codec: str
    """Python's codec, which may include extensions that browsers include as well."""
    errors: str = "strict"


UNKNOWN = "unknown-8bit"
"""Name for undetected encodings, as in file(1), after RFC 1428."""

_UTF_8 = Encoding("utf-8", "utf-8-sig")  # the codec drops a byte order mark
_DAMAGED_UTF_8 = Encoding(UNKNOWN, "utf-8-sig", "replace")
_UNDETECTED = Encoding(UNKNOWN, "windows-1252", "replace")
"""White space is the same in nearly all single-byte encodings."""
_ISO_2022_JP = Encoding("iso-2022-jp", "iso2022_jp")
_ISO_2022_JP_BEGINS = (b"\x1b$@", b"\x1b$B")
"""Escape sequences before Japanese characters: RFC 1468."""

_WESTERN = "windows-1252"
_MACINTOSH = "macintosh"

_EXTENDED = {
    "big5": "big5hkscs",
    "euc-jp": "euc_jis_2004",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "windows-874": "cp874",
}
"""Codecs of encodings that https://encoding.spec.whatwg.org extends; others have their own name."""

_DETECTED: Mapping[str, Encoding] = {
    name: Encoding(name, _EXTENDED.get(name, name))
    for name in (
        *("big5", "euc-jp", "euc-kr", "gb18030", "ibm866", "koi8-u", _MACINTOSH, "shift_jis"),
        *(f"iso-8859-{part}" for part in (2, 4, 5, 6, 7, 8)),
        *(f"windows-{page}" for page in (874, *range(1250, 1259))),
    )
}
"""The encodings that can be detected: those still in use (https://encoding.spec.whatwg.org)."""

_LABELS = {
    "cp874": "windows-874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": _WESTERN,
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "windows-1254",
    "koi8-r": "koi8-u",
    "ks_c_5601-1987": "euc-kr",
    "latin1": _WESTERN,
    "tis-620": "windows-874",
    "us-ascii": _WESTERN,
    "windows-31j": "shift_jis",
    "x-sjis": "shift_jis",
}
"""Other names, of the detector and of documents: https://encoding.spec.whatwg.org/#names-and-labels"""

_ENOUGH_BYTES = 16
"""Minimum number of non-ASCII bytes to detect another encoding than that of Western texts, the
most frequent ones: with fewer, every tenth of the others is misdetected."""

_SAMPLE_BYTES = 4_096
"""Number of non-ASCII bytes that suffice; more do not change the result."""

_ASCII = bytes(range(0x80))

_MOST = 0.75
"""Share of bytes; below 0.5 in texts in other encodings."""

_UTF_8_CHARACTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")

_WESTERN_LETTER = re.compile(rb"[A-Za-z][\xc0-\xff](?=[a-z])")
_MACINTOSH_LETTER = re.compile(rb"[A-Za-z][\x80-\x91\x93-\x95\x98-\x9b\x9d-\x9f](?=[a-z])")
"""Letters in Mac OS Roman, but mostly symbols in Windows-1252, in a word. It excludes the usual
apostrophe, dashes and \N{LATIN SMALL LIGATURE OE} of Windows-1252."""


def prepare() -> None:
    """Load what detection and decoding would load lazily: the codecs and the detector."""
    text_codecs.load(
        [*text_codecs.UNICODE, *UNMARKED, "utf-32", _UNDETECTED.codec, _ISO_2022_JP.codec]
    )
    text_codecs.load(encoding.codec for encoding in _DETECTED.values())
    text_codecs.load(["iso-8859-1", "koi8-r"])
    import chardetng_py.detector  # noqa: F401, PLC0415 - no cold start pays for it


def possible(content: BinaryIO, declared: str | None = None) -> Iterator[Encoding]:
    """The encodings that a text may be in, in order of certainty; at least one.

    Args:
        content: the whole text; its position is arbitrary, also afterwards.
        declared: name of the encoding in the text itself, for one that cannot be detected.
    """
    content.seek(0)
    head = content.read(CHUNK_BYTES)
    if codec := marked(head):
        yield Encoding(codec, codec)
        return
    if 0 in head:
        is_whole_file = len(head) <= _HEAD_BYTES
        if name := unmarked(head[:_HEAD_BYTES], is_whole_file=is_whole_file):
            yield Encoding(name, name)
        return
    if any(begin in head for begin in _ISO_2022_JP_BEGINS) and head.isascii():
        yield _ISO_2022_JP
    yield _UTF_8
    sample = _sample(content)
    if _is_damaged_utf_8(sample):
        yield _DAMAGED_UTF_8
        return
    if encoding := _detected(sample) or _named(declared or ""):
        yield encoding
    yield _UNDETECTED


def decoded(content: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The text from the content's start in nonempty chunks; raises ValueError if it is not text."""
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    chunk = content.read(CHUNK_BYTES)
    while chunk:
        following = content.read(CHUNK_BYTES)
        is_end = not following
        if text := checked(decoder.decode(chunk, is_end), is_end=is_end):
            yield text
        chunk = following


def _sample(content: BinaryIO) -> bytes:
    """The parts of the content that have bytes beyond ASCII, up to a sufficient number of them."""
    content.seek(0)
    sample = b""
    missing = _SAMPLE_BYTES
    while missing > 0 and (chunk := content.read(CHUNK_BYTES)):
        if not chunk.isascii():
            sample += chunk
            missing -= _beyond_ascii(chunk)
    return sample


def _beyond_ascii(sample: bytes) -> int:
    return len(sample.translate(None, delete=_ASCII))


def _is_damaged_utf_8(sample: bytes) -> bool:
    """Whether nearly all bytes beyond ASCII form characters of UTF-8."""
    found = sum(map(len, _UTF_8_CHARACTER.findall(sample)))
    return found > _MOST * _beyond_ascii(sample)


def _detected(sample: bytes) -> Encoding | None:
    """The likeliest encoding; None if it is uncertain."""
    from chardetng_py.detector import EncodingDetector  # noqa: PLC0415 - no cold start pays for it

    detector = EncodingDetector()
    detector.feed(sample, last=True)
    found = _named(detector.guess(tld=None, allow_utf8=False))
    name = found.name if found else ""
    if name != _WESTERN and _are_same(sample, name, _WESTERN):
        name = _WESTERN
    elif name == _WESTERN and _is_macintosh(sample):
        name = _MACINTOSH
    if name != _WESTERN and _beyond_ascii(sample) < _ENOUGH_BYTES:
        return None
    return _DETECTED.get(name)


def _named(name: str) -> Encoding | None:
    """The encoding of this name, None if it is not one that is detected."""
    label = name.lower()
    return _DETECTED.get(_LABELS.get(label, label))


def _are_same(sample: bytes, name: str, other: str) -> bool:
    """Whether the sample is the same text in two encodings."""
    try:
        return sample.decode(_DETECTED[name].codec) == sample.decode(other)
    except (KeyError, ValueError):
        return False


def _is_macintosh(sample: bytes) -> bool:
    letters = len(_MACINTOSH_LETTER.findall(sample))
    return letters > len(_WESTERN_LETTER.findall(sample))
