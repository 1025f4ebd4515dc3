"""Failed uploads whose object no longer exists.

process_upload cannot list the bucket, so S3 answers 403 both for a missing object and for one that
it may not read (S3 API reference, GetObject, "Permissions"). Operators may list the bucket.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from chalicelib.documents import FailureCode, document_id_for
from chalicelib.events import Upload
from chalicelib.store import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


def is_missing(s3: S3Client, bucket: str, key: str) -> bool:
    """Whether the bucket has no object with this key.

    Raises:
        ClientError: the bucket does not exist or may not be listed.
    """
    # The key itself is the first of those that begin with it.
    page = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    return [key] != [item["Key"] for item in page.get("Contents", [])]


def mark_missing(
    dynamodb: DynamoDBClient, table: str, document_id: str, sequencer: str, removed_at: str
) -> bool:
    """Write `removedAt` without an event, if the record still describes this version.

    It no longer points to a text, which `unused_texts` finds.

    Returns:
        Whether it did.
    """
    try:
        dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id}),
            UpdateExpression="SET #removedAt = :removedAt REMOVE #text",
            ConditionExpression="#sequencer = :sequencer AND attribute_not_exists(#removedAt)",
            ExpressionAttributeNames={
                "#removedAt": "removedAt",
                "#sequencer": "sequencer",
                "#text": "text",
            },
            ExpressionAttributeValues=to_item({":removedAt": removed_at, ":sequencer": sequencer}),
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def remove_failure(dynamodb: DynamoDBClient, table: str, upload: Upload) -> None:
    """Delete the record of a missing object, if it is still `processing_failed` for this version.

    No tombstone is needed: the object's events have ended, and a later upload has a new event.
    """
    # Otherwise a new version was uploaded meanwhile, or another run was faster.
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.delete_item(
            TableName=table,
            Key=to_item({"documentId": document_id_for(upload.bucket, upload.key)}),
            ConditionExpression="#sequencer = :sequencer AND #failure.#code = :processing_failed",
            ExpressionAttributeNames={
                "#sequencer": "sequencer",
                "#failure": "failure",
                "#code": "code",
            },
            ExpressionAttributeValues=to_item(
                {
                    ":sequencer": upload.sequencer,
                    ":processing_failed": FailureCode.PROCESSING_FAILED.value,
                }
            ),
        )
