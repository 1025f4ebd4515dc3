"""Lambda: starts process_upload for an object that was processed before."""

from __future__ import annotations

import json

import boto3

from chalicelib.events import Upload, build_event


def start_processing(function: str, upload: Upload) -> None:
    """Invoke process_upload asynchronously; Lambda retries it as it retries S3's events."""
    lambda_ = boto3.client("lambda")  # here, since few requests need it
    lambda_.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(build_event(upload))
    )
