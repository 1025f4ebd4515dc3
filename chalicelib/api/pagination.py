"""Pagination of document lists: the index queries of a page, and the cursor of the next one.

A list is one index query, or without a status filter one per status, merged by time. The cursor
contains a position in each. It is not secret, and forging one gains nothing: only the
caller's token decides whose documents are read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import heapq
import json
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.api.auth import Principal
from chalicelib.api.problems import Code, FieldError, Problem
from chalicelib.api.representation import represent
from chalicelib.api.schema import LISTED_STATUSES
from chalicelib.documents import is_document_id, status_time
from chalicelib.store import IndexQuery, Position, QueryPage

_MAX_TIME_CHARACTERS = 40


def index_queries(
    principal: Principal, status: str | None, cursor: str | None, limit: int
) -> list[IndexQuery]:
    """The queries for one page of the principal's list.

    Raises:
        Problem: the cursor belongs to another list.
    """
    statuses = [status] if status else list(LISTED_STATUSES)
    if principal.is_operator:
        queries = [
            IndexQuery(index="byStatus", key="status", value=wanted, sort="uploadedAt", limit=limit)
            for wanted in statuses
        ]
    else:
        queries = [
            IndexQuery(
                index="byOwnerAndStatus",
                key="owner",
                value=principal.sub,
                sort="statusTime",
                prefix=status_time(wanted, ""),
                limit=limit,
            )
            for wanted in statuses
        ]
    if cursor is None:
        return queries
    positions = _decode_cursor(cursor, _list_id(principal, queries), len(queries))
    return [
        replace(query, after=position) for query, position in zip(queries, positions, strict=True)
    ]


def build_page(
    principal: Principal, queries: Sequence[IndexQuery], pages: Sequence[QueryPage], limit: int
) -> dict[str, object]:
    """The response body: at most `limit` documents, and a cursor if more may follow."""
    merged = heapq.merge(
        *(page.records for page in pages),
        key=lambda record: str(record["uploadedAt"]),
        reverse=True,
    )
    records = [record for record, _ in zip(merged, range(limit), strict=False)]
    included = {str(record["documentId"]) for record in records}
    documents = [represent(record) for record in records]
    positions = [
        _next_position(query, page, included) for query, page in zip(queries, pages, strict=True)
    ]
    count = sum(len(page.records) for page in pages)
    if count == len(documents) and not any(page.end for page in pages):
        return {"documents": documents}
    return {
        "documents": documents,
        "cursor": _encode_cursor(_list_id(principal, queries), positions),
    }


def _next_position(query: IndexQuery, page: QueryPage, included: set[str]) -> Position | None:
    kept = [record for record in page.records if record["documentId"] in included]
    if len(kept) == len(page.records) and page.end:
        return page.end
    if kept:
        return str(kept[-1]["uploadedAt"]), str(kept[-1]["documentId"])
    return query.after


def _list_id(principal: Principal, queries: Sequence[IndexQuery]) -> str:
    """Identifies a list by caller and filter; hashed, since cursors appear in logs and links."""
    parts = [principal.sub, *(f"{query.index} {query.value} {query.prefix}" for query in queries)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _encode_cursor(list_id: str, positions: Sequence[Position | None]) -> str:
    return base64.urlsafe_b64encode(json.dumps([list_id, positions]).encode()).decode("ascii")


def _decode_cursor(cursor: str, list_id: str, count: int) -> list[Position | None]:
    try:
        decoded_id, positions = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if decoded_id != list_id or len(positions) != count:
            raise ValueError("it belongs to another list")
        return [None if position is None else _position(*position) for position in positions]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        message = "must be the cursor of a page of this list, with the same status and user"
        raise Problem(Code.INVALID_REQUEST, errors=[FieldError("cursor", message)]) from None


def _position(uploaded_at: object, document_id: object) -> Position:
    if not (isinstance(uploaded_at, str) and 0 < len(uploaded_at) <= _MAX_TIME_CHARACTERS):
        raise ValueError("not a time")
    if not (isinstance(document_id, str) and is_document_id(document_id)):
        raise ValueError("not a document id")
    return uploaded_at, document_id
