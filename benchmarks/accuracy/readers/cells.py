"""Values of the cells of a spreadsheet as text."""

from __future__ import annotations

from datetime import datetime, time


def shown(moment: datetime | time) -> str:
    """The date, time of day, or both."""
    return str(moment).removesuffix(" 00:00:00")
