"""Settings, AWS clients, logger and sandbox of this process, built once when it is imported.

The only module that reads the environment and the clock.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from functools import cache

from chalicelib.files.sandbox import Level, Sandbox
from chalicelib.files.types import PDF
from chalicelib.settings import parse_settings

settings = parse_settings(os.environ)

sandbox = Sandbox(
    # Where Lambda's Python has its shared libraries, without which it may not start.
    {name: os.environ[name] for name in ["LD_LIBRARY_PATH"] if name in os.environ},
    extraction_seconds=settings.extraction_seconds,
    report=lambda level: log_sandbox_level(level),  # noqa: PLW0108 - defined below
    end_function=lambda: end_process(),  # noqa: PLW0108 - likewise
)
if os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").endswith("-process_upload"):
    # Before boto3, so that the worker gets ready while this process imports it.
    sandbox.prepare([PDF] if PDF in settings.limits.allowed_types else [])

import boto3  # noqa: E402 - takes most of a cold start
import botocore  # noqa: E402 - likewise
from botocore.config import Config  # noqa: E402 - likewise

from chalicelib.observability import (  # noqa: E402 - `logging` is imported with boto3 as well
    SANDBOX_LEVEL,
    SANDBOX_LEVEL_MESSAGE,
    JsonFormatter,
    LogFields,
    Stopwatch,
    metric_directives,
)
from chalicelib.queries import keep_items_as_sent  # noqa: E402 - imports parts of boto3

OLDEST_BOTOCORE = (1, 35, 2)
"""The first version with the parameter IfNoneMatch of PutObject, which upload URLs sign."""
if tuple(map(int, botocore.__version__.split("."))) < OLDEST_BOTOCORE:  # noqa: RUF048 - numbers here
    raise ImportError(
        f"botocore {botocore.__version__} is too old: upload URLs need 1.35.2 or later. Set the "
        "function's runtime management to Auto, or add boto3 to requirements.txt"
    )

MAX_ATTEMPTS = 3
"""Attempts of each call to S3 and DynamoDB, the first included."""

logger = logging.getLogger(settings.stack_name)
"""Chalice configures the logger with the app's name; `app.log` is this one."""
formatter = JsonFormatter(settings.stack_name)

s3 = boto3.client(
    "s3",
    config=Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        # boto3's default signs URLs with SigV2 for a global host, whose redirect to the bucket's
        # region fails a browser's CORS preflight.
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
    ),
)
dynamodb = boto3.client(
    "dynamodb",
    config=Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
    ),
)
dynamodb.meta.events.register("before-parse.dynamodb.Query", keep_items_as_sent)
if settings.notification_topic_arn:
    sns = boto3.client(
        "sns",
        # One attempt, so that no invocation publishes twice; Lambda retries the event.
        config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )
if settings.ocr:
    textract = boto3.client(
        "textract",
        config=Config(
            connect_timeout=2,
            read_timeout=10,
            retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        ),
    )


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def start_stopwatch() -> Stopwatch:
    """A stopwatch that starts now."""
    return Stopwatch(time.perf_counter)


def log(level: int, message: str, fields: LogFields) -> None:
    """Log one line with these fields; those that are metrics count as such."""
    logger.log(level, message, extra={"fields": fields, "metrics": metric_directives(fields)})


def log_sandbox_level(level: Level) -> None:
    """Log which layers confine the parsers; once per process, with its first file."""
    log(logging.INFO, f"{SANDBOX_LEVEL_MESSAGE}: {level}", {SANDBOX_LEVEL: str(level)})


def end_process() -> None:
    """Log that a file has tampered with this process, and end it: Lambda starts another."""
    fields: LogFields = {"errorType": "TamperedError"}
    log(logging.CRITICAL, "A file has changed the limits of this process, which ends", fields)
    os._exit(1)


@cache
def cognito_endpoint() -> str:
    """URL of the Cognito API in this region, without a call to AWS."""
    return boto3.client("cognito-idp").meta.endpoint_url
