"""Results of GuardDuty Malware Protection for S3, parsed from EventBridge, and what they mean.

Standard library only. Source: GuardDuty user guide, "Monitoring S3 object scans with Amazon
EventBridge"; results arrive at least once, in any order, before or after the S3 event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.documents import Document, Failure, FailureCode, escape_unprintable, to_iso8601

SCAN_RESULTS = {
    "source": ["aws.guardduty"],
    "detail-type": ["GuardDuty Malware Protection Object Scan Result"],
}
"""EventBridge's pattern of the events."""

CLEAN, INFECTED = "NO_THREATS_FOUND", "THREATS_FOUND"

MAX_NAMES = 5
"""Threats or reasons that a record keeps of one result."""
MAX_NAME_CHARACTERS = 100
MAX_KEPT = 5
"""Results that a record keeps for versions whose S3 event has not arrived."""

_UP_TO_SECONDS = len("2026-01-01T00:00:00")
_MALWARE = "The file contains malware"
_REASONS = {
    "UNSUPPORTED": (
        "the scanner does not support it, for example because it is too large or needs a password"
    ),
    "ACCESS_DENIED": "the scanner may not read it",
    "FAILED": "the scanner failed",
}
"""GuardDuty user guide, "S3 object potential malware scan result status values"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The result of scanning one version of an object."""

    bucket: str
    key: str
    """As stored in the bucket: EventBridge does not URL-encode it."""
    e_tag: str
    """Of the scanned version, without quotes. It identifies the scanned bytes: a result is valid
    for every version that has it."""
    status: str
    """CLEAN, INFECTED, or why there was no scan: UNSUPPORTED, ACCESS_DENIED, FAILED, or a status
    that GuardDuty does not document yet."""
    names: tuple[str, ...] = ()
    """Names of the threats, or reasons why there was no scan; printable and of bounded length."""
    scanned_at: str
    """ISO 8601 UTC with milliseconds: when the scan ended."""

    @property
    def failure(self) -> Failure | None:
        """Why the document is FAILED; None where there is no threat."""
        names = f" ({', '.join(self.names)})" if self.names else ""
        if self.status == CLEAN:
            return None
        if self.status == INFECTED:
            return Failure(FailureCode.INFECTED, f"{_MALWARE}{names}.")
        reason = _REASONS.get(self.status, f"the scanner answered {self.status}")
        message = f"The file was not scanned for malware: {reason}{names}."
        return Failure(FailureCode.NOT_SCANNED, message)

    @property
    def rank(self) -> int:
        """Precedence among results of the same bytes, in whatever order they arrive.

        It fails closed: a threat found once counts, and no scan counts least.
        """
        return {CLEAN: 1, INFECTED: 2}.get(self.status, 0)

    @property
    def precedence(self) -> tuple[int, str]:
        """The rank, and of results of the same rank the time of the scan."""
        return self.rank, self.scanned_at

    def may_be_of(self, uploaded_at: str) -> bool:
        """Whether a version uploaded at this time may have been scanned; events have whole seconds.

        Args:
            uploaded_at: ISO 8601 UTC.
        """
        return self.scanned_at[:_UP_TO_SECONDS] >= uploaded_at[:_UP_TO_SECONDS]

    def to_attribute(self) -> dict[str, object]:
        """The result as an element of the record's attribute `scanResults`."""
        return {
            "eTag": self.e_tag,
            "status": self.status,
            "names": list(self.names),
            "scannedAt": self.scanned_at,
        }


def scan_result_from_event(event: Mapping[str, Any]) -> ScanResult:
    """The result in an EventBridge event that matches SCAN_RESULTS.

    Raises:
        ValueError: the event lacks a field that GuardDuty documents.
    """
    try:
        detail = event["detail"]
        scanned, details = detail["s3ObjectDetails"], detail["scanResultDetails"]
        names = [threat["name"] for threat in details.get("threats") or []]
        result = ScanResult(
            bucket=scanned["bucketName"],
            key=scanned["objectKey"],
            e_tag=scanned["eTag"].strip('"'),
            status=_printable(details["scanResultStatus"]),
            names=_bounded(names or details.get("statusReasons") or []),
            scanned_at=to_iso8601(datetime.fromisoformat(event["time"]).astimezone(UTC)),
        )
        if not (result.bucket and result.key and result.e_tag and result.status):
            raise KeyError("a field is empty")
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"Not a result of an object's scan: {error!r}") from error
    return result


def scan_result_from_message(message: str) -> ScanResult | None:
    """The result that Lambda discarded after the last attempt at its event; None for other events.

    Args:
        message: JSON body of a message in the failure queue.

    Raises:
        ValueError: it lacks a field that GuardDuty documents.
    """
    event = json.loads(message)["requestPayload"]
    is_result = event.get("detail-type") in SCAN_RESULTS["detail-type"]
    return scan_result_from_event(event) if is_result else None


def with_result(kept: Sequence[Mapping[str, Any]], result: ScanResult) -> list[dict[str, Any]]:
    """The attribute `scanResults` with one result more: the latest MAX_KEPT.

    One per eTag of a scan, and one that says why there was none.
    """
    same: list[ScanResult] = [result]
    others: list[ScanResult] = []
    for element in kept:
        each = _from_attribute(element, result.bucket, result.key)
        is_same = each.e_tag == result.e_tag and bool(each.rank) == bool(result.rank)
        (same if is_same else others).append(each)
    latest = [*others[-MAX_KEPT + 1 :], max(same, key=_precedence)]
    return [each.to_attribute() for each in latest]


def kept_result(
    kept: Sequence[Mapping[str, Any]], bucket: str, key: str, e_tag: str
) -> ScanResult | None:
    """The result for this version in the attribute `scanResults` of its record."""
    return max(_results_of(kept, bucket, key, e_tag), key=_precedence, default=None)


def kept_refusal(
    kept: Sequence[Mapping[str, Any]], bucket: str, key: str, e_tag: str
) -> ScanResult | None:
    """Likewise, why this version was not scanned."""
    results = _results_of(kept, bucket, key, e_tag)
    return next((result for result in results if not result.rank), None)


def inherited_results(
    replaced: Mapping[str, Any], document: Document, bucket: str
) -> list[dict[str, Any]]:
    """The attribute `scanResults` of a version that replaces another.

    What a scan has found is valid for the same bytes, whenever it ended. That a scan could not be
    done is kept only where it may have been the scan of this version.
    """
    kept = [
        element
        for element in replaced.get("scanResults", [])
        for result in [_from_attribute(element, bucket, document.object_key or "")]
        if result.e_tag != document.e_tag
        or result.rank
        or result.may_be_of(document.uploaded_at or "")
    ]
    result = recorded_result(replaced, bucket)
    return with_result(kept, result) if result and result.e_tag == document.e_tag else kept


def recorded_result(record: Mapping[str, Any], bucket: str) -> ScanResult | None:
    """The result that a record of a file has; None where no scan has found it clean or infected."""
    if "scannedAt" not in record:
        return None
    failure = record.get("failure", {})
    is_infected = failure.get("code") == FailureCode.INFECTED
    names = failure["message"].removeprefix(_MALWARE)[2:-2] if is_infected else ""
    return ScanResult(
        bucket=bucket,
        key=record["objectKey"],
        e_tag=record["eTag"],
        status=INFECTED if is_infected else CLEAN,
        names=(names,) if names else (),
        scanned_at=record["scannedAt"],
    )


def _results_of(
    kept: Sequence[Mapping[str, Any]], bucket: str, key: str, e_tag: str
) -> list[ScanResult]:
    return [_from_attribute(each, bucket, key) for each in kept if each["eTag"] == e_tag]


def _from_attribute(element: Mapping[str, Any], bucket: str, key: str) -> ScanResult:
    return ScanResult(
        bucket=bucket,
        key=key,
        e_tag=element["eTag"],
        status=element["status"],
        names=tuple(element["names"]),
        scanned_at=element["scannedAt"],
    )


def _precedence(result: ScanResult) -> tuple[int, str]:
    return result.precedence


def _bounded(names: Sequence[object]) -> tuple[str, ...]:
    return tuple(_printable(name) for name in names[:MAX_NAMES])


def _printable(name: object) -> str:
    """A name from the scanner as it is shown to people: it may come out of the file."""
    if not isinstance(name, str):
        raise TypeError("a name is not a string")
    escaped = escape_unprintable(name[:MAX_NAME_CHARACTERS])
    return escaped if len(name) <= MAX_NAME_CHARACTERS else escaped + "..."
