"""What AWS's events tell, as values: S3 notifications and Lambda's on-failure messages.

Standard library only. Sources: S3 user guide, "Event message structure"; Lambda developer guide,
"Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.documents import Failure, FailureCode

SEQUENCER_WIDTH = 32
"""Wider than any sequencer S3 has sent (16 to 18 hex digits). S3 user guide: sequencers of one key
compare as strings once the shorter one is padded with zeros on the right."""

OBJECT_UNREADABLE = "the object is missing or not readable"
"""In the message of the one error whose meaning the owner of a file is told. What other errors say
may name internals of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One version of one object, as an `s3:ObjectCreated` event tells of it."""

    bucket: str
    key: str
    """As it is in the bucket, not URL-encoded."""
    size_bytes: int
    e_tag: str
    """Without quotes."""
    sequencer: str
    """Padded to SEQUENCER_WIDTH: later versions of the same key compare greater."""
    uploaded_at: str
    """ISO 8601 UTC with milliseconds."""


def uploads_of(event: Mapping[str, Any]) -> list[Upload]:
    """Every object that an S3 event tells of having been created; none for other events.

    S3's own test event and events of other kinds carry nothing to process.

    Raises:
        ValueError: a record of a created object lacks what S3 always sends.
    """
    return [
        _upload_of(record)
        for record in event.get("Records") or []
        if str(record.get("eventName", "")).startswith("ObjectCreated:")
    ]


def failed_uploads_of(message: str) -> list[tuple[Upload, Failure]]:
    """The uploads of an event that Lambda gave up on, with what their owners are told.

    Args:
        message: body of a message in the failure queue, JSON.

    Raises:
        ValueError: the body is not what Lambda sends to an on-failure destination.
    """
    try:
        body = json.loads(message)
        attempts = body["requestContext"].get("approximateInvokeCount", 0)
        uploads = uploads_of(body["requestPayload"])
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"Not a message of Lambda's on-failure destination: {error!r}") from error
    failure = Failure(
        FailureCode.PROCESSING_FAILED, _gave_up(attempts, body.get("responsePayload"))
    )
    return [(upload, failure) for upload in uploads]


def cause_of(message: str) -> str:
    """The error that Lambda gave up on, in one line for operators: it may name internals."""
    response = json.loads(message).get("responsePayload") or {}
    return f"{response.get('errorType', 'error')}: {response.get('errorMessage', 'not told')}"


def _upload_of(record: Mapping[str, Any]) -> Upload:
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


def _gave_up(attempts: int, response: object) -> str:
    times = f"after {attempts} attempts" if attempts else "on every attempt"
    error = response.get("errorMessage") if isinstance(response, Mapping) else None
    known = OBJECT_UNREADABLE in str(error)
    cause = OBJECT_UNREADABLE if known else "a fault on our side, not in the file"
    return f"Processing failed {times}: {cause}. It can be tried again by an operator."
