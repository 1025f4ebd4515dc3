"""The soak: uploads under faults, repeats and reordering, each record compared with the truth.

Everything runs on a local AWS of its own. A proxy answers one in four of the functions' calls to S3
and DynamoDB with an error, cuts, drops or never answers them, and so all calls for a few documents;
copies of S3's own events are sent again, later and in another order; some documents are deleted
through the API meanwhile. Once processing completes, the faults end and `retry` runs. Every
document must then have exactly the record that its newest version demands.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.workload import (
    LARGEST_FILE_BYTES,
    TROUBLED,
    Fate,
    Scenario,
    name_of,
    outcome_for,
    scenarios,
)
from chalicelib.documents import document_id_for, is_tombstone
from chalicelib.store import from_item
from infra.aws.queues import queue_depth
from infra.aws.reprocess import get_records
from infra.build.chalice_project import configure, copy_project
from infra.commands.deploy import deploy
from infra.commands.retry import retry
from infra.console import CommandError, echo, step
from infra.local.server import local_aws, stop_on_signals
from infra.local.workarounds import local_stage
from infra.progress import progress
from tests.support.faults import (
    SLOW_DOWN,
    Call,
    ConnectionFault,
    Response,
    faulty_aws,
    throttled,
)
from tests.support.stack import Stack

THROTTLED = throttled("ProvisionedThroughputExceededException")
"""DynamoDB's answer; S3 answers SLOW_DOWN instead."""

Fault = int | Response | ConnectionFault
"""What a call gets: an answer, or one with this status, or a fault of its connection."""

FAULT_RATIO = 0.25
"""Of calls that get a fault."""
FAULTS: Mapping[Fault, int] = {
    500: 20,
    503: 20,
    THROTTLED: 20,
    400: 10,
    ConnectionFault.DROPPED: 10,
    ConnectionFault.LOST: 10,
    ConnectionFault.CUT: 8,
    ConnectionFault.HUNG: 1,
    ConnectionFault.STALLED: 1,
}
"""With how often each comes of a hundred. AWS's SDK tries again after most; after a 400, or where
the object's body breaks off, it is process_upload's turn, or Lambda's."""
DOOMED_RATIO = 0.02
"""Of documents none of whose calls comes through until the faults end."""
FAILED_MESSAGE_SECONDS = 2
"""That the failure queue hides a message; a stage hides it for minutes."""
UNDER_WAY = 24
"""Documents without a record, at most, while uploading: more would only wait in the emulator."""
REPEATED_RATIO = 0.4
"""Of events that are sent once more."""
SHUFFLED = 50
"""Events among which the next to be sent again is chosen."""
QUIET_SECONDS = 10
"""Without any call, after which nothing more comes: the longest pause of a retry is 2 s."""
REST_SECONDS = 300
"""After which waiting for that ends."""
UPLOAD_SECONDS = 60
"""For a document to get a first record while others wait for their turn."""


@dataclass
class Faults:
    """Which call gets which error: the same one in every run with the same seed."""

    seed: int
    doomed: frozenset[str]
    """Names of documents that nothing comes through for."""
    doomed_twice: frozenset[str]
    """Those among them that not even record_failure gets through for."""
    are_on: bool = True
    calls: int = 0
    injected: int = 0
    throttled: int = 0
    last_call: float = field(default_factory=time.monotonic)
    """time.monotonic()."""
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of_process_upload(self, call: Call) -> Fault | None:
        """The fault for a call of that function, or None."""
        return self._fault("process_upload", call, self.doomed)

    def of_record_failure(self, call: Call) -> Fault | None:
        """The fault for a call of that function, or None."""
        return self._fault("record_failure", call, self.doomed_twice)

    def _fault(self, function: str, call: Call, doomed: frozenset[str]) -> Fault | None:
        found = re.search(rb"document-\d{6}", call.path.encode() + call.body)
        name = found[0].decode() if found else ""
        which = f"{function} {call.method} {call.operation} {name}"
        with self._lock:
            self.last_call = time.monotonic()
            if not self.are_on:
                return None
            self.calls += 1
            self._seen[which] += 1
            dice = random.Random(f"{self.seed} {which} {self._seen[which]}")
            if name not in doomed and dice.random() >= FAULT_RATIO:
                return None
            self.injected += 1
            fault = dice.choices(list(FAULTS), weights=list(FAULTS.values()))[0]
            if fault is THROTTLED:
                self.throttled += 1
                return THROTTLED if call.operation else SLOW_DOWN
            return fault


@dataclass
class Repeater:
    """Sends copies of S3's events again, in another order."""

    stack: Stack
    queue: str
    """URL of the queue that gets a copy of every event."""
    dice: random.Random
    sent: int = 0
    _held: list[dict[str, Any]] = field(default_factory=list)

    def repeat(self) -> bool:
        """Take the copies that have come and send some; whether any had come."""
        sqs = self.stack.account.sqs
        messages = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages", []
        )
        for message in messages:
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            for record in json.loads(message["Body"]).get("Records", []):
                if self.dice.random() < REPEATED_RATIO:
                    self._held.append(record)
        while len(self._held) > SHUFFLED:
            self._send()
        return bool(messages)

    def finish(self) -> None:
        """Send what was held back."""
        while self.repeat() or self._held:
            if self._held:
                self._send()

    def _send(self) -> None:
        """One event, of one record or of two."""
        self.dice.shuffle(self._held)
        records = [
            self._held.pop() for _ in range(min(len(self._held), self.dice.choice([1, 1, 2])))
        ]
        self.stack.account.lambda_.invoke(
            FunctionName=self.stack.stage.functions["process_upload"],
            InvocationType="Event",
            Payload=json.dumps({"Records": records}),
        )
        self.sent += len(records)


class Deleter:
    """Deletes the documents through the API that are planned to be, as an operator."""

    def __init__(self, stack: Stack, planned: Sequence[Scenario]) -> None:
        """Know which ones."""
        self._stack = stack
        self._planned = {
            document_id_for(stack.bucket, scenario.key)
            for scenario in planned
            if scenario.fate is Fate.DELETED
        }

    def delete(self, recorded: Iterable[str]) -> None:
        """Delete those that are planned to be, among the ids of documents that have a record.

        Raises:
            Problem: the API refuses.
        """
        for document_id in self._planned.intersection(recorded):
            operator = self._stack.sign_in("soak", "operators")
            answer = operator.call("DELETE", f"documents/{document_id}")
            if answer.status != 204:
                raise CommandError(f"DELETE answered {answer.status}: {answer.content!r}")
            self._planned.remove(document_id)

    def finish(self) -> None:
        """Delete those that got their record late, or never."""
        self.delete(_records(self._stack))


def main(arguments: list[str] | None = None) -> int:
    """Run the soak; 0 when no record is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--uploads", type=int, default=2_000, help="documents; default: 2000")
    parser.add_argument("--seed", type=int, default=1, help="of everything random; default: 1")
    asked = parser.parse_args(arguments)
    stop_on_signals()
    try:
        return soak(asked.uploads, asked.seed)
    except CommandError as problem:
        sys.stderr.write(f"soak: {problem}\n")
    except KeyboardInterrupt:
        echo()
        return 130
    return 1


def soak(uploads: int, seed: int) -> int:
    """Run it all; 0 when no record is missing or wrong."""
    started = time.monotonic()
    planned = scenarios(uploads, seed)
    faults = _faults(len(planned), seed)
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        stage = local_stage("soak", account, _project(Path(folder) / "project"))
        stack = Stack(stage, deploy(stage))
        _hide_failed_messages_for_seconds(stack)
        with _copied_events(stack) as queue, _faulty(stack, faults):
            repeater = Repeater(stack, queue, random.Random(seed))
            deleter = Deleter(stack, planned)
            _upload(stack, planned, repeater, deleter)
            with step("Waiting until processing completes"):
                _rest(stack, faults)
            before = Counter(outcome_for(record) for record in _records(stack).values())
            unrecorded = _depth(stack, "UnrecordedFailureQueueUrl")
            faults.are_on = False
            try:
                retry(stage, parallel=4)
            except CommandError as problem:
                echo(f"  retry: {problem}")
            _rest(stack, faults)
            deleter.finish()
        records = _records(stack)
    figures = {
        "documents put": len(planned),
        "of them removed from the bucket afterwards": _count(planned, Fate.REMOVED),
        "of them deleted through the API": _count(planned, Fate.DELETED),
        "versions put": sum(len(scenario.versions) for scenario in planned),
        "events sent again, out of order": repeater.sent,
        "calls of the functions to S3 and DynamoDB": faults.calls,
        "of them with a fault": faults.injected,
        "of them throttled": faults.throttled,
        "share of faults (%)": round(100 * faults.injected / max(faults.calls, 1)),
        "given up by Lambda, recorded as processing_failed": before[TROUBLED],
        "given up by Lambda, not even recorded": unrecorded,
        "seconds": round(time.monotonic() - started),
    }
    return _report(planned, records, figures)


def _faults(documents: int, seed: int) -> Faults:
    dice = random.Random(seed)
    names = [name_of(number) for number in range(documents)]
    doomed = dice.sample(names, max(3, round(documents * DOOMED_RATIO)))
    return Faults(seed, frozenset(doomed), frozenset(doomed[: len(doomed) // 3]))


def _project(folder: Path) -> Path:
    project = copy_project(folder)
    limits = {"API_RATE_LIMIT": "10000", "API_BURST_LIMIT": "5000"}
    configure(project, LARGEST_FILE_BYTES=str(LARGEST_FILE_BYTES), **limits)
    return project


def _hide_failed_messages_for_seconds(stack: Stack) -> None:
    stack.account.sqs.set_queue_attributes(
        QueueUrl=stack.outputs["FailureQueueUrl"],
        Attributes={"VisibilityTimeout": str(FAILED_MESSAGE_SECONDS)},
    )


@contextmanager
def _copied_events(stack: Stack) -> Iterator[str]:
    """The URL of a queue that gets a copy of every event of the bucket while the block lasts."""
    sqs, s3, bucket = stack.account.sqs, stack.account.s3, stack.bucket
    queue = sqs.create_queue(QueueName="soak-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    functions = s3.get_bucket_notification_configuration(Bucket=bucket)[
        "LambdaFunctionConfigurations"
    ]
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": functions,
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}],
        },
    )
    yield queue


@contextmanager
def _faulty(stack: Stack, faults: Faults) -> Iterator[None]:
    """Let both functions reach S3 and DynamoDB through the faults while the block lasts."""
    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, faults.of_process_upload) as processing,
        faulty_aws(stack.account.endpoint, faults.of_record_failure) as recording,
        stack.environment(
            "process_upload",
            AWS_ENDPOINT_URL_S3=processing,
            AWS_ENDPOINT_URL_DYNAMODB=processing,
        ),
        stack.environment("record_failure", AWS_ENDPOINT_URL_DYNAMODB=recording),
    ):
        yield


def _upload(
    stack: Stack, planned: Sequence[Scenario], repeater: Repeater, deleter: Deleter
) -> None:
    """Put everything, no faster than it is processed, with events repeated meanwhile."""
    echo(f"Uploading {len(planned):,} documents, with faults")
    waiting: dict[str, float] = {}
    with progress(len(planned)) as advance:
        for scenario in planned:
            for version in scenario.versions:
                stack.put(scenario.key, version.content, version.declared_type)
            if scenario.fate is Fate.REMOVED:
                stack.account.s3.delete_object(Bucket=stack.bucket, Key=scenario.key)
            else:
                waiting[document_id_for(stack.bucket, scenario.key)] = time.monotonic()
            advance()
            repeater.repeat()
            while len(waiting) >= UNDER_WAY:
                _forget_recorded(stack, waiting, deleter)
        repeater.finish()


def _forget_recorded(stack: Stack, waiting: dict[str, float], deleter: Deleter) -> None:
    """Take away those that have a record, or will not get one before the faults end."""
    time.sleep(0.1)
    found = get_records(stack.account.dynamodb, stack.table, list(waiting), consistent=True)
    deleter.delete(found)
    for document_id, since in list(waiting.items()):
        if document_id in found or time.monotonic() - since > UPLOAD_SECONDS:
            del waiting[document_id]


def _rest(stack: Stack, faults: Faults) -> None:
    """Wait until the failure queue is empty and no function makes calls any more.

    Raises:
        Problem: that never comes.
    """
    deadline = time.monotonic() + REST_SECONDS
    while (
        time.monotonic() - faults.last_call < QUIET_SECONDS or _depth(stack, "FailureQueueUrl") > 0
    ):
        if time.monotonic() > deadline:
            raise CommandError(f"Processing has not completed in {REST_SECONDS} s")
        time.sleep(0.5)


def _depth(stack: Stack, output: str) -> int:
    return queue_depth(stack.account.sqs, stack.outputs[output])


def _records(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every record of the table that is not a tombstone, by id."""
    pages = stack.account.dynamodb.get_paginator("scan").paginate(
        TableName=stack.table, ConsistentRead=True
    )
    records = [from_item(item) for page in pages for item in page["Items"]]
    return {record["documentId"]: record for record in records if not is_tombstone(record)}


def _count(planned: Sequence[Scenario], fate: Fate) -> int:
    return sum(scenario.fate is fate for scenario in planned)


def _report(
    planned: Sequence[Scenario],
    records: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, int],
) -> int:
    """Print the table; 0 when no record is missing or wrong."""
    echo()
    for what, number in figures.items():
        echo(f"  {number:>9,}  {what}")
    by_key = {record["objectKey"]: record for record in records.values()}
    kept = [scenario for scenario in planned if scenario.fate is Fate.KEPT]
    outcomes = Counter(
        outcome_for(by_key[scenario.key]) for scenario in kept if scenario.key in by_key
    )
    for outcome, number in sorted(outcomes.items()):
        echo(f"  {number:>9,}  records {outcome}")
    missing = [scenario.key for scenario in kept if scenario.key not in by_key]
    wrong = [
        scenario.key
        for scenario in planned
        if scenario.key not in missing and not scenario.is_truth(by_key.get(scenario.key))
    ]
    echo(f"  {len(missing):>9,}  MISSING")
    echo(f"  {len(wrong):>9,}  WRONG")
    for key in [*missing, *wrong][:20]:
        echo(f"  {key}: {dict(by_key.get(key, {}))}")
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
