"""Windows code pages: the numbers by which Office files and RTF name their encodings."""

from __future__ import annotations

import codecs
from functools import cache

UTF_16 = 1200
UTF_8 = 65001

_CODECS = {
    708: "iso8859_6",
    UTF_16: "utf-16-le",
    1201: "utf-16-be",
    10000: "mac_roman",
    10001: "shift_jis",
    10002: "big5",
    10003: "euc_kr",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10008: "gb2312",
    10029: "mac_latin2",
    10079: "mac_iceland",
    10081: "mac_turkish",
    12000: "utf-32-le",
    12001: "utf-32-be",
    20127: "ascii",
    20866: "koi8_r",
    20932: "euc_jp",
    20936: "gb2312",
    21866: "koi8_u",
    50220: "iso2022_jp",
    50221: "iso2022_jp",
    50222: "iso2022_jp",
    50225: "iso2022_kr",
    51932: "euc_jp",
    51936: "gb2312",
    51949: "euc_kr",
    54936: "gb18030",
    65000: "utf-7",
    UTF_8: "utf-8",
    **{28_590 + part: f"iso8859_{part}" for part in (*range(1, 11), 13, 14, 15, 16)},
}
"""Codecs of code pages that have no codec of their number:
https://learn.microsoft.com/windows/win32/intl/code-page-identifiers"""


_LANGUAGES = {
    874: (0x1E,),
    932: (0x11,),
    949: (0x12,),
    1250: (0x05, 0x0E, 0x15, 0x18, 0x1B, 0x1C, 0x24),
    1251: (0x02, 0x19, 0x22, 0x23, 0x2F),
    1252: (
        *(0x03, 0x06, 0x07, 0x09, 0x0A, 0x0B, 0x0C, 0x0F, 0x10, 0x13),
        *(0x14, 0x16, 0x1D, 0x21, 0x2D, 0x36, 0x38, 0x3E, 0x56),
    ),
    1253: (0x08,),
    1254: (0x1F,),
    1255: (0x0D,),
    1256: (0x01, 0x20, 0x29),
    1257: (0x25, 0x26, 0x27),
    1258: (0x2A,),
}
_LOCALES = {
    **dict.fromkeys((0x0404, 0x0C04, 0x1404), 950),
    **dict.fromkeys((0x0804, 0x1004), 936),
    0x041A: 1250,
}
"""Code pages of primary languages, and of locales whose language has several: [MS-LCID] 2.2."""

_BY_LANGUAGE = {language: page for page, languages in _LANGUAGES.items() for language in languages}


def of_locale(locale: int) -> int | None:
    """The ANSI code page of a locale identifier (LCID); None if unknown."""
    return _LOCALES.get(locale & 0xFFFF) or _BY_LANGUAGE.get(locale & 0x3FF)


_CHARACTER_SETS = {
    0: 1252,
    77: 10000,
    78: 10001,
    79: 10003,
    80: 10008,
    81: 10002,
    85: 10006,
    86: 10081,
    88: 10029,
    89: 10007,
    128: 932,
    129: 949,
    130: 1361,
    134: 936,
    136: 950,
    161: 1253,
    162: 1254,
    163: 1258,
    177: 1255,
    178: 1256,
    186: 1257,
    204: 1251,
    222: 874,
    238: 1250,
    254: 437,
    255: 850,
}
"""Code pages of the character sets of fonts: [MS-WMF] 2.1.1.5; RTF 1.9.1, `fcharset`."""


def of_character_set(character_set: int) -> int | None:
    """The code page of a font's character set; None for symbols and unknown ones."""
    return _CHARACTER_SETS.get(character_set)


@cache
def codec_of(code_page: int) -> str | None:
    """The name of Python's codec for a code page; None if there is none."""
    name = _CODECS.get(code_page, f"cp{code_page}")
    try:
        codecs.lookup(name)
    except LookupError:
        return None
    return name


def decode(data: bytes, code_page: int | None) -> str | None:
    """The text in this code page; None if it is unknown and the text is not ASCII.

    Bytes that the code page does not define are replaced.
    """
    codec = None if code_page is None else codec_of(code_page)
    if codec:
        return data.decode(codec, errors="replace")
    return data.decode("ascii") if data.isascii() else None
