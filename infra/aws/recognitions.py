"""Character recognitions without a result: what Textract has not answered, and what has failed.

Textract's answer may be lost. The job is started again, which returns the id of the same job, by
its token; where that job has expired in Textract, a new job starts, whose answer arrives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.documents import Status, TextFailureCode, TextStatus, to_iso8601
from chalicelib.events import Upload, upload_of
from chalicelib.ocr.jobs import Completion, Job, build_event, is_scan
from chalicelib.ocr.states import job_of
from chalicelib.ocr.textract import Source, Started, start_analysis, start_text_detection
from chalicelib.store import Record, from_item
from infra.aws.reprocess import (
    STILL_FAILING,
    UNSCANNED,
    Outcome,
    Processor,
    get_processor,
    process,
)
from infra.aws.stage import Stage
from infra.aws.text_bucket import needs_text_bucket
from infra.build.features import Feature

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_textract import TextractClient

LATE_SECONDS = 60 * 60
"""Of a recognition: most take seconds, hundreds of pages take minutes."""
RECORDED = "text recorded"
RUNNING = "text still being recognized"
STARTED = "recognition started again"
REFUSED = "refused by Textract, which is recorded"

_RECORD_TEXT_SECONDS = 300
_PATIENCE_SECONDS = 60.0
"""Until throttling of Textract is an error."""


@dataclass(frozen=True)
class Recognizer:
    """What a stage's recognitions need."""

    processor: Processor
    textract: TextractClient
    lambda_: LambdaClient
    record_text: str
    """Name of the function."""
    bucket: str
    topic_arn: str
    role_arn: str
    is_analysis: bool


def get_recognizer(stage: Stage, parallel: int) -> Recognizer | None:
    """The recognizer of a stage; None where OCR is off.

    Raises:
        CommandError: the stage does not exist, or its deployment is incomplete.
    """
    if Feature.OCR not in stage.features:
        return None
    outputs = stage.outputs()
    return Recognizer(
        processor=get_processor(stage, parallel),
        textract=stage.account.textract,
        lambda_=stage.account.lambda_for(parallel, _RECORD_TEXT_SECONDS),
        record_text=stage.functions["record_text"],
        bucket=outputs["UploadBucketName"],
        topic_arn=outputs["OcrTopicArn"],
        role_arn=outputs["OcrRoleArn"],
        is_analysis=Feature.OCR_ANALYSIS in stage.features,
    )


def late_recognitions(
    dynamodb: DynamoDBClient, table: str, late_seconds: float = LATE_SECONDS
) -> Iterator[Record]:
    """The records that have been waiting for Textract for so long."""
    before = datetime.now(UTC) - timedelta(seconds=late_seconds)
    for record in _records_with_text(dynamodb, table):
        text = record["text"]
        if text.get("status") == TextStatus.RUNNING and text["startedAt"] <= to_iso8601(before):
            yield record


def failed_recognitions(dynamodb: DynamoDBClient, table: str) -> Iterator[Record]:
    """The records whose recognition has failed because of an AWS or internal error."""
    for record in _records_with_text(dynamodb, table):
        code = record["text"].get("failure", {}).get("code")
        if code == TextFailureCode.PROCESSING_FAILED:
            yield record


def open_recognitions(recognizer: Recognizer, late_seconds: float) -> list[Callable[[], Outcome]]:
    """What is to be done for the recognitions without a result."""
    dynamodb, table = recognizer.processor.dynamodb, recognizer.processor.table
    late = late_recognitions(dynamodb, table, late_seconds)
    failed = failed_recognitions(dynamodb, table)
    return [
        *(partial(resume, recognizer, record) for record in late),
        *(partial(restart, recognizer, record) for record in failed),
    ]


def unread_uploads(dynamodb: DynamoDBClient, table: str, bucket: str) -> Iterator[Upload]:
    """The processed scans that were never sent to Textract; a result replaces theirs."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="byStatus",
        KeyConditionExpression="#status = :processed",
        FilterExpression="attribute_not_exists(#text.#status) AND attribute_not_exists(#removedAt)",
        ExpressionAttributeNames={"#status": "status", "#text": "text", "#removedAt": "removedAt"},
        ExpressionAttributeValues={":processed": {"S": Status.PROCESSED}},
    )
    for page in pages:
        for record in map(from_item, page["Items"]):
            pages_without_text = record.get("metadata", {}).get("pagesWithoutText")
            if is_scan(record.get("fileType"), pages_without_text):
                yield upload_of(record, bucket, replaces=record["processedAt"])


def resume(recognizer: Recognizer, record: Record) -> Outcome:
    """Have a recognition recorded that has ended, or start it again."""
    job, key = job_of(record), record["objectKey"]
    assert job is not None
    try:
        started = _start(recognizer, job, key)
        if started.job_id is None:
            return _record_refusal(recognizer, record)
        if _status(recognizer, started.job_id) == "IN_PROGRESS":
            return Outcome(RUNNING, key)
    except (BotoCoreError, ClientError) as error:
        return Outcome(STILL_FAILING, key, str(error))
    answer = recognizer.lambda_.invoke(
        FunctionName=recognizer.record_text,
        Payload=json.dumps(build_event(Completion(job, started.job_id))),
    )
    if answer.get("FunctionError"):
        return Outcome(STILL_FAILING, key, answer["Payload"].read().decode()[:300])
    return Outcome(RECORDED, key)


def restart(recognizer: Recognizer, record: Record) -> Outcome:
    """Process the document again, which starts a new job."""
    upload = upload_of(record, recognizer.bucket, replaces=record["processedAt"])
    outcome = process(recognizer.processor, upload)
    return Outcome(STARTED, upload.key) if outcome.name == Status.PROCESSED else outcome


def abandoned_recognitions(
    stage: Stage, processor: Processor, bucket: str
) -> list[Callable[[], Outcome]]:
    """What is to be done where OCR is off: process what still waits for Textract, without it.

    Reads every PROCESSED record, so only on a stage that keeps texts, or has kept some.
    """
    if not needs_text_bucket(stage):
        return []
    late = late_recognitions(processor.dynamodb, processor.table, 0)
    uploads = (upload_of(record, bucket, replaces=record["processedAt"]) for record in late)
    return [partial(process, processor, upload) for upload in uploads]


def _record_refusal(recognizer: Recognizer, record: Record) -> Outcome:
    """Let process_upload start the job: it gets the same refusal, and records it.

    It starts no job for a document from before uploads were scanned, which is UNSCANNED.
    """
    upload = upload_of(record, recognizer.bucket)
    if recognizer.processor.scans_uploads and upload.scanned_at is None:
        return Outcome(UNSCANNED, upload.key)
    outcome = process(recognizer.processor, upload)
    return Outcome(REFUSED, upload.key) if outcome.name == Status.PROCESSED else outcome


def _records_with_text(dynamodb: DynamoDBClient, table: str) -> Iterator[Record]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="byStatus",
        KeyConditionExpression="#status = :processed",
        FilterExpression="attribute_exists(#text.#status) AND attribute_not_exists(#removedAt)",
        ExpressionAttributeNames={
            "#status": "status",
            "#text": "text",
            "#removedAt": "removedAt",
        },
        ExpressionAttributeValues={":processed": {"S": Status.PROCESSED}},
    )
    for page in pages:
        yield from map(from_item, page["Items"])


def _start(recognizer: Recognizer, job: Job, key: str) -> Started:
    source = Source(
        bucket=recognizer.bucket,
        key=key,
        topic_arn=recognizer.topic_arn,
        role_arn=recognizer.role_arn,
    )
    start = start_analysis if recognizer.is_analysis else start_text_detection
    return start(recognizer.textract, job, source, lambda: _PATIENCE_SECONDS)


def _status(recognizer: Recognizer, job_id: str) -> str:
    if recognizer.is_analysis:
        return recognizer.textract.get_document_analysis(JobId=job_id, MaxResults=1)["JobStatus"]
    return recognizer.textract.get_document_text_detection(JobId=job_id, MaxResults=1)["JobStatus"]
