"""What trouble left unprocessed is processed once the trouble is over."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.console import Problem
from infra.retry import HIDDEN, VISIBLE, failed_uploads, retry
from tests.commands import counts, reaching, run
from tests.faults import faulty_aws
from tests.stack import Stack, created_event

NEXT = "F" * 18
"""A sequencer above any that the local AWS gives."""


@pytest.fixture(autouse=True)
def nothing_failed_before(stack: Stack) -> None:
    """No other test's failures are there to be retried."""
    for upload in failed_uploads(stack.account.dynamodb, stack.table, stack.bucket):
        stack.delete_record(upload.key)
    for name in ("UnrecordedFailureQueueUrl", "FailureQueueUrl"):
        stack.account.sqs.purge_queue(QueueUrl=stack.outputs[name])


@contextmanager
def trouble(stack: Stack, suffix: str) -> Iterator[None]:
    """Let S3 refuse process_upload the objects whose keys end so while the block lasts."""
    assert stack.account.endpoint
    with (
        faulty_aws(
            stack.account.endpoint, lambda call: 403 if call.path.endswith(suffix) else None
        ) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        yield


def give_up_on(
    stack: Stack, key: str, content: bytes = b"one two three", sequencer: str = "1"
) -> dict[str, object]:
    """Put an object whose processing Lambda gave up; the event that told of it."""
    with stack.no_events():
        e_tag = stack.put(key, content)
    event = created_event(stack.bucket, key, e_tag, sequencer, len(content))
    message = {"body": on_failure_message(event), "receiptHandle": "x"}
    assert stack.invoke("record_failure", {"Records": [message]}) == {}
    return event


def on_failure_message(event: dict[str, object]) -> str:
    """What Lambda sends to an on-failure destination."""
    return json.dumps(
        {
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responsePayload": {"errorType": "ClientError", "errorMessage": "told to operators"},
        }
    )


def put_unrecorded(stack: Stack, body: str) -> None:
    """Put into the redrive queue what record_failure could not record five times."""
    stack.account.sqs.send_message(
        QueueUrl=stack.outputs["UnrecordedFailureQueueUrl"], MessageBody=body
    )


def unrecorded(stack: Stack) -> int:
    """How many messages are in the redrive queue, hidden or not."""
    answer = stack.account.sqs.get_queue_attributes(
        QueueUrl=stack.outputs["UnrecordedFailureQueueUrl"], AttributeNames=[VISIBLE, HIDDEN]
    )
    return sum(int(number) for number in answer["Attributes"].values())


def test_failed_documents_are_processed_once_the_trouble_is_over(stack: Stack) -> None:
    """Each ends as its bytes say, keeps the time of its upload, and is not processed again."""
    good, bad = stack.new_key("a good + one.txt"), stack.new_key("empty.txt")
    give_up_on(stack, good)
    give_up_on(stack, bad, b"")
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
    assert "Stage test: 0 to try again, 0 of them not recorded" in answer.stdout
    assert calls == stack.calls(good)


def test_documents_that_are_still_in_trouble_are_named(stack: Stack) -> None:
    """The exit code is 1, the key and the error are told, and the record stays as it was."""
    key = stack.new_key("still.txt")
    give_up_on(stack, key)
    before = stack.record(key)
    with trouble(stack, "still.txt"):
        answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert 1 == answer.returncode
    assert ["1  still in trouble"] == counts(answer)
    [line] = [line for line in answer.stdout.splitlines() if "In trouble" in line]
    assert line.startswith(f"  In trouble: {key}: ")
    assert "the object is missing or not readable" in line
    assert ["intake: 1 still in trouble; run it again once that is over"] == (
        answer.stderr.splitlines()
    )
    assert before == stack.record(key)


def test_an_object_that_is_gone_is_told_apart(stack: Stack) -> None:
    """There is nothing to try again: the record stays, and that is no trouble."""
    key = stack.new_key("gone.txt")
    give_up_on(stack, key)
    stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
    before = stack.record(key)
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert 0 == answer.returncode
    assert ["1  gone or replaced, nothing to record"] == counts(answer)
    assert before == stack.record(key)


def test_two_retries_at_once_do_no_harm(stack: Stack) -> None:
    """The conditional write lets one of them win, and neither calls that trouble."""
    keys = [stack.new_key() for _ in range(3)]
    for key in keys:
        give_up_on(stack, key)
    threads = [threading.Thread(target=retry, args=(stack.stage, 2)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["PROCESSED"] * 3 == [stack.record(key)["status"] for key in keys]


def test_all_pages_of_failed_documents_are_found(stack: Stack) -> None:
    """Neither other failures nor the end of a page hide any; the oldest comes first."""
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
    """What lies in the redrive queue becomes a result, and its message goes."""
    key = stack.new_key("never recorded.txt")
    event = give_up_on(stack, key)
    stack.delete_record(key)
    put_unrecorded(stack, on_failure_message(event))
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, ["1  PROCESSED"]) == (answer.returncode, counts(answer))
    assert "Stage test: 1 to try again, 1 of them not recorded" in answer.stdout
    assert "PROCESSED" == stack.record(key)["status"]
    assert 0 == unrecorded(stack)


def test_a_failure_that_is_still_in_trouble_is_recorded(stack: Stack) -> None:
    """It goes back to the failure queue: the record says that it failed, and nothing is lost."""
    key = stack.new_key("unrecorded trouble.txt")
    event = give_up_on(stack, key)
    stack.delete_record(key)
    put_unrecorded(stack, on_failure_message(event))
    with trouble(stack, "trouble.txt"):
        with pytest.raises(Problem, match="1 still in trouble"):
            retry(stack.stage, 4)
        assert "processing_failed" == stack.record(key, "FAILED")["failure"]["code"]
        assert 0 == unrecorded(stack)
    retry(stack.stage, 4)
    assert "PROCESSED" == stack.record(key)["status"]


def test_two_versions_that_failed_are_no_trouble(stack: Stack) -> None:
    """The later one is processed, and the earlier one, which was never recorded, is overtaken."""
    key = stack.new_key("twice.txt")
    put_unrecorded(stack, on_failure_message(give_up_on(stack, key, b"one", "1")))
    give_up_on(stack, key, b"one two", "2")
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert (0, ["2  PROCESSED"]) == (answer.returncode, counts(answer))
    assert 2 == stack.record(key)["metadata"]["wordCount"]


def test_a_message_that_cannot_be_read_stays(stack: Stack) -> None:
    """It is named for a person to look at, and the others are done all the same."""
    key = stack.new_key("beside.txt")
    event = give_up_on(stack, key)
    stack.delete_record(key)
    put_unrecorded(stack, "{}")
    put_unrecorded(stack, on_failure_message(event))
    answer = run("retry", "--stage", "test", **reaching(stack.account))
    assert 1 == answer.returncode
    assert ["1  PROCESSED", "1  still in trouble"] == counts(answer)
    assert "of the redrive queue: Not a message of Lambda's on-failure" in answer.stdout
    assert 1 == unrecorded(stack)
