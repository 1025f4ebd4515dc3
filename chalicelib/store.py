"""S3 and DynamoDB, as plain functions that take the client first.

That form is also the one that the policy generator follows (infra/policies.py): positional
clients, no methods. Trouble with AWS always raises, so that Lambda tries the event again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.documents import Document, FailureCode, Tombstone, is_tombstone
from chalicelib.events import OBJECT_UNREADABLE
from chalicelib.listing import Section, Stretch
from chalicelib.uploads import UploadTerms

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


class ObjectUnreadableError(Exception):
    """S3 answered 403: the object is missing or not readable, and S3 does not say which.

    It hides a missing key from a role without s3:ListBucket, which the processor does not get
    (S3 API reference, GetObject, "Permissions").
    """


AWS_TROUBLE = (BotoCoreError, ClientError, EOFError, ObjectUnreadableError)
"""Whatever these functions, or reading an object's body to its end, raise when AWS is to blame."""

BROKEN_BODY = (BotoCoreError, EOFError)
"""What reading an object's body to its end raises: the connection's fault, not the object's."""


class Saved(Enum):
    """What became of a record that was to be written."""

    WRITTEN = "it is the record now"
    REPEATED = "the record tells of this very version already"
    OUTDATED = "the record tells of a later version"
    DELETED = "the document was deleted after this version was uploaded"


NOTIFIED_AGAIN = "notifiedAgain"
"""The attribute in which `mark_notified_again` notes that; nobody is shown it."""

NOT_DELETED = "(attribute_not_exists(#deletedUntil) OR #deletedUntil < :uploadedAt)"


@dataclass(frozen=True, slots=True)
class Save:
    """What became of a record that was to be written, and the record as the table has it now."""

    how: Saved
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One version of an object, open for reading; whoever gets it closes the body."""

    body: StreamingBody
    size_bytes: int
    content_type: str
    user_metadata: Mapping[str, str]
    """What `x-amz-meta-...` headers held, without the prefix, as S3 stores them."""


def open_object(s3: S3Client, bucket: str, key: str, e_tag: str) -> StoredObject | None:
    """This very version of the object, for one S3 GET; None when it is gone or replaced.

    Raises:
        ObjectUnreadableError: the object is missing or may not be read.
    """
    try:
        response = s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{e_tag}"')
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "PreconditionFailed"):
            return None
        if code in ("AccessDenied", "403"):
            raise ObjectUnreadableError(f"{OBJECT_UNREADABLE}: s3://{bucket}/{key}") from error
        raise
    return StoredObject(
        body=response["Body"],
        size_bytes=response["ContentLength"],
        content_type=response.get("ContentType", ""),
        user_metadata=response["Metadata"],
    )


def delete_object(s3: S3Client, bucket: str, key: str) -> None:
    """There is no such object any more, or was none before."""
    s3.delete_object(Bucket=bucket, Key=key)


def presign_upload(s3: S3Client, bucket: str, key: str, terms: UploadTerms, seconds: int) -> str:
    """A URL for one PUT on these terms, without any call. S3 itself refuses everything else."""
    checksum = {"ChecksumSHA256": terms.checksum} if terms.checksum else {}
    return s3.generate_presigned_url(
        "put_object",
        Params={
            "Bucket": bucket,
            "Key": key,
            "ContentLength": terms.size_bytes,
            "ContentType": terms.content_type,
            "IfNoneMatch": "*",
            "Metadata": terms.metadata,
            **checksum,
        },
        ExpiresIn=seconds,
    )


def presign_download(s3: S3Client, bucket: str, key: str, disposition: str, seconds: int) -> str:
    """A URL for GETs of an object that answer with this Content-Disposition, without any call."""
    return s3.generate_presigned_url(
        "get_object",
        Params={"Bucket": bucket, "Key": key, "ResponseContentDisposition": disposition},
        ExpiresIn=seconds,
    )


def add_document(dynamodb: DynamoDBClient, table: str, document: Document) -> None:
    """Write the record of a document whose id is new."""
    dynamodb.put_item(TableName=table, Item=_to_item(document.to_record()))


def bury_document(dynamodb: DynamoDBClient, table: str, tombstone: Tombstone) -> None:
    """Put a tombstone in a document's place, which saves of its versions then find."""
    dynamodb.put_item(TableName=table, Item=_to_item(tombstone.to_record()))


def save_result(dynamodb: DynamoDBClient, table: str, document: Document) -> Save:
    """Write what processing found, unless the record already tells of this version or a later one.

    Events repeat and overtake each other, so the condition is the only arbiter. The result of a
    version may replace only that version's `processing_failed`, and itself: botocore writes again
    when the answer to a write that was done gets lost. No tombstone set after it is replaced.
    """
    try:
        dynamodb.put_item(
            TableName=table,
            Item=_to_item(document.to_record()),
            ConditionExpression=(
                "(attribute_not_exists(#sequencer) OR #sequencer < :sequencer"
                " OR (#sequencer = :sequencer AND (#failure.#code = :processing_failed"
                " OR #processedAt = :processedAt)))"
                f" AND {NOT_DELETED}"
            ),
            ExpressionAttributeNames={
                "#sequencer": "sequencer",
                "#processedAt": "processedAt",
                "#failure": "failure",
                "#code": "code",
                "#deletedUntil": "deletedUntil",
            },
            ExpressionAttributeValues=_to_item(
                {
                    ":sequencer": document.sequencer,
                    ":processedAt": document.processed_at,
                    ":processing_failed": FailureCode.PROCESSING_FAILED.value,
                    ":uploadedAt": document.uploaded_at,
                }
            ),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as refusal:
        return _refused(document, refusal)
    return Save(Saved.WRITTEN, document.to_record())


def save_failure(dynamodb: DynamoDBClient, table: str, document: Document) -> Save:
    """Write that processing was given up, unless the record tells of this version or a later one.

    An update and not a put: who gave up never saw the object's headers, so name and owner stay
    as the PENDING record has them, and what was found in an earlier version goes. What it writes
    itself it may write again, as `save_result`.
    """
    record = document.to_record()
    file_name = record.pop("fileName")
    document_id = record.pop("documentId")
    names = {f"#{name}": name for name in record}
    gone = {
        f"#{name}": name
        for name in (
            "fileType",
            "sha256",
            "metadata",
            "expiresAt",
            "deletedUntil",
            NOTIFIED_AGAIN,
        )
    }
    try:
        answer = dynamodb.update_item(
            TableName=table,
            Key=_to_item({"documentId": document_id}),
            UpdateExpression=(
                "SET #fileName = if_not_exists(#fileName, :fileName), "
                + ", ".join(f"#{name} = :{name}" for name in record)
                + f" REMOVE {', '.join(gone)}"
            ),
            ConditionExpression=(
                "(attribute_not_exists(#sequencer) OR #sequencer < :sequencer"
                " OR (#sequencer = :sequencer AND #processedAt = :processedAt))"
                f" AND {NOT_DELETED}"
            ),
            ExpressionAttributeNames={"#fileName": "fileName"} | names | gone,
            ExpressionAttributeValues=_to_item(
                {":fileName": file_name} | {f":{name}": value for name, value in record.items()}
            ),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as refusal:
        return _refused(document, refusal)
    return Save(Saved.WRITTEN, _from_item(answer["Attributes"]))


def mark_notified_again(dynamodb: DynamoDBClient, table: str, record: Mapping[str, object]) -> None:
    """Note in a record that its version was notified of once more; a later version has no note."""
    try:
        dynamodb.update_item(
            TableName=table,
            Key=_to_item({"documentId": record["documentId"]}),
            UpdateExpression="SET #notifiedAgain = :true",
            ConditionExpression="#sequencer = :sequencer",
            ExpressionAttributeNames={
                "#notifiedAgain": NOTIFIED_AGAIN,
                "#sequencer": "sequencer",
            },
            ExpressionAttributeValues=_to_item({":true": True, ":sequencer": record["sequencer"]}),
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return


def find_document(dynamodb: DynamoDBClient, table: str, document_id: str) -> dict[str, Any] | None:
    """The record with this id, for half a read unit (4 KB, eventually consistent); None if none."""
    response = dynamodb.get_item(TableName=table, Key=_to_item({"documentId": document_id}))
    return _shown(response["Item"]) if "Item" in response else None


def find_stretches(
    dynamodb: DynamoDBClient, table: str, sections: Sequence[Section], limit: int
) -> list[Stretch]:
    """The next documents of each section, newest first, for one Query of its index."""
    stretches = []
    for section in sections:
        response = dynamodb.query(TableName=table, **_query_of(section, limit))
        last = _from_item(response.get("LastEvaluatedKey", {}))
        stretches.append(
            Stretch(
                records=[_shown(item) for item in response["Items"]],
                end=(last["uploadedAt"], last["documentId"]) if last else None,
            )
        )
    return stretches


def _query_of(section: Section, limit: int) -> dict[str, Any]:
    names = {"#key": section.key}
    values = {":key": section.value}
    query: dict[str, Any] = {
        "IndexName": section.index,
        "KeyConditionExpression": "#key = :key",
        "ScanIndexForward": False,
        "Limit": section.to_read(limit),
    }
    if section.status:
        names["#status"] = "status"
        values[":status"] = section.status
        query["FilterExpression"] = "#status = :status"
    if section.after:
        uploaded_at, document_id = section.after
        query["ExclusiveStartKey"] = _to_item(
            {section.key: section.value, "uploadedAt": uploaded_at, "documentId": document_id}
        )
    query["ExpressionAttributeNames"] = names
    query["ExpressionAttributeValues"] = _to_item(values)
    return query


def _refused(document: Document, refusal: ClientError) -> Save:
    """Why a condition failed, by the record that was in the way."""
    item: Mapping[str, Any] = refusal.response.get("Item", {})  # type: ignore[assignment] # botocore-stubs knows no such key
    record = _from_item(item)
    if is_tombstone(record):
        return Save(Saved.DELETED, record)
    is_repeated = record.get("sequencer") == document.sequencer
    return Save(Saved.REPEATED if is_repeated else Saved.OUTDATED, record)


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the API may serve it."""
    return {name: value for name, value in _from_item(item).items() if name != NOTIFIED_AGAIN}


def _to_item(record: Mapping[str, object]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in record.items()}


def _from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    deserialize = TypeDeserializer().deserialize
    return {name: _plain(deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """DynamoDB's numbers come as Decimal; every number in a record is a whole one."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value
