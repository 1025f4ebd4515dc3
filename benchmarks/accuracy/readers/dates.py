"""Dates of other notations as ISO 8601, for the readers that return the file's own text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DIGITS = re.compile(
    r"(?:D:)?(\d{4})[:-]?(\d\d)?[:-]?(\d\d)?(?:[T ]*(\d\d):?(\d\d)?:?(\d\d)?(?:\.\d+)?)?"
    r"\s*(Z|[+-]\d\d)?(?:[':]?(\d\d))?"
)
"""PDF (`D:20260131235959+01'00'`), Exif (`2026:01:31 23:59:59`) and ISO 8601."""


def to_iso(text: str | None) -> str | None:
    """The date with its offset, if it has one; None if it is not a date."""
    found = _DIGITS.match(text.strip()) if text else None
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone, zone_minutes = found[7], found[8] or "00"
    offset = "" if zone is None else "+00:00" if zone == "Z" else f"{zone}:{zone_minutes}"
    try:
        moment = datetime(year, month or 1, day or 1, hour, minute, second)  # noqa: DTZ001 - see offset
        return datetime.fromisoformat(moment.isoformat() + offset).isoformat()
    except ValueError:
        return None


def of(moment: datetime | None) -> str | None:
    """The moment as ISO 8601; None stays None."""
    return moment.isoformat() if moment else None


def utc(moment: datetime | None) -> str | None:
    """A moment without an offset that is defined to be in UTC."""
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
