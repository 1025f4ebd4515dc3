"""What several routes need: a record that the caller can read, and when their URLs expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib import runtime
from chalicelib.api.auth import Principal, can_read
from chalicelib.api.problems import Code, Problem
from chalicelib.documents import is_document_id, is_expired, is_tombstone
from chalicelib.runtime import dynamodb, settings
from chalicelib.store import get_record


def get_record_or_404(
    caller: Principal, document_id: str, *, include_tombstones: bool = False
) -> dict[str, Any]:
    """The record; the same 404 whether it does not exist or belongs to somebody else.

    Only a deletion, which may be repeated, includes tombstones.
    """
    record = None
    if is_document_id(document_id):
        record = get_record(dynamodb, settings.documents_table, document_id)
    if (
        record is None
        or not can_read(caller, record)
        or is_expired(record, runtime.now().timestamp())
        or (is_tombstone(record) and not include_tombstones)
    ):
        raise Problem(Code.NOT_FOUND, "There is no such document")
    return record


def url_expiry() -> datetime:
    """When a URL that is signed now expires: SigV4 counts from whole seconds."""
    signed_at = runtime.now().replace(microsecond=0)
    return signed_at + timedelta(seconds=settings.upload_url_seconds)
