"""`make reconcile`: find what events missed, in either direction.

Objects without a current record are processed: they were in the bucket before the deployment, or
their events were lost. Records whose object is gone get `removedAt`. What agrees is skipped, so an
interrupted run resumes when it is repeated, and a second run finds nothing.

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
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.documents import FailureCode, document_id_for, to_iso8601
from chalicelib.events import SEQUENCER_WIDTH, Upload, is_document
from chalicelib.store import Record, from_item
from infra.aws.missing_objects import is_missing, mark_missing
from infra.aws.reprocess import (
    DELETED,
    MAX_BATCH,
    REMOVED,
    Outcome,
    Processor,
    Summary,
    get_processor,
    get_records,
    in_parallel,
    summarizing,
)
from infra.aws.rescans import get_rescanner, process_and_scan
from infra.aws.stage import Stage
from infra.aws.unused_texts import SETTLED, unused_texts
from infra.console import CommandError, echo, step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

BEFORE_ANY_EVENT = "0" * SEQUENCER_WIDTH
"""Less than any sequencer from S3."""
RAISED_DIGITS = 8
"""The last digits of a sequencer, which count consecutive versions with lost events."""

RECORDED = "already recorded"
TO_PROCESS = "object without current record"
TO_MARK = "record whose object is gone"


def reconcile(stage: Stage, prefix: str, parallel: int, *, dry_run: bool = False) -> None:
    """Mark records without an object, process objects without a current record, print the counts.

    Without a prefix, texts that no record points to are deleted as well.

    Raises:
        CommandError: the stage does not exist, some uploads are failing, or a dry run found
            something.
    """
    processor = get_processor(stage, parallel)
    bucket = stage.outputs()["UploadBucketName"]
    s3 = stage.account.s3
    with step(f"Counting the objects of s3://{bucket}/{prefix}"):
        total = sum(page.get("KeyCount", 0) for page in _pages(s3, bucket, prefix))
    echo(f"Stage {stage.name}: records whose object is gone")
    check = partial(_check_record, processor, bucket, dry_run)
    with summarizing(total) as records:  # about as many as objects
        for found in in_parallel(parallel, check, described_objects(processor, prefix)):
            if found:
                records.add(found)
            else:
                records.advance()
    echo(f"Stage {stage.name}: {total:,} objects, {parallel} at a time")
    rescanner = get_rescanner(stage, parallel)
    act = _would_process if dry_run else partial(process_and_scan, processor, rescanner)
    with summarizing(total) as objects:  # last, since uploads that still fail end it
        missed = missed_uploads(processor, listed_uploads(s3, bucket, prefix), objects)
        for outcome in in_parallel(parallel, act, missed):
            objects.add(outcome)
    differences = objects.counts[TO_PROCESS] + records.counts[TO_MARK]
    if (text_bucket := stage.outputs().get("TextBucketName")) and not prefix:
        before = datetime.now(UTC) - SETTLED
        differences += delete_unused_texts(processor, text_bucket, before, dry_run=dry_run)
    if dry_run and differences:
        raise CommandError(f"{differences:,} to reconcile: run the command without a dry run")


def delete_unused_texts(
    processor: Processor, bucket: str, before: datetime, *, dry_run: bool
) -> int:
    """Delete the texts from before a time that no record points to; their number."""
    s3, unused = processor.s3, 0
    with step(f"Texts of s3://{bucket} that no record points to"):
        for key in unused_texts(s3, processor.dynamodb, bucket, processor.table, before):
            unused += 1
            if not dry_run:
                s3.delete_object(Bucket=bucket, Key=key)
    echo(f"  {unused:>9,}  {'text' if dry_run else 'deleted text'} without a record")
    return unused


def described_objects(processor: Processor, prefix: str) -> Iterator[Record]:
    """The records that describe an object under a prefix, as far as they show; a scan."""
    names = {name: f"#{name}" for name in ("documentId", "objectKey", "sequencer")}
    conditions = [
        *(f"attribute_exists({name})" for name in ("#status", "#sequencer", "#objectKey")),
        "attribute_not_exists(#removedAt)",
    ]
    values: Any = {}
    if prefix:
        conditions.append("begins_with(#objectKey, :prefix)")
        values = {"ExpressionAttributeValues": {":prefix": {"S": prefix}}}
    pages = processor.dynamodb.get_paginator("scan").paginate(
        TableName=processor.table,
        ProjectionExpression=", ".join(names.values()),
        FilterExpression=" AND ".join(conditions),
        ExpressionAttributeNames={alias: name for name, alias in names.items()}
        | {"#status": "status", "#removedAt": "removedAt"},
        **values,
    )
    for page in pages:
        yield from map(from_item, page["Items"])


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
            if is_document(item["Key"], item["Size"])
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

    A deleted document stays deleted, unless the object was uploaded later. An object that is listed
    was not removed permanently, whatever its record shows.
    """
    if record is None:
        return listed
    if record.get("deletedUntil", "") >= listed.uploaded_at:
        return Outcome(DELETED, listed.key)
    is_unprocessed = record.get("failure", {}).get("code") == FailureCode.PROCESSING_FAILED
    if "removedAt" in record or record.get("eTag") != listed.e_tag:
        return _next_version(listed, record)
    if is_unprocessed:
        return replace(listed, sequencer=record["sequencer"], uploaded_at=record["uploadedAt"])
    return Outcome(RECORDED, listed.key)


def _next_version(listed: Upload, record: Record) -> Upload:
    """The object as the version after the recorded one, if there is one."""
    sequencer = record.get("sequencer")
    return replace(listed, sequencer=_raised(sequencer)) if sequencer else listed


def _would_process(upload: Upload) -> Outcome:
    return Outcome(TO_PROCESS, upload.key)


def _check_record(
    processor: Processor, bucket: str, dry_run: bool, record: Record
) -> Outcome | None:
    """Mark a record whose object is gone; None if there is nothing to do."""
    key, document_id = record["objectKey"], record["documentId"]
    if not is_missing(processor.s3, bucket, key):
        return None
    if dry_run:
        return Outcome(TO_MARK, key)
    now = to_iso8601(datetime.now(UTC))
    is_marked = mark_missing(
        processor.dynamodb, processor.table, document_id, record["sequencer"], now
    )
    return Outcome(REMOVED, key) if is_marked else None


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
