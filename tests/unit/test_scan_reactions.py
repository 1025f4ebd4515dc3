"""What a scan result means for a record, whatever the record's state is."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.documents import FOREVER
from chalicelib.scan_reactions import Reaction, reaction_to
from chalicelib.scan_results import CLEAN, INFECTED, scan_result_from_event, with_result
from tests.support.scans import SCANNED_AT, scan_event

SCANNING = {"eTag": "e1", "status": "SCANNING"}
PROCESSED = {"eTag": "e1", "status": "PROCESSED"}
SCANNED = {"scannedAt": SCANNED_AT}
REMOVED = {"removedAt": SCANNED_AT}
NO_SCAN = "UNSUPPORTED"


def failed(code: str) -> dict[str, Any]:
    """A FAILED record."""
    return {"eTag": "e1", "status": "FAILED", "failure": {"code": code, "message": "Why."}}


def reaction(status: str, record: dict[str, Any] | None) -> Reaction:
    """To a result of version e1."""
    event = scan_event("bucket", "key", "e1", status)
    return reaction_to(scan_result_from_event(event), record)


@pytest.mark.parametrize(
    ("record", "clean", "infected", "missing"),
    [
        (None, "KEEP", "KEEP", "KEEP"),
        ({"status": "PENDING"}, "KEEP", "KEEP", "KEEP"),
        ({"eTag": "e0", "status": "PROCESSED"}, "KEEP", "KEEP", "KEEP"),
        ({"deletedUntil": SCANNED_AT}, "KEEP", "KEEP", "KEEP"),
        ({"deletedUntil": FOREVER}, "NONE", "NONE", "NONE"),
        (SCANNING, "PROCESS", "FAIL", "FAIL"),
        (SCANNING | REMOVED, "KEEP", "FAIL", "KEEP"),
        (PROCESSED, "CONFIRM", "FAIL", "KEEP"),
        (PROCESSED | SCANNED, "NONE", "FAIL", "KEEP"),
        (PROCESSED | REMOVED, "KEEP", "FAIL", "KEEP"),
        (PROCESSED | SCANNED | REMOVED, "NONE", "FAIL", "KEEP"),
        (failed("unreadable"), "CONFIRM", "FAIL", "KEEP"),
        (failed("unreadable") | SCANNED, "NONE", "FAIL", "KEEP"),
        (failed("processing_failed"), "PROCESS", "FAIL", "FAIL"),
        (failed("processing_failed") | SCANNED, "PROCESS", "FAIL", "KEEP"),
        (failed("not_scanned"), "PROCESS", "FAIL", "KEEP"),
        (failed("not_scanned") | REMOVED, "KEEP", "FAIL", "KEEP"),
        (failed("infected") | SCANNED, "NONE", "REPEAT", "NONE"),
    ],
)
def test_each_record_has_its_reaction(
    record: dict[str, Any] | None, clean: str, infected: str, missing: str
) -> None:
    """Malware beats every other result of the bytes, and no scan beats none.

    What changes nothing may be of the next version with the same bytes.
    """
    assert Reaction[clean] is reaction(CLEAN, record)
    assert Reaction[infected] is reaction(INFECTED, record)
    assert Reaction[missing] is reaction(NO_SCAN, record)


@pytest.mark.parametrize(
    ("kept", "status", "expected"),
    [
        (NO_SCAN, NO_SCAN, "NONE"),
        (NO_SCAN, CLEAN, "KEEP"),
        (CLEAN, NO_SCAN, "KEEP"),
        (CLEAN, INFECTED, "KEEP"),
        (INFECTED, CLEAN, "NONE"),
    ],
)
def test_a_repeated_result_is_not_kept_again(kept: str, status: str, expected: str) -> None:
    """Nor a scan that counts less; that there was no scan is kept beside it."""
    event = scan_event("bucket", "key", "e1", kept)
    results = with_result([], scan_result_from_event(event))
    assert Reaction[expected] is reaction(status, {"status": "PENDING", "scanResults": results})


def test_a_repeated_failure_changes_nothing() -> None:
    """A later one may be of the next version."""
    earlier = scan_event("bucket", "key", "e1", NO_SCAN) | {"time": "2026-11-22T12:00:08Z"}
    results = with_result([], scan_result_from_event(earlier))
    record = failed("not_scanned") | {"scanResults": results}
    assert Reaction.REPEAT is reaction_to(scan_result_from_event(earlier), record)
    assert Reaction.KEEP is reaction(NO_SCAN, record)
