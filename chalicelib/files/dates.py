"""Dates and times as ISO 8601: in UTC (`Z`) where the file has the offset, else without one."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib import documents

_MAX_CHARACTERS = 64
"""Longer than any date and time in ISO 8601 or Exif."""


def to_iso8601(moment: datetime | None) -> str | None:
    """The moment in whole seconds; None if UTC has no such year."""
    if moment is None:
        return None
    try:
        in_utc = moment.astimezone(UTC) if moment.tzinfo else moment
    except OverflowError:
        return None
    return documents.to_iso8601(in_utc, timespec="seconds")


def from_iso8601(text: str | None) -> str | None:
    """The moment in any form of ISO 8601 that Python parses; None if it is malformed."""
    if text is None or len(text) > _MAX_CHARACTERS:
        return None
    try:
        return to_iso8601(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def from_exif(text: str | None) -> str | None:
    """The moment in Exif's format (`2024:05:01 10:00:00`); None if it is malformed."""
    if text is None or len(text) > _MAX_CHARACTERS:
        return None
    try:
        return to_iso8601(datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S"))  # noqa: DTZ007 - Exif has no offset here
    except ValueError:
        return None
