"""DynamoDB: conditional writes and reads of document records.

Plain functions whose first argument is the client, a form that the policy generator can follow. An
AWS error always propagates, so that Lambda retries the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.documents import FOREVER, Document, FailureCode, Status, Tombstone

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AWS_ERRORS = (BotoCoreError, ClientError)
"""Every error that a call to AWS raises."""

Record = Mapping[str, Any]

NOT_DELETED = "(attribute_not_exists(#deletedUntil) OR #deletedUntil < :uploadedAt)"
"""Part of the condition of each write of a version."""


RESULT_EXPECTED = (
    "(attribute_not_exists(#sequencer) OR #sequencer < :sequencer"
    " OR (#sequencer = :sequencer AND (#status = :scanning"
    " OR #failure.#code IN (:processing_failed, :not_scanned)"
    " OR #processedAt = :processedAt OR #processedAt = :replaces)))"
    f" AND {NOT_DELETED}"
)
"""Condition of each write of a result, see `put_result`."""
RESULT_EXPECTED_NAMES = {
    "#sequencer": "sequencer",
    "#processedAt": "processedAt",
    "#status": "status",
    "#failure": "failure",
    "#code": "code",
    "#deletedUntil": "deletedUntil",
}


class WriteOutcome(Enum):
    """Result of a conditional write."""

    WRITTEN = "the record was written"
    DUPLICATE = "the record describes this version already"
    OUTDATED = "the record describes a later version"
    DELETED = "the document was deleted after this version was uploaded"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Result of a conditional write, and the record that is now in the table."""

    outcome: WriteOutcome
    record: Record
    replaced: Record | None = None
    """The record that was written over, where that was asked for and there was one."""


def put_pending(
    dynamodb: DynamoDBClient, table: str, record: Record, replaced: Record | None = None
) -> Record | None:
    """Write a PENDING record unless its id is in use.

    Args:
        dynamodb: the client.
        table: name of the table.
        record: the attributes to write.
        replaced: a PENDING record, as it was read, that may be replaced.

    Returns:
        None once the record is written; otherwise the one that is in the table.
    """
    condition, names = "attribute_not_exists(#documentId)", {"#documentId": "documentId"}
    values: dict[str, Any] = {}
    if replaced:
        # expiresAt changes with each renewal, sequencer with a removal of the object, scanResults
        # with a malware scan that precedes the S3 event.
        named = ("status", "owner", "expiresAt", "sequencer", "scanResults")
        compared = [name for name in named if name in replaced]
        terms = [f"#{name} = :{name}" for name in compared]
        absent = [name for name in ("sequencer", "scanResults") if name not in replaced]
        terms += [f"attribute_not_exists(#{name})" for name in absent]
        condition += f" OR ({' AND '.join(terms)})"
        names |= {f"#{name}": name for name in (*compared, *absent)}
        values["ExpressionAttributeValues"] = to_item(
            {f":{name}": replaced[name] for name in compared}
        )
    try:
        dynamodb.put_item(
            TableName=table,
            Item=to_item(record),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **values,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return record_in(error)
    return None


def put_tombstone(dynamodb: DynamoDBClient, table: str, tombstone: Tombstone) -> Record:
    """Replace a record by its tombstone, which the conditional writes below respect.

    Returns:
        What was replaced; empty where there was nothing.
    """
    response = dynamodb.put_item(
        TableName=table, Item=to_item(tombstone.to_record()), ReturnValues="ALL_OLD"
    )
    return from_item(response.get("Attributes", {}))


def put_tombstone_of_pending(dynamodb: DynamoDBClient, table: str, tombstone: Tombstone) -> bool:
    """Replace a PENDING record or a tombstone; False where the document has its file by now."""
    try:
        dynamodb.put_item(
            TableName=table,
            Item=to_item(tombstone.to_record()),
            ConditionExpression="attribute_not_exists(#status) OR #status = :pending",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=to_item({":pending": Status.PENDING.value}),
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def put_result(
    dynamodb: DynamoDBClient,
    table: str,
    document: Document,
    replaces: str | None = None,
    *,
    returns_replaced: bool = False,
) -> WriteResult:
    """Write a processing result, unless the record describes this version or a later one already.

    Events repeat and overtake each other; the condition alone decides. A result may replace this
    version's SCANNING, `processing_failed` and `not_scanned`, and itself: botocore repeats a write
    whose response was lost. A tombstone set after the upload is never replaced.
    """
    try:
        response = dynamodb.put_item(
            TableName=table,
            Item=to_item(document.to_record()),
            ConditionExpression=RESULT_EXPECTED,
            ExpressionAttributeNames=RESULT_EXPECTED_NAMES,
            ExpressionAttributeValues=to_item(result_expected_values(document, replaces)),
            ReturnValues="ALL_OLD" if returns_replaced else "NONE",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return result_of_conflict(document, error)
    replaced = response.get("Attributes")
    return WriteResult(
        WriteOutcome.WRITTEN, document.to_record(), from_item(replaced) if replaced else None
    )


def result_expected_values(document: Document, replaces: str | None) -> dict[str, object]:
    """The values of RESULT_EXPECTED."""
    return {
        ":sequencer": document.sequencer,
        ":processedAt": document.processed_at,
        ":replaces": replaces or document.processed_at,
        ":scanning": Status.SCANNING.value,
        ":processing_failed": FailureCode.PROCESSING_FAILED.value,
        ":not_scanned": FailureCode.NOT_SCANNED.value,
        ":uploadedAt": document.uploaded_at,
    }


def update_failure(dynamodb: DynamoDBClient, table: str, document: Document) -> WriteResult:
    """Write `processing_failed`, unless the record describes this version or a later one already.

    UpdateItem instead of PutItem: the caller has not seen the object's headers, so the name and
    owner of the PENDING record are kept, and the metadata of an earlier version is removed. It may
    replace its own write, as `put_result` may, and this version's SCANNING; where a scan has found
    no threat, also `not_scanned`.
    """
    record = document.to_record()
    file_name = record.pop("fileName")
    document_id = record.pop("documentId")
    set_names = {f"#{name}": name for name in record}
    pending = ("expiresAt", "uploadId", "partSizeBytes")
    removed = [
        "fileType",
        "declaredType",
        "sha256",
        "metadata",
        "text",
        "deletedUntil",
        "removedAt",
        *pending,
    ]
    replaced = ["#processedAt = :processedAt", "#status = :scanning"]
    values = {f":{name}": value for name, value in record.items()}
    names = {}
    if document.scanned_at:
        replaced.append("#failure.#code = :not_scanned")
        names["#code"] = "code"
        values[":not_scanned"] = FailureCode.NOT_SCANNED.value
    else:
        removed.append("scannedAt")
    removed_names = {f"#{name}": name for name in removed}
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id}),
            UpdateExpression=(
                "SET #fileName = if_not_exists(#fileName, :fileName), "
                + ", ".join(f"#{name} = :{name}" for name in record)
                + f" REMOVE {', '.join(removed_names)}"
            ),
            ConditionExpression=(
                "(attribute_not_exists(#sequencer) OR #sequencer < :sequencer"
                f" OR (#sequencer = :sequencer AND ({' OR '.join(replaced)})))"
                f" AND {NOT_DELETED}"
            ),
            ExpressionAttributeNames={"#fileName": "fileName"} | names | set_names | removed_names,
            ExpressionAttributeValues=to_item(
                {":fileName": file_name, ":scanning": Status.SCANNING.value} | values
            ),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return result_of_conflict(document, error)
    return WriteResult(WriteOutcome.WRITTEN, from_item(response["Attributes"]))


def get_record(dynamodb: DynamoDBClient, table: str, document_id: str) -> dict[str, Any] | None:
    """The record with this id as of the last write, or None; one read unit per 4 KB."""
    response = dynamodb.get_item(
        TableName=table, Key=to_item({"documentId": document_id}), ConsistentRead=True
    )
    return from_item(response["Item"]) if "Item" in response else None


def to_item(record: Mapping[str, object]) -> dict[str, Any]:
    """A record in DynamoDB's attribute value format."""
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in record.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB item as a record; its numbers, all of them integers, as int.

    Decoded here, as boto3's TypeDeserializer takes three times as long for a page of 100 records.
    """
    return {
        name: _decoded(kind, content)
        for name, value in item.items()
        for kind, content in value.items()
    }


def result_of_conflict(document: Document, error: ClientError) -> WriteResult:
    """Why the condition failed, from the record that it compared with."""
    record = record_in(error)
    if record.get("deletedUntil", "") >= (document.uploaded_at or FOREVER):
        return WriteResult(WriteOutcome.DELETED, record)
    is_duplicate = record.get("sequencer") == document.sequencer
    return WriteResult(WriteOutcome.DUPLICATE if is_duplicate else WriteOutcome.OUTDATED, record)


def record_in(error: ClientError) -> Record:
    """The record that a condition was compared with; empty where there was none."""
    item: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment] # botocore-stubs lacks this key
    return from_item(item)


def _decoded(kind: str, content: Any) -> Any:
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(Decimal(content))
        case "M":
            return from_item(content)
        case "L":
            return [_decoded(*descriptor) for value in content for descriptor in value.items()]
        case _:
            return TypeDeserializer().deserialize({kind: content})  # type: ignore[misc] # any kind
