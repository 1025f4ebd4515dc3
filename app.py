"""Intake: files put into a bucket become records that an API serves.

The whole of the outside world that the Lambdas speak with is in this file: what starts them, what
they ask of AWS, what they answer. Three Lambdas run it: process_upload, record_failure and
api_handler (all routes).
"""

import logging
import os
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, BinaryIO

import boto3
from botocore.config import Config
from chalice.app import Chalice, NotFoundError, Request, S3Event, SQSEvent

from chalicelib.documents import (
    Document,
    Failure,
    Metadata,
    Status,
    document_id_of,
    file_name_of,
    one_line,
)
from chalicelib.events import Upload, cause_of, failed_uploads_of, uploads_of
from chalicelib.inspection import Inspection, inspect
from chalicelib.isolation import Isolation, IsolationError, SecondsLeft
from chalicelib.logs import Fields, JsonFormatter, log_json
from chalicelib.notifications import NotificationError, publish
from chalicelib.settings import settings_from
from chalicelib.store import (
    AWS_TROUBLE,
    BROKEN_BODY,
    Save,
    Saved,
    StoredObject,
    find_document,
    mark_notified_again,
    open_object,
    save_failure,
    save_result,
)
from chalicelib.telling import Stopwatch, fields_of, message_of, metrics_of

settings = settings_from(os.environ)

app = Chalice(app_name=settings.stack_name)
app.log.setLevel(logging.INFO)
lines = JsonFormatter(settings.stack_name)
log_json(lines, app.log)

TRIES = 3
s3 = boto3.client(
    "s3",
    config=Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": TRIES},
    ),
)
dynamodb = boto3.client(
    "dynamodb",
    config=Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": TRIES},
    ),
)
if settings.notification_topic_arn:
    sns = boto3.client(
        "sns",
        # One try: Lambda's are the others, so that no attempt tells twice.
        config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )
SECONDS_TO_OPEN = 24
SECONDS_TO_WRITE = 18
"""What all tries of a call take at worst, waits included: at most 1 s before the second, 2 s before
the third (botocore, ExponentialBackoff); a write with its notification, and some for the Lambda
itself."""

isolation = Isolation(
    # Where Lambda's Python has its own libraries, which it may not start without.
    {name: os.environ[name] for name in ["LD_LIBRARY_PATH"] if name in os.environ}
)

TROUBLE = (*AWS_TROUBLE, IsolationError)
"""What another try of the same event may get over."""


@app.middleware("all")
def name_request(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Every line tells which request it belongs to."""
    context: Any = event.lambda_context if isinstance(event, Request) else event.context
    lines.request_id = context.aws_request_id
    return get_response(event)


@app.on_s3_event(bucket=settings.upload_bucket, events=["s3:ObjectCreated:*"])
def process_upload(event: S3Event) -> None:
    """Each object that was created becomes a record; trouble with AWS makes Lambda try again."""
    context: Any = event.context

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1_000 - SECONDS_TO_WRITE

    troubles: list[Exception] = []
    for upload in uploads_of(event.to_dict()):
        try:
            process(upload, seconds_left)
        except NotificationError as trouble:
            troubles.append(trouble)  # the event's other uploads are still due
        except TROUBLE as trouble:
            tell_trouble(upload, trouble)
            troubles.append(trouble)
    if len(troubles) == 1:
        raise troubles[0]
    if troubles:
        raise ExceptionGroup("Several uploads of one event met trouble", troubles)


class UploadsEvent(S3Event):
    """An S3 event as S3 sends it: Chalice's own class wants a first record with an object."""

    def _extract_attributes(self, event_dict: dict[str, object]) -> None:
        """All that counts is read by `uploads_of`."""


process_upload.event_class = UploadsEvent


def process(upload: Upload, seconds_left: SecondsLeft) -> None:
    """Inspect one object and write its record, for one S3 GET and one DynamoDB write."""
    stopwatch = Stopwatch(time.perf_counter)
    with stopwatch.step("download"):
        read = read_object(upload, seconds_left, stopwatch)
    if read is None:
        message = f"File {one_line(upload.key)} is gone or replaced, nothing to record"
        log(logging.INFO, message, {"objectKey": upload.key})
        return
    stored, found = read
    document = Document(
        document_id=document_id_of(upload.bucket, upload.key),
        file_name=file_name_of(upload.key, stored.user_metadata.get("file-name")),
        file_type=found.file_type,
        file_size=stored.size_bytes,
        status=Status.FAILED if found.failure else Status.PROCESSED,
        uploaded_at=upload.uploaded_at,
        processed_at=now(),
        owner=stored.user_metadata.get("owner"),
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
        sha256=found.sha256,
        metadata=found.metadata,
        failure=found.failure,
    )
    with stopwatch.step("write"):
        save = save_result(dynamodb, settings.documents_table, document)
    if save.how is Saved.WRITTEN:
        tell(document, stopwatch)
    notify(save)


def read_object(
    upload: Upload, seconds_left: SecondsLeft, stopwatch: Stopwatch
) -> tuple[StoredObject, Inspection] | None:
    """The object and what is found in it; None when it is gone or replaced.

    A connection that breaks within the body, which botocore does not try again, is tried again.
    """

    def extract(content: BinaryIO, file_type: str) -> Metadata:
        with stopwatch.step("inspection"):
            return isolation.extract(content, file_type, seconds_left)

    failed_tries = 0
    while stored := open_object(s3, upload.bucket, upload.key, upload.e_tag):
        try:
            with closing(stored.body) as body:
                size, declared = stored.size_bytes, stored.content_type
                return stored, inspect(body, size, declared, settings.limits, extract)
        except BROKEN_BODY:
            failed_tries += 1
            if failed_tries == TRIES or seconds_left() < SECONDS_TO_OPEN:
                raise
        time.sleep(0.1 * 2**failed_tries)
    return None


@app.on_sqs_message(queue=settings.failure_queue)
def record_failure(event: SQSEvent) -> None:
    """Each upload that Lambda gave up on becomes a FAILED record, unless a result is there."""
    for message in event:
        for upload, failure in failed_uploads_of(message.body):
            give_up(upload, failure, cause_of(message.body))


def give_up(upload: Upload, failure: Failure, cause: str) -> None:
    """Record one upload as FAILED, for one DynamoDB write."""
    stopwatch = Stopwatch(time.perf_counter)
    document = Document(
        document_id=document_id_of(upload.bucket, upload.key),
        file_name=file_name_of(upload.key, None),
        file_size=upload.size_bytes,
        status=Status.FAILED,
        uploaded_at=upload.uploaded_at,
        processed_at=now(),
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
        failure=failure,
    )
    with stopwatch.step("write"):
        save = save_failure(dynamodb, settings.documents_table, document)
    if save.how is Saved.WRITTEN:
        tell(document, stopwatch, cause=cause)
    elif save.how is Saved.REPEATED:
        note(save, logging.WARNING, "was given up and is on record already", cause=cause)
    notify(save)


@app.route("/documents/{document_id}", methods=["GET"])
def get_document(document_id: str) -> dict[str, object]:
    """The record with this id."""
    record = find_document(dynamodb, settings.documents_table, document_id)
    if record is None:
        raise NotFoundError("There is no such document")
    return record


def notify(save: Save) -> None:
    """Tell subscribers of a record that was just written, where the stage has notifications on.

    One that was written before was told of, unless that went wrong, and nobody knows which: it is
    told once more and that is noted, so that further repetitions tell nothing.

    Raises:
        NotificationError: the topic did not take it, for Lambda or SQS to try again.
    """
    is_due = save.how is Saved.WRITTEN or (
        save.how is Saved.REPEATED and not save.record.get("notifiedAgain")
    )
    if not settings.notification_topic_arn or not is_due:
        return
    try:
        publish(sns, settings.notification_topic_arn, save.record)
    except NotificationError as error:
        cause = str(error)
        note(save, logging.ERROR, "could not be notified of", cause=cause, notificationsFailed=1)
        raise
    if save.how is Saved.REPEATED:
        note(save, logging.INFO, "was notified of, for it may not have been before")
        mark_notified_again(dynamodb, settings.documents_table, save.record)


def tell(document: Document, stopwatch: Stopwatch, **fields: str | int) -> None:
    """The one line that CloudWatch gets for each file that comes to rest."""
    level = logging.ERROR if document.failure else logging.INFO
    log(level, message_of(document), fields_of(document, stopwatch.milliseconds()) | fields)


def tell_trouble(upload: Upload, trouble: Exception) -> None:
    """A line for each attempt that Lambda has to make again."""
    fields: Fields = {
        "documentId": document_id_of(upload.bucket, upload.key),
        "objectKey": upload.key,
        "fileSize": upload.size_bytes,
        "cause": type(trouble).__name__,
        "troubles": 1,
    }
    message = f"File {one_line(upload.key)} met trouble: {one_line(str(trouble))}"
    log(logging.ERROR, message, fields)


def note(save: Save, level: int, what: str, **fields: str | int) -> None:
    """A line on a record that is no news of its document."""
    known: Fields = {name: str(save.record[name]) for name in ("documentId", "objectKey", "status")}
    log(level, f"File {one_line(str(save.record['fileName']))} {what}", known | fields)


def log(level: int, message: str, fields: Fields) -> None:
    """A line with these fields, some of which are metrics."""
    metrics = metrics_of(fields, detailed=settings.has_detailed_metrics)
    app.log.log(level, message, extra={"fields": fields, "metrics": metrics})


def now() -> str:
    """The time as records have it: ISO 8601 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
