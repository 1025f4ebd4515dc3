"""`make backfill`: process objects that have no record.

They were in the bucket before the deployment, or their events were lost. Objects with a record are
skipped without an invocation, so an interrupted run resumes when it is repeated.

A listed object has no sequencer, which orders the versions of a key. S3's are 16 to 18 hexadecimal
digits, compared as if padded with zeros; records hold them padded to SEQUENCER_WIDTH digits. This
leaves room on both sides of every S3 sequencer:

- Without a recorded event, BEFORE_ANY_EVENT is less than any sequencer: any later event wins.
- If the record describes another version, the listed one is newer: S3 lists only the newest. It
  gets the record's sequencer raised in its last digits, which S3 does not use: greater than the
  recorded one, less than the sequencer of any later event.
- If this version is `processing_failed`, it keeps its sequencer, as in a retry.

This decision may be outdated a moment later. Then process_upload finds the object replaced, or its
conditional write finds a newer record, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.documents import FailureCode, Status, document_id_for, to_iso8601
from chalicelib.events import SEQUENCER_WIDTH, Upload, is_folder_marker
from chalicelib.store import Record
from infra.aws.reprocess import (
    DELETED,
    MAX_BATCH,
    Outcome,
    Processor,
    Summary,
    get_processor,
    get_records,
    in_parallel,
    process,
    summarizing,
)
from infra.aws.stage import Stage
from infra.console import echo, step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

BEFORE_ANY_EVENT = "0" * SEQUENCER_WIDTH
"""Less than any sequencer from S3."""
RAISED_DIGITS = 8
"""The last digits of a sequencer, which count consecutive versions with lost events."""

RECORDED = "already recorded"


def backfill(stage: Stage, prefix: str, parallel: int) -> None:
    """Process the objects under a prefix that have no record and print the number by outcome.

    Raises:
        CommandError: the stage does not exist, or some uploads are failing.
    """
    processor = get_processor(stage, parallel)
    bucket = stage.outputs()["UploadBucketName"]
    s3 = stage.account.s3
    with step(f"Counting the objects of s3://{bucket}/{prefix}"):
        total = sum(page.get("KeyCount", 0) for page in _pages(s3, bucket, prefix))
    echo(f"Stage {stage.name}: {total:,} objects, {parallel} at a time")
    with summarizing(total) as summary:
        missed = missed_uploads(processor, listed_uploads(s3, bucket, prefix), summary)
        for outcome in in_parallel(parallel, partial(process, processor), missed):
            summary.add(outcome)


def listed_uploads(s3: S3Client, bucket: str, prefix: str) -> Iterator[list[Upload]]:
    """The objects under a prefix as uploads without an event, in batches."""
    for page in _pages(s3, bucket, prefix):
        uploads = [
            Upload(
                bucket=bucket,
                key=item["Key"],
                size_bytes=item["Size"],
                e_tag=item["ETag"].strip('"'),
                sequencer=BEFORE_ANY_EVENT,
                uploaded_at=to_iso8601(item["LastModified"].astimezone(UTC)),
            )
            for item in page.get("Contents", [])
            if not is_folder_marker(item["Key"], item["Size"])
        ]
        for start in range(0, len(uploads), MAX_BATCH):
            yield uploads[start : start + MAX_BATCH]


def missed_uploads(
    processor: Processor, batches: Iterator[list[Upload]], summary: Summary
) -> Iterator[Upload]:
    """The uploads to process; the others are added to the summary."""
    for uploads in batches:
        for missed in _compared(processor, uploads):
            if isinstance(missed, Outcome):
                summary.add(missed)
            else:
                yield missed


def compared(listed: Upload, record: Record | None) -> Upload | Outcome:
    """A listed object with the sequencer to process it with, or an outcome if nothing is to do.

    A document deleted by request stays deleted: its tombstone has no status. `deletedUntil`, if
    present, allows objects that are uploaded later.
    """
    if record is None or record.get("status") == Status.PENDING:
        return listed
    if "status" not in record:
        is_later = record.get("deletedUntil", listed.uploaded_at) < listed.uploaded_at
        return listed if is_later else Outcome(DELETED, listed.key)
    if record["eTag"] != listed.e_tag:
        return replace(listed, sequencer=_raised(record["sequencer"]))
    if record.get("failure", {}).get("code") == FailureCode.PROCESSING_FAILED:
        return replace(listed, sequencer=record["sequencer"], uploaded_at=record["uploadedAt"])
    return Outcome(RECORDED, listed.key)


def _compared(processor: Processor, uploads: Sequence[Upload]) -> list[Upload | Outcome]:
    ids = [document_id_for(upload.bucket, upload.key) for upload in uploads]
    # Eventually consistent reads use half the capacity; a stale one only costs an invocation.
    records = get_records(processor.dynamodb, processor.table, ids, consistent=False)
    return [
        compared(upload, records.get(document_id))
        for upload, document_id in zip(uploads, ids, strict=True)
    ]


def _raised(sequencer: str) -> str:
    kept, raised = sequencer[:-RAISED_DIGITS], int(sequencer[-RAISED_DIGITS:], 16) + 1
    return f"{kept}{raised:0{RAISED_DIGITS}X}"


def _pages(s3: S3Client, bucket: str, prefix: str) -> Iterator[ListObjectsV2OutputTypeDef]:
    return iter(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
