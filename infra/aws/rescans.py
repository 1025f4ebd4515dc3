"""Scans of objects that have no result, by GuardDuty's on-demand scans.

The result arrives as after an upload. The object's tag is not read instead: GuardDuty sets it by
key, so that it may be of a version that was replaced while it was scanned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.documents import Status, document_id_for, escape_unprintable, to_iso8601
from chalicelib.events import Upload
from infra.aws.missing_objects import is_missing, mark_missing
from infra.aws.reprocess import (
    REMOVED,
    STILL_FAILING,
    Outcome,
    Processor,
    get_processor,
    invoke,
    process,
)
from infra.aws.stage import Stage
from infra.build.features import Feature

if TYPE_CHECKING:
    from mypy_boto3_guardduty import GuardDutyClient

REQUESTED = "scan requested"


@dataclass(frozen=True)
class Rescanner:
    """The scanner of a stage's uploads, and the function that records deleted objects."""

    processor: Processor
    guardduty: GuardDutyClient


def get_rescanner(stage: Stage, parallel: int) -> Rescanner | None:
    """The scanner of a stage; None where uploads are not scanned.

    Raises:
        CommandError: the stage does not exist, or its deployment is incomplete.
    """
    if Feature.SCAN not in stage.features:
        return None
    return Rescanner(get_processor(stage, parallel), stage.account.guardduty)


def rescan(rescanner: Rescanner, upload: Upload) -> Outcome:
    """Request a scan of an object, or record that it was deleted.

    Raises:
        ClientError: the bucket may not be listed, or an invocation is refused.
    """
    if is_missing(rescanner.processor.s3, upload.bucket, upload.key):
        return _record_removal(rescanner.processor, upload)
    try:
        rescanner.guardduty.send_object_malware_scan(
            S3Object={"Bucket": upload.bucket, "Key": upload.key}
        )
    except (ClientError, BotoCoreError) as error:
        return Outcome(STILL_FAILING, upload.key, escape_unprintable(str(error)))
    return Outcome(REQUESTED, upload.key)


def process_and_scan(processor: Processor, rescanner: Rescanner | None, upload: Upload) -> Outcome:
    """Process an upload, and request a scan if it waits for one: no event of the object follows.

    Raises:
        ClientError: as for `process` and `rescan`.
    """
    outcome = process(processor, upload)
    if rescanner and outcome.name == Status.SCANNING:
        return rescan(rescanner, upload)
    return outcome


def _record_removal(processor: Processor, upload: Upload) -> Outcome:
    """Mark the record, then let process_upload complete it as after S3's event."""
    now = to_iso8601(datetime.now(UTC))
    document_id = document_id_for(upload.bucket, upload.key)
    mark_missing(processor.dynamodb, processor.table, document_id, upload.sequencer, now)
    error = invoke(processor, _removal_event(upload, now))
    return Outcome(STILL_FAILING if error else REMOVED, upload.key, error)


def _removal_event(upload: Upload, now: str) -> dict[str, object]:
    """S3's event of the deletion of this version, which changes a later one in no way."""
    removed = {"key": quote_plus(upload.key), "sequencer": upload.sequencer}
    return {
        "Records": [
            {
                "eventName": "ObjectRemoved:Delete",
                "eventTime": now,
                "s3": {"bucket": {"name": upload.bucket}, "object": removed},
            }
        ]
    }
