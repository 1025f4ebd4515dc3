"""What a list contains, and in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.api.auth import Principal
from chalicelib.documents import FOREVER, Status, status_time, to_iso8601
from chalicelib.queries import IndexQuery
from chalicelib.store import Record

_EARLIEST = "0"
"""Before any time; a key must not be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of documents."""

    principal: Principal
    """Whose documents, or all documents for an operator."""
    statuses: tuple[str, ...]
    """The most frequent one first."""
    earliest: str = _EARLIEST
    """Least uploadedAt, inclusive."""
    latest: str = FOREVER
    """Greatest uploadedAt, inclusive."""
    is_ascending: bool = False
    """Whether the oldest document comes first."""
    file_type: str | None = None
    name_part: str | None = None
    """As `fold` returns it."""

    def queries(self) -> list[IndexQuery]:
        """One query per status; none if no time is between the earliest and the latest."""
        return [self._query(status) for status in self.statuses if self.earliest <= self.latest]

    def _query(self, status: str) -> IndexQuery:
        is_owners = not self.principal.is_operator
        return IndexQuery(
            index="byOwnerAndStatus" if is_owners else "byStatus",
            key="owner" if is_owners else "status",
            value=self.principal.sub if is_owners else status,
            sort="statusTime" if is_owners else "uploadedAt",
            prefix=status_time(status, "") if is_owners else "",
            earliest=self.earliest,
            latest=self.latest,
            is_ascending=self.is_ascending,
        )

    def matches(self, record: Record) -> bool:
        """Whether a document that a query returned is in the list."""
        return self.file_type in (None, record.get("fileType")) and (
            self.name_part is None or self.name_part in fold(record["fileName"])
        )

    def digest(self) -> str:
        """Identifies the list; hashed, since cursors appear in logs and links."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:32]


def listing_from(
    principal: Principal,
    parameters: Mapping[str, Any],
    statuses: Sequence[Status] = (Status.PROCESSED, Status.FAILED),
) -> Listing:
    """The list that validated query parameters ask for.

    Times include uploadedAfter and exclude uploadedBefore, so that adjacent periods share no
    document.

    Args:
        principal: the caller.
        parameters: of the query.
        statuses: of the documents in a list of any status, the most frequent one first.
    """
    status, name_part = parameters.get("status"), parameters.get("nameContains")
    file_type = parameters.get("fileType")
    after, before = parameters.get("uploadedAfter"), parameters.get("uploadedBefore")
    millisecond = timedelta(milliseconds=1)
    return Listing(
        principal=principal,
        statuses=(str(status),) if status else tuple(map(str, statuses)),
        earliest=to_iso8601(_round_up(after)) if after else _EARLIEST,
        latest=to_iso8601(_round_up(before) - millisecond) if before else FOREVER,
        is_ascending=parameters["order"] == "asc",
        file_type=file_type.lower() if file_type else None,
        name_part=fold(name_part) if name_part else None,
    )


def fold(text: str) -> str:
    """The text for comparison without case: Unicode's full case folding, in form NFC."""
    import unicodedata  # noqa: PLC0415 - loading its tables costs 2 ms of each cold start

    return unicodedata.normalize("NFC", text.casefold())


def _round_up(text: str) -> datetime:
    """A time in whole milliseconds, as uploadedAt has it."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment + timedelta(microseconds=-moment.microsecond % 1_000)
