"""DynamoDB: conditional writes of documents that wait for, or have, the result of a malware scan.

Every write names the version that it changes: by its sequencer, as the writes of store.py do, and
by its eTag, which is all that a scan result has of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.documents import Document, FailureCode, attribute_names, document_id_for
from chalicelib.scan_results import ScanResult, inherited_results, with_result
from chalicelib.store import (
    NOT_DELETED,
    RESULT_EXPECTED,
    RESULT_EXPECTED_NAMES,
    Record,
    WriteOutcome,
    WriteResult,
    from_item,
    result_expected_values,
    result_of_conflict,
    to_item,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_VERSION = ("eTag", "sequencer", "status", "processedAt")
"""Attributes that change with the version, and with its state."""
_OF_REQUEST = ("expiresAt", "uploadId", "partSizeBytes")
"""Attributes of PENDING records."""
_OF_REMOVAL = ("deletedUntil", "removedAt")
_OF_CONTENT = ("fileType", "declaredType", "sha256", "metadata")
_OF_RESULT = ("processedAt", "scannedAt", "failure", "text")


def put_scanning(
    dynamodb: DynamoDBClient, table: str, document: Document, bucket: str
) -> WriteResult:
    """Write SCANNING, unless the record describes this version or a later one already.

    One write for the first version of an object, whose PENDING record keeps its name, type, owner
    and tags. A second one where another version was recorded before, whose facts are removed; the
    result of its scan is inherited where it has the same bytes, as no other may arrive.
    It replaces this version's `processing_failed`, which a scan may still follow, and no other
    result.
    """
    written = _write_scanning(dynamodb, table, document, {}, [])
    while _is_replaceable(written, document):  # again where the record changed meanwhile
        replaced = written.record
        results = inherited_results(replaced, document, bucket)
        written = _write_scanning(dynamodb, table, document, replaced, results)
        written = replace(written, replaced=replaced)
    return written


def _is_replaceable(written: WriteResult, document: Document) -> bool:
    """Whether SCANNING replaces the record that its condition was compared with."""
    record = written.record
    if written.outcome is WriteOutcome.DUPLICATE:
        return bool(record.get("failure", {}).get("code") == FailureCode.PROCESSING_FAILED)
    is_older = record.get("sequencer", "") < document.sequencer
    return written.outcome is WriteOutcome.OUTDATED and is_older


def _write_scanning(
    dynamodb: DynamoDBClient,
    table: str,
    document: Document,
    replaced: Record,
    results: Sequence[Mapping[str, Any]],
) -> WriteResult:
    """Write SCANNING over a record of a version as it was read, or over one without a version."""
    record = document.to_record()
    document_id = record.pop("documentId")
    removed: tuple[str, ...] = (*_OF_REQUEST, *_OF_REMOVAL)
    compared: tuple[str, ...] = ("sequencer",)
    if "sequencer" in replaced:
        removed += (*_OF_CONTENT, *_OF_RESULT)
        compared = ("sequencer", "status", "processedAt", "scannedAt", "scanResults")
        if results:
            record["scanResults"] = results
        else:
            removed += ("scanResults",)
    condition, values = _unchanged(replaced, compared)
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id}),
            UpdateExpression=(
                "SET #fileName = if_not_exists(#fileName, :fileName), "
                f"{_assignments([name for name in record if name != 'fileName'])}"
                f" REMOVE {', '.join(_names(removed))}"
            ),
            ConditionExpression=f"{condition} AND {NOT_DELETED}",
            ExpressionAttributeNames=_names((*record, *removed, *compared)),
            ExpressionAttributeValues=to_item(_values(record) | values),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return result_of_conflict(document, error)
    return WriteResult(WriteOutcome.WRITTEN, from_item(response["Attributes"]))


def keep_result(
    dynamodb: DynamoDBClient,
    table: str,
    result: ScanResult,
    record: Record | None,
    expires_at: int,
) -> bool:
    """Keep a result until the S3 event of its version arrives.

    Args:
        dynamodb: the client.
        table: its name.
        result: of a version that the record may not describe.
        record: as it was read; None where there is none.
        expires_at: epoch seconds when a new item expires, unless the S3 event arrives.

    Returns:
        False where the record was changed meanwhile: read it again.
    """
    before = record or {}
    results = with_result(before.get("scanResults", []), result)
    assigned: dict[str, object] = {"scanResults": results}
    if record is None:
        assigned |= {"objectKey": result.key, "expiresAt": expires_at}
    compared = (*_OF_VERSION, "scanResults")
    condition, values = _unchanged(before, compared)
    existence = f"attribute_{'exists' if record else 'not_exists'}(#documentId)"
    try:
        dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id_for(result.bucket, result.key)}),
            UpdateExpression=f"SET {_assignments(assigned)}",
            ConditionExpression=f"{existence} AND {condition}",
            ExpressionAttributeNames=_names((*assigned, *compared, "documentId")),
            ExpressionAttributeValues=to_item(_values(assigned) | values),
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def update_result(
    dynamodb: DynamoDBClient, table: str, document: Document, replaces: str | None = None
) -> WriteResult:
    """Write a processing result as `put_result` does, and return what it replaced.

    UpdateItem instead of PutItem: `scanResults` stays, since other versions may wait for them.
    """
    record = document.to_record()
    document_id = record.pop("documentId")
    removed = sorted({*attribute_names(), *_OF_REMOVAL} - {"documentId", *record})
    values = _values(record) | result_expected_values(document, replaces)
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id}),
            UpdateExpression=f"SET {_assignments(record)} REMOVE {', '.join(_names(removed))}",
            ConditionExpression=RESULT_EXPECTED,
            ExpressionAttributeNames=_names((*record, *removed)) | RESULT_EXPECTED_NAMES,
            ExpressionAttributeValues=to_item(values),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return result_of_conflict(document, error)
    replaced = from_item(response.get("Attributes", {}))
    return WriteResult(WriteOutcome.WRITTEN, document.to_record(), replaced or None)


def change_version(
    dynamodb: DynamoDBClient,
    table: str,
    record: Record,
    assigned: Mapping[str, object],
    removed: Sequence[str] = (),
) -> Record | None:
    """Change a record that is as it was read.

    Args:
        dynamodb: the client.
        table: its name.
        record: as it was read; it describes a version.
        assigned: the attributes to set.
        removed: the names of those to remove.

    Returns:
        The record as it is now; None where it was changed meanwhile: read it again.
    """
    compared = (*_OF_VERSION, *(["scanResults"] if "scanResults" in assigned else []))
    condition, compared_values = _unchanged(record, compared)
    if "processedAt" in assigned:  # botocore repeats a write whose response was lost
        condition = f"({condition}) OR (#eTag = :old_eTag AND #processedAt = :processedAt)"
    removal = f" REMOVE {', '.join(_names(removed))}" if removed else ""
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": record["documentId"]}),
            UpdateExpression=f"SET {_assignments(assigned)}{removal}",
            ConditionExpression=condition,
            ExpressionAttributeNames=_names((*assigned, *removed, *compared)),
            ExpressionAttributeValues=to_item(_values(assigned) | compared_values),
            ReturnValues="ALL_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return from_item(response["Attributes"])


def _unchanged(record: Record, names: Iterable[str]) -> tuple[str, dict[str, object]]:
    """The condition that these attributes are as they were read, and its values."""
    terms: list[str] = []
    values: dict[str, object] = {}
    for name in names:
        if name in record:
            terms.append(f"#{name} = :old_{name}")
            values[f":old_{name}"] = record[name]
        else:
            terms.append(f"attribute_not_exists(#{name})")
    return " AND ".join(terms), values


def _names(names: Iterable[str]) -> dict[str, str]:
    """ExpressionAttributeNames for attributes."""
    return {f"#{name}": name for name in names}


def _values(attributes: Mapping[str, object]) -> dict[str, object]:
    """ExpressionAttributeValues for attributes, before `to_item`."""
    return {f":{name}": value for name, value in attributes.items()}


def _assignments(names: Iterable[str]) -> str:
    """The assignments of an UpdateExpression."""
    return ", ".join(f"#{name} = :{name}" for name in names)
