"""Results of malware scans, as GuardDuty sends them."""

from __future__ import annotations

from typing import Any

from chalicelib.scan_results import CLEAN, INFECTED

STATUSES = (CLEAN, INFECTED, "UNSUPPORTED", "ACCESS_DENIED", "FAILED")
"""GuardDuty user guide, "S3 object potential malware scan result status values"."""

SCANNED_AT = "2026-11-22T12:00:09.000Z"
"""As records have the time of `scan_event`."""


def scan_event(
    bucket: str, key: str, e_tag: str, status: str = CLEAN, *names: str
) -> dict[str, Any]:
    """An EventBridge event (GuardDuty user guide, "S3 object scan result").

    Args:
        bucket: of the object.
        key: of the object.
        e_tag: of the scanned version.
        status: one of STATUSES.
        names: of the threats, or reasons where there was no scan.
    """
    is_infected = status == INFECTED
    return {
        "version": "0",
        "id": "72c7d362-737a-6dce-fc78-9e27a0171419",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "source": "aws.guardduty",
        "account": "000000000000",
        "time": "2026-11-22T12:00:09Z",
        "region": "us-east-1",
        "resources": ["arn:aws:guardduty:us-east-1:000000000000:malware-protection-plan/b4c7"],
        "detail": {
            "schemaVersion": "1.0",
            "scanStatus": "COMPLETED" if is_infected or status == CLEAN else "SKIPPED",
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": {
                "bucketName": bucket,
                "objectKey": key,
                "eTag": e_tag,
                "versionId": "null",
                "s3Throttled": False,
            },
            "scanResultDetails": {
                "scanResultStatus": status,
                "threats": [{"name": name} for name in names] if is_infected else None,
                "statusReasons": list(names) if names and not is_infected else None,
            },
        },
    }
