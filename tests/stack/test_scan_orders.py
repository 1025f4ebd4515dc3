"""Results of the scanner in every order: each document has the state that fits its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from infra.local.guardduty.faults import Fault
from infra.local.guardduty.scans import State
from infra.local.guardduty.verdicts import Result
from tests.support.scanner import Scanner, scanner_of
from tests.support.stack import Stack
from tests.support.waiting import eventually

CONTENT = b"three small words"
PROCESSED, INFECTED, NOT_SCANNED = "PROCESSED", "FAILED infected", "FAILED not_scanned"

OUTCOMES = {
    Result.NO_THREATS_FOUND: PROCESSED,
    Result.THREATS_FOUND: INFECTED,
    Result.UNSUPPORTED: NOT_SCANNED,
    Result.ACCESS_DENIED: NOT_SCANNED,
    Result.FAILED: NOT_SCANNED,
}


@pytest.fixture
def folder(scan_stack: Stack) -> Scanner:
    """The scans of a key prefix that no other test uses, one folder per result below it."""
    return scanner_of(scan_stack.account, scan_stack.bucket).under(scan_stack.new_key(""))


def set_results(folder: Scanner, fault: Fault | None) -> dict[Result, str]:
    """Give each scan the result of its folder, with a fault; the key for each result."""
    for result in Result:
        folder.under(f"{result}/").set(fault, result)
    return {result: f"{folder.prefix}{result}/file.txt" for result in Result}


def put(stack: Stack, key: str, content: bytes = CONTENT) -> None:
    """Upload a version, and wait for its event to be recorded."""
    e_tag = stack.put(key, content, "text/plain")
    eventually(
        lambda: (stack.record_now(key) or {}).get("eTag") == e_tag, f"a record of {key} {e_tag}"
    )


def outcomes(stack: Stack, keys: Mapping[Result, str]) -> dict[Result, str]:
    """The state of each document."""
    records: dict[Result, dict[str, Any]] = {
        result: stack.record_now(key) or {} for result, key in keys.items()
    }
    return {
        result: f"{record.get('status')} {record.get('failure', {}).get('code', '')}".strip()
        for result, record in records.items()
    }


def await_outcomes(
    stack: Stack, keys: Mapping[Result, str], expected: Mapping[Result, str]
) -> None:
    """Wait until each document has its state."""
    eventually(
        lambda: expected == outcomes(stack, keys),
        f"documents with {expected}",
        lambda: outcomes(stack, keys),
    )


def test_after_the_upload_event(scan_stack: Stack, folder: Scanner) -> None:
    """Every document waits as SCANNING until its result arrives."""
    keys = set_results(folder, Fault.HELD)
    for key in keys.values():
        put(scan_stack, key)
    folder.await_states(*[State.HELD] * len(keys))
    assert dict.fromkeys(Result, "SCANNING") == outcomes(scan_stack, keys)
    folder.release()
    await_outcomes(scan_stack, keys, OUTCOMES)


def test_before_the_upload_event(scan_stack: Stack, folder: Scanner) -> None:
    """A result that arrives first is kept, and decides when the upload event arrives."""
    keys = set_results(folder, Fault.LOST)
    e_tag = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    for result, key in keys.items():
        folder.publish(key, e_tag, result)
    eventually(
        lambda: all(scan_stack.record_now(key) for key in keys.values()), "results that are kept"
    )
    for key in keys.values():
        assert e_tag == scan_stack.put(key, CONTENT, "text/plain")
    await_outcomes(scan_stack, keys, OUTCOMES)


def test_twice(scan_stack: Stack, folder: Scanner) -> None:
    """A result that arrives twice counts once."""
    keys = set_results(folder, Fault.TWICE)
    for key in keys.values():
        put(scan_stack, key)
    await_outcomes(scan_stack, keys, OUTCOMES)


def test_of_an_older_version(scan_stack: Stack, folder: Scanner) -> None:
    """The result of a version that was replaced changes nothing, even if it arrives last."""
    keys = set_results(folder, Fault.HELD)
    for key in keys.values():
        put(scan_stack, key)
    folder.await_states(*[State.HELD] * len(keys))
    for result in Result:
        folder.under(f"{result}/").set(Fault.HELD)
    for key in keys.values():
        put(scan_stack, key, b"a newer version has five words")
    folder.await_states(*[State.HELD] * 2 * len(keys))
    folder.release(is_reversed=True)
    await_outcomes(scan_stack, keys, dict.fromkeys(Result, PROCESSED))


def test_of_a_deleted_document(scan_stack: Stack, folder: Scanner) -> None:
    """A document that is deleted first is not scanned; malware is recorded even then."""
    keys = set_results(folder, Fault.HELD)
    for key in keys.values():
        put(scan_stack, key)
    folder.await_states(*[State.HELD] * len(keys))
    for key in keys.values():
        scan_stack.account.s3.delete_object(Bucket=scan_stack.bucket, Key=key)
    await_outcomes(scan_stack, keys, dict.fromkeys(Result, NOT_SCANNED))
    folder.release()
    expected = dict.fromkeys(Result, NOT_SCANNED) | {Result.THREATS_FOUND: INFECTED}
    await_outcomes(scan_stack, keys, expected)
