"""Pages and their cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pytest

from chalicelib.api.auth import Principal
from chalicelib.api.pagination import build_page, index_queries
from chalicelib.api.problems import Problem
from chalicelib.store import IndexQuery, QueryPage, Record

ADA, BO = Principal("ada", is_operator=False), Principal("bo", is_operator=False)
OPERATOR = Principal("ada", is_operator=True)


def record(number: int, *, time: int | None = None, status: str = "PROCESSED") -> Record:
    """A record; higher numbers are newer."""
    stamp = f"2026-01-01T00:00:00.{number if time is None else time:03}Z"
    document_id = f"00000000-0000-4000-8000-{number:012}"
    return {
        "documentId": document_id,
        "uploadedAt": stamp,
        "status": status,
        "owner": "ada",
        "statusTime": f"{status}#{stamp}",
    }


def run(queries: Sequence[IndexQuery], records: Sequence[Record]) -> list[QueryPage]:
    """The result of each query, as DynamoDB would return it."""
    pages_found = []
    for query in queries:
        inside = [
            item
            for item in records
            if item[query.key] == query.value and str(item[query.sort]).startswith(query.prefix)
        ]
        inside.sort(key=lambda item: (item["uploadedAt"], item["documentId"]), reverse=True)
        if query.after:
            inside = [
                item for item in inside if (item["uploadedAt"], item["documentId"]) < query.after
            ]
        seen = inside[: query.limit]
        last = seen[-1] if len(seen) < len(inside) else None
        end = (str(last["uploadedAt"]), str(last["documentId"])) if last else None
        pages_found.append(QueryPage(seen, end))
    return pages_found


def pages(
    caller: Principal, records: Sequence[Record], limit: int, status: str | None = None
) -> list[list[int]]:
    """Every page of a list, by the records' numbers."""
    found, cursor = [], None
    while True:
        queries = index_queries(caller, status, cursor, limit)
        page = build_page(caller, queries, run(queries, records), limit)
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
def test_all_pages_together_are_the_list(caller: Principal, limit: int) -> None:
    """Newest first, nothing twice, nothing left out, whatever the length of a page."""
    every = [number for page in pages(caller, MIXED, limit) for number in page]
    assert list(range(10, 0, -1)) == every


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("caller", [ADA, OPERATOR], ids=["user", "operator"])
def test_documents_of_the_same_moment_are_all_listed(caller: Principal, limit: int) -> None:
    """Equal times put no document between two pages."""
    every = [number for page in pages(caller, SAME_TIME, limit) for number in page]
    assert list(range(1, 8)) == sorted(every)


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("caller", [ADA, OPERATOR], ids=["user", "operator"])
def test_a_status_leaves_out_all_others(caller: Principal, limit: int) -> None:
    """Only FAILED ones, newest first."""
    every = [number for page in pages(caller, MIXED, limit, "FAILED") for number in page]
    assert [9, 6, 3] == every


def test_a_rare_status_far_down_is_found() -> None:
    """It is on the first page."""
    records = [record(0, status="FAILED")] + [record(n) for n in range(1, 251)]
    assert [[0]] == pages(ADA, records, 20, "FAILED")


def test_a_list_of_nothing_is_one_page() -> None:
    """An empty page has no cursor."""
    assert [[]] == pages(ADA, [], 20)


def cursor_of(caller: Principal, status: str | None = None) -> str:
    """A cursor that this list gives."""
    queries = index_queries(caller, status, None, 1)
    return str(build_page(caller, queries, run(queries, MIXED), 1)["cursor"])


@pytest.mark.parametrize(
    ("caller", "status", "cursor"),
    [
        (BO, None, cursor_of(ADA)),
        (ADA, "FAILED", cursor_of(ADA)),
        (ADA, None, cursor_of(ADA, "FAILED")),
        (ADA, None, cursor_of(OPERATOR)),
        (OPERATOR, None, cursor_of(ADA)),
        (Principal("bo", is_operator=True), None, cursor_of(OPERATOR)),
        (ADA, None, cursor_of(ADA)[:-4]),
        (ADA, None, "x"),
        (ADA, None, "é"),
        (ADA, None, base64.urlsafe_b64encode(b"[" * 700).decode()),
    ],
)
def test_a_cursor_is_good_for_its_own_list_only(
    caller: Principal, status: str | None, cursor: str
) -> None:
    """Another user's, another status's and a made-up one are refused alike."""
    with pytest.raises(Problem, match="cursor: must be the cursor of a page of this list"):
        index_queries(caller, status, cursor, 20)


@pytest.mark.parametrize(
    "places",
    [
        [],
        [None],
        [["", record(1)["documentId"]], None],
        [["2026", "x"], None],
        [[1, 2], None],
        [["a"], None],
        5,
    ],
)
def test_a_forged_place_is_refused(places: object) -> None:
    """Whatever would be no key of the index never gets as far as DynamoDB."""
    name = json.loads(base64.urlsafe_b64decode(cursor_of(ADA)))[0]
    forged = base64.urlsafe_b64encode(json.dumps([name, places]).encode()).decode()
    with pytest.raises(Problem, match="cursor"):
        index_queries(ADA, None, forged, 20)
