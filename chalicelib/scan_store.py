"""DynamoDB: conditional writes of documents that wait for, or have, the result of a malware scan.

Every write names the version that it changes: by its sequencer, as the writes of store.py do, and
by its eTag, which is all that a scan result has of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.documents import Document, FailureCode, document_id_for
from chalicelib.scan_results import ScanResult, recorded_result, with_result
from chalicelib.store import (
    NOT_DELETED,
    Record,
    WriteOutcome,
    WriteResult,
    from_item,
    result_of_conflict,
    to_item,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
    result of its scan is kept in `scanResults` where it has the same bytes, as no other may arrive.
    It replaces this version's `processing_failed`, which a scan may still follow, and no other
    result.
    """
    written = _write_scanning(dynamodb, table, document, {}, None)
    while _is_replaceable(written, document):  # again where the record changed meanwhile
        replaced = written.record
        result = recorded_result(replaced, bucket)
        known = result if result and result.e_tag == document.e_tag else None
        written = _write_scanning(dynamodb, table, document, replaced, known)
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
    known: ScanResult | None,
) -> WriteResult:
    """Write SCANNING over a record of a version as it was read, or over one without a version."""
    record = document.to_record()
    document_id = record.pop("documentId")
    removed: tuple[str, ...] = (*_OF_REQUEST, *_OF_REMOVAL)
    terms, compared = ["attribute_not_exists(#sequencer)"], ["sequencer"]
    values: dict[str, object] = {}
    if "sequencer" in replaced:
        removed += (*_OF_CONTENT, *_OF_RESULT)
        compared = ["sequencer", "status", "processedAt", "scannedAt", "scanResults"]
        terms = [
            f"#{name} = :old_{name}" if name in replaced else f"attribute_not_exists(#{name})"
            for name in compared
        ]
        values = {f"old_{name}": replaced[name] for name in compared if name in replaced}
    if known:
        record["scanResults"] = with_result(replaced.get("scanResults", []), known)
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id}),
            UpdateExpression=(
                "SET #fileName = if_not_exists(#fileName, :fileName), "
                f"{_assignments([name for name in record if name != 'fileName'])}"
                f" REMOVE {', '.join(_names(removed))}"
            ),
            ConditionExpression=f"{' AND '.join(terms)} AND {NOT_DELETED}",
            ExpressionAttributeNames=_names((*record, *removed, *compared)),
            ExpressionAttributeValues=to_item(_values(record | values)),
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
        result: of a version that the record does not describe.
        record: as it was read; None where there is none.
        expires_at: epoch seconds when a new item expires, unless the S3 event arrives.

    Returns:
        False where the record describes the version by now, or has another result: read it again.
    """
    before = (record or {}).get("scanResults")
    assigned: dict[str, object] = {"scanResults": with_result(before or [], result)}
    if record is None:
        assigned |= {"objectKey": result.key, "expiresAt": expires_at}
    terms = ["attribute_not_exists(#eTag) OR #eTag <> :eTag"]
    terms.append("#scanResults = :before" if before else "attribute_not_exists(#scanResults)")
    terms.append(f"attribute_{'exists' if record else 'not_exists'}(#documentId)")
    names = (*assigned, "eTag", "documentId")
    values = _values(assigned) | {":eTag": result.e_tag} | ({":before": before} if before else {})
    try:
        dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": document_id_for(result.bucket, result.key)}),
            UpdateExpression=f"SET {_assignments(assigned)}",
            ConditionExpression=f"({') AND ('.join(terms)})",
            ExpressionAttributeNames=_names(names),
            ExpressionAttributeValues=to_item(values),
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def restore_results(
    dynamodb: DynamoDBClient, table: str, document: Document, replaced: Record
) -> None:
    """Keep results that were written over with a record: a later version may wait for them."""
    others = [kept for kept in replaced.get("scanResults", []) if kept["eTag"] != document.e_tag]
    if not others:
        return
    dynamodb.update_item(
        TableName=table,
        Key=to_item({"documentId": document.document_id}),
        UpdateExpression="SET #scanResults = if_not_exists(#scanResults, :others)",
        ExpressionAttributeNames=_names(["scanResults"]),
        ExpressionAttributeValues=to_item({":others": others}),
    )


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
    compared = [name for name in ("eTag", "sequencer", "status", "processedAt") if name in record]
    condition = " AND ".join(f"#{name} = :old_{name}" for name in compared)
    if "processedAt" in assigned:  # botocore repeats a write whose response was lost
        condition = f"({condition}) OR (#eTag = :old_eTag AND #processedAt = :processedAt)"
    removal = f" REMOVE {', '.join(_names(removed))}" if removed else ""
    values = _values(assigned)
    values |= _values({f"old_{name}": record[name] for name in compared})
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": record["documentId"]}),
            UpdateExpression=f"SET {_assignments(assigned)}{removal}",
            ConditionExpression=condition,
            ExpressionAttributeNames=_names((*assigned, *removed, *compared)),
            ExpressionAttributeValues=to_item(values),
            ReturnValues="ALL_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    return from_item(response["Attributes"])


def _names(names: Iterable[str]) -> dict[str, str]:
    """ExpressionAttributeNames for attributes."""
    return {f"#{name}": name for name in names}


def _values(attributes: Mapping[str, object]) -> dict[str, object]:
    """ExpressionAttributeValues for attributes, before `to_item`."""
    return {f":{name}": value for name, value in attributes.items()}


def _assignments(names: Iterable[str]) -> str:
    """The assignments of an UpdateExpression."""
    return ", ".join(f"#{name} = :{name}" for name in names)
