"""S3 event notifications and Lambda on-failure messages, parsed into uploads.

Standard library only. Sources: S3 user guide, "Event message structure"; Lambda developer guide,
"Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from chalicelib.documents import Failure, FailureCode

SEQUENCER_WIDTH = 32
"""Wider than any sequencer of S3 (16 to 18 hex digits). S3 user guide: sequencers of one key are
compared as strings once the shorter one is padded with zeros on the right."""

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


class LambdaError(NamedTuple):
    """The error that an invocation ended with, as in Lambda's response payload."""

    type: str
    message: str


def uploads_from_event(event: Mapping[str, Any]) -> list[Upload]:
    """Every object that an S3 event reports as created; empty for S3's test event and other kinds.

    Raises:
        ValueError: a record of a created object lacks a field that S3 always sends.
    """
    return [
        _parse_record(record)
        for record in event.get("Records") or []
        if str(record.get("eventName", "")).startswith("ObjectCreated:")
    ]


def failed_uploads_from_message(message: str) -> list[tuple[Upload, Failure]]:
    """The uploads of an event that Lambda discarded after its last attempt, with their failure.

    Args:
        message: JSON body of a message in the failure queue.

    Raises:
        ValueError: the body is not a record of Lambda's on-failure destination.
    """
    try:
        body = json.loads(message)
        attempts = body["requestContext"].get("approximateInvokeCount", 0)
        uploads = uploads_from_event(body["requestPayload"])
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"Not a message of Lambda's on-failure destination: {error!r}") from error
    failure = Failure(
        FailureCode.PROCESSING_FAILED, _failure_message(attempts, body.get("responsePayload"))
    )
    return [(upload, failure) for upload in uploads]


def error_from_message(message: str) -> LambdaError:
    """The error of the last attempt, for logs: it may contain internals of the account."""
    response = json.loads(message).get("responsePayload")
    payload = response if isinstance(response, Mapping) else {}
    return LambdaError(
        str(payload.get("errorType", "unknown")), str(payload.get("errorMessage", "no message"))
    )


def _parse_record(record: Mapping[str, Any]) -> Upload:
    try:
        stored = record["s3"]["object"]
        upload = Upload(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(stored["key"]),
            size_bytes=int(stored.get("size", 0)),
            e_tag=stored["eTag"].strip('"'),
            sequencer=stored["sequencer"].ljust(SEQUENCER_WIDTH, "0"),
            uploaded_at=record["eventTime"],
        )
        if not (upload.bucket and upload.key and upload.e_tag and stored["sequencer"]):
            raise KeyError("a field is empty")
        datetime.fromisoformat(upload.uploaded_at)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"Not a record of an s3:ObjectCreated event: {error!r}") from error
    return upload


def _failure_message(attempts: int, response: object) -> str:
    count = f"after {attempts} attempts" if attempts else "on every attempt"
    error = response.get("errorMessage") if isinstance(response, Mapping) else None
    is_unreadable = OBJECT_UNREADABLE in str(error)
    reason = OBJECT_UNREADABLE if is_unreadable else "an AWS or internal error, not the file"
    return f"Processing failed {count}: {reason}. An operator can retry it."
