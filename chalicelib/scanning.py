"""The malware scan between the S3 event and the processing of an upload.

The S3 event makes the record SCANNING; the result of the scan starts the processing or makes the
record FAILED. A result that arrives first is kept in the record until the S3 event arrives.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import runtime
from chalicelib.capacity import attempts
from chalicelib.documents import (
    TOMBSTONE_SECONDS,
    Document,
    Failure,
    FailureCode,
    Status,
    document_id_for,
    file_name_from_metadata,
    to_iso8601,
)
from chalicelib.events import Removal, Upload, upload_of
from chalicelib.files.sandbox_process import SecondsLeft
from chalicelib.invocation import start_processing
from chalicelib.objects import ObjectUnreadableError
from chalicelib.observability import LogFields
from chalicelib.processing import delete_late_object, process, process_removal
from chalicelib.queries import count_uploaded
from chalicelib.reporting import log_event, log_written, notify, publish_record
from chalicelib.runtime import dynamodb, log, s3, settings
from chalicelib.scan_reactions import Reaction, reaction_to
from chalicelib.scan_results import ScanResult, kept_refusal, kept_result, with_result
from chalicelib.scan_store import change_version, keep_result, put_scanning
from chalicelib.store import Record, WriteOutcome, WriteResult, get_record

if settings.text_bucket:
    from chalicelib.text_keys import used_keys
    from chalicelib.texts import delete_earlier, delete_texts, key_of

_RESULT = frozenset({"status", "statusTime", "processedAt", "scannedAt", "failure"})
"""Attributes that the result of a scan sets."""

DELETED_UNSCANNED = Failure(
    FailureCode.NOT_SCANNED, "The file was deleted before it was scanned for malware."
)

OVERDUE = timedelta(hours=1)
"""Age of a SCANNING document that is reported: a scan usually takes seconds."""

MAX_READS = 5
"""Of a record that changes again and again while a result is recorded."""


class RecordChangedError(Exception):
    """Other invocations changed the record each time that it was read; Lambda retries the event."""


def await_scan(upload: Upload, seconds_left: SecondsLeft) -> None:
    """Record an object as SCANNING; where its result was kept, act on it at once."""
    written = write_scanning(scanning_document(upload), seconds_left)
    record = written.record
    result = kept_result(record.get("scanResults", []), upload.bucket, upload.key, upload.e_tag)
    if result is None or record.get("sequencer") != upload.sequencer:
        return
    match reaction_to(result, record):
        case Reaction.PROCESS:
            log_scan(record, result)
            process_scanned(replace(upload, scanned_at=result.scanned_at), written, seconds_left)
        case Reaction.REPEAT:
            notify(upload, written)
        case Reaction.FAIL:
            fail_kept(result, record, seconds_left)


def process_scanned(upload: Upload, written: WriteResult, seconds_left: SecondsLeft) -> None:
    """Process an object with a result that was kept.

    An object with the bytes of the version before is tagged by its own scan only: as long as S3
    does not hand it out, it stays SCANNING until that result, unless that was kept as well.
    """
    replaced, record = written.replaced or {}, written.record
    is_of_older = replaced.get("eTag") == upload.e_tag and "scannedAt" in replaced
    try:
        process(upload, seconds_left)
    except ObjectUnreadableError:
        if not is_of_older or replaced["sequencer"] == upload.sequencer:
            raise
        kept = record.get("scanResults", [])
        if result := kept_refusal(kept, upload.bucket, upload.key, upload.e_tag):
            fail_kept(result, record, seconds_left)


def fail_kept(result: ScanResult, record: Record, seconds_left: SecondsLeft) -> None:
    """Make a document FAILED because of a result that was kept.

    Raises:
        RecordChangedError: the record is not as it was written; Lambda retries the event.
    """
    if not fail_scanned(result, record, seconds_left):
        raise RecordChangedError(f"The record of {record['objectKey']} keeps changing")


def write_scanning(document: Document, seconds_left: SecondsLeft) -> WriteResult:
    """Write a SCANNING record: one DynamoDB write, two where it replaces another version."""
    for attempt in attempts(seconds_left):
        with attempt:
            written = put_scanning(
                dynamodb, settings.documents_table, document, settings.upload_bucket
            )
    if written.outcome is WriteOutcome.WRITTEN:
        log_event(written.record, logging.INFO, "waits for its malware scan", {})
        if written.replaced:
            delete_own_texts(written.record)
    elif written.outcome is WriteOutcome.DUPLICATE and settings.text_bucket:
        used = used_keys(written.record) | {key_of(document)}  # it may be processed by now
        delete_earlier(s3, settings.text_bucket, document, used)
    elif written.outcome is WriteOutcome.DELETED:
        delete_late_object(document.object_key or "", document.document_id)
    return written


def remove(removal: Removal, seconds_left: SecondsLeft) -> None:
    """Record that an object was deleted; one that was not scanned yet will never be.

    Every step can be repeated: until the record is FAILED, it is SCANNING and has `removedAt`. A
    repeated event publishes the failure again, as it may repeat because publishing failed.
    """
    process_removal(removal, seconds_left)
    document_id = document_id_for(removal.bucket, removal.key)
    record = get_record(dynamodb, settings.documents_table, document_id) or {}
    if record.get("status") == Status.SCANNING and "removedAt" in record:
        fail(record, DELETED_UNSCANNED, seconds_left)
    elif is_failed_by(removal, record):
        publish_record(record)


def is_failed_by(removal: Removal, record: Record) -> bool:
    """Whether a document is FAILED because this deletion preceded its scan."""
    message = record.get("failure", {}).get("message")
    return bool(message == DELETED_UNSCANNED.message and record["sequencer"] == removal.sequencer)


def record_scan_result(result: ScanResult, seconds_left: SecondsLeft) -> None:
    """Record the result of a scan: one read, and at most one DynamoDB write or one invocation.

    Raises:
        RecordChangedError: the record did not stay as it was read; Lambda retries the event.
    """
    document_id = document_id_for(result.bucket, result.key)
    for _ in range(MAX_READS):
        for attempt in attempts(seconds_left):
            with attempt:
                record = get_record(dynamodb, settings.documents_table, document_id)
        if react(result, record, seconds_left):
            return
    raise RecordChangedError(f"The record of {result.key} keeps changing")


def react(result: ScanResult, record: Record | None, seconds_left: SecondsLeft) -> bool:
    """Act on a result; False if the record was changed since it was read."""
    reaction = reaction_to(result, record)
    if reaction is Reaction.KEEP:
        return keep(result, record, seconds_left)
    if record is None or reaction is Reaction.NONE:
        return True
    upload = scanned_upload(record, result.scanned_at)
    match reaction:
        case Reaction.PROCESS:
            log_scan(record, result)
            start_processing(f"{settings.stack_name}-process_upload", upload)
        case Reaction.CONFIRM:
            return confirm(result, record, seconds_left)
        case Reaction.FAIL:
            return fail_scanned(result, record, seconds_left)
        case Reaction.REPEAT:
            delete_own_texts(record)
            notify(upload, WriteResult(WriteOutcome.DUPLICATE, record))
    return True


def keep(result: ScanResult, record: Record | None, seconds_left: SecondsLeft) -> bool:
    """Keep a result for a version whose S3 event may follow; False as in `react`.

    The version may have the same bytes as the one that the record describes.
    """
    expires_at = int(runtime.now().timestamp()) + TOMBSTONE_SECONDS
    table, is_kept = settings.documents_table, False
    for attempt in attempts(seconds_left):
        with attempt:
            is_kept = keep_result(dynamodb, table, result, record, expires_at)
    return is_kept


def confirm(result: ScanResult, record: Record, seconds_left: SecondsLeft) -> bool:
    """Record that a file without a scan has none of the known threats; False as in `react`."""
    changed: Record | None = None
    assigned = {"scannedAt": result.scanned_at}
    for attempt in attempts(seconds_left):
        with attempt:
            changed = change_version(dynamodb, settings.documents_table, record, assigned)
    if changed:
        log_scan(changed, result)
    return changed is not None


def fail_scanned(result: ScanResult, record: Record, seconds_left: SecondsLeft) -> bool:
    """Make a document FAILED because of the result of its scan; False as in `react`."""
    if (failure := result.failure) is None:
        return True  # has another reaction
    if not fail(record, failure, seconds_left, result):
        return False
    log_scan(record, result)
    return True


def fail(
    record: Record,
    failure: Failure,
    seconds_left: SecondsLeft,
    result: ScanResult | None = None,
) -> bool:
    """Make a document FAILED, log and publish it; False as in `react`.

    Malware replaces any other result of the version: what was read from it is removed. The result
    of a scan that could not be done is kept, so that it is known when it arrives again.
    """
    stopwatch, changed = runtime.start_stopwatch(), None
    scanned_at = result.scanned_at if result and result.rank else None
    document = failed_document(record, failure, scanned_at)
    assigned = {name: value for name, value in document.to_record().items() if name in _RESULT}
    if result and not result.rank:
        assigned["scanResults"] = with_result(record.get("scanResults", []), result)
    removed = [name for name in ("metadata", "scannedAt", "text") if name not in assigned]
    with stopwatch.step("write"):
        for attempt in attempts(seconds_left):
            with attempt:
                changed = change_version(
                    dynamodb, settings.documents_table, record, assigned, removed
                )
    if changed is None:
        return False
    upload = replace(scanned_upload(record, scanned_at), replaces=record.get("processedAt"))
    log_written(upload, document, stopwatch)
    delete_own_texts(changed)
    notify(upload, WriteResult(WriteOutcome.WRITTEN, changed))
    return True


def report_overdue() -> None:
    """Log how many documents are overdue, as a metric: one Query."""
    latest = to_iso8601(runtime.now() - OVERDUE)
    count = count_uploaded(dynamodb, settings.documents_table, Status.SCANNING, latest)
    level = logging.WARNING if count else logging.INFO
    message = f"{count} documents have been SCANNING for an hour"
    log(level, message, {"scansOverdue": count})


def delete_own_texts(record: Record) -> None:
    """Delete the texts of a document up to its version, which has none.

    What is left where this is interrupted is deleted by a repeated event or `make reconcile`.
    """
    if settings.text_bucket:
        delete_texts(s3, settings.text_bucket, record["documentId"], record["sequencer"])


def scanning_document(upload: Upload) -> Document:
    """The record of a version that was not read."""
    return Document(
        document_id=document_id_for(upload.bucket, upload.key),
        file_name=file_name_from_metadata(upload.key, None),
        file_size=upload.size_bytes,
        status=Status.SCANNING,
        uploaded_at=upload.uploaded_at,
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
    )


def failed_document(record: Record, failure: Failure, scanned_at: str | None) -> Document:
    """The document of a record once it is FAILED, without what was read from the file."""
    return Document(
        document_id=record["documentId"],
        file_name=record["fileName"],
        file_type=record.get("fileType"),
        file_size=record["fileSize"],
        status=Status.FAILED,
        uploaded_at=record["uploadedAt"],
        processed_at=to_iso8601(runtime.now()),
        scanned_at=scanned_at,
        object_key=record["objectKey"],
        e_tag=record["eTag"],
        sequencer=record["sequencer"],
        failure=failure,
    )


def scanned_upload(record: Record, scanned_at: str | None) -> Upload:
    """The version that a record describes, with the time of its latest scan."""
    return replace(upload_of(record, settings.upload_bucket), scanned_at=scanned_at)


def log_scan(record: Record, result: ScanResult) -> None:
    """Log the result of a scan, with the time since the upload where the document waited for it."""
    fields: LogFields = {"scanResult": result.status}
    if record["status"] == Status.SCANNING:
        waited = runtime.now() - datetime.fromisoformat(record["uploadedAt"])
        fields["uploadToScanMs"] = max(0, round(waited.total_seconds() * 1_000))
    log_event(record, logging.INFO, f"scanned with result {result.status}", fields)
