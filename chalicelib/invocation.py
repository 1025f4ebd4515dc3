"""Lambda: starts process_upload for an object that was processed before."""

from __future__ import annotations

import json

import boto3
from botocore.config import Config

from chalicelib.events import Upload, build_event


def start_processing(function: str, upload: Upload) -> None:
    """Invoke process_upload asynchronously; Lambda retries it as it retries S3's events."""
    lambda_ = boto3.client(  # here, since few requests need it
        "lambda",
        config=Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
    lambda_.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(build_event(upload))
    )
