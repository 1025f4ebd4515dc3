"""Text strings and dates of PDFs. Section numbers are those of ISO 32000-1."""

from __future__ import annotations

import re
from codecs import (
    BOM_UTF8,
    BOM_UTF16_BE,
    BOM_UTF16_LE,
    charmap_decode,
    utf_16_be_decode,
    utf_16_le_decode,
)
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

from chalicelib.files import dates

_MOMENT = re.compile(
    r"\s*(?:D:)?((?:19|2[01])\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)"
    r")?)?)?)?)?(?:([Zz+-])'?(?:(\d\d)'?(?:(\d\d)'?)?)?)?[\s\0]*",
    re.ASCII,
)
"""7.9.4: each part may be missing together with all that follow; so may `D:`. Some
programs write the offset without minutes or seconds, or years of two digits, which are unknown."""

_YEAR_2000 = re.compile(r"(?<!\d)191(\d\d)(?=\d{10}(?!\d))", re.ASCII)
"""The year 2000 as 19100, by Acrobat Distiller 3."""

_PDF_DOC_ENCODING = (
    "\ufffe"
    + "".join(map(chr, range(0x01, 0x16)))
    + "\ufffe\x17˘ˇˆ˙˝˛˚˜"
    + "".join(map(chr, range(0x20, 0x7F)))
    + "\ufffe•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\ufffe€"
    + "".join(map(chr, range(0xA1, 0xAD)))
    + "\ufffe"
    + "".join(map(chr, range(0xAE, 0x100)))
)
"""Characters by code; U+FFFE is undefined for `charmap_decode`. D.2, and its control
characters kept."""


def text_of(value: object) -> str | None:
    """A text string, decoded; None for another object or undefined bytes: ISO 32000-2, 7.9.2.2."""
    if not isinstance(value, bytes):
        return None
    try:
        return _decoded(value)
    except UnicodeDecodeError:
        return None


def _decoded(text: bytes) -> str:
    # By functions for one encoding each: looking an encoding up imports its module.
    if text.startswith(BOM_UTF8):
        with suppress(UnicodeDecodeError):
            return text[len(BOM_UTF8) :].decode("utf-8")
    elif text.startswith(BOM_UTF16_BE):
        return utf_16_be_decode(text[2:], "strict", True)[0]
    elif text.startswith(BOM_UTF16_LE):
        return utf_16_le_decode(text[2:], "strict", True)[0]
    elif text.startswith(b"\0"):  # UTF-16 without its mark, which some programs write
        return utf_16_be_decode(text, "strict", True)[0]
    elif text[1:2] == b"\0":
        return utf_16_le_decode(text, "strict", True)[0]
    return charmap_decode(text, "strict", _PDF_DOC_ENCODING)[0]


def moment_of(text: str | None) -> str | None:
    """The date (`D:20240501100000+02'00'`, or ISO 8601) as ISO 8601; None if it is malformed.

    pypdf's parser tries seven formats, which takes longer than everything else in this module.
    """
    if not text:
        return None
    found = _MOMENT.fullmatch(text) or _MOMENT.fullmatch(_YEAR_2000.sub(r"20\1", text))
    if found is None:
        return dates.from_iso8601(text)
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        return dates.to_iso8601(
            datetime(
                int(year),
                int(month or 1),
                int(day or 1),
                int(hour or 0),
                int(minute or 0),
                int(second or 0),
                tzinfo=_zone(sign, int(hours or 0), int(minutes or 0)),
            )
        )
    except ValueError:  # not in the calendar
        return None


def _zone(sign: str | None, hours: int, minutes: int) -> timezone | None:
    """The zone; programs write any offset after `Z`, which is UTC."""
    if sign is None:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return {"+": timezone(offset), "-": timezone(-offset)}.get(sign, UTC)
