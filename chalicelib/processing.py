"""Upload to record: read and validate the object, write its record, log and publish the result.

A bad file is a result (FAILED with a code). An AWS error is an exception, so that Lambda retries.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, BinaryIO

from chalicelib import runtime
from chalicelib.capacity import attempts
from chalicelib.documents import (
    TOMBSTONE_SECONDS,
    Document,
    Failure,
    FailureCode,
    Status,
    declared_type_from_header,
    document_id_for,
    file_name_from_metadata,
    is_client_upload,
    owner_from_metadata,
    to_iso8601,
)
from chalicelib.events import LambdaError, Removal, Upload
from chalicelib.files.analysis import Analysis
from chalicelib.files.sandbox import SandboxError
from chalicelib.files.sandbox_process import SecondsLeft
from chalicelib.files.validation import Validation, validate
from chalicelib.lambda_limits import seconds_to_download
from chalicelib.notifications import NotificationError
from chalicelib.objects import (
    BODY_ERRORS,
    ObjectUnreadableError,
    StoredObject,
    delete_object,
    open_object,
)
from chalicelib.observability import LogFields, Stopwatch
from chalicelib.removals import record_removal
from chalicelib.reporting import log_event, log_written, notify
from chalicelib.runtime import dynamodb, log, s3, settings
from chalicelib.store import (
    AWS_ERRORS,
    WriteOutcome,
    WriteResult,
    get_record,
    put_result,
    update_failure,
)
from chalicelib.tags import tags_from_metadata

if settings.scans_uploads:
    from chalicelib.scan_store import update_result
if settings.text_bucket:
    from chalicelib.text_keys import text_key, used_keys
    from chalicelib.texts import delete_text, delete_texts, put_text, settle_text, text_attribute

if settings.ocr:
    from chalicelib.recognition import fail_unstarted, plan, start

RETRYABLE_ERRORS = (*AWS_ERRORS, *BODY_ERRORS, ObjectUnreadableError, SandboxError)
"""Errors of AWS and of this process: another attempt at the same event may succeed."""
_REPLACEABLE = (FailureCode.PROCESSING_FAILED, FailureCode.NOT_SCANNED)
"""Failures that a result of the same version replaces."""


def process(upload: Upload, seconds_left: SecondsLeft) -> None:
    """Process one object: one S3 GET, one DynamoDB write."""
    stopwatch = runtime.start_stopwatch()
    runtime.sandbox.prepare()  # forks while the object is on its way
    try:
        with stopwatch.step("download"):
            read = read_object(upload, seconds_left, stopwatch)
    except ObjectUnreadableError:
        if not is_outdated(upload):
            raise
        read = None
    if read is None:
        message = f"File {upload.key} was deleted or replaced, nothing recorded"
        log(logging.INFO, message, {"objectKey": upload.key})
        if settings.text_bucket:
            delete_unused_text(upload, settings.text_bucket)
        return
    stored, validation = read
    document = Document(
        document_id=document_id_for(upload.bucket, upload.key),
        file_name=file_name_from_metadata(upload.key, stored.user_metadata.get("file-name")),
        file_type=validation.file_type,
        declared_type=declared_type_from_header(stored.content_type, validation.file_type),
        file_size=stored.size_bytes,
        status=Status.FAILED if validation.failure else Status.PROCESSED,
        uploaded_at=upload.uploaded_at,
        processed_at=to_iso8601(runtime.now()),
        scanned_at=upload.scanned_at,
        owner=owner_from_metadata(stored.user_metadata.get("owner")),
        tags=tags_from_metadata(stored.user_metadata.get("tags")),
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
        sha256=validation.sha256,
        metadata=validation.metadata,
        failure=validation.failure,
        text=plan_text(stored.size_bytes, validation),
    )
    if settings.text_bucket and validation.text:
        with stopwatch.step("text"):
            put_text(s3, settings.text_bucket, document, validation.text)
    with stopwatch.step("write"):
        for attempt in attempts(seconds_left):
            with attempt:
                result = write_result(document, upload.replaces)
    finish(upload, document, result.outcome, stopwatch)
    if settings.text_bucket:
        settle_text(s3, settings.text_bucket, document, result, validation.text)
    notify(upload, recognize(result, seconds_left))


def delete_unused_text(upload: Upload, bucket: str) -> None:
    """Delete the text that a killed attempt at this version has left: no record points to it."""
    document_id = document_id_for(upload.bucket, upload.key)
    record = get_record(dynamodb, settings.documents_table, document_id) or {}
    if text_key(document_id, upload.sequencer) not in used_keys(record):
        delete_text(s3, bucket, document_id, upload.sequencer)


def write_result(document: Document, replaces: str | None) -> WriteResult:
    """Write the result, with what a later step needs of the record that it replaces."""
    table = settings.documents_table
    if settings.scans_uploads:
        return update_result(dynamodb, table, document, replaces)
    returns_replaced = settings.text_bucket is not None
    return put_result(dynamodb, table, document, replaces, returns_replaced=returns_replaced)


def plan_text(size_bytes: int, validation: Validation) -> Mapping[str, Any] | None:
    """The record's attribute `text`: about the file's own text, and whether Textract reads it."""
    text = text_attribute(validation.text) if validation.text else None
    return plan(text, size_bytes, validation) if settings.ocr else text


def recognize(result: WriteResult, seconds_left: SecondsLeft) -> WriteResult:
    """The result once Textract has the document, where its record awaits that."""
    if not settings.ocr or result.outcome not in (WriteOutcome.WRITTEN, WriteOutcome.DUPLICATE):
        return result
    return replace(result, record=start(result.record, seconds_left))


def read_object(
    upload: Upload, seconds_left: SecondsLeft, stopwatch: Stopwatch
) -> tuple[StoredObject, Validation] | None:
    """The object and the result of its validation; None when it was deleted or replaced.

    A connection that breaks in the middle of the body, which botocore does not retry, is retried.
    """

    def analyze(content: BinaryIO, candidate_types: Sequence[str]) -> Analysis:
        with stopwatch.step("analysis"):
            return runtime.sandbox.analyze(
                content,
                candidate_types,
                seconds_left,
                with_text=settings.text_bucket is not None,
            )

    failed_attempts = 0
    while stored := open_object(s3, upload.bucket, upload.key, upload.e_tag):
        try:
            with closing(stored.body) as body:
                size, declared = stored.size_bytes, stored.content_type
                return stored, validate(body, size, declared, settings.limits, analyze)
        except BODY_ERRORS:
            failed_attempts += 1
            is_late = seconds_left() < seconds_to_download(stored.size_bytes)
            if is_late or failed_attempts == runtime.MAX_ATTEMPTS:
                raise
        time.sleep(0.1 * 2**failed_attempts)
    return None


def is_outdated(upload: Upload) -> bool:
    """Whether the record shows that this version was processed, deleted or replaced."""
    document_id = document_id_for(upload.bucket, upload.key)
    record = get_record(dynamodb, settings.documents_table, document_id) or {}
    if record.get("deletedUntil", "") >= upload.uploaded_at:
        return True
    if (recorded := record.get("sequencer", "")) == upload.sequencer:
        code = record.get("failure", {}).get("code")
        is_open = record.get("status") == Status.SCANNING or code in _REPLACEABLE
        is_replaced = bool(upload.replaces) and record.get("processedAt") == upload.replaces
        return "removedAt" in record or not (is_open or is_replaced)
    return bool(recorded > upload.sequencer)


def record_permanent_failure(
    upload: Upload, failure: Failure, error: LambdaError, seconds_left: SecondsLeft
) -> None:
    """Record an upload as FAILED after Lambda's last attempt: one DynamoDB write."""
    stopwatch = runtime.start_stopwatch()
    document = Document(
        document_id=document_id_for(upload.bucket, upload.key),
        file_name=file_name_from_metadata(upload.key, None),
        file_size=upload.size_bytes,
        status=Status.FAILED,
        uploaded_at=upload.uploaded_at,
        processed_at=to_iso8601(runtime.now()),
        scanned_at=upload.scanned_at,
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
        failure=failure,
    )
    fields: LogFields = {"errorType": error.type, "errorMessage": error.message}
    with stopwatch.step("write"):
        for attempt in attempts(seconds_left):
            with attempt:
                result = update_failure(dynamodb, settings.documents_table, document)
    finish(upload, document, result.outcome, stopwatch, fields)
    if settings.text_bucket:
        used = used_keys(result.record)
        delete_texts(s3, settings.text_bucket, document.document_id, upload.sequencer, used)
    if result.outcome is WriteOutcome.DUPLICATE:
        log_event(result.record, logging.WARNING, "failed permanently but has a record", fields)
        if settings.ocr and error.type != NotificationError.__name__:
            record = fail_unstarted(result.record, fields, seconds_left)
            result = replace(result, record=record)
    notify(upload, result)


def process_removal(removal: Removal, seconds_left: SecondsLeft) -> None:
    """Record that an object was deleted: one DynamoDB write, two if it has no record.

    Without a sequencer it has no place among the versions of its key: nothing is recorded.
    """
    if removal.sequencer is None:
        message = f"Deletion of file {removal.key} has no sequencer, nothing recorded"
        log(logging.WARNING, message, {"objectKey": removal.key})
        return
    expires_at = int(runtime.now().timestamp()) + TOMBSTONE_SECONDS
    for attempt in attempts(seconds_left):
        with attempt:
            record = record_removal(dynamodb, settings.documents_table, removal, expires_at)
    if record:
        fields: LogFields = {"documentId": record["documentId"], "objectKey": removal.key}
        log(logging.INFO, f"File {removal.key} was deleted from the bucket", fields)
    if settings.text_bucket:
        document_id = document_id_for(removal.bucket, removal.key)
        delete_texts(s3, settings.text_bucket, document_id, removal.sequencer)


def finish(
    upload: Upload,
    document: Document,
    outcome: WriteOutcome,
    stopwatch: Stopwatch,
    fields: Mapping[str, str | int] | None = None,
) -> None:
    """Log a written result; delete an object uploaded with the URL of a deleted document."""
    if outcome is WriteOutcome.WRITTEN:
        log_written(upload, document, stopwatch, fields)
    elif outcome is WriteOutcome.DELETED:
        delete_late_object(document.object_key or "", document.document_id)


def delete_late_object(key: str, document_id: str) -> None:
    """Delete an object uploaded with the URL of a deleted document; others are kept."""
    if is_client_upload(key, document_id):
        delete_object(s3, settings.upload_bucket, key)
