"""Parquet, calendars, contacts and subtitles: pyarrow, icalendar, vobject, pysubs2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import icalendar
import pyarrow.parquet
import pysubs2
import vobject


def arrow(path: Path) -> dict[str, Any]:
    """The footer of a Parquet file."""
    found = pyarrow.parquet.read_metadata(path)
    # Nested columns count as one; the metadata has their leaves.
    return {"rowCount": found.num_rows, "columnCount": len(found.schema.to_arrow_schema())}


def calendar(path: Path) -> dict[str, Any]:
    """The components of all calendars of the file."""
    calendars = icalendar.Calendar.from_ical(path.read_bytes(), multiple=True)
    parts = [part for each in calendars for part in each.walk()]
    names = calendars[0].get("X-WR-CALNAME")
    return {
        "title": str(names) if names else None,
        "eventCount": sum(part.name == "VEVENT" for part in parts),
        "taskCount": sum(part.name == "VTODO" for part in parts),
    }


def contacts(path: Path) -> dict[str, Any]:
    """The cards of the file."""
    cards = list(vobject.readComponents(path.read_text(encoding="utf-8")))
    return {"contactCount": sum(card.name.upper() == "VCARD" for card in cards)}


def subtitles(path: Path) -> dict[str, Any]:
    """The cues and the end of the last one."""
    cues = pysubs2.load(str(path), encoding="utf-8-sig")
    return {
        "cueCount": len(cues),
        "durationMilliseconds": max((cue.end for cue in cues), default=None),
        "text": "\n".join(cue.plaintext for cue in cues),
    }


READERS = {"pyarrow": arrow, "icalendar": calendar, "vobject": contacts, "pysubs2": subtitles}
