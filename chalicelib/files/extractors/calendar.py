"""text/calendar: iCalendar (RFC 5545) and its predecessor, vCalendar."""

from __future__ import annotations

from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import content_lines
from chalicelib.files.content_lines import text_value
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import text
from chalicelib.files.metadata import RawMetadata

_CALENDAR = "VCALENDAR"
_TITLES = ("NAME", "X-WR-CALNAME")
"""RFC 7986, 5.1, and the name before it."""
_APPLICATION = "PRODID"
_TEXTS = frozenset({*_TITLES, _APPLICATION})


def prepare() -> None:
    """Load what extraction would load lazily: that of `text`."""
    text.prepare()


def extract(content: BinaryIO, file_type: str) -> RawMetadata:  # noqa: ARG001 - one type only
    """Counts and names of the calendars in the file.

    - eventCount, taskCount: components VEVENT and VTODO. A recurring event is one; an exception
      from it is another.
    - title: name of the first calendar that has one; application: the program that wrote it.
    - encoding: as of a text.
    """
    found, encoding = text.read(content)
    counts = dict.fromkeys((_CALENDAR, "VEVENT", "VTODO"), 0)
    texts: dict[str, str] = {}
    for components, name, value in content_lines.properties(text.decoded_chunks(content, encoding)):
        if components[0] != _CALENDAR:
            raise FileRejectedError(FailureCode.UNREADABLE, "The text is not an iCalendar file.")
        if name == "BEGIN" and components[-1] in counts:
            counts[components[-1]] += 1
        elif len(components) == 1 and name in _TEXTS:
            texts.setdefault(name, text_value(value))
    if not counts[_CALENDAR]:
        raise FileRejectedError(FailureCode.UNREADABLE, "The text has no calendar.")
    return {
        "encoding": found["encoding"],
        "eventCount": counts["VEVENT"],
        "taskCount": counts["VTODO"],
        "title": next((texts[name] for name in _TITLES if name in texts), None),
        "application": texts.get(_APPLICATION),
    }
