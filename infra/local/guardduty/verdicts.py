"""The result of a scan, as ClamAV reports it and as GuardDuty publishes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

TAG = "GuardDutyMalwareScanStatus"
"""The object tag with the result."""

DETAIL_TYPE = "GuardDuty Malware Protection Object Scan Result"
SOURCE = "aws.guardduty"

PASSWORD_PROTECTED = "PASSWORD_PROTECTED"  # noqa: S105 - a reason
NOT_READABLE = "UNAUTHORIZED_TO_GET_OBJECT"


class Result(StrEnum):
    """The results of a scan, which are also the values of the tag
    (https://docs.aws.amazon.com/guardduty/latest/ug/monitoring-malware-protection-s3-scans-gdu.html).
    """

    NO_THREATS_FOUND = "NO_THREATS_FOUND"
    THREATS_FOUND = "THREATS_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    ACCESS_DENIED = "ACCESS_DENIED"
    FAILED = "FAILED"


SCAN_STATUSES = {
    Result.NO_THREATS_FOUND: "COMPLETED",
    Result.THREATS_FOUND: "COMPLETED",
    Result.UNSUPPORTED: "SKIPPED",
    Result.ACCESS_DENIED: "SKIPPED",
    Result.FAILED: "FAILED",
}
"""The status of the scan for each result."""


@dataclass(frozen=True)
class Verdict:
    """What a scan found."""

    result: Result
    threats: tuple[str, ...] = ()
    """Names, if THREATS_FOUND."""
    reasons: tuple[str, ...] = ()
    """Why there is no verdict on the content."""


@dataclass(frozen=True)
class ScannedObject:
    """The version of an object that was scanned."""

    bucket: str
    key: str
    e_tag: str
    """Without quotes."""
    version_id: str | None = None
    """None in a bucket without versions."""


def verdict_from_reply(reply: str) -> Verdict:
    """The verdict in ClamAV's line about a file.

    GuardDuty skips password-protected files and what exceeds its quotas
    (https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-quotas-guardduty.html).
    """
    found = re.fullmatch(r".*: (\S+) FOUND", reply)
    if found and found[1].startswith("Heuristics.Encrypted."):
        return Verdict(Result.UNSUPPORTED, reasons=(PASSWORD_PROTECTED,))
    if (found and found[1].startswith("Heuristics.Limits.")) or "size limit exceeded" in reply:
        return Verdict(Result.UNSUPPORTED)
    if found:
        return Verdict(Result.THREATS_FOUND, threats=(found[1].removesuffix(".UNOFFICIAL"),))
    if reply.endswith(": OK"):
        return Verdict(Result.NO_THREATS_FOUND)
    return Verdict(Result.FAILED)


def build_detail(verdict: Verdict, scanned: ScannedObject) -> dict[str, object]:
    """The `detail` of the EventBridge event with a result
    (https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html).
    """
    return {
        "schemaVersion": "1.0",
        "scanStatus": SCAN_STATUSES[verdict.result],
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {
            "bucketName": scanned.bucket,
            "objectKey": scanned.key,
            "eTag": scanned.e_tag,
            "versionId": scanned.version_id,
            "s3Throttled": False,
        },
        "scanResultDetails": {
            "scanResultStatus": verdict.result.value,
            "threats": [{"name": name} for name in verdict.threats] or None,
            "statusReasons": list(verdict.reasons) or None,
        },
    }
