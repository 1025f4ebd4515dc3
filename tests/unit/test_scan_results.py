"""GuardDuty's events become results; results become failures, and what records keep of them."""

from __future__ import annotations

from itertools import permutations

import pytest

from chalicelib.documents import Document, Failure, FailureCode, Status
from chalicelib.scan_results import (
    CLEAN,
    INFECTED,
    MAX_KEPT,
    MAX_NAME_CHARACTERS,
    MAX_NAMES,
    ScanResult,
    inherited_results,
    kept_refusal,
    kept_result,
    recorded_result,
    scan_result_from_event,
    with_result,
)
from tests.support.scans import SCANNED_AT, scan_event


def result(status: str = CLEAN, *names: str, e_tag: str = "e1") -> ScanResult:
    """A result as parsed."""
    return scan_result_from_event(scan_event("bucket", "key", e_tag, status, *names))


def test_an_event_becomes_a_result() -> None:
    """The key is not decoded, the eTag loses quotes, the time gains milliseconds."""
    event = scan_event("bucket", "a+b%20é.pdf", '"e1"', INFECTED, "EICAR-Test-File")
    assert (
        ScanResult(
            bucket="bucket",
            key="a+b%20é.pdf",
            e_tag="e1",
            status="THREATS_FOUND",
            names=("EICAR-Test-File",),
            scanned_at="2026-11-22T12:00:09.000Z",
        )
    ) == scan_result_from_event(event)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (CLEAN, None),
        (INFECTED, Failure(FailureCode.INFECTED, "The file contains malware (One, Two).")),
        (
            "UNSUPPORTED",
            Failure(
                FailureCode.NOT_SCANNED,
                "The file was not scanned for malware: the scanner does not support it, for "
                "example because it is too large or needs a password (One, Two).",
            ),
        ),
        (
            "ACCESS_DENIED",
            Failure(
                FailureCode.NOT_SCANNED,
                "The file was not scanned for malware: the scanner may not read it (One, Two).",
            ),
        ),
        (
            "FAILED",
            Failure(
                FailureCode.NOT_SCANNED,
                "The file was not scanned for malware: the scanner failed (One, Two).",
            ),
        ),
        (
            "NEW_STATUS",
            Failure(
                FailureCode.NOT_SCANNED,
                "The file was not scanned for malware: the scanner answered NEW_STATUS (One, Two).",
            ),
        ),
    ],
)
def test_everything_but_clean_is_a_failure(status: str, failure: Failure | None) -> None:
    """It fails closed, with the reason in plain words."""
    assert failure == result(status, "One", "Two").failure


def test_names_are_printable_and_bounded() -> None:
    """A threat's name may come out of the file."""
    names = ["\u202eexe.fdp\n", "x" * 10_000, *"abcdefgh"]
    found = result(INFECTED, *names).names
    assert ("\\u202eexe.fdp\\n", "x" * MAX_NAME_CHARACTERS + "...", "a", "b", "c") == found
    assert len(found) == MAX_NAMES


@pytest.mark.parametrize(
    "path",
    [
        ("time",),
        ("detail",),
        ("detail", "s3ObjectDetails"),
        ("detail", "s3ObjectDetails", "bucketName"),
        ("detail", "s3ObjectDetails", "objectKey"),
        ("detail", "s3ObjectDetails", "eTag"),
        ("detail", "scanResultDetails"),
        ("detail", "scanResultDetails", "scanResultStatus"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_an_event_without_a_field_is_refused(path: tuple[str, ...], value: object) -> None:
    """Each field that GuardDuty documents is needed."""
    event = scan_event("bucket", "key", "e1")
    parent = event
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = value
    with pytest.raises(ValueError, match="Not a result of an object's scan"):
        scan_result_from_event(event)


def test_kept_results_do_not_depend_on_their_order() -> None:
    """Of one version, the threat counts more than none found, and that more than no scan."""
    for order in permutations(["FAILED", CLEAN, INFECTED]):
        kept: list[dict[str, object]] = []
        for status in order:
            kept = with_result(kept, result(status))
        assert result(INFECTED) == kept_result(kept, "bucket", "key", "e1")
        assert result("FAILED") == kept_refusal(kept, "bucket", "key", "e1")
        assert 2 == len(kept)
    for order in permutations(["FAILED", CLEAN]):
        kept = with_result(with_result([], result(order[0])), result(order[1]))
        assert result(CLEAN) == kept_result(kept, "bucket", "key", "e1")


def test_few_results_are_kept() -> None:
    """A key that is overwritten all the time does not fill its record."""
    kept: list[dict[str, object]] = []
    for number in range(20):
        kept = with_result(kept, result(e_tag=f"e{number}"))
    assert [f"e{number}" for number in range(20)][-MAX_KEPT:] == [each["eTag"] for each in kept]


def test_a_kept_result_is_found_by_its_version() -> None:
    """As it was, or not at all."""
    kept = with_result(with_result([], result(INFECTED, "Eicar")), result(e_tag="e2"))
    assert result(INFECTED, "Eicar") == kept_result(kept, "bucket", "key", "e1")
    assert kept_result(kept, "bucket", "key", "e3") is None
    assert SCANNED_AT == kept[0]["scannedAt"]


@pytest.mark.parametrize("names", [(), ("One",), ("One", "Two (2)")])
def test_a_record_has_the_result_of_its_scan(names: tuple[str, ...]) -> None:
    """A threat with its names; a clean result, whatever else failed; None without a scan."""
    failure = result(INFECTED, *names).failure
    assert failure
    record = {"objectKey": "key", "eTag": "e1"}
    scanned = record | {"scannedAt": SCANNED_AT}
    infected = {"failure": {"code": failure.code.value, "message": failure.message}}
    again = recorded_result(scanned | infected, "bucket")
    assert again
    assert (INFECTED, failure) == (again.status, again.failure)
    failed = {"failure": {"code": "processing_failed", "message": "Try again."}}
    assert result(CLEAN) == recorded_result(scanned | failed, "bucket")
    assert recorded_result(record | failed, "bucket") is None


@pytest.mark.parametrize(
    ("uploaded_at", "expected"),
    [
        ("2026-11-22T12:00:09.999Z", ["FAILED", CLEAN, CLEAN]),
        ("2026-11-22T12:00:10.000Z", [CLEAN, CLEAN]),
    ],
)
def test_a_version_inherits_what_a_scan_has_found(uploaded_at: str, expected: list[str]) -> None:
    """Of its bytes, at any time; that there was no scan only if it may have been its own."""
    results = [result("FAILED"), result(e_tag="e2")]
    replaced = {
        "objectKey": "key",
        "eTag": "e1",
        "scannedAt": SCANNED_AT,
        "scanResults": [each.to_attribute() for each in results],
    }
    document = Document(
        document_id="any",
        file_name="key",
        status=Status.SCANNING,
        file_size=1,
        object_key="key",
        e_tag="e1",
        uploaded_at=uploaded_at,
    )
    inherited = inherited_results(replaced, document, "bucket")
    assert expected == [each["status"] for each in inherited]
    assert result(CLEAN) == kept_result(inherited, "bucket", "key", "e1")
