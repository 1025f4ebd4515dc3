"""Character recognition of one document: started when its record is written, recorded when Textract
answers.

The record is written first, with `text.status` RUNNING; then the job is started. Whatever stops in
between, the event is processed again, finds its record RUNNING and starts the same job. An answer
is stored before the record refers to it, under a key that only its job writes to. If the function
ends in between, Lambda repeats the answer; `discard` deletes what no record refers to.
"""

from __future__ import annotations

import logging

from chalicelib import runtime
from chalicelib.capacity import attempts
from chalicelib.documents import Metadata, TextFailureCode, TextStatus, to_iso8601
from chalicelib.events import LambdaError
from chalicelib.files.extracted_text import MAX_TEXT_BYTES
from chalicelib.files.sandbox_process import SecondsLeft
from chalicelib.files.validation import Validation
from chalicelib.objects import delete_object, put_object
from chalicelib.observability import LogFields
from chalicelib.ocr.forms import FormCollector
from chalicelib.ocr.jobs import Completion, Job, is_scan, refusal
from chalicelib.ocr.lines import LineCollector
from chalicelib.ocr.records import TextWrite, update_text, update_text_failure
from chalicelib.ocr.states import (
    Text,
    awaits,
    done,
    failure_of,
    has_result_of,
    is_running,
    job_of,
    refused,
    running,
)
from chalicelib.ocr.textract import (
    Results,
    Source,
    Started,
    read_analysis,
    read_text_detection,
    start_analysis,
    start_text_detection,
)
from chalicelib.reporting import publish_record
from chalicelib.runtime import dynamodb, log, s3, settings
from chalicelib.store import Record, get_record
from chalicelib.texts import CONTENT_TYPE, delete_text

MAX_ANALYSIS_BYTES = 5 * 1_024**2
MAX_BLOCKS = 200_000
"""Of forms and tables in memory: 100 MB, or 200 dense pages."""


if settings.ocr is None or settings.text_bucket is None:
    raise ImportError("Imported on a stage without OCR")
ocr, text_bucket = settings.ocr, settings.text_bucket


class UnfinishedError(Exception):
    """Textract has announced the end of a job that is still in progress."""


def plan(own: Text | None, size_bytes: int, validation: Validation) -> Text | None:
    """The attribute `text` of a document's record.

    Args:
        own: of a document with some text of its own.
        size_bytes: of the file.
        validation: of the file.
    """
    file_type, metadata = validation.file_type, validation.metadata
    if file_type is None or metadata is None:
        return own
    if not is_scan(file_type, _count(metadata, "pagesWithoutText")):
        return own
    page_count = _count(metadata, "pageCount", "frameCount")
    code = refusal(file_type, size_bytes, page_count, ocr.max_pages)
    return refused(own, code) if code else running(own, to_iso8601(runtime.now()))


def start(record: Record, seconds_left: SecondsLeft) -> Record:
    """Start the job that a record awaits, if it does; returns the record as it is then.

    Textract reads the object with this function's permissions.

    Raises:
        ClientError: Textract is busy or not accessible; Lambda retries.
    """
    job = job_of(record)
    if job is None or not is_running(record):
        return record
    started = _start(job, record["objectKey"], seconds_left)
    if started.refusal is None:
        return record
    write = fail(job, started.refusal, {"errorType": started.error}, seconds_left)
    return write.record if write.is_written else record


def process_completion(completion: Completion, seconds_left: SecondsLeft) -> None:
    """Record and publish the results of a job."""
    if record := record_result(completion, seconds_left):
        publish_record(record)


def record_permanent_text_failure(
    completion: Completion, error: LambdaError, seconds_left: SecondsLeft
) -> None:
    """Record a recognition as FAILED after Lambda's last attempt at its results."""
    fields: LogFields = {"errorType": error.type, "errorMessage": error.message}
    if record := fail_permanently(completion.job, fields, seconds_left):
        publish_record(record)


def record_result(completion: Completion, seconds_left: SecondsLeft) -> Record | None:
    """Store the results of a job and record them: one read, one PUT and one write.

    Messages repeat, and are late: a document that was replaced, deleted or sent again meanwhile
    stays as it is.

    Returns:
        The record with the result, also where an earlier message brought it; None if it has none.

    Raises:
        UnfinishedError: the job is in progress; Lambda retries.
    """
    job = completion.job
    for attempt in attempts(seconds_left):
        with attempt:
            record = get_record(dynamodb, settings.documents_table, job.document_id) or {}
    if not awaits(record, job):
        discard(job, record)
        if has_result_of(record, job):
            delete_text(s3, text_bucket, job.document_id, job.sequencer)
        message = f"Result for document {job.document_id} is not the one that is awaited"
        log(logging.INFO, message, {"documentId": job.document_id})
        return record if job_of(record) == job else None
    results, text = _store(completion, record, seconds_left)
    if text is None:
        fields: LogFields = {"errorMessage": results.message}
        write = fail(job, TextFailureCode.RECOGNITION_FAILED, fields, seconds_left)
        return write.record if write.is_written else None
    for attempt in attempts(seconds_left):
        with attempt:
            write = update_text(dynamodb, settings.documents_table, job, text)
    if not write.is_written:
        discard(job, write.record)
        return None
    if record["text"]["source"] == "document":
        delete_text(s3, text_bucket, job.document_id, job.sequencer)
    _log(job, write.record, {"ocrPages": results.page_count})
    return write.record


def fail(
    job: Job, code: TextFailureCode, fields: LogFields, seconds_left: SecondsLeft
) -> TextWrite:
    """Record that a job has failed, unless its record has a result or is of another job."""
    for attempt in attempts(seconds_left):
        with attempt:
            write = update_text_failure(dynamodb, settings.documents_table, job, failure_of(code))
    if write.is_written:
        _log(job, write.record, {"textFailureCode": code.value, **fields})
    return write


def fail_unstarted(record: Record, fields: LogFields, seconds_left: SecondsLeft) -> Record:
    """Record as failed what could not be started after Lambda's last attempt; the record then."""
    job = job_of(record)
    if job is None or not is_running(record):
        return record
    return fail_permanently(job, fields, seconds_left) or record


def fail_permanently(job: Job, fields: LogFields, seconds_left: SecondsLeft) -> Record | None:
    """Record that a job has failed after Lambda's last attempt, unless it has a result.

    What the job has stored is kept then: a late result, which replaces the failure, may be writing.

    Returns:
        The record, also where it has a result of the job: perhaps only its notification has failed;
        None if the record is of another job.
    """
    write = fail(job, TextFailureCode.PROCESSING_FAILED, fields, seconds_left)
    if not write.is_written:
        discard(job, write.record)
    return write.record if job_of(write.record) == job else None


def discard(job: Job, record: Record) -> None:
    """Delete what a job has stored, unless the record refers to it."""
    if has_result_of(record, job):
        return
    delete_object(s3, text_bucket, job.text_key())
    if ocr.is_analysis:
        delete_object(s3, text_bucket, job.analysis_key())


def _count(metadata: Metadata, *names: str) -> int | None:
    """The first of these values that a file has; a TIFF's pages are frames."""
    return next((int(metadata[name]) for name in names if name in metadata), None)


def _start(job: Job, key: str, seconds_left: SecondsLeft) -> Started:
    source = Source(
        bucket=settings.upload_bucket,
        key=key,
        topic_arn=ocr.topic_arn,
        role_arn=ocr.role_arn,
    )
    if ocr.is_analysis:
        return start_analysis(runtime.textract, job, source, seconds_left)
    return start_text_detection(runtime.textract, job, source, seconds_left)


def _store(
    completion: Completion, record: Record, seconds_left: SecondsLeft
) -> tuple[Results, Text | None]:
    """Store the results of a job; with None where it has none."""
    job, job_id = completion.job, completion.job_id
    lines = LineCollector(MAX_TEXT_BYTES)
    forms = FormCollector(MAX_BLOCKS)
    if ocr.is_analysis:
        results = read_analysis(runtime.textract, job_id, lines, forms, seconds_left)
    else:
        results = read_text_detection(runtime.textract, job_id, lines, seconds_left)
    if results.status == "IN_PROGRESS":
        raise UnfinishedError(f"Textract job {job_id} of {record['objectKey']} is in progress")
    if results.status == "FAILED":
        return results, None
    recognized = lines.text(is_complete=results.is_complete)
    if recognized.content:
        put_object(s3, text_bucket, job.text_key(), recognized.content, CONTENT_TYPE)
    if ocr.is_analysis:
        analysis = forms.to_json(MAX_ANALYSIS_BYTES, is_complete=results.is_complete)
        put_object(s3, text_bucket, job.analysis_key(), analysis, "application/json")
    return results, done(job, recognized, results.pages_not_read, is_analyzed=ocr.is_analysis)


def _log(job: Job, record: Record, fields: LogFields) -> None:
    """Log the one line of each recognition that reaches DONE or FAILED."""
    text = record["text"]
    known: LogFields = {
        "documentId": job.document_id,
        "objectKey": record["objectKey"],
        "textStatus": text["status"],
        "recognizedWords": text.get("wordCount", 0),
    }
    is_done = text["status"] == TextStatus.DONE
    outcome = f"words={text['wordCount']}" if is_done else f"failure={fields['textFailureCode']}"
    message = (
        f"Text of file {record['fileName']} recognized with status {text['status']}, {outcome}"
    )
    log(logging.INFO if is_done else logging.ERROR, message, known | fields)
