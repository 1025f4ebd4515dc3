"""Pages of lists, their cursors and their price."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import pytest

from chalicelib.api.auth import Principal
from chalicelib.api.listing import listing_from
from chalicelib.api.merge import MAX_READ, read_matches
from chalicelib.api.pagination import build_page, open_partitions
from chalicelib.api.problems import Problem
from chalicelib.api.schema import LIST_DOCUMENTS
from chalicelib.documents import status_time, to_iso8601
from chalicelib.store import Record
from tests.support.indexes import Indexes

ADA, BO = Principal("ada", is_operator=False), Principal("bo", is_operator=False)
OPERATOR = Principal("ada", is_operator=True)
CALLERS = pytest.mark.parametrize("caller", [ADA, OPERATOR], ids=["user", "operator"])
ORDERS = pytest.mark.parametrize("order", ["desc", "asc"])


def record(number: int, *, time: int | None = None, status: str = "PROCESSED") -> Record:
    """A record; higher numbers are newer."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=number if time is None else time
    )
    stamp = to_iso8601(moment)
    return {
        "documentId": f"00000000-0000-4000-8000-{number:012}",
        "fileName": f"Straße {number}.txt",
        "fileType": "text/plain" if number % 2 else "application/pdf",
        "uploadedAt": stamp,
        "status": status,
        "statusTime": status_time(status, stamp),
        "owner": "ada",
    }


def page_of(caller: Principal, table: Indexes, query: Mapping[str, str]) -> dict[str, Any]:
    """The response to a request with this query."""
    parameters = LIST_DOCUMENTS.parse_query({name: [text] for name, text in query.items()})
    listing = listing_from(caller, parameters)
    partitions = open_partitions(listing, parameters.get("cursor"))
    dynamodb = cast("Any", table)
    records = read_matches(dynamodb, "Documents", listing, partitions, parameters["limit"])
    return build_page(listing, partitions, records)


def numbers_in(page: Mapping[str, Any]) -> list[int]:
    """Its documents."""
    return [int(item["documentId"][-12:]) for item in page["documents"]]


def pages(caller: Principal, records: Sequence[Record], **query: str) -> list[list[int]]:
    """Every page of a list, by the records' numbers."""
    table, found = Indexes(records), []
    while True:
        page = page_of(caller, table, query)
        found.append(numbers_in(page))
        if "cursor" not in page:
            return found
        query["cursor"] = page["cursor"]


def listed(caller: Principal, records: Sequence[Record], **query: str) -> list[int]:
    """The documents of all pages."""
    return [number for page in pages(caller, records, **query) for number in page]


MIXED = [record(n, status="FAILED" if n % 3 == 0 else "PROCESSED") for n in range(1, 11)]
SAME_TIME = [record(n, time=5, status="FAILED" if n % 2 else "PROCESSED") for n in range(1, 8)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 100])
@CALLERS
def test_all_pages_together_are_the_list(caller: Principal, limit: int) -> None:
    """Newest first, nothing twice, nothing left out, whatever the length of a page."""
    assert list(range(10, 0, -1)) == listed(caller, MIXED, limit=str(limit))
    assert list(range(1, 11)) == listed(caller, MIXED, limit=str(limit), order="asc")
    assert all(len(page) <= limit for page in pages(caller, MIXED, limit=str(limit)))


@pytest.mark.parametrize("seed", range(60))
def test_any_mix_is_listed_in_order(seed: int) -> None:
    """Bursts of a status, equal times, filters and pages of any length."""
    dice = random.Random(seed)  # noqa: S311 - data of a test
    failed, records = dice.random(), []
    for number in range(dice.randrange(400)):
        if dice.random() < 0.05:
            failed = dice.choice([0.0, 0.01, 0.5, 0.99, 1.0])
        status = "FAILED" if dice.random() < failed else "PROCESSED"
        records.append(record(number, time=number // dice.choice([1, 1, 7]), status=status))
    order, limit = dice.choice(["asc", "desc"]), dice.choice([1, 3, 20, 50, 100])
    query = dice.choice([{}, {"fileType": "text/plain"}, {"nameContains": "7.TXT"}])
    found = listed(dice.choice([ADA, OPERATOR]), records, order=order, limit=str(limit), **query)
    expected = {
        number
        for number, each in enumerate(records)
        if query.get("fileType") in (None, each["fileType"])
        and query.get("nameContains", "").lower() in each["fileName"].lower()
    }
    assert (sorted(expected)) == sorted(found)
    times = [records[number]["uploadedAt"] for number in found]
    assert sorted(times, reverse=order == "desc") == times


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@CALLERS
@ORDERS
def test_documents_of_the_same_moment_are_all_listed(
    caller: Principal, order: str, limit: int
) -> None:
    """Equal times put no document between two pages."""
    every = listed(caller, SAME_TIME, limit=str(limit), order=order)
    assert list(range(1, 8)) == sorted(every)


@pytest.mark.parametrize("limit", [1, 2, 100])
@CALLERS
def test_a_status_leaves_out_all_others(caller: Principal, limit: int) -> None:
    """Only FAILED ones, in either order."""
    assert [9, 6, 3] == listed(caller, MIXED, limit=str(limit), status="FAILED")
    assert [3, 6, 9] == listed(caller, MIXED, limit=str(limit), status="FAILED", order="asc")


@CALLERS
@ORDERS
def test_a_period_includes_its_start_and_excludes_its_end(caller: Principal, order: str) -> None:
    """Times may have any offset and any precision."""
    period = {
        "uploadedAfter": "2026-01-01T01:00:00.003+01:00",
        "uploadedBefore": "2026-01-01T00:00:00.0071Z",
    }
    assert [3, 4, 5, 6, 7] == sorted(listed(caller, MIXED, order=order, limit="2", **period))
    period["uploadedBefore"] = "2026-01-01T00:00:00.007Z"
    assert [3, 4, 5, 6] == sorted(listed(caller, MIXED, order=order, limit="2", **period))
    assert [3, 6] == sorted(listed(caller, MIXED, order=order, status="FAILED", **period))


def test_a_period_that_ends_before_it_starts_is_empty() -> None:
    """DynamoDB would refuse the query."""
    moment = "2026-01-01T00:00:00.004Z"
    assert [[]] == pages(ADA, MIXED, uploadedAfter=moment, uploadedBefore=moment)


@pytest.mark.parametrize("text", ["STRASSE", "straße 5", "SSE 5.T"])
def test_names_are_compared_without_case(text: str) -> None:
    """By Unicode's full case folding, in which ß is ss."""
    assert 5 in listed(ADA, MIXED, nameContains=text)


def test_names_are_compared_in_one_form_of_accents() -> None:
    """A decomposed name, as macOS makes them, contains the composed text."""
    records = [{**record(1), "fileName": "re\u0301sume\u0301.pdf"}]
    assert [1] == listed(ADA, records, nameContains="RÉSUM")


def test_types_are_those_detected() -> None:
    """Another type, and a document without one, are left out."""
    without = {name: value for name, value in record(11).items() if name != "fileType"}
    assert [10, 8, 6, 4, 2] == listed(ADA, [*MIXED, without], fileType="Application/PDF")


def test_a_list_of_nothing_is_one_page() -> None:
    """An empty page has no cursor."""
    assert [[]] == pages(ADA, [])


@pytest.mark.parametrize("first", ["PROCESSED", "FAILED"])
@CALLERS
@ORDERS
def test_a_document_that_arrives_between_pages_does_not_break_the_order(
    caller: Principal, order: str, first: str
) -> None:
    """Before the last listed one it is left out, as in a list of one status; at its time it is not.

    Whether the pages so far have documents of its status or not.
    """
    [late] = {"PROCESSED", "FAILED"} - {first}
    sign = 1 if order == "asc" else -1
    old = [record(50 + sign * n, status=first) for n in (1, 2, 3, 4, 5)]
    for early in ([], [record(50, status=late)]):
        query = {"limit": "3", "order": order}
        shown = page_of(caller, Indexes([*early, *old]), query)
        last = numbers_in(shown)[-1]
        new = [
            record(90, time=last - sign, status=late),
            record(91, time=last, status=late),
            record(92, time=last + sign, status=late),
        ]
        rest = {"order": order, "limit": "2", "cursor": shown["cursor"]}
        found = listed(caller, [*early, *old, *new], **rest)
        remaining = range(last + sign, 50 + sign * 6, sign)
        assert sorted([*remaining, 91, 92]) == sorted(found)
        assert 91 == found[0]


def test_a_status_that_was_read_to_its_end_is_not_read_again() -> None:
    """The next rounds, which look for matches, read the other status only."""
    records = [record(n, status="FAILED" if n == 2_000 else "PROCESSED") for n in range(2_001)]
    table = Indexes(records)
    page_of(ADA, table, {"limit": "100", "nameContains": "none"})
    assert 1 + 2 == table.queries


@cache
def many(percent_failed: int) -> Indexes:
    """100,000 documents of one owner."""
    dice = random.Random(percent_failed)  # noqa: S311 - data of a test
    return Indexes(
        [
            record(n, status="FAILED" if dice.random() * 100 < percent_failed else "PROCESSED")
            for n in range(100_000)
        ]
    )


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 90, 99])
@CALLERS
@ORDERS
def test_a_page_costs_what_it_shows(caller: Principal, order: str, percent: int) -> None:
    """Fifty documents of 800 bytes take 5 units; the first page is the dearest."""
    table, query = many(percent), {"limit": "50", "order": order}
    units, queries = [], []
    for _page in range(20):
        units_before, queries_before = table.units, table.queries
        page = page_of(caller, table, query)
        query["cursor"] = page["cursor"]
        assert 50 == len(page["documents"])
        units.append(table.units - units_before)
        queries.append(table.queries - queries_before)
    assert units[0] <= (5.5 if percent <= 1 else 8)
    assert sum(units[1:]) / 19 <= 6.5
    assert queries[0] <= (2 if percent <= 1 else 8)
    assert sum(queries[1:]) / 19 <= 2.6


@CALLERS
@ORDERS
def test_a_page_of_one_status_costs_what_it_shows(caller: Principal, order: str) -> None:
    """One query, however rare the status is."""
    table, query = many(1), {"limit": "50", "order": order, "status": "FAILED"}
    units_before, queries_before = table.units, table.queries
    assert 50 == len(page_of(caller, table, query)["documents"])
    assert (5.0, 1) == (table.units - units_before, table.queries - queries_before)


def test_a_filtered_page_reads_a_bounded_number_of_documents() -> None:
    """It has none and a cursor; the next pages continue."""
    table, query = many(1), {"limit": "50", "nameContains": " 99000."}
    before = table.units
    page = page_of(ADA, table, query)
    assert [] == page["documents"]
    assert MAX_READ * 1.2 >= (table.units - before) * 2 * 4_096 / table.record_bytes
    pages_read = 1
    while not page["documents"]:
        query["cursor"] = page["cursor"]
        page = page_of(ADA, table, query)
        pages_read += 1
    assert [99_000] == numbers_in(page)
    assert 1_000 / MAX_READ <= pages_read <= 1_000 / MAX_READ + 1


def cursor_of(caller: Principal, **query: str) -> str:
    """A cursor that this list gives."""
    return str(page_of(caller, Indexes(MIXED), {"limit": "1", **query})["cursor"])


@pytest.mark.parametrize(
    ("caller", "query", "cursor"),
    [
        (BO, {}, cursor_of(ADA)),
        (ADA, {"status": "FAILED"}, cursor_of(ADA)),
        (ADA, {}, cursor_of(ADA, status="FAILED")),
        (ADA, {}, cursor_of(OPERATOR)),
        (OPERATOR, {}, cursor_of(ADA)),
        (Principal("bo", is_operator=True), {}, cursor_of(OPERATOR)),
        (ADA, {"order": "asc"}, cursor_of(ADA)),
        (ADA, {"fileType": "text/plain"}, cursor_of(ADA)),
        (ADA, {"nameContains": "a"}, cursor_of(ADA, nameContains="r")),
        (ADA, {"uploadedAfter": "2025-01-01T00:00:00Z"}, cursor_of(ADA)),
        (ADA, {"uploadedBefore": "2028-01-01T00:00:00Z"}, cursor_of(ADA)),
        (ADA, {}, cursor_of(ADA)[:-4]),
        (ADA, {}, "x"),
        (ADA, {}, "é"),
        (ADA, {}, base64.urlsafe_b64encode(b"[" * 700).decode()),
    ],
)
def test_a_cursor_is_good_for_its_own_list_only(
    caller: Principal, query: dict[str, str], cursor: str
) -> None:
    """Another user's, another list's and a made-up one are refused alike."""
    with pytest.raises(Problem, match="cursor: must be the cursor of a page of this list"):
        page_of(caller, Indexes(MIXED), {**query, "cursor": cursor})


NOWHERE = [None, 0]


@pytest.mark.parametrize(
    "states",
    [
        [],
        [NOWHERE],
        [[["", record(1)["documentId"]], 0], NOWHERE],
        [[["a", record(1)["documentId"]], 0], NOWHERE],
        [[["2026\ud800", record(1)["documentId"]], 0], NOWHERE],
        [[["2026", "x"], 0], NOWHERE],
        [[[1, 2], 0], NOWHERE],
        [[["2026"], 0], NOWHERE],
        [[None, -1], NOWHERE],
        [[None, "1"], NOWHERE],
        [[None, 10**9], NOWHERE],
        [None, NOWHERE],
        5,
    ],
)
def test_a_forged_position_is_refused(states: object) -> None:
    """What would be no key of the index never gets as far as DynamoDB."""
    digest = json.loads(base64.urlsafe_b64decode(cursor_of(ADA)))[0]
    forged = base64.urlsafe_b64encode(json.dumps([digest, states]).encode()).decode()
    with pytest.raises(Problem, match="cursor"):
        page_of(ADA, Indexes(MIXED), {"cursor": forged})
