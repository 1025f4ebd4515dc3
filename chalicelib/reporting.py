"""Log lines and notifications about a document."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from chalicelib import runtime
from chalicelib.documents import Document, document_id_for
from chalicelib.events import Removal, Upload
from chalicelib.notifications import NotificationError, publish
from chalicelib.observability import LogFields, Stopwatch, log_fields, log_message
from chalicelib.runtime import log, settings
from chalicelib.store import Record, WriteOutcome, WriteResult


def notify(upload: Upload, result: WriteResult) -> None:
    """Publish a written or repeated result.

    A repeated event may repeat because publishing failed, so it publishes again: subscribers
    deduplicate, as SNS's at-least-once delivery requires anyway. An event that replaces a result
    publishes only what it wrote, since a client can request many of them.

    Raises:
        NotificationError: SNS did not accept the message; Lambda or SQS retries.
    """
    is_repeated = result.outcome is WriteOutcome.DUPLICATE and not upload.replaces
    if result.outcome is WriteOutcome.WRITTEN or is_repeated:
        publish_record(result.record)


def publish_record(record: Record) -> None:
    """Publish a record, where the stage has notifications on.

    Raises:
        NotificationError: SNS did not accept the message; Lambda or SQS retries.
    """
    if not settings.notification_topic_arn:
        return
    try:
        publish(runtime.sns, settings.notification_topic_arn, record)
    except NotificationError as error:
        fields: LogFields = {
            "errorType": type(error.__cause__ or error).__name__,
            "errorMessage": str(error),
            "notificationsFailed": 1,
        }
        log_event(record, logging.ERROR, "could not be published", fields)
        raise


def log_written(
    upload: Upload,
    document: Document,
    stopwatch: Stopwatch,
    fields: Mapping[str, str | int] | None = None,
) -> None:
    """Log the one line of each document that reaches PROCESSED or FAILED."""
    measured = log_fields(document, stopwatch.milliseconds(), is_first=not upload.replaces)
    level = logging.ERROR if document.failure else logging.INFO
    log(level, log_message(document), {**measured, **(fields or {})})


def log_event(record: Mapping[str, Any], level: int, event: str, fields: LogFields) -> None:
    """Log a line about a document other than its result."""
    known: LogFields = {name: str(record[name]) for name in ("documentId", "objectKey", "status")}
    log(level, f"File {record['fileName']} {event}", known | fields)


def log_retryable_error(change: Upload | Removal, error: Exception) -> None:
    """Log an attempt that Lambda will repeat."""
    fields: LogFields = {
        "documentId": document_id_for(change.bucket, change.key),
        "objectKey": change.key,
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "retryableErrors": 1,
    }
    if isinstance(change, Upload):
        fields["fileSize"] = change.size_bytes
    log(logging.ERROR, f"File {change.key} not processed, will be retried: {error}", fields)
