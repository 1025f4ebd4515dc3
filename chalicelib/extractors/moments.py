"""Moments in one form: ISO 8601, in UTC (`Z`) where the file tells the offset, else without one."""

from __future__ import annotations

from datetime import UTC, datetime

_LONGEST = 64
"""Characters of a date and time, whatever its precision."""


def written(moment: datetime | None) -> str | None:
    """The moment without fractions of a second; None where it is none within the calendar."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.isoformat(timespec="seconds")
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError:  # beyond the calendar in UTC
        return None


def from_iso(text: str | None) -> str | None:
    """The moment that ISO 8601 in any of its forms tells; None where it is malformed."""
    if text is None or len(text) > _LONGEST:
        return None
    try:
        return written(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def from_exif(text: str | None) -> str | None:
    """The moment that Exif tells (`2024:05:01 10:00:00`); None where it is malformed."""
    if text is None or len(text) > _LONGEST:
        return None
    try:
        return written(datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S"))  # noqa: DTZ007 - Exif tells no offset here
    except ValueError:
        return None
