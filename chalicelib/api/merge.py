"""Merge of the partitions of a list by time, reading about as many documents as it returns.

Each round reads every partition once, the rarest status first. A partition that has more bounds
the next ones by time: of the frequent status, only documents before the next rare one are read,
and of each status about its share of the page. docs/decisions/lists.md has the figures.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.api.listing import Listing
from chalicelib.queries import IndexQuery, Position, QueryPage, query_index
from chalicelib.store import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_READ = 500
"""Documents that are read for one page, apart from the margins of a round."""
_MAX_ROUNDS = 4
_MIN_READ = 4
"""Of one partition: as cheap as one, where records have up to 1 KB (half a read unit per 4 KB)."""
_MARGIN = 1.5
"""Standard deviations: nine of ten rounds read enough for the page."""


@dataclass(slots=True)
class Partition:
    """The documents of one status, and how far they were read.

    Times are compared in the order of the list: "before" means listed earlier.
    """

    query: IndexQuery
    """Of the whole partition."""
    position: Position | None
    """The last document of the pages so far."""
    weight: int
    """Number of its documents on the last pages; 1 or 0 before the first."""
    rows: deque[Record] = field(default_factory=deque)
    """Read, but not yet on a page."""
    taken: int = 0
    """Documents that this page used, whether they match or not."""
    read: int = 0
    """Documents read for this page."""
    horizon: str = field(default="", init=False)
    """No unread document is listed before this time."""
    _last_read: Position | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._last_read = self.position
        self.horizon = self.position[0] if self.position else self.start

    @property
    def expected(self) -> int:
        """In proportion to the number of its documents among the next ones."""
        return self.weight + self.taken

    @property
    def start(self) -> str:
        """Listed before all times."""
        return "" if self.query.is_ascending else "~"

    @property
    def end(self) -> str:
        """Listed after all times."""
        return "~" if self.query.is_ascending else ""

    @property
    def is_complete(self) -> bool:
        """Whether all of it was read and taken."""
        return not self.rows and self.horizon == self.end

    def is_before(self, time: str, other: str) -> bool:
        """Whether a time is listed before another."""
        return time < other if self.query.is_ascending else time > other

    def next_query(self, limit: int, until: str) -> IndexQuery:
        """The query of its next documents up to a time, inclusive."""
        query = replace(self.query, limit=limit, after=self._last_read)
        if query.is_ascending:
            return replace(query, latest=min(query.latest, until))
        return replace(query, earliest=max(query.earliest, until))

    def add(self, page: QueryPage, until: str) -> None:
        """Take in the result of `next_query`."""
        self.rows.extend(page.records)
        self.read += len(page.records)
        if page.records:
            self._last_read = _position_of(page.records[-1])
        if not page.has_more:
            self.horizon = until
        elif self._last_read:
            self.horizon = self._last_read[0]

    def take(self) -> Record:
        """The next document."""
        record = self.rows.popleft()
        self.position = _position_of(record)
        self.taken += 1
        return record


def read_matches(
    dynamodb: DynamoDBClient,
    table: str,
    listing: Listing,
    partitions: Sequence[Partition],
    limit: int,
) -> list[Record]:
    """The next documents of the list: at most `limit`, fewer at its end or if few match."""
    found: list[Record] = []
    for _round in range(_MAX_ROUNDS):
        read_round(dynamodb, table, partitions, _documents_to_read(partitions, limit, len(found)))
        for record in _take_merged(partitions):
            if listing.matches(record):
                found.append(record)
            if len(found) == limit:
                return found
        is_complete = all(partition.is_complete for partition in partitions)
        if is_complete or sum(partition.read for partition in partitions) >= MAX_READ:
            break
    return found


def read_round(
    dynamodb: DynamoDBClient, table: str, partitions: Sequence[Partition], count: int
) -> None:
    """Read each partition's share of the next documents."""
    total = sum(partition.expected for partition in partitions)
    until = partitions[0].end if partitions else ""
    for partition in sorted(partitions, key=lambda each: (not each.rows, each.expected)):
        is_needed = not partition.rows and not partition.is_complete
        if is_needed and not partition.is_before(until, partition.horizon):
            share = partition.expected / total if total else 1.0
            limit = count if len(partitions) == 1 else _upper_estimate(count, share)
            page = query_index(dynamodb, table, partition.next_query(limit, until))
            partition.add(page, until)
        if partition.is_before(partition.horizon, until):
            until = partition.horizon


def _take_merged(partitions: Sequence[Partition]) -> Iterator[Record]:
    """The documents before which no unread one is listed, in the order of the list."""
    while heads := [partition for partition in partitions if partition.rows]:
        first = heads[0]
        for other in heads[1:]:
            if other.is_before(_time_of(other), _time_of(first)):
                first = other
        if any(first.is_before(each.horizon, _time_of(first)) for each in partitions):
            return
        yield first.take()


def _documents_to_read(partitions: Sequence[Partition], limit: int, found: int) -> int:
    """How many documents contain the rest of the page, by the share that matched so far."""
    taken = sum(partition.taken for partition in partitions)
    left = MAX_READ - sum(partition.read for partition in partitions)
    if taken == 0:
        return limit
    return min(left, math.ceil((limit - found) * taken / found)) if found else left


def _upper_estimate(count: int, share: float) -> int:
    """How many of `count` documents a status with this share has, plus the margin."""
    estimate = count * share + _MARGIN * math.sqrt(count * share * (1 - share))
    return max(_MIN_READ, math.ceil(estimate))


def _time_of(partition: Partition) -> str:
    return str(partition.rows[0]["uploadedAt"])


def _position_of(record: Record) -> Position:
    return str(record["uploadedAt"]), str(record["documentId"])
