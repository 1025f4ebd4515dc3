"""Lists by pages: which part of which index a caller's list is, and how far they have come.

A list is made of one section, or for operators who ask for every status of one a status, merged
by time. Its cursor holds the place in each. Nobody needs to keep it secret or could gain by
forging it: the caller's token alone decides whose documents are read. Standard library only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.api import LISTED_STATUSES, LONGEST_PAGE, InvalidRequestError
from chalicelib.callers import Caller
from chalicelib.documents import is_document_id

Place = tuple[str, str]
"""Where a document stands in its section: uploadedAt and documentId."""
Record = Mapping[str, Any]

_LONGEST_TIME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The documents in one partition of an index, newest first."""

    index: str
    key: str
    """The index's partition key, an attribute of records."""
    value: str
    status: str | None
    """Only documents with this status, where the index itself does not say so."""
    after: Place | None = None
    """The last document that was seen; None at the start."""

    def to_read(self, limit: int) -> int:
        """How many documents to read for a page: more where some of them will not do."""
        return LONGEST_PAGE if self.status else limit


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one query of a section found."""

    records: Sequence[Record]
    end: Place | None
    """Where it ended; None at the end of the section."""


def sections_for(caller: Caller, status: str | None, cursor: str | None) -> list[Section]:
    """What to read for a page of the caller's list.

    Raises:
        InvalidRequestError: the cursor is none of this list.
    """
    if caller.is_operator:
        statuses = [status] if status else LISTED_STATUSES
        sections = [
            Section(index="byStatus", key="status", value=str(wanted), status=None)
            for wanted in statuses
        ]
    else:
        sections = [Section(index="byOwner", key="owner", value=caller.sub, status=status)]
    if cursor is None:
        return sections
    places = _places_in(cursor, _name_of(caller, sections), len(sections))
    return [replace(section, after=place) for section, place in zip(sections, places, strict=True)]


def page_of(
    caller: Caller, sections: Sequence[Section], stretches: Sequence[Stretch], limit: int
) -> dict[str, object]:
    """The page that these stretches of the sections make, with a cursor if more may follow."""
    merged = heapq.merge(
        *(stretch.records for stretch in stretches),
        key=lambda record: str(record["uploadedAt"]),
        reverse=True,
    )
    documents = [record for record, _ in zip(merged, range(limit), strict=False)]
    served = {str(record["documentId"]) for record in documents}
    places = [
        _place_after(section, stretch, served)
        for section, stretch in zip(sections, stretches, strict=True)
    ]
    found = sum(len(stretch.records) for stretch in stretches)
    if found == len(documents) and not any(stretch.end for stretch in stretches):
        return {"documents": documents}
    return {"documents": documents, "cursor": _cursor(_name_of(caller, sections), places)}


def _place_after(section: Section, stretch: Stretch, served: set[str]) -> Place | None:
    kept = [record for record in stretch.records if record["documentId"] in served]
    if len(kept) == len(stretch.records) and stretch.end:
        return stretch.end
    if kept:
        return str(kept[-1]["uploadedAt"]), str(kept[-1]["documentId"])
    return section.after


def _name_of(caller: Caller, sections: Sequence[Section]) -> str:
    """Names a list: whose it is and of what. Hashed, as a cursor shows up in logs and links."""
    parts = [caller.sub, *(f"{part.index} {part.value} {part.status}" for part in sections)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _cursor(name: str, places: Sequence[Place | None]) -> str:
    return base64.urlsafe_b64encode(json.dumps([name, places]).encode()).decode("ascii")


def _places_in(cursor: str, name: str, count: int) -> list[Place | None]:
    try:
        named, places = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if named != name or len(places) != count:
            raise ValueError("it is of another list")
        return [None if place is None else _place(*place) for place in places]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise InvalidRequestError("cursor: is none that this list gave to you") from None


def _place(uploaded_at: object, document_id: object) -> Place:
    if not (isinstance(uploaded_at, str) and 0 < len(uploaded_at) <= _LONGEST_TIME):
        raise ValueError("no time")
    if not (isinstance(document_id, str) and is_document_id(document_id)):
        raise ValueError("no id")
    return uploaded_at, document_id
