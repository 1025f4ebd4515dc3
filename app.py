"""Intake: files put into a bucket become records that an API serves.

The whole of the outside world that the Lambdas speak with is in this file: what starts them, what
they ask of AWS, what they answer. Three Lambdas run it: process_upload, record_failure and
api_handler (all routes).
"""

import logging
import os
from contextlib import closing
from datetime import UTC, datetime

import boto3
from botocore.config import Config
from chalice.app import Chalice, NotFoundError, S3Event, SQSEvent

from chalicelib.documents import Document, Status, document_id_of, file_name_of, one_line
from chalicelib.events import Upload, cause_of, failed_uploads_of, uploads_of
from chalicelib.inspection import inspect
from chalicelib.settings import settings_from
from chalicelib.store import AWS_TROUBLE, find_document, open_object, save_failure, save_result

settings = settings_from(os.environ)

app = Chalice(app_name=settings.stack_name)
app.log.setLevel(logging.INFO)

client_config = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
)
s3 = boto3.client("s3", config=client_config)
dynamodb = boto3.client("dynamodb", config=client_config)


@app.on_s3_event(bucket=settings.upload_bucket, events=["s3:ObjectCreated:*"])
def process_upload(event: S3Event) -> None:
    """Each object that was created becomes a record; trouble with AWS makes Lambda try again."""
    troubles: list[Exception] = []
    for upload in uploads_of(event.to_dict()):
        try:
            process(upload)
        except AWS_TROUBLE as trouble:
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


def process(upload: Upload) -> None:
    """Inspect one object and write its record, for one S3 GET and one DynamoDB write."""
    stored = open_object(s3, upload.bucket, upload.key, upload.e_tag)
    if stored is None:
        app.log.info("File %s is gone or replaced, nothing to record", one_line(upload.key))
        return
    with closing(stored.body):
        found = inspect(stored.body, stored.size_bytes, stored.content_type, settings.limits)
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
