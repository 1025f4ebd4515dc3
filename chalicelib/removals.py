"""DynamoDB: conditional writes about objects that were deleted outside the API.

A removal is ordered among the versions of its key by its sequencer, as `store.put_result` orders
results: a later version replaces the record and its `removedAt`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.documents import document_id_for, is_tombstone
from chalicelib.events import Removal
from chalicelib.store import Record, from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def record_removal(
    dynamodb: DynamoDBClient, table: str, removal: Removal, expires_at: int
) -> Record | None:
    """Write `removedAt`, unless the record describes a later version or the API deleted it.

    An object without a record gets an item that keeps its late events from creating one.

    Args:
        dynamodb: the client.
        table: its name.
        removal: the deletion.
        expires_at: epoch seconds when an item for an object without a record expires.

    Returns:
        The document that was changed; None if there is none.
    """
    if (item := _mark_removed(dynamodb, table, removal)) is None:
        if removal.key.endswith("/"):
            return None  # a folder marker has no events that could be late
        if _create_tombstone(dynamodb, table, removal, expires_at):
            return None
        item = _mark_removed(dynamodb, table, removal)  # a record was created meanwhile
    return None if not item or is_tombstone(item) else item


def _mark_removed(dynamodb: DynamoDBClient, table: str, removal: Removal) -> Record | None:
    """The changed item; empty if its sequencer or tombstone forbids the change; None without one.

    A tombstone of an upload through the API stands forever. That of a direct upload is changed like
    a record, since its key may have been used and deleted again.
    """
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id_for(removal.bucket, removal.key)}),
            UpdateExpression="SET #removedAt = :removedAt, #sequencer = :sequencer REMOVE #text",
            ConditionExpression=(
                "attribute_exists(#documentId)"
                " AND (attribute_not_exists(#sequencer) OR #sequencer < :sequencer)"
                " AND (attribute_not_exists(#deletedUntil) OR #deletedUntil < :removedAt)"
            ),
            ExpressionAttributeNames={
                "#documentId": "documentId",
                "#removedAt": "removedAt",
                "#sequencer": "sequencer",
                "#deletedUntil": "deletedUntil",
                "#text": "text",
            },
            ExpressionAttributeValues=to_item(
                {":removedAt": removal.removed_at, ":sequencer": removal.sequencer}
            ),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return {} if "Item" in error.response else None
    return from_item(response["Attributes"])


def _create_tombstone(
    dynamodb: DynamoDBClient, table: str, removal: Removal, expires_at: int
) -> bool:
    """Create an item for an object without a record; False if there is one now.

    UpdateItem instead of PutItem, so that record_failure needs no further permission.
    """
    values = to_item(
        {
            ":objectKey": removal.key,
            ":removedAt": removal.removed_at,
            ":sequencer": removal.sequencer,
            ":expiresAt": expires_at,
        }
    )
    try:
        dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id_for(removal.bucket, removal.key)}),
            UpdateExpression=(
                "SET #objectKey = :objectKey, #removedAt = :removedAt,"
                " #sequencer = :sequencer, #expiresAt = :expiresAt"
            ),
            ConditionExpression="attribute_not_exists(#documentId)",
            ExpressionAttributeNames={
                "#documentId": "documentId",
                "#objectKey": "objectKey",
                "#removedAt": "removedAt",
                "#sequencer": "sequencer",
                "#expiresAt": "expiresAt",
            },
            ExpressionAttributeValues=values,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
