"""Run process_upload on any number of uploads and report the outcome of each.

The function's conditional writes make a run safe to repeat, to overlap with another run or with the
uploads' own events, and to interrupt at any moment.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from chalicelib.documents import FailureCode, Status, document_id_for, escape_unprintable
from chalicelib.events import OBJECT_UNREADABLE, Upload, build_event
from chalicelib.store import Record, from_item
from infra.aws.missing_objects import is_missing, remove_failure
from infra.aws.stage import Stage
from infra.build.features import Feature
from infra.console import CommandError, echo
from infra.progress import progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

DEFAULT_PARALLEL = 8
"""Leaves capacity for new uploads within the concurrency limit of 10 of a new account
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
MAX_PARALLEL = 64

GONE = "object replaced, nothing to record"
REMOVED = "object deleted"
DELETED = "deleted by request"
STILL_FAILING = "still failing"
UNSCANNED = "skipped, not scanned for malware: run make backfill SCAN=missing first"

MAX_BATCH = 100
"""Maximum keys of a BatchGetItem (DynamoDB API reference)."""

_MAX_NAMED_FAILURES = 20
_MAX_ERROR_LENGTH = 300
"""Characters of a printed error."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one upload."""

    name: str
    """PROCESSED, FAILED with its code, GONE, REMOVED, DELETED, UNSCANNED or STILL_FAILING."""
    key: str
    error: str | None = None
    """If STILL_FAILING."""


@dataclass
class Summary:
    """The number of uploads by outcome."""

    advance: Callable[[], None] = field(default=lambda: None)
    """Advances the progress display by one."""
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)
    """The first uploads that are STILL_FAILING."""

    def add(self, outcome: Outcome) -> None:
        """Count an upload."""
        self.counts[outcome.name] += 1
        if outcome.name == STILL_FAILING and len(self.failures) < _MAX_NAMED_FAILURES:
            self.failures.append(outcome)
        self.advance()


@dataclass(frozen=True)
class Processor:
    """A stage's process_upload function and table, with clients for this many threads."""

    lambda_: LambdaClient
    function: str
    dynamodb: DynamoDBClient
    table: str
    s3: S3Client
    scans_uploads: bool
    parallel: int


def get_processor(stage: Stage, parallel: int) -> Processor:
    """The processor of a stage.

    Raises:
        CommandError: the stage does not exist, or its deployment is incomplete.
    """
    table = stage.outputs()["DocumentsTableName"]
    function = stage.functions["process_upload"]
    lambda_ = stage.account.lambda_
    try:
        seconds = lambda_.get_function_configuration(FunctionName=function)["Timeout"]
    except lambda_.exceptions.ResourceNotFoundException:
        raise CommandError(
            f"Stage {stage.name} has no function {function}: run make deploy STAGE={stage.name}"
        ) from None
    return Processor(
        lambda_=stage.account.lambda_for(parallel, seconds),
        function=function,
        dynamodb=stage.account.dynamodb_for(parallel),
        table=table,
        s3=stage.account.s3,
        scans_uploads=Feature.SCAN in stage.features,
        parallel=parallel,
    )


def in_parallel(parallel: int, run: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Results of running a function on each item in threads, in order of completion.

    Takes an item only when a thread is free, so that memory does not grow with their number.
    """
    with ThreadPoolExecutor(parallel) as pool:
        running: set[Future[R]] = set()
        for item in items:
            running.add(pool.submit(run, item))
            if len(running) == parallel:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from [future.result() for future in done]
        yield from [future.result() for future in running]


def invoke(processor: Processor, event: Mapping[str, object]) -> str | None:
    """The error of process_upload for an event; None if it succeeded.

    Raises:
        ClientError: the invocation is refused, or throttled for several minutes.
        BotoCoreError: AWS is unreachable.
    """
    answer = processor.lambda_.invoke(FunctionName=processor.function, Payload=json.dumps(event))
    payload = answer["Payload"].read()
    return _error(payload) if answer.get("FunctionError") else None


def process(processor: Processor, upload: Upload) -> Outcome:
    """Invoke process_upload on one upload and wait for its outcome.

    The function replaces no result from before uploads were scanned: such an upload is UNSCANNED.

    Raises:
        ClientError: the invocation is refused, or throttled for several minutes.
        BotoCoreError: AWS is unreachable.
    """
    if processor.scans_uploads and upload.replaces and upload.scanned_at is None:
        return Outcome(UNSCANNED, upload.key)
    if error := invoke(processor, build_event(upload)):
        return _resolved(processor, upload, Outcome(STILL_FAILING, upload.key, error))
    document_id = document_id_for(upload.bucket, upload.key)
    records = get_records(processor.dynamodb, processor.table, [document_id], consistent=True)
    return _resolved(processor, upload, outcome_for(upload, records.get(document_id)))


def _resolved(processor: Processor, upload: Upload, outcome: Outcome) -> Outcome:
    """The outcome, or REMOVED after deleting the `processing_failed` record of a missing object."""
    is_unread = OBJECT_UNREADABLE in (outcome.error or "")
    if not (is_unread or outcome.name == GONE):
        return outcome
    try:
        if not is_missing(processor.s3, upload.bucket, upload.key):
            return outcome
    except ClientError as error:  # without s3:ListBucket
        return replace(outcome, error=f"{outcome.error}; it may be deleted: {error}")
    remove_failure(processor.dynamodb, processor.table, upload)
    return Outcome(REMOVED, upload.key)


@contextmanager
def summarizing(total: int) -> Iterator[Summary]:
    """Count outcomes and show progress during the block, then print the counts.

    Raises:
        CommandError: some uploads are still failing.
    """
    summary = Summary()
    try:
        with progress(total) as summary.advance:
            yield summary
    except BaseException:  # Ctrl-C as well
        echo("  Interrupted. Run the command again to resume.")
        raise
    finally:
        _print(summary)
    if failing := summary.counts[STILL_FAILING]:
        raise CommandError(f"{failing:,} still failing: fix the cause, then run the command again")


def get_records(
    dynamodb: DynamoDBClient, table: str, document_ids: Sequence[str], *, consistent: bool
) -> dict[str, dict[str, Any]]:
    """The processing attributes of at most MAX_BATCH records, by document id."""
    attributes = ("documentId", "status", "eTag", "sequencer", "uploadedAt", "failure")
    names = {f"#{name}": name for name in (*attributes, "deletedUntil", "removedAt")}
    request = {
        "Keys": [{"documentId": {"S": document_id}} for document_id in set(document_ids)],
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
        "ConsistentRead": consistent,
    }
    records = map(from_item, batch_get(dynamodb, table, request))
    return {record["documentId"]: record for record in records}


def batch_get(
    dynamodb: DynamoDBClient, table: str, request: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """The items of a table for at most MAX_BATCH keys, as BatchGetItem requests them."""
    pending: Any = {table: request}
    while pending:  # each round returns items, or boto3 backs off because DynamoDB throttles
        answer = dynamodb.batch_get_item(RequestItems=pending)
        yield from answer["Responses"].get(table, [])
        pending = answer.get("UnprocessedKeys")


def outcome_for(upload: Upload, record: Record | None) -> Outcome:
    """The outcome of a successful invocation, by the record that exists afterwards."""
    if record is None:
        return Outcome(GONE, upload.key)
    if "status" not in record:
        return Outcome(DELETED, upload.key)
    is_same = record.get("sequencer", "") == upload.sequencer
    is_older = record.get("sequencer", "") < upload.sequencer
    code = record.get("failure", {}).get("code")
    is_unprocessed = code == FailureCode.PROCESSING_FAILED
    if is_older or (is_same and is_unprocessed):
        return Outcome(GONE, upload.key)
    if is_unprocessed:
        return Outcome(STILL_FAILING, upload.key, "a later version could not be processed")
    if is_same and record["eTag"] != upload.e_tag:
        return Outcome(STILL_FAILING, upload.key, "a concurrent run processed an earlier version")
    return Outcome(f"{Status.FAILED} {code}" if code else record["status"], upload.key)


def _error(payload: bytes) -> str:
    error = json.loads(payload)
    text = escape_unprintable(
        f"{error.get('errorType', 'error')}: {error.get('errorMessage', 'no message')}"
    )
    return text if len(text) <= _MAX_ERROR_LENGTH else text[:_MAX_ERROR_LENGTH] + "..."


def _print(summary: Summary) -> None:
    for name, count in sorted(summary.counts.items()):
        echo(f"  {count:>9,}  {name}")
    for outcome in summary.failures:
        echo(f"  Still failing: {escape_unprintable(outcome.key)}: {outcome.error}")
    if more := summary.counts[STILL_FAILING] - len(summary.failures):
        echo(f"  Still failing: {more:,} more")
