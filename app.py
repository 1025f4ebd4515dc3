"""Intake: files put into a bucket become records that an API serves.

The whole of the outside world that the Lambdas speak with is in this file: what starts them, what
they ask of AWS, what they answer. Three Lambdas run it: process_upload, record_failure and
api_handler (all routes).
"""

import logging
import os
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from chalice.app import Chalice, NotFoundError, S3Event, SQSEvent

from chalicelib.documents import Document, Status, document_id_of, file_name_of, one_line
from chalicelib.events import Upload, cause_of, failed_uploads_of, uploads_of
from chalicelib.inspection import Inspection, inspect
from chalicelib.isolation import Isolation, IsolationError, SecondsLeft
from chalicelib.settings import settings_from
from chalicelib.store import (
    AWS_TROUBLE,
    BROKEN_BODY,
    StoredObject,
    find_document,
    open_object,
    save_failure,
    save_result,
)

settings = settings_from(os.environ)

app = Chalice(app_name=settings.stack_name)
app.log.setLevel(logging.INFO)

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
SECONDS_TO_OPEN = 24
SECONDS_TO_WRITE = 15
"""What all tries of a call take at worst, waits included: at most 1 s before the second, 2 s before
the third (botocore, ExponentialBackoff); with some for the Lambda itself after a write."""

isolation = Isolation(
    # Where Lambda's Python has its own libraries, which it may not start without.
    {name: os.environ[name] for name in ["LD_LIBRARY_PATH"] if name in os.environ}
)

TROUBLE = (*AWS_TROUBLE, IsolationError)
"""What another try of the same event may get over."""


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
        except TROUBLE as trouble:
            troubles.append(trouble)  # the event's other uploads are still due
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
    read = read_object(upload, seconds_left)
    if read is None:
        app.log.info("File %s is gone or replaced, nothing to record", one_line(upload.key))
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
    if save_result(dynamodb, settings.documents_table, document):
        tell(document)


def read_object(
    upload: Upload, seconds_left: SecondsLeft
) -> tuple[StoredObject, Inspection] | None:
    """The object and what is found in it; None when it is gone or replaced.

    A connection that breaks within the body, which botocore does not try again, is tried again.
    """
    examine = partial(isolation.examine, seconds_left=seconds_left)
    failed_tries = 0
    while stored := open_object(s3, upload.bucket, upload.key, upload.e_tag):
        try:
            with closing(stored.body) as body:
                size, declared = stored.size_bytes, stored.content_type
                return stored, inspect(body, size, declared, settings.limits, examine)
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
            if save_failure(dynamodb, settings.documents_table, document):
                tell(document)
                app.log.error("Lambda gave up: %s", one_line(cause_of(message.body)))


@app.route("/documents/{document_id}", methods=["GET"])
def get_document(document_id: str) -> dict[str, object]:
    """The record with this id."""
    record = find_document(dynamodb, settings.documents_table, document_id)
    if record is None:
        raise NotFoundError("There is no such document")
    return record


def tell(document: Document) -> None:
    """The one line that CloudWatch gets for each file that comes to rest."""
    line = f"File {one_line(document.file_name)} processed with status {document.status}"
    if document.failure:
        app.log.error("%s, failure=%s", line, document.failure.code)
    else:
        app.log.info("%s, words=%s", line, (document.metadata or {}).get("wordCount", 0))


def now() -> str:
    """The time as records have it: ISO 8601 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
