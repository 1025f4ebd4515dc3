"""Trouble with S3 and DynamoDB: what passes is got over at once, what stays is told in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from tests.faults import SLOW_DOWN, Answer, Faults, Trouble, faulty_aws, throttled
from tests.stack import Stack, created_event
from tests.test_record_failure import message
from tests.waiting import eventually

NEXT = "F" * 18
"""A sequencer above any that the local AWS gives."""

OF_S3: dict[str, int | Answer | Trouble] = {
    "slow down": SLOW_DOWN,
    "internal error": 500,
    "connection dropped": Trouble.DROPPED,
    "no answer": Trouble.HUNG,
    "body cut": Trouble.CUT,
    "body stalled": Trouble.STALLED,
}
OF_DYNAMODB: dict[str, int | Answer | Trouble] = {
    "throttled": throttled("ThrottlingException"),
    "throughput exceeded": throttled("ProvisionedThroughputExceededException"),
    "internal error": 500,
    "unavailable": 503,
    "connection dropped": Trouble.DROPPED,
    "answer lost": Trouble.LOST,
    "answer cut": Trouble.CUT,
    "no answer": Trouble.HUNG,
}
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
    """An object whose record is there, and an event that tells of it anew."""

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
def test_passing_trouble_costs_no_attempt(
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
def test_passing_trouble_loses_no_failure(
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


def test_lasting_trouble_is_told_in_the_end(stack: Stack, faults: Faults) -> None:
    """Whatever goes on failing is tried by three attempts, and ends as processing_failed."""
    keys = {}
    for call, troubles in (("GetObject", OF_S3), ("PutItem", OF_DYNAMODB)):
        for fault in set(troubles) - SLOW - {"answer lost", "answer cut"}:
            keys[call, fault] = key = stack.new_key()
            faults.plan(key.partition("/")[0], call, *[troubles[fault]] * 99)
            stack.put(key, b"one two three")
    for (call, _), key in keys.items():
        record = stack.record(key)
        assert ("FAILED", "processing_failed") == (record["status"], record["failure"]["code"])
        assert 9 == faults.seen[key.partition("/")[0]].count(call)
        assert 13 == record["fileSize"]


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
    """The Lambda gives up by itself, with an error that tells why, before its time is up."""
    faults.plan(uploaded.word, call, *[Trouble.HUNG] * 99)
    error = stack.invoke("process_upload", uploaded.event)

    assert "imeout" in error["errorMessage"]
    assert "Task timed out" not in error["errorMessage"]
    assert ["GetObject"] * (1 if call == "PutItem" else 0) + [call] * 3 == faults.seen[
        uploaded.word
    ]


def test_time_is_kept_for_all_tries(app_in: Callable[[str], ModuleType]) -> None:
    """What app.py keeps for a call is as much as all of its tries take at worst."""
    app = app_in("us-east-1")
    assert at_worst(app.s3.meta.config) <= app.SECONDS_TO_OPEN
    assert at_worst(app.dynamodb.meta.config) + 1 <= app.SECONDS_TO_WRITE


def at_worst(config: Any) -> float:
    """Seconds that a call takes when no try of it is answered, with the longest waits between."""
    tries = config.retries["total_max_attempts"]
    waits = sum(2**number for number in range(tries - 1))
    return float(tries * (config.connect_timeout + config.read_timeout) + waits)
