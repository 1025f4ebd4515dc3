"""`make retry` processes uploads that failed because of an AWS or internal error."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from infra.aws.missing_objects import is_missing, remove_failure
from infra.aws.queues import queue_depth
from infra.aws.recorded_uploads import failed_uploads
from infra.aws.reprocess import STILL_FAILING, get_processor, process
from infra.commands.retry import retry
from infra.console import CommandError
from tests.support.commands import counts, reaching, run
from tests.support.faults import faulty_aws
from tests.support.stack import Stack, created_event, removed_event
from tests.support.waiting import eventually

NEXT = "F" * 18
"""A sequencer greater than any of the local AWS."""


@pytest.fixture(autouse=True)
def no_earlier_failures(stack: Stack) -> None:
    """Delete the failures of other tests."""
    for upload in failed_uploads(stack.account.dynamodb, stack.table, stack.bucket):
        stack.delete_record(upload.key)
    for name in ("UnrecordedFailureQueueUrl", "FailureQueueUrl"):
        stack.account.sqs.purge_queue(QueueUrl=stack.outputs[name])


@contextmanager
def s3_failing(stack: Stack, suffix: str) -> Iterator[None]:
    """Make S3 refuse process_upload the objects whose keys have this suffix."""
    assert stack.account.endpoint
    with (
        faulty_aws(
            stack.account.endpoint, lambda call: 403 if call.path.endswith(suffix) else None
        ) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        yield


def fail_upload(
    stack: Stack, key: str, content: bytes = b"one two three", sequencer: str = "1"
) -> dict[str, object]:
    """Put an object with a `processing_failed` record; returns its event."""
    with stack.no_events():
        e_tag = stack.put(key, content)
    event = created_event(stack.bucket, key, e_tag, sequencer, len(content))
    message = {"body": on_failure_message(event), "receiptHandle": "x"}
    assert stack.invoke("record_failure", {"Records": [message]}) == {}
    return event


def on_failure_message(event: dict[str, object]) -> str:
    """A message of Lambda to an on-failure destination."""
    return json.dumps(
        {
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responsePayload": {"errorType": "ClientError", "errorMessage": "shown to operators"},
        }
    )


def remove_unrecorded(stack: Stack, key: str) -> dict[str, object]:
    """Delete an object with a record, without an event; returns that event."""
    stack.put(key, b"one two three")
    stack.record(key)
    with stack.no_events():
        stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
    return removed_event(stack.bucket, key, NEXT)


def put_unrecorded(stack: Stack, body: str) -> None:
    """Put a message into the dead-letter queue of the failure queue."""
    stack.account.sqs.send_message(
        QueueUrl=stack.outputs["UnrecordedFailureQueueUrl"], MessageBody=body
    )


def unrecorded(stack: Stack) -> int:
    """The number of messages in the dead-letter queue."""
    return queue_depth(stack.account.sqs, stack.outputs["UnrecordedFailureQueueUrl"])


def test_failed_documents_are_processed_once(stack: Stack) -> None:
    """Each record matches the content, keeps its upload time, and is not processed again."""
    good, bad = stack.new_key("a good + one.txt"), stack.new_key("empty.txt")
    fail_upload(stack, good)
    fail_upload(stack, bad, b"")
    before = stack.record(good)
    assert "processing_failed" == before["failure"]["code"]
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, "") == (answer.returncode, answer.stderr)
    assert ["1  FAILED empty", "1  PROCESSED"] == counts(answer)
    assert "  2 of 2" in answer.stdout.splitlines()
    record = stack.record(good)
    assert ("PROCESSED", 3) == (record["status"], record["metadata"]["wordCount"])
    for name in ("uploadedAt", "sequencer", "eTag", "objectKey", "fileSize"):
        assert before[name] == record[name]

    calls = stack.calls(good)
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, []) == (answer.returncode, counts(answer))
    assert "Stage test: 0 to retry, 0 of them without a FAILED record" in answer.stdout
    assert calls == stack.calls(good)


def test_documents_that_are_still_failing_are_named(stack: Stack) -> None:
    """The exit code is 1, key and error are printed, and the record is unchanged."""
    key = stack.new_key("still.txt")
    fail_upload(stack, key)
    before = stack.record(key)
    with s3_failing(stack, "still.txt"):
        answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert 1 == answer.returncode
    assert ["1  still failing"] == counts(answer)
    [line] = [line for line in answer.stdout.splitlines() if "Still failing" in line]
    assert line.startswith(f"  Still failing: {key}: ")
    assert "the object is missing or not readable" in line
    assert ["intake: 1 still failing: fix the cause, then run the command again"] == (
        answer.stderr.splitlines()
    )
    assert before == stack.record(key)


@pytest.mark.parametrize("status", [403, 404], ids=["as in AWS", "with s3:ListBucket"])
def test_the_record_of_a_deleted_object_is_removed(stack: Stack, status: int) -> None:
    """The exit code is 0, and a second run has nothing to do."""
    key = stack.new_key("gone.txt")
    fail_upload(stack, key)
    with (
        stack.no_events(),
        s3_failing(stack, "gone.txt" if status == 403 else "none"),
    ):
        stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
        answer = run("retry", "--stage", "test", **reaching(stack.account))
        assert 0 == answer.returncode
        assert ["1  object deleted"] == counts(answer)
        assert stack.record_now(key) is None
    assert [] == list(failed_uploads(stack.account.dynamodb, stack.table, stack.bucket))


def test_a_failed_record_that_shows_the_removal_is_kept(stack: Stack) -> None:
    """It says what happened to the file; there is nothing to retry."""
    key = stack.new_key("removed.txt")
    fail_upload(stack, key)
    with stack.no_events():
        stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, key, NEXT))
    record = stack.record(key, "FAILED")
    assert "removedAt" in record
    retry(stack.stage, parallel=1)
    assert record == stack.record(key)


def test_a_longer_key_does_not_hide_a_deleted_object(stack: Stack) -> None:
    """Only an object with exactly this key counts, and the version that failed."""
    key = stack.new_key("a")
    fail_upload(stack, key, sequencer="1")
    with stack.no_events():
        stack.put(f"{key}.txt", b"one")
        [upload] = failed_uploads(stack.account.dynamodb, stack.table, stack.bucket)
        assert not is_missing(stack.account.s3, upload.bucket, upload.key)
        stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
    assert is_missing(stack.account.s3, upload.bucket, upload.key)
    older = replace(upload, sequencer="0".ljust(32, "0"))
    remove_failure(stack.account.dynamodb, stack.table, older)
    assert "processing_failed" == stack.record(key)["failure"]["code"]
    remove_failure(stack.account.dynamodb, stack.table, upload)
    assert stack.record_now(key) is None


def test_without_permission_to_list_a_deleted_object_is_still_failing(stack: Stack) -> None:
    """The error names the permission that the operator lacks."""
    key = stack.new_key("unknown.txt")
    fail_upload(stack, key)
    processor = get_processor(stack.stage, 1)
    [upload] = failed_uploads(stack.account.dynamodb, stack.table, stack.bucket)
    other = replace(upload, bucket="somebody-elses")
    with s3_failing(stack, "unknown.txt"):
        outcome = process(processor, other)
    assert STILL_FAILING == outcome.name
    assert "it may be deleted: An error occurred" in str(outcome.error)


def test_concurrent_retries_are_safe(stack: Stack) -> None:
    """The conditional write lets one of them win, and neither reports an error."""
    keys = [stack.new_key() for _ in range(3)]
    for key in keys:
        fail_upload(stack, key)
    threads = [threading.Thread(target=retry, args=(stack.stage, 2)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["PROCESSED"] * 3 == [stack.record(key)["status"] for key in keys]


def test_all_pages_of_failed_documents_are_found(stack: Stack) -> None:
    """Failures on every page are found, oldest first, without those of other codes."""
    keys = [stack.new_key(f"{number}") for number in range(12)]
    for number, key in enumerate(keys):
        code = "unreadable" if number % 3 else "processing_failed"
        stack.put_record(
            key,
            status="FAILED",
            objectKey=key,
            fileSize=1,
            eTag="0" * 32,
            sequencer=NEXT,
            uploadedAt=f"2026-11-22T12:00:{number:02}.000Z",
            fileName="x" * 300_000,  # a page has 1 MB
            failure={"code": code},
        )
    try:
        found = failed_uploads(stack.account.dynamodb, stack.table, stack.bucket)
        assert [keys[0], keys[3], keys[6], keys[9]] == [upload.key for upload in found]
    finally:
        for key in keys:
            stack.delete_record(key)


def test_a_failure_that_was_never_recorded_is_processed(stack: Stack) -> None:
    """The upload of a dead-letter message is processed, and the message is deleted."""
    key = stack.new_key("never recorded.txt")
    event = fail_upload(stack, key)
    stack.delete_record(key)
    put_unrecorded(stack, on_failure_message(event))
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, ["1  PROCESSED"]) == (answer.returncode, counts(answer))
    assert "Stage test: 1 to retry, 1 of them without a FAILED record" in answer.stdout
    assert "PROCESSED" == stack.record(key)["status"]
    assert 0 == unrecorded(stack)


def test_an_unrecorded_failure_that_persists_is_recorded(stack: Stack) -> None:
    """Its message returns to the failure queue, and record_failure stores a FAILED record."""
    key = stack.new_key("unrecorded trouble.txt")
    event = fail_upload(stack, key)
    stack.delete_record(key)
    put_unrecorded(stack, on_failure_message(event))
    with s3_failing(stack, "trouble.txt"):
        with pytest.raises(CommandError, match="1 still failing"):
            retry(stack.stage, 4)
        assert "processing_failed" == stack.record(key, "FAILED")["failure"]["code"]
        assert 0 == unrecorded(stack)
    retry(stack.stage, 4)
    assert "PROCESSED" == stack.record(key)["status"]


def test_a_removal_that_was_never_recorded_is_applied(stack: Stack) -> None:
    """The record gets the removal of a dead-letter message, and the message is deleted."""
    key = stack.new_key("removed unrecorded.txt")
    put_unrecorded(stack, on_failure_message(remove_unrecorded(stack, key)))
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, ["1  object deleted"]) == (answer.returncode, counts(answer))
    assert "2026-11-22T12:00:01.000Z" == stack.record(key)["removedAt"]
    assert 0 == unrecorded(stack)


def test_a_removal_that_still_fails_returns_to_the_failure_queue(stack: Stack) -> None:
    """It is reported by key, and record_failure applies it."""
    key = stack.new_key("removed trouble.txt")
    put_unrecorded(stack, on_failure_message(remove_unrecorded(stack, key)))
    assert stack.account.endpoint
    with (
        faulty_aws(
            stack.account.endpoint, lambda call: 400 if call.name == "UpdateItem" else None
        ) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (1, ["1  still failing"]) == (answer.returncode, counts(answer))
    assert f"  Still failing: {key}: " in answer.stdout
    eventually(lambda: "removedAt" in stack.record(key), "a record of the removal")
    assert 0 == unrecorded(stack)


def test_two_failed_versions_are_processed(stack: Stack) -> None:
    """The later version is recorded; the earlier one, which has no record, is outdated."""
    key = stack.new_key("twice.txt")
    put_unrecorded(stack, on_failure_message(fail_upload(stack, key, b"one", "1")))
    fail_upload(stack, key, b"one two", "2")
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, ["2  PROCESSED"]) == (answer.returncode, counts(answer))
    assert 2 == stack.record(key)["metadata"]["wordCount"]


def test_a_malformed_message_is_left_in_place(stack: Stack) -> None:
    """It is reported by id, and the other messages are processed."""
    key = stack.new_key("beside.txt")
    event = fail_upload(stack, key)
    stack.delete_record(key)
    put_unrecorded(stack, "{}")
    put_unrecorded(stack, on_failure_message(event))
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert 1 == answer.returncode
    assert ["1  PROCESSED", "1  still failing"] == counts(answer)
    assert "of the dead-letter queue: Not a message of Lambda's on-failure" in answer.stdout
    assert 1 == unrecorded(stack)
