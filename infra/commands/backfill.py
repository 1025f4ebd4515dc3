"""`make backfill`: add what a feature makes to documents from before it was switched on."""

from __future__ import annotations

from functools import partial

from chalicelib.events import Upload
from infra.aws.recorded_uploads import unscanned_uploads
from infra.aws.reprocess import Outcome, in_parallel, summarizing
from infra.aws.rescans import get_rescanner, rescan
from infra.aws.stage import Stage
from infra.console import CommandError, echo

MISSING = "missing"
"""The value of arguments that select the documents without a result."""

TO_SCAN = "document without a scan"


def backfill(stage: Stage, parallel: int, *, scan: str, dry_run: bool = False) -> None:
    """Add what is missing to the stage's documents and print the counts; safe to repeat.

    Raises:
        CommandError: nothing is selected, the stage does not exist or lacks the feature, some
            documents are failing, or a dry run found something.
    """
    if scan != MISSING:
        raise CommandError("Select what to add: make backfill STAGE=... SCAN=missing")
    backfill_scans(stage, parallel, dry_run=dry_run)


def backfill_scans(stage: Stage, parallel: int, *, dry_run: bool) -> None:
    """Request a scan of each document that has none; the results arrive afterwards."""
    rescanner = get_rescanner(stage, parallel)
    if rescanner is None:
        raise CommandError(
            f"Stage {stage.name} scans no uploads: set SCAN=guardduty in .chalice/config.json and "
            f"run make deploy STAGE={stage.name} first"
        )
    processor = rescanner.processor
    bucket = stage.outputs()["UploadBucketName"]
    # A list, because a result changes the index.
    uploads = list(unscanned_uploads(processor.dynamodb, processor.table, bucket))
    echo(f"Stage {stage.name}: {len(uploads):,} documents without a scan, {parallel} at a time")
    act = _would_scan if dry_run else partial(rescan, rescanner)
    with summarizing(len(uploads)) as summary:
        for outcome in in_parallel(parallel, act, uploads):
            summary.add(outcome)
    if dry_run and uploads:
        raise CommandError(f"{len(uploads):,} to scan: run the command without a dry run")


def _would_scan(upload: Upload) -> Outcome:
    return Outcome(TO_SCAN, upload.key)
