"""DynamoDB: conditional writes of recognized text into records of documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.documents import TextFailureCode, TextStatus
from chalicelib.ocr.jobs import Job
from chalicelib.ocr.states import Text
from chalicelib.store import Record, from_item, record_in, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class TextWrite:
    """Result of a conditional write of `text`, and the record that is now in the table."""

    is_written: bool
    record: Record
    """Empty where there is none."""


_AWAITS = (
    "#sequencer = :sequencer AND #text.#startedAt = :startedAt"
    " AND (#text.#status = :running OR #text.#failure.#code = :processing_failed)"
)
"""`states.awaits`: a later version, a removal and a deletion have another sequencer, or none; a
later job of the same version has another start."""
_NAMES = {
    "#text": "text",
    "#sequencer": "sequencer",
    "#startedAt": "startedAt",
    "#status": "status",
    "#failure": "failure",
    "#code": "code",
}


def update_text(dynamodb: DynamoDBClient, table: str, job: Job, text: Text) -> TextWrite:
    """Write the result of a job, if the record still awaits it."""
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": job.document_id}),
            UpdateExpression="SET #text = :text",
            ConditionExpression=_AWAITS,
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues=to_item({":text": text} | _values(job)),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return _conflict(error)
    return TextWrite(is_written=True, record=from_item(response["Attributes"]))


def update_text_failure(
    dynamodb: DynamoDBClient, table: str, job: Job, failure: Mapping[str, str]
) -> TextWrite:
    """Write that a job has failed, likewise; what the record has of its own text stays."""
    try:
        response = dynamodb.update_item(
            TableName=table,
            Key=to_item({"documentId": job.document_id}),
            UpdateExpression="SET #text.#status = :failed, #text.#failure = :failure",
            ConditionExpression=_AWAITS,
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues=to_item(
                {":failed": TextStatus.FAILED.value, ":failure": failure} | _values(job)
            ),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return _conflict(error)
    return TextWrite(is_written=True, record=from_item(response["Attributes"]))


def _values(job: Job) -> dict[str, object]:
    return {
        ":sequencer": job.sequencer,
        ":startedAt": job.started_at,
        ":running": TextStatus.RUNNING.value,
        ":processing_failed": TextFailureCode.PROCESSING_FAILED.value,
    }


def _conflict(error: ClientError) -> TextWrite:
    return TextWrite(is_written=False, record=record_in(error))
