"""Dates in spreadsheets of Microsoft: numbers whose format has parts of a date.

ECMA-376 part 1, 18.8.30 (formats) and 18.17.4 (dates); the same in binary workbooks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
"""Numbers of formats that files do not define. 46 is a duration."""

_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DURATION = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_PART_OF_DATE = re.compile("[dmyhs]", re.IGNORECASE)

_BASE_1900, _BASE_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - local times
_FIRST_TRUE_DAY = 61
"""Days before are one less, since 1900 counts as a leap year."""
_DAYS = 2_958_466
"""Until the year 10000."""
_DAY_SECONDS = 86_400


def is_date(number: int, code: str | None) -> bool:
    """Whether a format shows dates or times of day.

    Args:
        number: of the format.
        code: as the file defines it; None if it does not.
    """
    if code is None:
        return number in _BUILT_IN
    positive = code.partition(";")[0]
    return not _DURATION.search(positive) and bool(_PART_OF_DATE.search(_LITERAL.sub("", positive)))


def shown(days: float, *, is_since_1904: bool) -> str | None:
    """The date, time of day, or both, in the form of ISO 8601; None if it is not a date."""
    if not 0 <= days < _DAYS - 1_462 * is_since_1904:
        return None
    seconds = round(days * _DAY_SECONDS)
    if days < 1 and seconds < _DAY_SECONDS:
        return str((_BASE_1904 + timedelta(seconds=seconds)).time())
    base = _BASE_1904 if is_since_1904 else _BASE_1900
    if base is _BASE_1900 and days < _FIRST_TRUE_DAY - 1:
        base += timedelta(days=1)
    moment = base + timedelta(seconds=seconds)
    return str(moment) if seconds % _DAY_SECONDS else str(moment.date())
