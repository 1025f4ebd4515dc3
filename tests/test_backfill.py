"""Objects whose events never came become records, and nothing that is known is done again."""

from __future__ import annotations

import signal
import threading

import pytest

from chalicelib.events import Upload
from infra.backfill import BEFORE_ANY_EVENT, backfill, compared
from infra.processing import DELETED, Outcome
from tests.commands import counts, reaching, run, start
from tests.faults import Call, faulty_aws
from tests.stack import Stack, created_event
from tests.waiting import eventually

LISTED = Upload(
    bucket="b",
    key="k",
    size_bytes=1,
    e_tag="e",
    sequencer=BEFORE_ANY_EVENT,
    uploaded_at="2026-11-22T12:00:00.000Z",
)
REAL = "0055AED6DCD90281E5".ljust(32, "0")
NEXT_REAL = "0055AED6DCD90281E6".ljust(32, "0")
"""The smallest that a later event can have."""
SHORT = "0055AED6DCD90281".ljust(32, "0")


def test_a_listed_object_without_a_record_gives_way_to_any_event() -> None:
    """Neither a missing nor a PENDING record has a sequencer: ours is less than any real one."""
    assert compared(LISTED, None) == LISTED
    assert compared(LISTED, {"status": "PENDING"}) == LISTED
    assert LISTED.sequencer < "1".rjust(16, "0").ljust(32, "0")


@pytest.mark.parametrize("recorded", [REAL, SHORT, BEFORE_ANY_EVENT, REAL[:-1] + "9"])
def test_a_version_whose_event_was_lost_stands_between_two_real_ones(recorded: str) -> None:
    """It beats the record of the older version, and every later event beats it."""
    record = {"status": "PROCESSED", "eTag": "d", "sequencer": recorded}
    found = compared(LISTED, record)
    assert isinstance(found, Upload)
    assert recorded < found.sequencer < NEXT_REAL
    assert 32 == len(found.sequencer)
    again = compared(LISTED, {**record, "sequencer": found.sequencer})
    assert isinstance(again, Upload)
    assert found.sequencer < again.sequencer < NEXT_REAL


def test_a_version_that_met_trouble_keeps_its_place() -> None:
    """Sequencer and time of what is `processing_failed` are those of its event."""
    record = {
        "status": "FAILED",
        "eTag": "e",
        "sequencer": REAL,
        "uploadedAt": "2026-11-22T11:59:59.500Z",
        "failure": {"code": "processing_failed"},
    }
    found = compared(LISTED, record)
    assert isinstance(found, Upload)
    assert (REAL, record["uploadedAt"]) == (found.sequencer, found.uploaded_at)


@pytest.mark.parametrize(
    ("tombstone", "is_processed"),
    [
        ({"sequencer": "F" * 32}, False),
        ({"deletedUntil": "9999-12-31T23:59:59.999Z"}, False),
        ({"deletedUntil": LISTED.uploaded_at}, False),
        ({"deletedUntil": "2026-11-22T11:59:59.999Z"}, True),
    ],
)
def test_a_deleted_document_stays_deleted(tombstone: dict[str, str], is_processed: bool) -> None:
    """Only what was put after a document was deleted is a new document."""
    expected = LISTED if is_processed else Outcome(DELETED, "k")
    assert expected == compared(LISTED, {"documentId": "x", **tombstone})


def keys_with_odd_characters(prefix: str) -> list[str]:
    """Keys as other systems make them, one of them a folder's marker and one of 1,024 bytes."""
    names = ["a b.txt", "a+b.txt", "50%20.txt", "مرحبا.txt", "folder/", "a/b\tc&d=e?.txt"]
    longest = "é" * ((1_024 - len(prefix)) // 2)
    return [prefix + name for name in [*names, longest]]


def test_objects_without_events_become_records_once(stack: Stack) -> None:
    """Whatever their keys are; the second run finds them recorded and runs no function."""
    prefix = stack.new_key("")
    keys = keys_with_odd_characters(prefix)
    with stack.no_events():
        for key in keys:
            stack.put(key, b"" if key.endswith("/") else b"one two three")
        answer = run("backfill", "--stage", "test", "--prefix", prefix, **reaching(stack.account))
        assert (0, "") == (answer.returncode, answer.stderr)
        assert ["1  FAILED empty", "6  PROCESSED"] == counts(answer)
        assert "  7 of 7" in answer.stdout.splitlines()
    for key in keys:
        record = stack.record(key)
        assert (key, BEFORE_ANY_EVENT) == (record["objectKey"], record["sequencer"])
        assert record["status"] == ("FAILED" if key.endswith("/") else "PROCESSED")

    calls = stack.calls(prefix)
    answer = run("backfill", "--stage", "test", "--prefix", prefix, **reaching(stack.account))
    assert ["7  recorded already"] == counts(answer)
    assert calls == stack.calls(prefix)


def test_more_objects_than_one_question_holds_are_compared(stack: Stack) -> None:
    """DynamoDB tells of a hundred records at once; what they tell of is not processed."""
    prefix = stack.new_key("")
    with stack.no_events():
        for number in range(102):
            key = f"{prefix}{number:03}"
            e_tag = stack.put(key, b"one two three")
            if number != 101:
                stack.put_record(key, status="PROCESSED", eTag=e_tag, sequencer=NEXT_REAL)
        answer = run("backfill", "--stage", "test", "--prefix", prefix, **reaching(stack.account))
    assert ["1  PROCESSED", "101  recorded already"] == counts(answer)
    assert "PROCESSED" == stack.record(f"{prefix}101")["status"]


def test_a_killed_backfill_is_finished_by_the_next(stack: Stack) -> None:
    """Nothing that was done is done again, and nothing is left out."""
    prefix = stack.new_key("")
    keys = [f"{prefix}{number}" for number in range(6)]
    held, release = threading.Event(), threading.Event()

    def fault(call: Call) -> int | None:
        if call.operation.endswith("PutItem") and keys[3].encode() in call.body:
            held.set()
            release.wait(60)
        return None

    assert stack.account.endpoint
    with (
        stack.no_events(),
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        for key in keys:
            stack.put(key, b"one two three")
        arguments = ("backfill", "--stage", "test", "--prefix", prefix, "--parallel", "1")
        with start(*arguments, **reaching(stack.account)) as process:
            assert held.wait(60)
            process.send_signal(signal.SIGKILL)
        release.set()
        assert [True] * 3 + [False] * 2 == [
            stack.record_now(key) is not None for key in [*keys[:3], *keys[4:]]
        ]
        stack.record(keys[3])  # the function that was under way ends all the same
        answer = run(*arguments, **reaching(stack.account))
    assert ["2  PROCESSED", "4  recorded already"] == counts(answer)
    assert ["PROCESSED"] * 6 == [stack.record(key)["status"] for key in keys]


def test_an_interrupted_backfill_says_what_was_done(stack: Stack) -> None:
    """Ctrl-C lets what is under way end, tells what was done, and exits with 130."""
    prefix = stack.new_key("")
    held, release = threading.Event(), threading.Event()

    def fault(call: Call) -> int | None:
        if call.operation.endswith("PutItem") and f"{prefix}1".encode() in call.body:
            held.set()
            release.wait(60)
        return None

    assert stack.account.endpoint
    with (
        stack.no_events(),
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        for number in range(3):
            stack.put(f"{prefix}{number}", b"one two three")
        arguments = ("backfill", "--stage", "test", "--prefix", prefix, "--parallel", "1")
        with start(*arguments, **reaching(stack.account)) as process:
            assert held.wait(60)
            process.send_signal(signal.SIGINT)
            release.set()
            output, _ = process.communicate()
    assert 130 == process.returncode
    assert "  Stopped. Run it again: it goes on where it is now." in output.splitlines()
    assert "        1  PROCESSED" in "".join(output).splitlines()[-2]
    assert stack.record_now(f"{prefix}2") is None


def test_a_newer_version_whose_event_was_lost_wins_and_gives_way(stack: Stack) -> None:
    """The record of the older version is replaced; an ordinary event afterwards replaces that."""
    key = stack.new_key("versions.txt")
    stack.put(key, b"one")
    older = stack.record(key)
    with stack.no_events():
        lost = stack.put(key, b"one two")
        backfill(stack.stage, key, parallel=1)
        record = stack.record(key)
    assert (lost, 2) == (record["eTag"], record["metadata"]["wordCount"])
    event = created_event(stack.bucket, key, older["eTag"], older["sequencer"])
    assert stack.invoke("process_upload", event) == {}
    assert record == stack.record(key)

    newest = stack.put(key, b"one two three")
    eventually(lambda: stack.record(key)["eTag"] == newest, "a record of the newest version")
    assert stack.record(key)["metadata"]["wordCount"] == 3


def test_an_event_after_a_backfill_wins(stack: Stack) -> None:
    """An object that had no record when it was backfilled is replaced as any other."""
    key = stack.new_key("backfilled.txt")
    with stack.no_events():
        stack.put(key, b"one")
        backfill(stack.stage, key, parallel=1)
    assert stack.record(key)["metadata"]["wordCount"] == 1
    newest = stack.put(key, b"one two three")
    eventually(lambda: stack.record(key)["eTag"] == newest, "a record of the newest version")


def test_objects_that_are_in_trouble_are_named(stack: Stack) -> None:
    """The exit code is 1, the key and the error are told, and the next run mends it."""
    prefix = stack.new_key("")
    assert stack.account.endpoint

    def fault(call: Call) -> int | None:
        return 403 if call.path.endswith("bad") else None

    with stack.no_events():
        for name in ("good", "bad"):
            stack.put(prefix + name, b"one two three")
        with (
            faulty_aws(stack.account.endpoint, fault) as url,
            stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
        ):
            answer = run(
                "backfill", "--stage", "test", "--prefix", prefix, **reaching(stack.account)
            )
        assert 1 == answer.returncode
        assert ["1  PROCESSED", "1  still in trouble"] == counts(answer)
        assert f"  In trouble: {prefix}bad: " in answer.stdout
        assert ["intake: 1 still in trouble; run it again once that is over"] == (
            answer.stderr.splitlines()
        )
        backfill(stack.stage, prefix, parallel=2)
    assert "PROCESSED" == stack.record(f"{prefix}bad")["status"]


def test_a_busy_lambda_is_asked_again(stack: Stack) -> None:
    """Where the account runs fewer functions at once than asked for, all the same all are run."""
    prefix = stack.new_key("")
    function = stack.stage.functions["process_upload"]
    with stack.no_events():
        for number in range(8):
            stack.put(f"{prefix}{number}", b"one two three")
        stack.account.lambda_.put_function_concurrency(
            FunctionName=function, ReservedConcurrentExecutions=1
        )
        try:
            backfill(stack.stage, prefix, parallel=4)
        finally:
            stack.account.lambda_.delete_function_concurrency(FunctionName=function)
    assert ["PROCESSED"] * 8 == [stack.record(f"{prefix}{number}")["status"] for number in range(8)]
