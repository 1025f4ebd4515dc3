"""Texts in the text bucket that no record points to.

process_upload and record_failure delete them; what a killed invocation leaves is found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.store import from_item
from chalicelib.text_keys import document_of, used_keys
from infra.aws.reprocess import MAX_BATCH, batch_get

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

SETTLED = timedelta(hours=1)
"""Longer than an invocation, which writes the record of a text that it has stored."""


def unused_texts(
    s3: S3Client, dynamodb: DynamoDBClient, bucket: str, table: str, before: datetime
) -> Iterator[str]:
    """The keys that were stored before a time and that no record points to."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        listed = [(item["Key"], item["LastModified"]) for item in page.get("Contents", [])]
        for start in range(0, len(listed), MAX_BATCH):
            batch = dict(listed[start : start + MAX_BATCH])
            used = _used(dynamodb, table, {document_of(key) for key in batch})
            yield from (key for key in batch if batch[key] < before and key not in used)


def _used(dynamodb: DynamoDBClient, table: str, document_ids: set[str]) -> frozenset[str]:
    """The keys that the records of documents point to."""
    names = {f"#{name}": name for name in ("documentId", "sequencer", "text")}
    request: Mapping[str, Any] = {
        "Keys": [{"documentId": {"S": document_id}} for document_id in sorted(document_ids)],
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
        "ConsistentRead": True,
    }
    records = map(from_item, batch_get(dynamodb, table, request))
    return frozenset(key for record in records for key in used_keys(record))
