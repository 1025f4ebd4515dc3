"""`make backfill`: add what a feature makes to documents from before it was switched on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.events import Upload
from infra.aws.recognitions import unread_uploads
from infra.aws.recorded_uploads import unscanned_uploads, uploads_without_text
from infra.aws.reprocess import Outcome, Processor, get_processor, in_parallel, process, summarizing
from infra.aws.rescans import Rescanner, rescan
from infra.aws.stage import Stage
from infra.build.features import Feature
from infra.console import CommandError, echo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MISSING = "missing"
"""The value of arguments that select the documents without a result."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """What one feature adds to documents."""

    feature: Feature
    setting: str
    """That switches the feature on."""
    missing: str
    """Name of a document without the result, as in `3 documents without text`."""
    uploads: Callable[[DynamoDBClient, str, str], Iterator[Upload]]
    """The documents without the result: of a client, a table and the upload bucket."""
    add: Callable[[Stage, Processor], Callable[[Upload], Outcome]]
    """What adds the result to one of them."""


BACKFILLS: Mapping[str, Backfill] = {
    "text": Backfill(
        Feature.TEXT,
        "TEXT=on",
        "without text",
        uploads_without_text,
        lambda _stage, processor: partial(process, processor),
    ),
    "ocr": Backfill(
        Feature.OCR,
        "OCR=text",
        "that Textract has not read",
        unread_uploads,
        lambda _stage, processor: partial(process, processor),
    ),
    "scan": Backfill(
        Feature.SCAN,
        "SCAN=guardduty",
        "without a scan",
        unscanned_uploads,
        lambda stage, processor: partial(rescan, Rescanner(processor, stage.account.guardduty)),
    ),
}
"""By the name of the argument."""


def backfill(
    stage: Stage, parallel: int, selected: Sequence[str], *, dry_run: bool = False
) -> None:
    """Add what is missing to the stage's documents and print the counts; safe to repeat.

    Args:
        stage: the stage.
        parallel: concurrent documents.
        selected: names of BACKFILLS.
        dry_run: only count.

    Raises:
        CommandError: nothing is selected, the stage does not exist or lacks a feature, some
            documents are failing, or a dry run found something.
    """
    if not selected:
        variables = " or ".join(f"{name.upper()}={MISSING}" for name in BACKFILLS)
        raise CommandError(f"Select what to add: make backfill STAGE={stage.name} {variables}")
    kinds = [BACKFILLS[name] for name in selected]
    for kind in kinds:
        if kind.feature not in stage.features:
            raise CommandError(
                f"Stage {stage.name} does not have {kind.setting}: set it in .chalice/config.json "
                f"and run make deploy STAGE={stage.name} first"
            )
    left = sum(_backfill(stage, parallel, kind, dry_run=dry_run) for kind in kinds)
    if dry_run and left:
        raise CommandError(f"{left:,} to add: run the command without a dry run")


def _backfill(stage: Stage, parallel: int, kind: Backfill, *, dry_run: bool) -> int:
    """Add one kind of result; the number of documents without it before."""
    processor = get_processor(stage, parallel)
    bucket = stage.outputs()["UploadBucketName"]
    # A list, since results change what the index returns; about 1 kB of memory each.
    uploads = list(kind.uploads(processor.dynamodb, processor.table, bucket))
    echo(f"Stage {stage.name}: {len(uploads):,} documents {kind.missing}, {parallel} at a time")
    if not dry_run:
        with summarizing(len(uploads)) as summary:
            for outcome in in_parallel(parallel, kind.add(stage, processor), uploads):
                summary.add(outcome)
    return len(uploads)
