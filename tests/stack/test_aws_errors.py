"""S3 and DynamoDB errors: transient ones are retried, persistent ones end as processing_failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from chalicelib.lambda_limits import SECONDS_TO_OPEN, SECONDS_TO_WRITE
from tests.stack.test_record_failure import message
from tests.support.faults import SLOW_DOWN, ConnectionFault, Faults, Response, faulty_aws, throttled
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

NEXT = "F" * 18
"""A sequencer above any that the local AWS gives."""

OF_S3: dict[str, int | Response | ConnectionFault] = {
    "slow down": SLOW_DOWN,
    "internal error": 500,
    "connection dropped": ConnectionFault.DROPPED,
    "no answer": ConnectionFault.HUNG,
    "body cut": ConnectionFault.CUT,
    "body stalled": ConnectionFault.STALLED,
}
OF_DYNAMODB: dict[str, int | Response | ConnectionFault] = {
    "throttled": throttled("ThrottlingException"),
    "throughput exceeded": throttled("ProvisionedThroughputExceededException"),
    "internal error": 500,
    "unavailable": 503,
    "connection dropped": ConnectionFault.DROPPED,
    "answer lost": ConnectionFault.LOST,
    "answer cut": ConnectionFault.CUT,
    "no answer": ConnectionFault.HUNG,
}
THROTTLING = {"throttled", "throughput exceeded"}
SLOW = {"no answer", "body stalled"}
"""Each of these takes a timeout."""


@pytest.fixture(scope="module")
def faults(stack: Stack) -> Iterator[Faults]:
    """What calls of the functions get while this module's tests run."""
    faults = Faults()
    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, faults) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL=url),
        stack.environment("record_failure", AWS_ENDPOINT_URL=url),
    ):
        yield faults


@dataclass(frozen=True)
class Uploaded:
    """An object that has a record, and a newer event for it."""

    word: str
    """In its key and in no other."""
    key: str
    event: dict[str, Any]


@pytest.fixture
def uploaded(stack: Stack) -> Uploaded:
    """One of three words."""
    word = stack.new_key("").rstrip("/")
    key = f"{word}.txt"
    e_tag = stack.put(key, b"one two three")
    stack.record(key)
    return Uploaded(
        word=word,
        key=key,
        event=created_event(stack.bucket, key, e_tag, NEXT),
    )


@pytest.mark.parametrize(
    ("call", "fault"),
    [("GetObject", fault) for fault in OF_S3] + [("PutItem", fault) for fault in OF_DYNAMODB],
)
def test_a_transient_error_costs_no_attempt(
    stack: Stack, faults: Faults, uploaded: Uploaded, call: str, fault: str
) -> None:
    """A call that fails once is made again, and the Lambda's first attempt ends well."""
    faults.plan(uploaded.word, call, (OF_S3 if call == "GetObject" else OF_DYNAMODB)[fault])

    assert {} == stack.invoke("process_upload", uploaded.event)
    record = stack.record(uploaded.key, "PROCESSED")
    assert NEXT == record["sequencer"].rstrip("0")
    assert 3 == record["metadata"]["wordCount"]
    assert sorted(["GetObject", "PutItem", call]) == sorted(faults.seen[uploaded.word])
    lines = eventually(
        lambda: two_or_more(stack.lines("process_upload", uploaded.word)), "lines of both events"
    )
    assert 2 == len(lines)


def two_or_more(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines, once there are two."""
    return lines if len(lines) > 1 else []


@pytest.mark.parametrize("fault", OF_DYNAMODB)
def test_a_transient_error_loses_no_failure(
    stack: Stack, faults: Faults, uploaded: Uploaded, fault: str
) -> None:
    """A failure that cannot be recorded at once is recorded with the next try of the call."""
    faults.plan(uploaded.word, "UpdateItem", OF_DYNAMODB[fault])
    body = message(uploaded.event)

    assert {} == stack.invoke("record_failure", {"Records": [{"body": body, "receiptHandle": "x"}]})
    assert "processing_failed" == stack.record(uploaded.key, "FAILED")["failure"]["code"]
    assert ["UpdateItem"] * 2 == faults.seen[uploaded.word]
    assert 1 == len(
        eventually(lambda: stack.lines("record_failure", uploaded.word), "a line of the failure")
    )


def test_a_persistent_error_ends_as_processing_failed(stack: Stack, faults: Faults) -> None:
    """A persistent error fails three attempts, and the record is FAILED processing_failed."""
    keys = {}
    for call, kinds in (("GetObject", OF_S3), ("PutItem", OF_DYNAMODB)):
        for fault in set(kinds) - SLOW - THROTTLING - {"answer lost", "answer cut"}:
            keys[call, fault] = key = stack.new_key()
            faults.plan(key.partition("/")[0], call, *[kinds[fault]] * 99)
            stack.put(key, b"one two three")
    for (call, _), key in keys.items():
        record = stack.record(key)
        assert ("FAILED", "processing_failed") == (record["status"], record["failure"]["code"])
        assert 9 == faults.seen[key.partition("/")[0]].count(call)
        assert 13 == record["fileSize"]


@pytest.mark.parametrize("fault", sorted(THROTTLING))
def test_a_table_without_capacity_costs_no_attempt(
    stack: Stack, faults: Faults, uploaded: Uploaded, fault: str
) -> None:
    """The function waits and repeats the write longer than the SDK does."""
    faults.plan(uploaded.word, "PutItem", *[OF_DYNAMODB[fault]] * 7)

    assert {} == stack.invoke("process_upload", uploaded.event)
    assert NEXT == stack.record(uploaded.key, "PROCESSED")["sequencer"].rstrip("0")
    assert 8 == faults.seen[uploaded.word].count("PutItem")


def test_waiting_for_capacity_ends_before_the_timeout(
    stack: Stack, faults: Faults, uploaded: Uploaded
) -> None:
    """The last attempt raises DynamoDB's error while there is time to log it."""
    faults.plan(uploaded.word, "PutItem", *[OF_DYNAMODB["throughput exceeded"]] * 99)
    with stack.timeout("process_upload", 27):
        error = stack.invoke("process_upload", uploaded.event)
    assert "ProvisionedThroughputExceededException" in error["errorMessage"]
    assert faults.seen[uploaded.word].count("PutItem") > 3


def test_a_failure_waits_for_capacity_as_well(
    stack: Stack, faults: Faults, uploaded: Uploaded
) -> None:
    """record_failure repeats a throttled write longer than the SDK does."""
    faults.plan(uploaded.word, "UpdateItem", *[OF_DYNAMODB["throughput exceeded"]] * 4)
    body = message(uploaded.event)

    assert {} == stack.invoke("record_failure", {"Records": [{"body": body, "receiptHandle": "x"}]})
    assert "processing_failed" == stack.record(uploaded.key, "FAILED")["failure"]["code"]


@pytest.mark.parametrize("fault", ["answer lost", "answer cut"])
def test_what_was_written_stays(
    stack: Stack, faults: Faults, uploaded: Uploaded, fault: str
) -> None:
    """A result whose write is never confirmed is neither lost nor replaced by a failure."""
    faults.plan(uploaded.word, "PutItem", *[OF_DYNAMODB[fault]] * 3)
    error = stack.invoke("process_upload", uploaded.event)

    assert error["errorMessage"]
    body = message(uploaded.event)
    assert {} == stack.invoke("record_failure", {"Records": [{"body": body, "receiptHandle": "x"}]})
    assert "PROCESSED" == stack.record(uploaded.key)["status"]


@pytest.mark.parametrize("call", ["GetObject", "PutItem"])
def test_an_aws_that_never_answers_takes_no_more_than_the_lambdas_time(
    stack: Stack, faults: Faults, uploaded: Uploaded, call: str
) -> None:
    """The function raises an error that names the cause before the Lambda timeout."""
    faults.plan(uploaded.word, call, *[ConnectionFault.HUNG] * 99)
    error = stack.invoke("process_upload", uploaded.event)

    assert "imeout" in error["errorMessage"]
    assert "Task timed out" not in error["errorMessage"]
    assert ["GetObject"] * (1 if call == "PutItem" else 0) + [call] * 3 == faults.seen[
        uploaded.word
    ]


def test_time_is_reserved_for_all_attempts(import_in: Callable[[str, str], ModuleType]) -> None:
    """The time reserved for a call covers the worst case of all its attempts."""
    processing = import_in("us-east-1", "chalicelib.processing")
    assert at_worst(processing.s3.meta.config) <= SECONDS_TO_OPEN
    assert at_worst(processing.dynamodb.meta.config) + 1 <= SECONDS_TO_WRITE


def at_worst(config: Any) -> float:
    """Seconds that a call takes when no try of it is answered, with the longest waits between."""
    tries = config.retries["total_max_attempts"]
    waits = sum(2**number for number in range(tries - 1))
    return float(tries * (config.connect_timeout + config.read_timeout) + waits)
