"""Intake: validates files uploaded to S3, extracts their metadata and serves it by REST API.

This file declares what starts what. Chalice makes three Lambda functions of it: process_upload (S3
events), record_failure (the failure queue) and api_handler (all routes). Stages with OCR also have
record_text (results of Textract), and those that scan uploads for malware record_scan (results of
the scans) and check_scans (a schedule).
"""

# ruff: noqa: E402 - collection is off during the imports

from __future__ import annotations

import gc

gc.disable()  # what is imported stays: collections would take a sixth of a cold start

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Request, S3Event, SQSEvent

from chalicelib.api.document_routes import document_routes
from chalicelib.api.gateway import add_to_description
from chalicelib.api.http import add_headers, register_other_methods, translate_errors
from chalicelib.api.openapi_routes import openapi_routes
from chalicelib.api.part_routes import part_routes
from chalicelib.api.upload_routes import upload_routes
from chalicelib.api.user_routes import user_routes
from chalicelib.events import (
    Removal,
    Upload,
    error_from_message,
    failed_notifications_from_message,
    failed_removals_from_message,
    failed_uploads_from_message,
    removals_from_event,
    uploads_from_event,
)
from chalicelib.files.sandbox_process import SecondsLeft
from chalicelib.lambda_limits import SECONDS_TO_WRITE
from chalicelib.notifications import NotificationError
from chalicelib.observability import configure_json_logs, printable_error
from chalicelib.processing import (
    RETRYABLE_ERRORS,
    process,
    process_removal,
    record_permanent_failure,
)
from chalicelib.reporting import log_retryable_error
from chalicelib.runtime import formatter, settings
from chalicelib.web.routes import web_routes

if settings.ocr:
    from chalice.app import SNSEvent

    from chalicelib.ocr.jobs import parse_completion
    from chalicelib.recognition import process_completion, record_permanent_text_failure
if settings.scans_uploads:
    from chalicelib.scan_results import (
        SCAN_RESULTS,
        scan_result_from_event,
        scan_result_from_message,
    )
    from chalicelib.scanning import await_scan, record_scan_result, remove, report_overdue

app = Chalice(app_name=settings.stack_name)
app.log.setLevel(logging.INFO)
configure_json_logs(formatter, app.log)

register_other_methods(openapi_routes)
app.register_blueprint(upload_routes)
app.register_blueprint(part_routes)
app.register_blueprint(document_routes)
if settings.text_bucket:
    from chalicelib.api.text_routes import text_routes

    app.register_blueprint(text_routes)
if settings.ocr and settings.ocr.is_analysis:
    from chalicelib.api.analysis_routes import analysis_routes

    app.register_blueprint(analysis_routes)
app.register_blueprint(user_routes)
app.register_blueprint(openapi_routes)
app.register_blueprint(web_routes)
app.register_middleware(add_headers, "http")
add_to_description(settings.allowed_origins)


@app.middleware("all")
def set_request_id(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Add Lambda's request id to every log line of the invocation."""
    context: Any = event.lambda_context if isinstance(event, Request) else event.context
    formatter.request_id = context.aws_request_id
    return get_response(event)


@app.middleware("all")
def escape_errors(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Escape the message of an error that ends the invocation, which Lambda logs as it is."""
    try:
        return get_response(event)
    except Exception as error:  # noqa: BLE001 - raised again
        raise printable_error(error) from None


app.register_middleware(translate_errors, "http")  # the last one is called first


class ObjectEvent(S3Event):
    """An S3 event as S3 sends it; Chalice's own class requires a first record with an object."""

    def _extract_attributes(self, event_dict: dict[str, object]) -> None:
        """Nothing: `chalicelib.events` parses the event."""


def seconds_left_in(context: Any) -> float:
    """Time of the invocation that can be spent before a last write."""
    return float(context.get_remaining_time_in_millis()) / 1_000 - SECONDS_TO_WRITE


@app.on_s3_event(
    bucket=settings.upload_bucket,
    events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"],
)
def process_upload(event: S3Event) -> None:
    """Record each created or deleted object; after an AWS error Lambda retries the event."""
    seconds_left = partial(seconds_left_in, event.context)
    event_dict = event.to_dict()
    changes: list[Upload | Removal] = [
        *uploads_from_event(event_dict),
        *removals_from_event(event_dict),
    ]
    errors: list[Exception] = []
    for change in changes:
        try:
            process_change(change, seconds_left)
        except NotificationError as error:
            errors.append(error)  # the event's other uploads are still processed
        except RETRYABLE_ERRORS as error:
            log_retryable_error(change, error)
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("Several uploads of one event failed", errors)


process_upload.event_class = ObjectEvent


def process_change(change: Upload | Removal, seconds_left: SecondsLeft) -> None:
    """Process a created object, once it is scanned, or record that one was deleted."""
    if isinstance(change, Removal):
        record_removal(change, seconds_left)
    elif settings.scans_uploads and change.scanned_at is None:
        await_scan(change, seconds_left)
    else:
        process(change, seconds_left)


def record_removal(removal: Removal, seconds_left: SecondsLeft) -> None:
    """Record that an object was deleted."""
    if settings.scans_uploads:
        remove(removal, seconds_left)
    else:
        process_removal(removal, seconds_left)


@app.on_sqs_message(queue=settings.failure_queue)
def record_failure(event: SQSEvent) -> None:
    """Record as FAILED each upload that Lambda could not process, unless it has a result.

    So is a removal, and the result of a recognition or of a scan, that could not be recorded.
    """
    seconds_left = partial(seconds_left_in, event.context)
    for message in event:
        for upload, failure in failed_uploads_from_message(message.body):
            record_permanent_failure(
                upload,
                failure,
                error_from_message(message.body),
                seconds_left,
            )
        for removal in failed_removals_from_message(message.body):
            record_removal(removal, seconds_left)
        if settings.ocr:
            for notification in failed_notifications_from_message(message.body):
                record_permanent_text_failure(
                    parse_completion(notification),
                    error_from_message(message.body),
                    seconds_left,
                )
        if settings.scans_uploads and (result := scan_result_from_message(message.body)):
            record_scan_result(result, seconds_left)


if settings.ocr:

    @app.on_sns_message(topic=settings.ocr.topic_arn)
    def record_text(event: SNSEvent) -> None:
        """Record the text that Textract has recognized; after an AWS error Lambda retries."""
        process_completion(parse_completion(event.message), partial(seconds_left_in, event.context))


if settings.scans_uploads:

    @app.on_cw_event(
        {**SCAN_RESULTS, "detail": {"s3ObjectDetails": {"bucketName": [settings.upload_bucket]}}}
    )
    def record_scan(event: CloudWatchEvent) -> None:
        """Record the result of a malware scan, or start the processing of a clean file."""
        result = scan_result_from_event(event.to_dict())
        record_scan_result(result, partial(seconds_left_in, event.context))

    @app.schedule("rate(15 minutes)")
    def check_scans(event: CloudWatchEvent) -> None:  # noqa: ARG001 - a schedule's event is empty
        """Report the documents that have been waiting for their scan for too long."""
        report_overdue()


gc.freeze()  # a full collection of what was imported would take one request 0.3 s at 256 MB
gc.enable()
