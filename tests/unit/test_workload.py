"""The soak detects wrong records, and the same seed produces the same run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.soak import Fault, Faults
from benchmarks.workload import Fate, Scenario, Version, scenarios
from chalicelib.documents import FailureCode
from tests.support.faults import Call

OLD = Version(b"one", "text/plain", "PROCESSED", 1)
NEW = Version(b"one two", "text/plain", "PROCESSED", 2)
BAD = Version(b"", "text/plain", "FAILED empty")


def record_of(version: Version, **differing: Any) -> dict[str, Any]:
    """A record of this version, with `differing` fields replaced."""
    status, _, code = version.outcome.partition(" ")
    return {
        "eTag": version.e_tag,
        "fileSize": len(version.content),
        "status": status,
        "metadata": {"wordCount": version.words},
        **({"failure": {"code": code}} if code else {}),
        **differing,
    }


@pytest.mark.parametrize(
    ("is_truth", "record"),
    [
        (True, record_of(NEW)),
        (False, None),
        (False, record_of(OLD)),
        (False, record_of(NEW, metadata={"wordCount": 1})),
        (False, record_of(NEW, fileSize=6)),
        (False, record_of(NEW, status="FAILED", failure={"code": "unreadable"})),
        (False, record_of(NEW, status="FAILED", failure={"code": "processing_failed"})),
        (False, {"status": "PENDING", "eTag": "", "fileSize": 7}),
    ],
)
def test_only_what_the_newest_version_demands_is_true(
    is_truth: bool, record: Mapping[str, Any] | None
) -> None:
    """A record of an older version, or one that differs in anything, is wrong."""
    assert is_truth is Scenario("k", (OLD, NEW), Fate.KEPT).is_truth(record)


@pytest.mark.parametrize(
    ("is_truth", "record"),
    [
        (True, None),
        (True, record_of(OLD)),
        (True, record_of(BAD)),
        (True, record_of(BAD, failure={"code": "processing_failed"})),
        (False, record_of(NEW)),
        (False, record_of(BAD, failure={"code": "unreadable"})),
    ],
)
def test_a_removed_object_may_have_the_record_of_any_version(
    is_truth: bool, record: Mapping[str, Any] | None
) -> None:
    """A record that matches none of its versions is wrong."""
    assert is_truth is Scenario("k", (OLD, BAD), Fate.REMOVED).is_truth(record)


def test_of_a_deleted_document_nothing_is_true() -> None:
    """Not even what its newest version demands."""
    scenario = Scenario("k", (OLD, NEW), Fate.DELETED)

    assert (True, False) == (scenario.is_truth(None), scenario.is_truth(record_of(NEW)))


def test_the_same_seed_makes_the_same_documents() -> None:
    """Apart from encrypted files, which have their own randomness, and from other seeds."""

    def keys(seed: int) -> list[tuple[str, list[str]]]:
        made = scenarios(40, seed)
        return [(item.key, [version.outcome for version in item.versions]) for item in made]

    assert keys(1) == keys(1)
    assert keys(1) != keys(2)
    assert 44 == len({key for key, _ in keys(1)})


def test_every_expected_failure_code_is_one_that_records_have() -> None:
    """All kinds of files come up in a soak."""
    outcomes = {
        version.outcome.removeprefix("FAILED ")
        for item in scenarios(2_000, 1)
        for version in item.versions
    }
    assert outcomes - {"PROCESSED"} <= set(FailureCode)
    assert 7 == len(outcomes)


def test_at_least_one_call_in_five_gets_a_fault_and_the_same_one_again() -> None:
    """Which one depends on the seed and the call, not on which call came first."""

    def injected(faults: Faults) -> list[Fault | None]:
        return [
            faults.of_process_upload(Call("GET", f"/b/document-{number % 50:06}.txt", "", b""))
            for number in range(1_000)
        ]

    first = injected(Faults(1, frozenset(), frozenset()))
    assert first == injected(Faults(1, frozenset(), frozenset()))
    assert sum(fault is not None for fault in first) >= 200
    doomed = Faults(1, frozenset({"document-000007"}), frozenset())
    call = Call("POST", "/", "DynamoDB_20120810.PutItem", b'{"objectKey": "document-000007"}')
    assert all(doomed.of_process_upload(call) for _ in range(20))
