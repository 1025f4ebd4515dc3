"""S3 event notifications and Lambda on-failure messages, parsed into uploads and removals.

Standard library only. Sources: S3 user guide, "Event message structure"; Lambda developer guide,
"Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

from chalicelib.documents import Failure, FailureCode

SEQUENCER_WIDTH = 32
"""Wider than any sequencer of S3 (16 to 18 hex digits). S3 user guide: sequencers of one key are
compared as strings once the shorter one is padded with zeros on the right."""

GUARDDUTY_OBJECT = "malware-protection-resource-validation-object"
"""Key of the object that GuardDuty puts into a bucket that it protects."""

OBJECT_UNREADABLE = "the object is missing or not readable"
"""The one AWS error that failure messages may quote. Others may contain account internals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One version of one object, from an `s3:ObjectCreated` event."""

    bucket: str
    key: str
    """As stored in the bucket, not URL-encoded."""
    size_bytes: int
    e_tag: str
    """Without quotes."""
    sequencer: str
    """Padded to SEQUENCER_WIDTH: later versions of the same key compare greater."""
    uploaded_at: str
    """ISO 8601 UTC with milliseconds."""
    replaces: str | None = None
    """`processedAt` of the result of this version that the new one may replace; None in S3's
    events, which replace none."""
    scanned_at: str | None = None
    """When a malware scan of this version ended without a threat; None in S3's events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The deletion of an object, from an `s3:ObjectRemoved` or `s3:LifecycleExpiration` event."""

    bucket: str
    key: str
    """As stored in the bucket, not URL-encoded."""
    sequencer: str | None
    """Padded to SEQUENCER_WIDTH; uploads and removals of one key have one order. None where the
    event has none. S3 user guide: "Event message structure" promises it only for PUTs and DELETEs;
    "Configuring Lifecycle event notifications" shows it in LifecycleExpiration:Delete and has no
    sample of LifecycleExpiration:DeleteMarkerCreated."""
    removed_at: str
    """ISO 8601 UTC with milliseconds."""


class LambdaError(NamedTuple):
    """The error that an invocation ended with, as in Lambda's response payload."""

    type: str
    message: str


def uploads_from_event(event: Mapping[str, Any]) -> list[Upload]:
    """Every object that an S3 event reports as created; empty for S3's test event and other kinds.

    Objects that hold no document are left out, see `is_document`.

    Raises:
        ValueError: a record of a created object lacks a field that S3 always sends.
    """
    uploads = [
        _parse_upload(record) for record in _records(event) if _is_kind(record, "ObjectCreated")
    ]
    return [upload for upload in uploads if is_document(upload.key, upload.size_bytes)]


def removals_from_event(event: Mapping[str, Any]) -> list[Removal]:
    """Every object that an S3 event reports as deleted, by a request or by a lifecycle rule.

    Raises:
        ValueError: a record of a deleted object lacks a field that S3 always sends.
    """
    return [
        _parse_removal(record)
        for record in _records(event)
        if _is_kind(record, "ObjectRemoved", "LifecycleExpiration")
        and not _is_deletion_of_version(record)
    ]


def upload_of(record: Mapping[str, Any], bucket: str, replaces: str | None = None) -> Upload:
    """The version that the record of a stored file describes.

    Args:
        record: with a file.
        bucket: the upload bucket.
        replaces: as in Upload.
    """
    return Upload(
        bucket=bucket,
        key=record["objectKey"],
        size_bytes=record["fileSize"],
        e_tag=record["eTag"],
        sequencer=record["sequencer"],
        uploaded_at=record["uploadedAt"],
        scanned_at=record.get("scannedAt"),
        replaces=replaces,
    )


def build_event(upload: Upload) -> dict[str, object]:
    """The S3 event of an upload, with `replaces` and `scannedAt` in addition."""
    return {
        "Records": [
            {
                "eventName": "ObjectCreated:Put",
                "eventTime": upload.uploaded_at,
                "replaces": upload.replaces,
                "scannedAt": upload.scanned_at,
                "s3": {
                    "bucket": {"name": upload.bucket},
                    "object": {
                        "key": quote_plus(upload.key),
                        "size": upload.size_bytes,
                        "eTag": upload.e_tag,
                        "sequencer": upload.sequencer,
                    },
                },
            }
        ]
    }


def is_document(key: str, size_bytes: int) -> bool:
    """Whether an object holds a document.

    The S3 console's "Create folder" puts an object without bytes (S3 user guide, "Organizing
    objects in the Amazon S3 console by using folders"), and GuardDuty one that shows that it may
    (GuardDuty user guide, "Create or update IAM role policy").
    """
    is_folder_marker = key.endswith("/") and size_bytes == 0
    return not is_folder_marker and key != GUARDDUTY_OBJECT


def failed_uploads_from_message(message: str) -> list[tuple[Upload, Failure]]:
    """The uploads of an event that Lambda discarded after its last attempt, with their failure.

    Args:
        message: JSON body of a message in the failure queue.

    Raises:
        ValueError: the body is not a record of Lambda's on-failure destination.
    """
    body = _parse_message(message)
    attempts = body["requestContext"].get("approximateInvokeCount", 0)
    uploads = uploads_from_event(body["requestPayload"])
    failure = Failure(
        FailureCode.PROCESSING_FAILED, _failure_message(attempts, body.get("responsePayload"))
    )
    return [(upload, failure) for upload in uploads]


def failed_removals_from_message(message: str) -> list[Removal]:
    """The removals of an event that Lambda discarded after its last attempt.

    Raises:
        ValueError: the body is not a record of Lambda's on-failure destination.
    """
    return removals_from_event(_parse_message(message)["requestPayload"])


def failed_notifications_from_message(message: str) -> list[str]:
    """The messages of an SNS event that Lambda discarded after its last attempt; mostly none.

    Raises:
        ValueError: the body is not a record of Lambda's on-failure destination.
    """
    records = _records(_parse_message(message)["requestPayload"])
    return [record["Sns"]["Message"] for record in records if "Sns" in record]


def error_from_message(message: str) -> LambdaError:
    """The error of the last attempt, for logs: it may contain internals of the account."""
    response = json.loads(message).get("responsePayload")
    payload = response if isinstance(response, Mapping) else {}
    return LambdaError(
        str(payload.get("errorType", "unknown")), str(payload.get("errorMessage", "no message"))
    )


def _parse_message(message: str) -> dict[str, Any]:
    try:
        body = json.loads(message)
        body["requestContext"].get("approximateInvokeCount")
        body["requestPayload"].get("Records")
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"Not a message of Lambda's on-failure destination: {error!r}") from error
    return dict(body)


def _records(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(event.get("Records") or [])


def _is_kind(record: Mapping[str, Any], *kinds: str) -> bool:
    return str(record.get("eventName", "")).partition(":")[0] in kinds


def _is_deletion_of_version(record: Mapping[str, Any]) -> bool:
    """Whether one version was deleted permanently in a versioned bucket.

    It is any version, mostly not the current one; deleting the current one uncovers another.
    """
    stored = (record.get("s3") or {}).get("object") or {}
    return record["eventName"].endswith(":Delete") and bool(stored.get("versionId"))


def _parse_upload(record: Mapping[str, Any]) -> Upload:
    try:
        stored = record["s3"]["object"]
        upload = Upload(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(stored["key"]),
            size_bytes=int(stored.get("size", 0)),
            e_tag=stored["eTag"].strip('"'),
            sequencer=_parse_sequencer(stored),
            uploaded_at=_parse_time(record),
            replaces=record.get("replaces"),
            scanned_at=record.get("scannedAt"),
        )
        if not (upload.bucket and upload.key and upload.e_tag):
            raise KeyError("a field is empty")
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"Not a record of an s3:ObjectCreated event: {error!r}") from error
    return upload


def _parse_removal(record: Mapping[str, Any]) -> Removal:
    try:
        stored = record["s3"]["object"]
        removal = Removal(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(stored["key"]),
            sequencer=_parse_sequencer(stored) if stored.get("sequencer") else None,
            removed_at=_parse_time(record),
        )
        if not (removal.bucket and removal.key):
            raise KeyError("a field is empty")
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"Not a record of an s3:ObjectRemoved event: {error!r}") from error
    return removal


def _parse_sequencer(stored: Mapping[str, Any]) -> str:
    if not stored["sequencer"]:
        raise KeyError("a field is empty")
    return str(stored["sequencer"]).ljust(SEQUENCER_WIDTH, "0")


def _parse_time(record: Mapping[str, Any]) -> str:
    time: str = record["eventTime"]
    datetime.fromisoformat(time)
    return time


def _failure_message(attempts: int, response: object) -> str:
    count = f"after {attempts} attempts" if attempts else "on every attempt"
    error = response.get("errorMessage") if isinstance(response, Mapping) else None
    is_unreadable = OBJECT_UNREADABLE in str(error)
    reason = OBJECT_UNREADABLE if is_unreadable else "an AWS or internal error, not the file"
    return f"Processing failed {count}: {reason}. An operator can retry it."
