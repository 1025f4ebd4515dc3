"""Pages of document lists, and the cursor of the next page.

The cursor contains a position in each partition of the list. It is not secret, and forging one
gains nothing: only the caller's token decides whose documents are read.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from chalicelib.api.listing import Listing
from chalicelib.api.merge import MAX_READ, Partition
from chalicelib.api.problems import Code, FieldError, Problem
from chalicelib.api.representation import represent
from chalicelib.documents import is_document_id
from chalicelib.queries import IndexQuery, Position
from chalicelib.store import Record


def open_partitions(listing: Listing, cursor: str | None) -> list[Partition]:
    """The partitions of a list, at the positions of the cursor.

    Raises:
        Problem: the cursor belongs to another list.
    """
    queries = listing.queries()
    if cursor is None:
        # Until a page shows the mix, the first status is expected to be the most frequent one.
        return [Partition(query, None, int(query is queries[0])) for query in queries]
    try:
        digest, states = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if digest != listing.digest():
            raise ValueError("it belongs to another list")
        return _continue(
            [_partition(query, *state) for query, state in zip(queries, states, strict=True)]
        )
    except (ValueError, TypeError, RecursionError, binascii.Error):
        message = "must be the cursor of a page of this list, with the same parameters and user"
        raise Problem(Code.INVALID_REQUEST, errors=[FieldError("cursor", message)]) from None


def build_page(
    listing: Listing, partitions: Sequence[Partition], records: Sequence[Record]
) -> dict[str, object]:
    """The response body: the documents, and a cursor if more may follow."""
    page: dict[str, object] = {"documents": [represent(record) for record in records]}
    if not all(partition.is_complete for partition in partitions):
        # The mix of the last pages, later ones counting more.
        states = [(each.position, each.taken + each.weight // 2) for each in partitions]
        content = json.dumps([listing.digest(), states]).encode()
        page["cursor"] = base64.urlsafe_b64encode(content).decode("ascii")
    return page


def _continue(partitions: Sequence[Partition]) -> list[Partition]:
    """The partitions from the last listed document on, whose position is the furthest.

    The others start at its time, inclusive, not at their own positions: a document in between has
    arrived since the last page and would be listed out of order.
    """
    reached: str | None = None
    for each in partitions:
        if each.position and (reached is None or each.is_before(reached, each.position[0])):
            reached = each.position[0]
    return [
        Partition(each.query.starting_at(reached), None, each.weight)
        if reached and (each.position is None or each.position[0] != reached)
        else each
        for each in partitions
    ]


def _partition(query: IndexQuery, position: object, weight: object) -> Partition:
    if not (isinstance(weight, int) and 0 <= weight <= 4 * MAX_READ):
        raise ValueError("not a number of documents")
    if position is None:
        return Partition(query, None, weight)
    return Partition(query, _position(query, *position), weight)  # type: ignore[misc] # TypeError unless it is a pair


def _position(query: IndexQuery, uploaded_at: object, document_id: object) -> Position:
    if not (
        isinstance(uploaded_at, str)
        and uploaded_at.isascii()  # a lone surrogate cannot be sent
        and query.earliest <= uploaded_at <= query.latest
    ):
        raise ValueError("not a time of the list")  # DynamoDB would refuse the query
    if not (isinstance(document_id, str) and is_document_id(document_id)):
        raise ValueError("not a document id")
    return uploaded_at, document_id
