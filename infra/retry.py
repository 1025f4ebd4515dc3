"""`make retry`: once the trouble is over, what it left unprocessed is processed again.

Trouble leaves two kinds of traces: records FAILED with `processing_failed`, and, where even those
could not be written, messages in the failure queue's own redrive queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from chalicelib.documents import FailureCode, Status
from chalicelib.events import Upload, failed_uploads_of
from infra.console import say
from infra.processing import (
    IN_TROUBLE,
    Outcome,
    Processor,
    in_parallel,
    process,
    processor_of,
    tally_of,
)
from infra.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_SECONDS = 120
"""How long a received message is this run's alone: longer than its function runs, and not so long
that the messages of a run that was killed have to be waited for. Repeating one is harmless."""
LARGEST_BATCH = 10
"""Messages in one ReceiveMessage (SQS API reference)."""
VISIBLE: QueueAttributeNameType = "ApproximateNumberOfMessages"
HIDDEN: QueueAttributeNameType = "ApproximateNumberOfMessagesNotVisible"


@dataclass(frozen=True)
class Queues:
    """Where failures wait to be recorded, and where those are that could not be."""

    sqs: SQSClient
    failures: str
    """URL."""
    unrecorded: str
    """URL."""


def retry(stage: Stage, parallel: int) -> None:
    """Process again whatever trouble kept from being processed, and say what became of each.

    Raises:
        Problem: there is no such stage, or something is still in trouble.
    """
    processor = processor_of(stage, parallel)
    outputs = stage.outputs()
    queues = Queues(
        stage.account.sqs, outputs["FailureQueueUrl"], outputs["UnrecordedFailureQueueUrl"]
    )
    # A list, as its members leave the index on the way. An outage leaves thousands, not millions.
    # Made before anything is handed back to the failure queue, so that nothing is tried twice.
    failed = list(failed_uploads(processor.dynamodb, processor.table, outputs["UploadBucketName"]))
    unrecorded = _length(queues.sqs, queues.unrecorded, VISIBLE)
    say(
        f"Stage {stage.name}: {len(failed) + unrecorded:,} to try again, {unrecorded:,} of them "
        f"not recorded as failed; {parallel} at a time"
    )
    under_way = _length(queues.sqs, queues.failures, VISIBLE, HIDDEN)
    under_way += _length(queues.sqs, queues.unrecorded, HIDDEN)
    if under_way:
        say(f"  {under_way:,} more failures are under way: run it again for those")
    with tally_of(len(failed) + unrecorded) as tally:
        # First what is recorded: an older version's message would take its record for trouble.
        for outcome in in_parallel(parallel, partial(process, processor), failed):
            tally.add(outcome)
        for outcomes in retry_unrecorded(processor, queues):
            for outcome in outcomes:
                tally.add(outcome)


def failed_uploads(dynamodb: DynamoDBClient, table: str, bucket: str) -> Iterator[Upload]:
    """The uploads whose records are `processing_failed`, oldest first."""
    deserialize = TypeDeserializer().deserialize
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="byStatus",
        KeyConditionExpression="#status = :failed",
        FilterExpression="#failure.#code = :processing_failed",
        ProjectionExpression="objectKey, fileSize, eTag, sequencer, uploadedAt",
        ExpressionAttributeNames={"#status": "status", "#failure": "failure", "#code": "code"},
        ExpressionAttributeValues={
            ":failed": {"S": Status.FAILED},
            ":processing_failed": {"S": FailureCode.PROCESSING_FAILED},
        },
    )
    for page in pages:
        for item in page["Items"]:
            record: dict[str, Any] = {name: deserialize(value) for name, value in item.items()}
            yield Upload(
                bucket=bucket,
                key=record["objectKey"],
                size_bytes=int(record["fileSize"]),
                e_tag=record["eTag"],
                sequencer=record["sequencer"],
                uploaded_at=record["uploadedAt"],
            )


def retry_unrecorded(processor: Processor, queues: Queues) -> Iterator[list[Outcome]]:
    """Process what the messages tell that record_failure could not turn into records.

    A message goes when its uploads came to rest. When they are still in trouble, it goes back to
    the failure queue, so that record_failure makes FAILED records of them as soon as it can. One
    that cannot be read stays where it is.
    """
    messages = _receive(queues, min(processor.parallel, LARGEST_BATCH))
    return in_parallel(processor.parallel, partial(_retry_message, processor, queues), messages)


def _receive(queues: Queues, batch: int) -> Iterator[MessageTypeDef]:
    """Every message of the redrive queue, once."""
    seen: set[str] = set()
    while True:
        messages = queues.sqs.receive_message(
            QueueUrl=queues.unrecorded,
            MaxNumberOfMessages=batch,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,  # any at all asks all of SQS's servers
        ).get("Messages", [])
        new = [message for message in messages if message["MessageId"] not in seen]
        if not new:
            return
        seen.update(message["MessageId"] for message in new)
        yield from new


def _retry_message(processor: Processor, queues: Queues, message: MessageTypeDef) -> list[Outcome]:
    try:
        uploads = [upload for upload, _failure in failed_uploads_of(message["Body"])]
    except ValueError as error:
        name = f"message {message['MessageId']} of the redrive queue"
        return [Outcome(IN_TROUBLE, name, str(error))]
    outcomes = [process(processor, upload) for upload in uploads]
    if any(outcome.what == IN_TROUBLE for outcome in outcomes):
        queues.sqs.send_message(QueueUrl=queues.failures, MessageBody=message["Body"])
    queues.sqs.delete_message(QueueUrl=queues.unrecorded, ReceiptHandle=message["ReceiptHandle"])
    return outcomes


def _length(sqs: SQSClient, url: str, *names: QueueAttributeNameType) -> int:
    """The sum of these numbers of a queue."""
    numbers = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(numbers[name]) for name in names)
