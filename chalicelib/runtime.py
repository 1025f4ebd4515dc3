"""Settings, AWS clients, logger and sandbox of this process, built once when it is imported.

The only module that reads the environment and the clock.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from functools import cache

import boto3
from botocore.config import Config

from chalicelib.files.sandbox import Sandbox
from chalicelib.observability import JsonFormatter, LogFields, Stopwatch, metric_directives
from chalicelib.settings import parse_settings

MAX_ATTEMPTS = 3
"""Attempts of each call to S3 and DynamoDB, the first included."""

settings = parse_settings(os.environ)

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
if settings.notification_topic_arn:
    sns = boto3.client(
        "sns",
        # One attempt, so that no invocation publishes twice; Lambda retries the event.
        config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )

sandbox = Sandbox(
    # Where Lambda's Python has its shared libraries, without which it may not start.
    {name: os.environ[name] for name in ["LD_LIBRARY_PATH"] if name in os.environ}
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


@cache
def cognito_endpoint() -> str:
    """URL of the Cognito API in this region, without a call to AWS."""
    return boto3.client("cognito-idp").meta.endpoint_url
