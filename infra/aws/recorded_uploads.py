"""Uploads as their records describe them, by what is left to do with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.documents import FailureCode, Status
from chalicelib.events import Upload, upload_of
from chalicelib.store import Record, from_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ATTRIBUTES = (
    "objectKey",
    "fileSize",
    "eTag",
    "sequencer",
    "uploadedAt",
    "scannedAt",
    "failure",
    "removedAt",
)


def failed_uploads(dynamodb: DynamoDBClient, table: str, bucket: str) -> Iterator[Upload]:
    """The uploads with a `processing_failed` record whose object was not removed, oldest first."""
    for record in _with_status(dynamodb, table, Status.FAILED):
        is_unprocessed = record.get("failure", {}).get("code") == FailureCode.PROCESSING_FAILED
        if is_unprocessed and "removedAt" not in record:
            yield upload_of(record, bucket)


def scanning_uploads(dynamodb: DynamoDBClient, table: str, bucket: str) -> Iterator[Upload]:
    """The uploads whose scan has no result yet, oldest first; their object may be removed."""
    for record in _with_status(dynamodb, table, Status.SCANNING):
        yield upload_of(record, bucket)


def unscanned_uploads(dynamodb: DynamoDBClient, table: str, bucket: str) -> Iterator[Upload]:
    """The processed uploads that no scan has found clean or infected; removed ones excluded."""
    for status in (Status.PROCESSED, Status.FAILED):
        for record in _with_status(dynamodb, table, status):
            if "scannedAt" not in record and "removedAt" not in record:
                yield upload_of(record, bucket)


def uploads_without_text(dynamodb: DynamoDBClient, table: str, bucket: str) -> Iterator[Upload]:
    """The processed uploads with words but without text whose object was not removed.

    A result replaces theirs.
    """
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="byStatus",
        KeyConditionExpression="#status = :processed",
        FilterExpression=(
            "attribute_not_exists(#text) AND attribute_not_exists(#removedAt)"
            " AND #metadata.#wordCount > :none"
        ),
        ProjectionExpression=(
            "objectKey, fileSize, eTag, sequencer, uploadedAt, processedAt, scannedAt"
        ),
        ExpressionAttributeNames={
            f"#{name}": name for name in ("status", "text", "removedAt", "metadata", "wordCount")
        },
        ExpressionAttributeValues={":processed": {"S": Status.PROCESSED}, ":none": {"N": "0"}},
    )
    for page in pages:
        for record in map(from_item, page["Items"]):
            yield upload_of(record, bucket, replaces=record["processedAt"])


def _with_status(dynamodb: DynamoDBClient, table: str, status: Status) -> Iterator[Record]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="byStatus",
        KeyConditionExpression="#status = :status",
        ProjectionExpression=", ".join(f"#{name}" for name in _ATTRIBUTES),
        ExpressionAttributeNames={f"#{name}": name for name in ("status", *_ATTRIBUTES)},
        ExpressionAttributeValues={":status": {"S": status}},
    )
    for page in pages:
        yield from map(from_item, page["Items"])
