"""`make reconcile` finds what events missed, in either direction, and only that."""

from __future__ import annotations

import signal
import threading

import pytest

from chalicelib.events import Upload
from infra.aws.reprocess import DELETED, Outcome
from infra.commands.reconcile import BEFORE_ANY_EVENT, compared, reconcile
from tests.support.commands import counts, reaching, run, start
from tests.support.faults import Call, faulty_aws
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

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
"""The smallest sequencer of a later event."""
SHORT = "0055AED6DCD90281".ljust(32, "0")


def test_a_listed_object_without_a_record_precedes_any_event() -> None:
    """Without a recorded sequencer, the assigned one is less than any from S3."""
    assert compared(LISTED, None) == LISTED
    assert compared(LISTED, {"status": "PENDING"}) == LISTED
    assert LISTED.sequencer < "1".rjust(16, "0").ljust(32, "0")


@pytest.mark.parametrize("recorded", [REAL, SHORT, BEFORE_ANY_EVENT, REAL[:-1] + "9"])
def test_a_version_without_event_is_ordered_between_two_events(recorded: str) -> None:
    """Its sequencer is greater than the recorded one and less than that of any later event."""
    record = {"status": "PROCESSED", "eTag": "d", "sequencer": recorded}
    found = compared(LISTED, record)
    assert isinstance(found, Upload)
    assert recorded < found.sequencer < NEXT_REAL
    assert 32 == len(found.sequencer)
    again = compared(LISTED, {**record, "sequencer": found.sequencer})
    assert isinstance(again, Upload)
    assert found.sequencer < again.sequencer < NEXT_REAL


def test_a_failed_version_keeps_its_sequencer() -> None:
    """A `processing_failed` version keeps sequencer and time of its event."""
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
        ({"deletedUntil": "9999-12-31T23:59:59.999Z"}, False),
        ({"deletedUntil": LISTED.uploaded_at}, False),
        ({"deletedUntil": "2026-11-22T11:59:59.999Z"}, True),
    ],
)
def test_a_deleted_document_stays_deleted(tombstone: dict[str, str], is_processed: bool) -> None:
    """Only an object uploaded after the deletion is a new document."""
    expected = LISTED if is_processed else Outcome(DELETED, "k")
    assert expected == compared(LISTED, {"documentId": "x", **tombstone})


@pytest.mark.parametrize(
    "record",
    [
        {"objectKey": "k"},
        {"status": "PENDING"},
        {"status": "PROCESSED", "eTag": "e"},
        {"status": "FAILED", "eTag": "e", "failure": {"code": "processing_failed"}},
    ],
    ids=["no record", "pending", "processed", "failed"],
)
def test_an_object_that_is_there_again_follows_its_removal(record: dict[str, object]) -> None:
    """S3 lists whole seconds, so that it may seem older than the removal."""
    removed = {**record, "removedAt": "2026-11-22T12:00:00.500Z", "sequencer": REAL}
    found = compared(LISTED, removed)
    assert isinstance(found, Upload)
    assert REAL < found.sequencer < NEXT_REAL


def keys_with_odd_characters(prefix: str) -> list[str]:
    """Keys with special characters, a final slash and a key of 1,024 bytes."""
    names = ["a b.txt", "a+b.txt", "50%20.txt", "مرحبا.txt", "folder/", "a/b\tc&d=e?.txt"]
    longest = "é" * ((1_024 - len(prefix)) // 2)
    return [prefix + name for name in [*names, longest]]


def test_objects_without_events_become_records_once(stack: Stack) -> None:
    """Objects with any key are processed; a second run invokes nothing."""
    prefix = stack.new_key("")
    keys = keys_with_odd_characters(prefix)
    with stack.no_events():
        for key in keys:
            stack.put(key, b"one two three")
        answer = run("reconcile", "--stage", "test", "--prefix", prefix, **reaching(stack.account))
        assert (0, "") == (answer.returncode, answer.stderr)
        assert ["7  PROCESSED"] == counts(answer)
        assert "  7 of 7" in answer.stdout.splitlines()
    for key in keys:
        record = stack.record(key)
        assert (key, BEFORE_ANY_EVENT) == (record["objectKey"], record["sequencer"])
        assert record["status"] == "PROCESSED"

    calls = stack.calls(prefix)
    answer = run("reconcile", "--stage", "test", "--prefix", prefix, **reaching(stack.account))
    assert ["7  already recorded"] == counts(answer)
    assert sorted(calls) == sorted(stack.calls(prefix))


def test_more_objects_than_one_batch_are_compared(stack: Stack) -> None:
    """More records than one BatchGetItem returns are read, and their objects skipped."""
    prefix = stack.new_key("")
    with stack.no_events():
        for number in range(102):
            key = f"{prefix}{number:03}"
            e_tag = stack.put(key, b"one two three")
            if number != 101:
                stack.put_record(key, status="PROCESSED", eTag=e_tag, sequencer=NEXT_REAL)
        answer = run("reconcile", "--stage", "test", "--prefix", prefix, **reaching(stack.account))
    assert ["1  PROCESSED", "101  already recorded"] == counts(answer)
    assert "PROCESSED" == stack.record(f"{prefix}101")["status"]


def test_a_killed_reconcile_resumes(stack: Stack) -> None:
    """The second run processes exactly the remaining objects."""
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
        arguments = ("reconcile", "--stage", "test", "--prefix", prefix, "--parallel", "1")
        with start(*arguments, **reaching(stack.account)) as process:
            assert held.wait(60)
            process.send_signal(signal.SIGKILL)
        release.set()
        assert [True] * 3 + [False] * 2 == [
            stack.record_now(key) is not None for key in [*keys[:3], *keys[4:]]
        ]
        stack.record(keys[3])  # the running invocation completes
        answer = run(*arguments, **reaching(stack.account))
    assert ["2  PROCESSED", "4  already recorded"] == counts(answer)
    assert ["PROCESSED"] * 6 == [stack.record(key)["status"] for key in keys]


def test_an_interrupted_reconcile_prints_its_counts(stack: Stack) -> None:
    """On Ctrl-C, running invocations complete, the counts are printed, and the exit code is 130."""
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
        arguments = ("reconcile", "--stage", "test", "--prefix", prefix, "--parallel", "1")
        with start(*arguments, **reaching(stack.account)) as process:
            assert held.wait(60)
            process.send_signal(signal.SIGINT)
            release.set()
            output, _ = process.communicate()
    assert 130 == process.returncode
    assert "  Interrupted. Run the command again to resume." in output.splitlines()
    assert "        1  PROCESSED" in "".join(output).splitlines()[-2]
    assert stack.record_now(f"{prefix}2") is None


def test_a_newer_version_without_event_replaces_the_record(stack: Stack) -> None:
    """It replaces the older version's record, and a later event replaces it."""
    key = stack.new_key("versions.txt")
    stack.put(key, b"one")
    older = stack.record(key)
    with stack.no_events():
        lost = stack.put(key, b"one two")
        reconcile(stack.stage, key, parallel=1)
        record = stack.record(key)
    assert (lost, 2) == (record["eTag"], record["metadata"]["wordCount"])
    event = created_event(stack.bucket, key, older["eTag"], older["sequencer"])
    assert stack.invoke("process_upload", event) == {}
    assert record == stack.record(key)

    newest = stack.put(key, b"one two three")
    eventually(lambda: stack.record(key)["eTag"] == newest, "a record of the newest version")
    assert stack.record(key)["metadata"]["wordCount"] == 3


def test_an_event_after_a_reconcile_wins(stack: Stack) -> None:
    """A later event replaces the record of a reconciled object."""
    key = stack.new_key("reconciled.txt")
    with stack.no_events():
        stack.put(key, b"one")
        reconcile(stack.stage, key, parallel=1)
    assert stack.record(key)["metadata"]["wordCount"] == 1
    newest = stack.put(key, b"one two three")
    eventually(lambda: stack.record(key)["eTag"] == newest, "a record of the newest version")


def test_objects_that_fail_are_named(stack: Stack) -> None:
    """The exit code is 1, key and error are printed, and the next run processes them."""
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
                "reconcile", "--stage", "test", "--prefix", prefix, **reaching(stack.account)
            )
        assert 1 == answer.returncode
        assert ["1  PROCESSED", "1  still failing"] == counts(answer)
        assert f"  Still failing: {prefix}bad: " in answer.stdout
        assert ["intake: 1 still failing: fix the cause, then run the command again"] == (
            answer.stderr.splitlines()
        )
        reconcile(stack.stage, prefix, parallel=2)
    assert "PROCESSED" == stack.record(f"{prefix}bad")["status"]


def test_throttled_invocations_are_retried(stack: Stack) -> None:
    """All objects are processed although the concurrency limit is below PARALLEL."""
    prefix = stack.new_key("")
    function = stack.stage.functions["process_upload"]
    with stack.no_events():
        for number in range(8):
            stack.put(f"{prefix}{number}", b"one two three")
        stack.account.lambda_.put_function_concurrency(
            FunctionName=function, ReservedConcurrentExecutions=1
        )
        try:
            reconcile(stack.stage, prefix, parallel=4)
        finally:
            stack.account.lambda_.delete_function_concurrency(FunctionName=function)
    assert ["PROCESSED"] * 8 == [stack.record(f"{prefix}{number}")["status"] for number in range(8)]


def test_a_record_whose_object_is_gone_is_marked(stack: Stack) -> None:
    """A dry run only counts; the run sets removedAt; a second run finds nothing."""
    prefix = stack.new_key("")
    for name in ("gone.txt", "there.txt"):
        stack.put(prefix + name, b"one two three")
        stack.record(prefix + name)
    before = stack.record(prefix + "gone.txt")
    arguments = ("reconcile", "--stage", "test", "--prefix", prefix)
    with stack.no_events():
        stack.account.s3.delete_object(Bucket=stack.bucket, Key=prefix + "gone.txt")
        stack.put(prefix + "new.txt", b"one two three")
        stack.put(prefix + "folder/", b"")
        dry = run(*arguments, "--dry-run", **reaching(stack.account))
        assert before == stack.record(prefix + "gone.txt")
        first = run(*arguments, **reaching(stack.account))
        second = run(*arguments, **reaching(stack.account))
        third = run(*arguments, "--dry-run", **reaching(stack.account))
    expected = ["1  already recorded", "1  object without current record"]
    assert ["1  record whose object is gone", *expected] == counts(dry)
    assert (1, 0, 0, 0) == tuple(answer.returncode for answer in (dry, first, second, third))
    assert ["1  object deleted", "1  PROCESSED", "1  already recorded"] == counts(first)
    assert ["2  already recorded"] == counts(second) == counts(third)
    record = stack.record(prefix + "gone.txt")
    assert {**before, "removedAt": record["removedAt"]} == record
    assert "removedAt" not in stack.record(prefix + "there.txt")


def test_a_removed_object_that_is_there_again_is_processed(stack: Stack) -> None:
    """The same content was uploaded again, and its event was lost."""
    key = stack.new_key("again.txt")
    stack.put(key, b"one two three")
    stack.record(key)
    stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
    eventually(lambda: "removedAt" in stack.record(key), "a record of the removal")
    with stack.no_events():
        stack.put(key, b"one two three")
        reconcile(stack.stage, key, parallel=1)
    assert "removedAt" not in stack.record(key)
