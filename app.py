"""Intake: files put into a bucket become records that an API serves.

The whole of the outside world that the Lambdas speak with is in this file: what starts them, what
they ask of AWS, what they answer. Three Lambdas run it: process_upload, record_failure and
api_handler (all routes).
"""

import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from chalice.app import (
    BadRequestError,
    Chalice,
    ChaliceViewError,
    CognitoUserPoolAuthorizer,
    ConflictError,
    NotFoundError,
    Request,
    Response,
    S3Event,
    SQSEvent,
    UnauthorizedError,
)

from chalicelib import api
from chalicelib.callers import Caller, caller_of, may_see
from chalicelib.cors import cors_headers, preflight_headers
from chalicelib.documents import (
    Document,
    Failure,
    Status,
    document_id_of,
    file_name_of,
    is_client_upload,
    is_document_id,
    is_expired,
    is_tombstone,
    object_key_of,
    one_line,
    owner_of,
    time_text,
)
from chalicelib.events import Upload, cause_of, failed_uploads_of, uploads_of
from chalicelib.examination import Examined
from chalicelib.inspection import Inspection, inspect, may_be_allowed
from chalicelib.isolation import Isolation, IsolationError, SecondsLeft
from chalicelib.listing import page_of, sections_for
from chalicelib.logs import Fields, JsonFormatter, log_json
from chalicelib.notifications import NotificationError, publish
from chalicelib.openapi import openapi
from chalicelib.page import (
    PageSettings,
    file_headers,
    file_text,
    is_known,
    origin_of,
    page_headers,
    page_text,
    slash_after,
)
from chalicelib.settings import settings_from
from chalicelib.store import (
    AWS_TROUBLE,
    BROKEN_BODY,
    NOTIFIED_AGAIN,
    Save,
    Saved,
    StoredObject,
    add_document,
    bury_document,
    delete_object,
    find_document,
    find_stretches,
    mark_notified_again,
    open_object,
    presign_download,
    presign_upload,
    save_failure,
    save_result,
)
from chalicelib.telling import Stopwatch, fields_of, message_of, metrics_of
from chalicelib.uploads import content_disposition, pending_document, terms_of, tombstone_of

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
        # By default boto3 signs URLs the old way, and for a host that may redirect to the bucket's
        # region, which no browser's preflight survives.
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
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
        processed_at=time_text(now()),
        owner=owner_of(stored.user_metadata.get("owner")),
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
        sha256=found.sha256,
        metadata=found.metadata,
        failure=found.failure,
    )
    with stopwatch.step("write"):
        save = save_result(dynamodb, settings.documents_table, document)
    settle(document, save.how, stopwatch)
    notify(save)


def read_object(
    upload: Upload, seconds_left: SecondsLeft, stopwatch: Stopwatch
) -> tuple[StoredObject, Inspection] | None:
    """The object and what is found in it; None when it is gone or replaced.

    A connection that breaks within the body, which botocore does not try again, is tried again.
    """

    def examine(content: BinaryIO, possible_types: Sequence[str]) -> Examined:
        with stopwatch.step("inspection"):
            return isolation.examine(content, possible_types, seconds_left)

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
        processed_at=time_text(now()),
        object_key=upload.key,
        e_tag=upload.e_tag,
        sequencer=upload.sequencer,
        failure=failure,
    )
    with stopwatch.step("write"):
        save = save_failure(dynamodb, settings.documents_table, document)
    settle(document, save.how, stopwatch, cause=cause)
    if save.how is Saved.REPEATED:
        note(save, logging.WARNING, "was given up and is on record already", cause=cause)
    notify(save)


def settle(document: Document, how: Saved, stopwatch: Stopwatch, **fields: str | int) -> None:
    """Tell of what was written; take away what was put with the URL of a deleted document."""
    key = document.object_key or ""
    if how is Saved.WRITTEN:
        tell(document, stopwatch, **fields)
    elif how is Saved.DELETED and is_client_upload(key, document.document_id):
        delete_object(s3, settings.upload_bucket, key)


def notify(save: Save) -> None:
    """Tell subscribers of a record that was just written, where the stage has notifications on.

    One that was written before was told of, unless that went wrong, and nobody knows which: it is
    told once more and that is noted, so that further repetitions tell nothing.

    Raises:
        NotificationError: the topic did not take it, for Lambda or SQS to try again.
    """
    is_due = save.how is Saved.WRITTEN or (
        save.how is Saved.REPEATED and not save.record.get(NOTIFIED_AGAIN)
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


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


signed_in = CognitoUserPoolAuthorizer("SignedIn", provider_arns=[settings.user_pool_arn])


def served(operation: api.Operation) -> dict[str, Any]:
    """How Chalice routes an operation."""
    return {
        "path": operation.path,
        "methods": [operation.method],
        "authorizer": None if operation.is_public else signed_in,
        "content_types": ["application/json"] if operation.body else ["*/*"],
    }


class PayloadTooLargeError(ChaliceViewError):
    """The file is larger than the stage takes."""

    STATUS_CODE = 413


class UnsupportedMediaType(ChaliceViewError):  # noqa: N818 - so Chalice's own 415 names itself
    """The stage takes no files of this type."""

    STATUS_CODE = 415


@app.route(**served(api.CREATE_UPLOAD))
def create_upload() -> Response:
    """Where to put a file, and its PENDING record, for one DynamoDB write and no S3 call."""
    owner = caller().sub
    asked = asked_of(api.CREATE_UPLOAD.body_from, request().raw_body)
    refuse_unwanted(asked["fileType"], asked["fileSize"])
    terms = terms_of(asked, owner)
    document_id, seconds, expires = str(uuid.uuid4()), settings.upload_url_seconds, url_expiry()
    key = object_key_of(document_id)
    url = presign_upload(s3, settings.upload_bucket, key, terms, seconds)
    document = pending_document(document_id, terms, expires)
    add_document(dynamodb, settings.documents_table, document)
    upload = {
        "method": "PUT",
        "url": url,
        "headers": terms.headers(),
        "expiresAt": time_text(expires),
    }
    return Response(
        status_code=201,
        headers={"Location": f"/documents/{document_id}"},
        body={"documentId": document_id, "status": document.status, "upload": upload},
    )


def refuse_unwanted(file_type: str, file_size: int) -> None:
    """413 and 415 for what processing would refuse in any case."""
    if file_size > (largest := settings.limits.largest_file_bytes):
        raise PayloadTooLargeError(f"fileSize: at most {largest:,} bytes are allowed")
    if not may_be_allowed(file_type, settings.limits):
        allowed = ", ".join(sorted(settings.limits.allowed_types))
        raise UnsupportedMediaType(f"fileType: allowed are {allowed}")


@app.route(**served(api.LIST_DOCUMENTS))
def list_documents() -> dict[str, object]:
    """A page of the caller's documents, for one Query; two for operators who ask for all."""
    who = caller()
    asked = asked_of(api.LIST_DOCUMENTS.query_from, query())
    limit = asked["limit"]
    sections = asked_of(sections_for, who, asked.get("status"), asked.get("cursor"))
    stretches = find_stretches(dynamodb, settings.documents_table, sections, limit)
    return page_of(who, sections, stretches, limit)


@app.route(**served(api.GET_DOCUMENT))
def get_document(document_id: str) -> dict[str, object]:
    """The record, for half a read unit."""
    return record_for(caller(), document_id)


@app.route(**served(api.GET_CONTENT))
def get_content(document_id: str) -> dict[str, object]:
    """Where to get the file, under its original name."""
    record = record_for(caller(), document_id)
    if record["status"] == Status.PENDING:
        raise ConflictError("The document is PENDING: its file is not there yet")
    bucket, seconds, expires = settings.upload_bucket, settings.upload_url_seconds, url_expiry()
    disposition = content_disposition(record["fileName"])
    url = presign_download(s3, bucket, record["objectKey"], disposition, seconds)
    return {"url": url, "expiresAt": time_text(expires)}


@app.route(**served(api.DELETE_DOCUMENT))
def delete_document(document_id: str) -> Response:
    """Object and record are gone for good, whatever is under way for them.

    First the tombstone, then the object: broken off in between, it can be asked again.
    """
    record = record_for(caller(), document_id, is_deleting=True)
    tombstone = tombstone_of(record, now())
    bury_document(dynamodb, settings.documents_table, tombstone)
    delete_object(s3, settings.upload_bucket, tombstone.object_key)
    return Response(status_code=204, body="")


@app.route(**served(api.GET_OPENAPI))
def get_openapi() -> dict[str, object]:
    """The description of all this."""
    return openapi("Intake", settings.limits)


@app.route(**served(api.GET_PAGE))
def get_page() -> Response:
    """The page for people; all that it does, it does through the routes above."""
    path = request().context["path"]  # unlike request().path, with the gateway's stage
    if url := slash_after(path):
        return Response(status_code=308, headers={"Location": url}, body="")
    stage = page_settings()
    return file_of(api.GET_PAGE, page_text(stage), page_headers(stage))


@app.route(**served(api.GET_STYLE))
def get_style() -> Response:
    """How the page looks."""
    return file_of(api.GET_STYLE, file_text("style.css"))


@app.route(**served(api.GET_SCRIPT))
def get_script() -> Response:
    """What the page does."""
    return file_of(api.GET_SCRIPT, file_text("app.js"))


def file_of(operation: api.Operation, text: str, more: Mapping[str, str] | None = None) -> Response:
    """A file of the page; 304 where the browser has it."""
    headers: dict[str, Any] = {
        **file_headers(operation.answers[200].media_type, text),
        **(more or {}),
    }
    if is_known(request().headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers, body="")
    return Response(status_code=200, headers=headers, body=text)


@cache
def page_settings() -> PageSettings:
    """What the page must know, for no call to AWS: where its clients would call tells."""
    url = presign_download(s3, settings.upload_bucket, "any", "attachment", 1)
    return PageSettings(
        client_id=settings.user_pool_client_id,
        sign_in_url=boto3.client("cognito-idp").meta.endpoint_url,
        bucket_origin=origin_of(url),
        limits=settings.limits,
    )


def method_not_allowed(**_path: str) -> Response:
    """What every other method of a path answers; API Gateway itself would say 403."""
    method, path = request().method, request().path
    return Response(
        status_code=405,
        headers={"Allow": ", ".join(api.methods_of(path))},
        body={"Code": "MethodNotAllowedError", "Message": f"Unsupported method: {method}"},
    )


def preflight(**_path: str) -> Response:
    """What a browser asks before a page of another origin may use a path.

    Chalice's own answer is a fixed one of API Gateway's, and so can allow only one origin.
    """
    headers = preflight_headers(api.methods_of(request().path))
    return Response(status_code=204, headers=dict(headers), body="")


for path in api.PATHS:
    others = sorted({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"} - set(api.methods_of(path)))
    served_to = None if api.is_public(path) else signed_in
    app.route(path, methods=others, authorizer=served_to, content_types=["*/*"])(method_not_allowed)
    app.route(path, methods=["OPTIONS"], content_types=["*/*"])(preflight)


@app.middleware("http")
def with_headers(asked: Request, get_response: Callable[[Request], Response]) -> Response:
    """Every answer says which pages may read it, and of the API's, that it is not to be kept."""
    response = get_response(asked)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.update(cors_headers(settings.allowed_origins, asked.headers.get("origin")))
    return response


def request() -> Request:
    """The request that is being served."""
    return cast(Request, app.current_request)


def query() -> dict[str, list[str]]:
    """The parameters of its query, with all that was given for each."""
    return request().to_original_event()["multiValueQueryStringParameters"] or {}


def caller() -> Caller:
    """Who is signed in."""
    found = caller_of(request().context["authorizer"]["claims"])
    if found is None:
        raise UnauthorizedError("Sign in with an ID token")
    return found


def asked_of(read: Callable[..., Any], *sent: Any) -> Any:
    """What a request asks for; 400 where it is malformed."""
    try:
        return read(*sent)
    except api.InvalidRequestError as problem:
        raise BadRequestError(str(problem)) from None


def record_for(who: Caller, document_id: str, *, is_deleting: bool = False) -> dict[str, Any]:
    """A document's record; one 404 for whatever this caller has nothing to do with.

    Deleting may be asked for again, so that only then a tombstone is found as well.
    """
    found = None
    if is_document_id(document_id):
        found = find_document(dynamodb, settings.documents_table, document_id)
    if (
        found is None
        or not may_see(who, found)
        or is_expired(found, now().timestamp())
        or (is_tombstone(found) and not is_deleting)
    ):
        raise NotFoundError("There is no such document")
    return found


def url_expiry() -> datetime:
    """Until when a URL that is signed now is good: S3 counts from a whole second."""
    return now().replace(microsecond=0) + timedelta(seconds=settings.upload_url_seconds)
