"""process_upload run by an operator: on any number of uploads, and what became of each.

A run changes nothing that its conditional write does not allow, so it may be repeated, overlap with
another or with the uploads' own events, and be killed at any moment.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus

from boto3.dynamodb.types import TypeDeserializer

from chalicelib.documents import FailureCode, Status, document_id_of, one_line
from chalicelib.events import Upload
from infra.console import Problem, say
from infra.progress import progress
from infra.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

DEFAULT_PARALLEL = 8
"""Leaves some of the 10 that a new account may run at once to the uploads of the day
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
MOST_PARALLEL = 64

GONE = "gone or replaced, nothing to record"
DELETED = "deleted by request"
IN_TROUBLE = "still in trouble"

LARGEST_BATCH = 100
"""Keys in one BatchGetItem (DynamoDB API reference)."""

_NAMED_TROUBLES = 20
_LONGEST_CAUSE = 300
"""Characters of an error that are shown."""

Record = Mapping[str, Any]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one upload."""

    what: str
    """PROCESSED, FAILED with its code, GONE, DELETED or IN_TROUBLE."""
    key: str
    cause: str | None = None
    """The error, when it is in trouble."""


@dataclass
class Tally:
    """How often each came of an upload."""

    advance: Callable[[], None] = field(default=lambda: None)
    """Shows progress by one."""
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[Outcome] = field(default_factory=list)
    """The first of those that are in trouble."""

    def add(self, outcome: Outcome) -> None:
        """Count one more upload."""
        self.counts[outcome.what] += 1
        if outcome.what == IN_TROUBLE and len(self.troubles) < _NAMED_TROUBLES:
            self.troubles.append(outcome)
        self.advance()


@dataclass(frozen=True)
class Processor:
    """A stage's process_upload, for so many uploads at once."""

    lambda_: LambdaClient
    function: str
    dynamodb: DynamoDBClient
    table: str
    parallel: int


def processor_of(stage: Stage, parallel: int) -> Processor:
    """What runs a stage's process_upload and waits for it.

    Raises:
        Problem: there is no such stage, or it was not deployed to its end.
    """
    table = stage.outputs()["DocumentsTableName"]
    function = stage.functions["process_upload"]
    lambda_ = stage.account.lambda_
    try:
        seconds = lambda_.get_function_configuration(FunctionName=function)["Timeout"]
    except lambda_.exceptions.ResourceNotFoundException:
        raise Problem(
            f"Stage {stage.name} has no function {function}: make deploy STAGE={stage.name}"
        ) from None
    return Processor(
        lambda_=stage.account.lambda_for(parallel, seconds),
        function=function,
        dynamodb=stage.account.dynamodb_for(parallel),
        table=table,
        parallel=parallel,
    )


def in_parallel(parallel: int, run: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Run something on each item, so many at once; results as they come.

    The next item is taken only when there is room for it, so that there may be any number.
    """
    with ThreadPoolExecutor(parallel) as pool:
        running: set[Future[R]] = set()
        for item in items:
            running.add(pool.submit(run, item))
            if len(running) == parallel:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from [future.result() for future in done]
        yield from [future.result() for future in running]


def process(processor: Processor, upload: Upload) -> Outcome:
    """Run process_upload on one upload and wait for it.

    Raises:
        ClientError: AWS does not run the function, or is too busy to for minutes.
        BotoCoreError: AWS is out of reach.
    """
    answer = processor.lambda_.invoke(
        FunctionName=processor.function, Payload=json.dumps(event_of(upload))
    )
    said = answer["Payload"].read()
    if answer.get("FunctionError"):
        return Outcome(IN_TROUBLE, upload.key, _cause(said))
    document_id = document_id_of(upload.bucket, upload.key)
    records = records_of(processor.dynamodb, processor.table, [document_id], consistent=True)
    return outcome_of(upload, records.get(document_id))


@contextmanager
def tally_of(total: int) -> Iterator[Tally]:
    """Count outcomes with progress shown while the block lasts, then print the counts.

    Raises:
        Problem: some uploads are still in trouble.
    """
    tally = Tally()
    try:
        with progress(total) as tally.advance:
            yield tally
    except BaseException:  # Ctrl-C as well: it is told, and goes on
        say("  Stopped. Run it again: it goes on where it is now.")
        raise
    finally:
        _print(tally)
    if in_trouble := tally.counts[IN_TROUBLE]:
        raise Problem(f"{in_trouble:,} still in trouble; run it again once that is over")


def records_of(
    dynamodb: DynamoDBClient, table: str, document_ids: Sequence[str], *, consistent: bool
) -> dict[str, dict[str, Any]]:
    """What the records with these ids say of processing, by id; at most LARGEST_BATCH of them."""
    names = {
        f"#{name}": name
        for name in ("documentId", "status", "eTag", "sequencer", "uploadedAt", "failure")
    } | {"#deletedUntil": "deletedUntil"}
    due: Any = {
        table: {
            "Keys": [{"documentId": {"S": document_id}} for document_id in set(document_ids)],
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
            "ConsistentRead": consistent,
        }
    }
    found: dict[str, dict[str, Any]] = {}
    deserialize = TypeDeserializer().deserialize
    while due:  # each round returns something, or DynamoDB throttles and boto3 backs off
        answer = dynamodb.batch_get_item(RequestItems=due)
        for item in answer["Responses"].get(table, []):
            record = {name: deserialize(value) for name, value in item.items()}
            found[record["documentId"]] = record
        due = answer.get("UnprocessedKeys")
    return found


def event_of(upload: Upload) -> dict[str, object]:
    """The event that S3 would send of an upload (S3 user guide, "Event message structure")."""
    return {
        "Records": [
            {
                "eventName": "ObjectCreated:Put",
                "eventTime": upload.uploaded_at,
                "s3": {
                    "bucket": {"name": upload.bucket},
                    "object": {
                        "key": quote_plus(upload.key),
                        "size": upload.size_bytes,
                        "eTag": upload.e_tag,
                        "sequencer": upload.sequencer,
                    },
                },
            }
        ]
    }


def outcome_of(upload: Upload, record: Record | None) -> Outcome:
    """What a run that ended well has made of an upload, by the record that is there after it."""
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
        return Outcome(IN_TROUBLE, upload.key, "a later version could not be processed")
    if is_same and record["eTag"] != upload.e_tag:
        return Outcome(IN_TROUBLE, upload.key, "another run was at an earlier version just now")
    return Outcome(f"{Status.FAILED} {code}" if code else record["status"], upload.key)


def _cause(said: bytes) -> str:
    error = json.loads(said)
    cause = one_line(f"{error.get('errorType', 'error')}: {error.get('errorMessage', 'not told')}")
    return cause if len(cause) <= _LONGEST_CAUSE else cause[:_LONGEST_CAUSE] + "..."


def _print(tally: Tally) -> None:
    for what, count in sorted(tally.counts.items()):
        say(f"  {count:>9,}  {what}")
    for outcome in tally.troubles:
        say(f"  In trouble: {one_line(outcome.key)}: {outcome.cause}")
    if more := tally.counts[IN_TROUBLE] - len(tally.troubles):
        say(f"  In trouble: {more:,} more")
