"""`make retry`: process uploads again that failed because of an AWS or internal error.

Such uploads have a FAILED record with `processing_failed`. If even that could not be written, their
messages are in the unrecorded failure queue, the dead-letter queue of the failure queue. So are
those of removals and of scan results that could not be recorded. Documents that are SCANNING are
scanned again, or processed where uploads are no longer scanned.
Recognitions that have failed likewise are started again; those that Textract has not answered for
an hour are recorded as it reports them. Where OCR is off, documents that still wait for Textract
are processed again, without it.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.events import (
    Removal,
    failed_notifications_from_message,
    failed_removals_from_message,
    failed_uploads_from_message,
)
from chalicelib.scan_results import scan_result_from_message
from infra.aws.queues import IN_FLIGHT, VISIBLE, queue_depth
from infra.aws.recognitions import (
    LATE_SECONDS,
    abandoned_recognitions,
    get_recognizer,
    open_recognitions,
)
from infra.aws.recorded_uploads import failed_uploads, scanning_uploads
from infra.aws.reprocess import (
    REMOVED,
    STILL_FAILING,
    Outcome,
    Processor,
    get_processor,
    in_parallel,
    invoke,
    process,
    summarizing,
)
from infra.aws.rescans import get_rescanner, process_and_scan, rescan
from infra.aws.stage import Stage
from infra.console import echo

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_SECONDS = 120
"""Visibility timeout of received messages: longer than the function's timeout, and short enough
that the messages of a killed run soon become visible. Processing one twice is harmless."""
QUEUED = "result of a scan, which record_failure records"
RETURNED = "result of Textract: its failure is recorded, run the command again"
MAX_BATCH = 10
"""Maximum messages of a ReceiveMessage (SQS API reference)."""


@dataclass(frozen=True)
class Queues:
    """The failure queue and its dead-letter queue."""

    sqs: SQSClient
    failures: str
    """URL."""
    unrecorded: str
    """URL."""


def retry(stage: Stage, parallel: int, late_seconds: float = LATE_SECONDS) -> None:
    """Process failed uploads again and print the number by outcome.

    Args:
        stage: the stage.
        parallel: concurrent uploads.
        late_seconds: since the start of a recognition that Textract has not answered.

    Raises:
        CommandError: the stage does not exist, or some uploads are still failing.
    """
    processor = get_processor(stage, parallel)
    outputs = stage.outputs()
    queues = Queues(
        stage.account.sqs, outputs["FailureQueueUrl"], outputs["UnrecordedFailureQueueUrl"]
    )
    bucket = outputs["UploadBucketName"]
    # A list, because processed records leave the index; an outage causes thousands, not millions.
    # Read before any message returns to the failure queue, so that no upload is processed twice.
    failed = list(failed_uploads(processor.dynamodb, processor.table, bucket))
    scanning = list(scanning_uploads(processor.dynamodb, processor.table, bucket))
    unrecorded = queue_depth(queues.sqs, queues.unrecorded, (VISIBLE,))
    recognizer = get_recognizer(stage, parallel)
    recognitions = (
        open_recognitions(recognizer, late_seconds)
        if recognizer
        else abandoned_recognitions(stage, processor, bucket)
    )
    total = len(failed) + len(scanning) + len(recognitions) + unrecorded
    echo(
        f"Stage {stage.name}: {total:,} to retry, {unrecorded:,} of them without a FAILED record"
        f"{f', {len(scanning):,} of them SCANNING' * bool(scanning)}"
        f"{f', {len(recognitions):,} of them scans without text' * bool(recognitions)}"
        f"; {parallel} at a time"
    )
    in_flight = queue_depth(queues.sqs, queues.failures)
    in_flight += queue_depth(queues.sqs, queues.unrecorded, (IN_FLIGHT,))
    if in_flight:
        echo(f"  {in_flight:,} more failures are in flight: run the command again for these")
    rescanner = get_rescanner(stage, parallel)
    take_up = partial(rescan, rescanner) if rescanner else partial(process, processor)
    with summarizing(total) as summary:
        # Records first: the message of an older version would report them as still failing.
        act = partial(process_and_scan, processor, rescanner)
        for outcome in in_parallel(parallel, act, failed):
            summary.add(outcome)
        for outcome in in_parallel(parallel, take_up, scanning):
            summary.add(outcome)
        for outcome in in_parallel(parallel, operator.call, recognitions):
            summary.add(outcome)
        for outcomes in retry_unrecorded(processor, queues):
            for outcome in outcomes:
                summary.add(outcome)


def retry_unrecorded(processor: Processor, queues: Queues) -> Iterator[list[Outcome]]:
    """Process the uploads and removals of messages in the dead-letter queue.

    A message is deleted when they are processed. If some are still failing, it returns to the
    failure queue, so that record_failure stores FAILED records and `removedAt`; so does one with
    the result of a scan. A malformed message is left in place.
    """
    messages = _receive(queues, min(processor.parallel, MAX_BATCH))
    return in_parallel(processor.parallel, partial(_retry_message, processor, queues), messages)


def _receive(queues: Queues, batch: int) -> Iterator[MessageTypeDef]:
    """Every message of the dead-letter queue, once."""
    seen: set[str] = set()
    while True:
        messages = queues.sqs.receive_message(
            QueueUrl=queues.unrecorded,
            MaxNumberOfMessages=batch,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,  # long polling queries all of SQS's servers
        ).get("Messages", [])
        new = [message for message in messages if message["MessageId"] not in seen]
        if not new:
            return
        seen.update(message["MessageId"] for message in new)
        yield from new


def _retry_message(processor: Processor, queues: Queues, message: MessageTypeDef) -> list[Outcome]:
    body = message["Body"]
    try:
        uploads = [upload for upload, _failure in failed_uploads_from_message(body)]
        removals = failed_removals_from_message(body)
        result = scan_result_from_message(body)
    except ValueError as error:
        name = f"message {message['MessageId']} of the dead-letter queue"
        return [Outcome(STILL_FAILING, name, str(error))]
    outcomes = [process(processor, upload) for upload in uploads]
    if failed_notifications_from_message(body):  # record_failure makes it a record to retry
        outcomes.append(Outcome(RETURNED, message["MessageId"]))
    if removals:
        outcomes += _retry_removals(processor, json.loads(body)["requestPayload"], removals)
    if result:
        outcomes.append(Outcome(QUEUED, result.key))
    if any(outcome.name in {STILL_FAILING, QUEUED, RETURNED} for outcome in outcomes):
        queues.sqs.send_message(QueueUrl=queues.failures, MessageBody=body)
    queues.sqs.delete_message(QueueUrl=queues.unrecorded, ReceiptHandle=message["ReceiptHandle"])
    return outcomes


def _retry_removals(
    processor: Processor, event: dict[str, object], removals: list[Removal]
) -> list[Outcome]:
    """Process the whole event: any uploads in it have their results by now."""
    error = invoke(processor, event)
    name = STILL_FAILING if error else REMOVED
    return [Outcome(name, removal.key, error) for removal in removals]
