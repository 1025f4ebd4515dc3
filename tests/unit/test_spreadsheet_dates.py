"""Numbers of spreadsheets that are dates."""

from __future__ import annotations

import pytest

from chalicelib.files.extractors.spreadsheet_dates import is_date, shown


@pytest.mark.parametrize(
    ("number", "code", "is_one"),
    [
        (14, None, True),
        (0, None, False),
        (46, None, False),
        (164, "yyyy\\-mm\\-dd", True),
        (164, "h:mm AM/PM", True),
        (164, "[$-409]d/m/yy;@", True),
        (164, "General", False),
        (164, '0.00" days"', False),
        (164, "[Red]0.00;[h]:mm", False),
        (164, "[h]:mm:ss", False),
        (164, "0.00E+00", False),
        (14, "0", False),
    ],
)
def test_is_date(number: int, code: str | None, is_one: bool) -> None:
    """A format that shows a part of a date is a date format; literals and durations are not."""
    assert is_one == is_date(number, code)


@pytest.mark.parametrize(
    ("days", "is_since_1904", "text"),
    [
        (1, False, "1900-01-01"),
        (59, False, "1900-02-28"),
        (61, False, "1900-03-01"),
        (40_921, False, "2012-01-13"),
        (39_459, True, "2012-01-13"),
        (40_921.75, False, "2012-01-13 18:00:00"),
        (41_224.999999999, False, "2012-11-12"),
        (0.5, False, "12:00:00"),
        (0, False, "00:00:00"),
        (-1, False, None),
        (2_958_466, False, None),
        (float("nan"), False, None),
    ],
)
def test_shown(days: float, is_since_1904: bool, text: str | None) -> None:
    """Dates are ISO 8601, with a time if there is one."""
    assert text == shown(days, is_since_1904=is_since_1904)
