"""Values of audio and video as the metadata states them, computed from those of the formats."""

from __future__ import annotations

import math
import mmap
import re
import struct
from typing import Any

Facts = dict[str, str | int | None]
"""Names listed in `media.extract`; 0 or None: unknown."""

MAX_TEXT_BYTES = 8_192
"""Of one tag; more is cut before decoding. Longer than any text that is kept."""

_TAGS = ("title", "artist", "album", "genre", "year")

_YEAR = re.compile(r"(?<!\d)(?!0000)\d{4}(?!\d)")


def unpack(form: str, data: mmap.mmap | bytes, offset: int) -> tuple[Any, ...]:
    """`struct.unpack_from` of bytes that exist: an offset below 0 is not valid.

    Raises:
        struct.error: the data ends before.
    """
    if offset < 0:
        raise struct.error("negative offset")
    return struct.unpack_from(form, data, offset)


def milliseconds(units: float, units_per_second: float) -> int | None:
    """A duration in milliseconds; None if it is unknown or not positive."""
    if not units_per_second or not math.isfinite(units / units_per_second):
        return None
    return max(round(units * 1_000 / units_per_second), 0) or None


def kilobits_per_second(size_bytes: int, duration: int | None) -> int | None:
    """The average bit rate of audio with a duration in milliseconds."""
    return round(size_bytes * 8 / duration) if duration else None


def add_tags(found: Facts, tags: dict[str, str]) -> None:
    """Add the tags that are not found yet. The year is reduced to its four digits."""
    for name in _TAGS:
        text = tags.get(name, "").strip()
        if name == "year":
            match = _YEAR.search(text)
            text = match.group() if match else ""
        if text and not found.get(name):
            found[name] = text
