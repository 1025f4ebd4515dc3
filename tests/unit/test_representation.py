"""What the API shows of a record."""

from __future__ import annotations

from chalicelib.api.representation import INTERNAL_ATTRIBUTES, represent
from chalicelib.notifications import MESSAGE_FIELDS

PENDING = {"documentId": "1", "status": "PENDING", "expiresAt": 1_700_000_000}


def test_a_time_is_iso_8601() -> None:
    """DynamoDB's TTL requires epoch seconds; clients do not see them."""
    assert {**PENDING, "expiresAt": "2023-11-14T22:13:20.000Z"} == represent(PENDING)


def test_internal_attributes_are_hidden() -> None:
    """Neither responses nor notifications have them."""
    internal = dict.fromkeys(INTERNAL_ATTRIBUTES, "x")
    assert {"documentId": "1"} == represent({"documentId": "1", **internal})
    assert not INTERNAL_ATTRIBUTES & set(MESSAGE_FIELDS)
