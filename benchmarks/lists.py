"""Read units of a page of 50 from 100,000 documents of one owner, for each combination of filters.

The API's own code reads the pages from a table in memory. The units are computed from the sizes of
the items that each Query reads, as DynamoDB charges them: half a unit per 4 KB, rounded up.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from benchmarks.table import Row
from chalicelib.api.auth import Principal
from chalicelib.api.listing import listing_from
from chalicelib.api.merge import read_matches
from chalicelib.api.pagination import build_page, open_partitions
from chalicelib.api.schema import LIST_DOCUMENTS
from chalicelib.documents import Document, Status, to_iso8601
from chalicelib.store import to_item
from tests.support.indexes import Indexes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PART = "lists"

DOCUMENTS, PAGE, LATER_PAGES = 100_000, 50, 20
FAILED_SHARE = 0.01
_OWNER = "0198c5b5-3f6f-7c0a-9d4e-8a1d5a3b7c42"
_START = datetime(2026, 1, 1, tzinfo=UTC)

Queries = tuple[Mapping[str, str], ...]

CALLERS = {
    "owner": Principal(_OWNER, is_operator=False),
    "operator": Principal("operator", is_operator=True),
}
STATUSES: Queries = ({}, {"status": "PROCESSED"}, {"status": "FAILED"})
PERIODS: Queries = (
    {},
    {"uploadedAfter": "2026-01-02T00:00:00Z", "uploadedBefore": "2026-02-01T00:00:00Z"},
)
FILTERS: Queries = ({}, {"fileType": "image/png"}, {"nameContains": "SCAN"})
ORDERS: Queries = ({"order": "desc"}, {"order": "asc"})


def measure() -> list[Row]:
    """The rows of every combination, for owner and operator."""
    records = [document.to_record() for document in documents()]
    size = math.ceil(sum(map(item_bytes, map(to_item, records))) / len(records))
    table = Indexes(records, record_bytes=size)
    return [
        _row(table, caller, {**status, **period, **filtered, **order})
        for caller in CALLERS
        for status, period, filtered, order in product(STATUSES, PERIODS, FILTERS, ORDERS)
    ]


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item that DynamoDB charges (developer guide, "Item sizes and formats")."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "M":
        return 3 + item_bytes(content) + len(content)
    if kind == "N":
        return len(content) // 2 + 2
    return len(str(content).encode())


def documents() -> Iterator[Document]:
    """One a minute, about 700 bytes each; every fifth is a scanned picture."""
    dice = random.Random(14)
    for number in range(DOCUMENTS):
        is_scan, moment = number % 5 == 0, to_iso8601(_START + timedelta(minutes=number))
        yield Document(
            document_id=f"00000000-0000-4000-8000-{number:012}",
            file_name=f"{'scan' if is_scan else 'report'} {number}.{'png' if is_scan else 'pdf'}",
            file_type="image/png" if is_scan else "application/pdf",
            file_size=123_456,
            status=Status.FAILED if dice.random() < FAILED_SHARE else Status.PROCESSED,
            uploaded_at=moment,
            processed_at=moment,
            owner=_OWNER,
            object_key=f"uploads/00000000-0000-4000-8000-{number:012}",
            e_tag="0" * 32,
            sequencer=f"{number:032}",
            sha256="0" * 64,
            metadata={"title": "A title of usual length", "wordCount": 1_234, "pageCount": 5},
        )


def _row(table: Indexes, caller: str, query: Mapping[str, str]) -> Row:
    """The first page and the mean of the next ones."""
    units, queries = table.units, table.queries
    shown, cursor = _page(table, CALLERS[caller], query, None)
    figure = f"{table.units - units:.1f} units, {table.queries - queries} Queries, {shown} shown"
    units, queries, pages = table.units, table.queries, 0
    while cursor and pages < LATER_PAGES:
        _, cursor = _page(table, CALLERS[caller], query, cursor)
        pages += 1
    if pages:
        figure += (
            f"; then {(table.units - units) / pages:.1f}, {(table.queries - queries) / pages:.1f}"
        )
    return Row(PART, f"{caller}: " + " ".join(f"{name}={query[name]}" for name in query), figure)


def _page(
    table: Indexes, caller: Principal, query: Mapping[str, str], cursor: str | None
) -> tuple[int, str | None]:
    """The number of documents on a page, and its cursor."""
    sent = {**query, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
    parameters = LIST_DOCUMENTS.parse_query({name: [text] for name, text in sent.items()})
    listing = listing_from(caller, parameters)
    partitions = open_partitions(listing, cursor)
    records = read_matches(cast("DynamoDBClient", table), "", listing, partitions, PAGE)
    following = build_page(listing, partitions, records).get("cursor")
    return len(records), str(following) if following else None
