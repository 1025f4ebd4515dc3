"""Pages and their cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest

from chalicelib.api import InvalidRequestError
from chalicelib.callers import Caller
from chalicelib.listing import Record, Section, Stretch, page_of, sections_for

ADA, BO = Caller("ada", is_operator=False), Caller("bo", is_operator=False)
OPERATOR = Caller("ada", is_operator=True)


def record(number: int, *, time: int | None = None, status: str = "PROCESSED") -> Record:
    """A record; higher numbers are newer."""
    stamp = f"2026-01-01T00:00:00.{number if time is None else time:03}Z"
    document_id = f"00000000-0000-4000-8000-{number:012}"
    return {"documentId": document_id, "uploadedAt": stamp, "status": status, "owner": "ada"}


def read(sections: Sequence[Section], records: Sequence[Record], limit: int) -> list[Stretch]:
    """What DynamoDB's Query would answer for each section."""
    stretches = []
    for section in sections:
        inside = [item for item in records if item[section.key] == section.value]
        inside.sort(key=lambda item: (item["uploadedAt"], item["documentId"]), reverse=True)
        if section.after:
            inside = [
                item for item in inside if (item["uploadedAt"], item["documentId"]) < section.after
            ]
        seen = inside[: section.to_read(limit)]
        kept = [item for item in seen if section.status in (None, item["status"])]
        last = seen[-1] if len(seen) < len(inside) else None
        end = (str(last["uploadedAt"]), str(last["documentId"])) if last else None
        stretches.append(Stretch(kept, end))
    return stretches


def pages(
    caller: Caller, records: Sequence[Record], limit: int, status: str | None = None
) -> list[list[int]]:
    """Every page of a list, by the records' numbers."""
    found, cursor = [], None
    while True:
        sections = sections_for(caller, status, cursor)
        page = page_of(caller, sections, read(sections, records, limit), limit)
        documents = page["documents"]
        assert isinstance(documents, list)
        found.append([int(item["documentId"][-12:]) for item in documents])
        assert len(found[-1]) <= limit
        if "cursor" not in page:
            return found
        cursor = str(page["cursor"])


MIXED = [record(n, status="FAILED" if n % 3 == 0 else "PROCESSED") for n in range(1, 11)]
SAME_TIME = [record(n, time=5, status="FAILED" if n % 2 else "PROCESSED") for n in range(1, 8)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 100])
@pytest.mark.parametrize("caller", [ADA, OPERATOR], ids=["user", "operator"])
def test_all_pages_together_are_the_list(caller: Caller, limit: int) -> None:
    """Newest first, nothing twice, nothing left out, whatever the length of a page."""
    every = [number for page in pages(caller, MIXED, limit) for number in page]
    assert list(range(10, 0, -1)) == every


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("caller", [ADA, OPERATOR], ids=["user", "operator"])
def test_documents_of_the_same_moment_are_all_listed(caller: Caller, limit: int) -> None:
    """Equal times put no document between two pages."""
    every = [number for page in pages(caller, SAME_TIME, limit) for number in page]
    assert list(range(1, 8)) == sorted(every)


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("caller", [ADA, OPERATOR], ids=["user", "operator"])
def test_a_status_leaves_out_all_others(caller: Caller, limit: int) -> None:
    """Only FAILED ones, newest first."""
    every = [number for page in pages(caller, MIXED, limit, "FAILED") for number in page]
    assert [9, 6, 3] == every


def test_a_rare_status_far_down_is_found() -> None:
    """Pages may be empty on the way, and each tells that more may follow."""
    records = [record(0, status="FAILED")] + [record(n) for n in range(1, 251)]
    assert [[], [], [0]] == pages(ADA, records, 20, "FAILED")


def test_a_list_of_nothing_is_one_page() -> None:
    """An empty page has no cursor."""
    assert [[]] == pages(ADA, [], 20)


def cursor_of(caller: Caller, status: str | None = None) -> str:
    """A cursor that this list gives."""
    sections = sections_for(caller, status, None)
    return str(page_of(caller, sections, read(sections, MIXED, 1), 1)["cursor"])


@pytest.mark.parametrize(
    ("caller", "status", "cursor"),
    [
        (BO, None, cursor_of(ADA)),
        (ADA, "FAILED", cursor_of(ADA)),
        (ADA, None, cursor_of(ADA, "FAILED")),
        (ADA, None, cursor_of(OPERATOR)),
        (OPERATOR, None, cursor_of(ADA)),
        (Caller("bo", is_operator=True), None, cursor_of(OPERATOR)),
        (ADA, None, cursor_of(ADA)[:-4]),
        (ADA, None, "x"),
        (ADA, None, "é"),
        (ADA, None, base64.urlsafe_b64encode(b"[" * 700).decode()),
    ],
)
def test_a_cursor_is_good_for_its_own_list_only(
    caller: Caller, status: str | None, cursor: str
) -> None:
    """Another user's, another status's and a made-up one are refused alike."""
    with pytest.raises(InvalidRequestError, match="cursor: is none that this list gave to you"):
        sections_for(caller, status, cursor)


@pytest.mark.parametrize(
    "places",
    [[], [None, None], [["", record(1)["documentId"]]], [["2026", "x"]], [[1, 2]], [["a"]], 5],
)
def test_a_forged_place_is_refused(places: object) -> None:
    """Whatever would be no key of the index never gets as far as DynamoDB."""
    name = json.loads(base64.urlsafe_b64decode(cursor_of(ADA)))[0]
    forged = base64.urlsafe_b64encode(json.dumps([name, places]).encode()).decode()
    with pytest.raises(InvalidRequestError, match="cursor"):
        sections_for(ADA, None, forged)
