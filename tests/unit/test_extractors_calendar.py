"""Calendars and contacts: counts, folded lines, and what is neither."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from tests.support.metadata import extract

CALENDAR = "text/calendar"
VCARD = "text/vcard"

EVENT = b"BEGIN:VEVENT\r\nSUMMARY:BEGIN:VEVENT\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\n"
TASK = b"begin:vtodo\nend:vtodo\n"


def calendar(*components: bytes) -> bytes:
    """A calendar with these properties and components."""
    lines = b"".join(components)
    return b"BEGIN:VCALENDAR\r\nPRODID:-//A//B\\, C//EN\r\n" + lines + b"END:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            calendar(b"X-WR-CALNAME;X=1:My\r\n  calen\r\n\tdar\r\n", EVENT, EVENT, TASK),
            {"eventCount": 2, "taskCount": 1, "title": "My calendar"},
            id="folded",
        ),
        pytest.param(
            calendar(EVENT) + calendar(b"NAME:B\n", EVENT) + b"\r\nX-COMMENT:end\r\n",
            {"eventCount": 2, "taskCount": 0, "title": "B"},
            id="two calendars",
        ),
        pytest.param(calendar(), {"eventCount": 0, "taskCount": 0}, id="empty"),
        pytest.param(
            calendar(EVENT) + b"\x1a", {"eventCount": 1, "taskCount": 0}, id="end of file of DOS"
        ),
        pytest.param(
            calendar("NAME:Größe\n ".encode() + b"x\n " * 99_999 + b"\n"),
            {
                "eventCount": 0,
                "taskCount": 0,
                "title": "Größe" + "x" * 1_019,
                "truncated": "title",
            },
            id="long value",
        ),
    ],
)
def test_calendar(content: bytes, expected: dict[str, object]) -> None:
    """Events and tasks are counted, folded lines joined; a property is not a component."""
    found = extract(io.BytesIO(content), CALENDAR)

    assert {"encoding": "utf-8", "application": "-//A//B, C//EN", **expected} == found


@pytest.mark.parametrize(
    ("content", "contacts"),
    [
        pytest.param(b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\nEND:VCARD\r\n", 1, id="4.0"),
        pytest.param(b"BEGIN:VCARD\nFN:A\nEND:VCARD\n\n" * 3, 3, id="three"),
        pytest.param(
            b"BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:B\nEND:VCARD\nEND:VCARD", 1, id="within another"
        ),
        pytest.param(
            b"BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\n=0D=0A=\nb\nEND:VCARD\n", 1, id="2.1"
        ),
        pytest.param(b"begin:vcard\nPHOTO:\n" + b" AAAA\n" * 99_999 + b"end:vcard", 1, id="photo"),
    ],
)
def test_contacts(content: bytes, contacts: int) -> None:
    """The vCards of every version are counted, without those within another one."""
    found = extract(io.BytesIO(content), VCARD)

    assert {"encoding": "utf-8", "contactCount": contacts} == found


@pytest.mark.parametrize("file_type", [CALENDAR, VCARD])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"words\n", id="text"),
        pytest.param(b"BEGIN:OTHER\nEND:OTHER\n", id="other component"),
        pytest.param(calendar()[:-2] + b"x", id="wrong end"),
        pytest.param(b"BEGIN:VCARD\nBEGIN:VCALENDAR\n", id="without end"),
        pytest.param(b"BEGIN:VCALENDAR\nEND:VCALENDAR\nwords", id="calendar, then words"),
        pytest.param(b"BEGIN:VCARD\nEND:VCARD\nwords", id="vCard, then words"),
        pytest.param(b"BEGIN:VCARD\n" * 200_000, id="deep"),
        pytest.param(b"BEGIN:VCARD\nFN:" + b"x" * 3_000_000, id="line without end"),
        pytest.param(b"END:VCARD\n", id="end only"),
        pytest.param(b"X-A:b\n", id="extension only"),
    ],
)
def test_neither(content: bytes, file_type: str) -> None:
    """A text that is not in components only, each with its end, is neither."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), file_type)

    assert refusal.value.code is FailureCode.UNREADABLE
