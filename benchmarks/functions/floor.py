"""The least that any function does that writes a record of a file: one GetObject, one PutItem."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

import boto3
from botocore.config import Config

# As in chalicelib/runtime.py.
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 3}
s3 = boto3.client(
    "s3",
    config=Config(
        connect_timeout=2,
        read_timeout=5,
        retries=_RETRIES,
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
    ),
)
dynamodb = boto3.client(
    "dynamodb", config=Config(connect_timeout=1, read_timeout=2, retries=_RETRIES)
)


def process_upload(event: dict[str, Any], _context: object) -> None:
    """Write a record of the file's size."""
    key, content = read(event)
    write(key, fileSize=len(content))


def read(event: dict[str, Any]) -> tuple[str, bytes]:
    """The key and content of the event's object."""
    created = event["Records"][0]["s3"]
    key = unquote_plus(created["object"]["key"])
    answer = s3.get_object(Bucket=created["bucket"]["name"], Key=key)
    return key, answer["Body"].read()


def write(key: str, status: str = "PROCESSED", **numbers: int) -> None:
    """Put a record of these numbers."""
    item: Any = {name: {"N": str(number)} for name, number in numbers.items()}
    dynamodb.put_item(
        TableName="documents",
        Item={"documentId": {"S": key}, "status": {"S": status}, **item},
    )
