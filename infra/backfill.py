"""`make backfill`: objects that no event told of become records.

They were in the bucket before, or their events were lost. What is recorded already is skipped
without running anything, so no notes of its own are needed: killed and run again, it goes on where
it was.

An object that is listed has no sequencer, which is what arbitrates between the versions of a key.
S3's own are 16 to 18 hex digits, compared as if zeros followed; records keep them padded to
SEQUENCER_WIDTH digits. So there is room for ours on both sides of every real one:

- Where no event was recorded, BEFORE_ANY_EVENT is less than any: whatever event comes, wins.
- Where the record tells of another version, the listed one is newer, as S3 lists no other. It gets
  the record's sequencer raised in its last places, which no real one uses: more than what is
  recorded, less than the sequencer of any later event.
- Where this very version is `processing_failed`, it keeps the sequencer that it has, as in a retry.

All of this may be out of date a moment later. Then process_upload finds the object replaced, or its
conditional write finds the newer record, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.documents import FailureCode, Status, document_id_of
from chalicelib.events import SEQUENCER_WIDTH, Upload
from infra.console import say, step
from infra.processing import (
    DELETED,
    LARGEST_BATCH,
    Outcome,
    Processor,
    Record,
    Tally,
    in_parallel,
    process,
    processor_of,
    records_of,
    tally_of,
)
from infra.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

BEFORE_ANY_EVENT = "0" * SEQUENCER_WIDTH
"""Less than any sequencer of S3."""
RAISED_DIGITS = 8
"""The last places of a sequencer, for versions whose events were lost one after the other."""

RECORDED = "recorded already"


def backfill(stage: Stage, prefix: str, parallel: int) -> None:
    """Process the objects under a prefix that no record tells of, and say what became of each.

    Raises:
        Problem: there is no such stage, or something is in trouble.
    """
    processor = processor_of(stage, parallel)
    bucket = stage.outputs()["UploadBucketName"]
    s3 = stage.account.s3
    with step(f"Counting the objects of s3://{bucket}/{prefix}"):
        total = sum(page.get("KeyCount", 0) for page in _pages(s3, bucket, prefix))
    say(f"Stage {stage.name}: {total:,} objects, {parallel} at a time")
    with tally_of(total) as tally:
        missed = missed_uploads(processor, listed_uploads(s3, bucket, prefix), tally)
        for outcome in in_parallel(parallel, partial(process, processor), missed):
            tally.add(outcome)


def listed_uploads(s3: S3Client, bucket: str, prefix: str) -> Iterator[list[Upload]]:
    """The objects under a prefix as if no event had told of them, some at a time."""
    for page in _pages(s3, bucket, prefix):
        uploads = [
            Upload(
                bucket=bucket,
                key=item["Key"],
                size_bytes=item["Size"],
                e_tag=item["ETag"].strip('"'),
                sequencer=BEFORE_ANY_EVENT,
                uploaded_at=_text(item["LastModified"]),
            )
            for item in page.get("Contents", [])
        ]
        for start in range(0, len(uploads), LARGEST_BATCH):
            yield uploads[start : start + LARGEST_BATCH]


def missed_uploads(
    processor: Processor, batches: Iterator[list[Upload]], tally: Tally
) -> Iterator[Upload]:
    """Those that are to be processed; the others are counted."""
    for uploads in batches:
        for missed in _compared(processor, uploads):
            if isinstance(missed, Outcome):
                tally.add(missed)
            else:
                yield missed


def compared(listed: Upload, record: Record | None) -> Upload | Outcome:
    """A listed object with the sequencer that it is to be processed with, or why it is not.

    A document that was deleted by request stays deleted: its tombstone has no status, and says
    until when its object counts as deleted, where a later one may come.
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
    ids = [document_id_of(upload.bucket, upload.key) for upload in uploads]
    # Not consistent, for half the capacity: what is told too late is only processed once more.
    records = records_of(processor.dynamodb, processor.table, ids, consistent=False)
    return [
        compared(upload, records.get(document_id))
        for upload, document_id in zip(uploads, ids, strict=True)
    ]


def _raised(sequencer: str) -> str:
    kept, raised = sequencer[:-RAISED_DIGITS], int(sequencer[-RAISED_DIGITS:], 16) + 1
    return f"{kept}{raised:0{RAISED_DIGITS}X}"


def _pages(s3: S3Client, bucket: str, prefix: str) -> Iterator[ListObjectsV2OutputTypeDef]:
    return iter(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))


def _text(moment: datetime) -> str:
    """A time as records have it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
