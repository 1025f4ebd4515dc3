"""An event that fails permanently becomes a FAILED record, unless a result exists."""

from __future__ import annotations

import json

import pytest

from tests.support.faults import Call, faulty_aws
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually


def message(event: dict[str, object], error_type: str = "ClientError") -> str:
    """What Lambda sends to an on-failure destination."""
    return json.dumps(
        {
            "version": "1.0",
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responsePayload": {"errorType": error_type, "errorMessage": "told to operators"},
        }
    )


def fail_permanently(
    stack: Stack, event: dict[str, object], error_type: str = "ClientError"
) -> None:
    """Run record_failure as the queue does; it must end well."""
    body = message(event, error_type)
    assert stack.invoke("record_failure", {"Records": [{"body": body, "receiptHandle": "x"}]}) == {}


def test_a_crash_is_tried_three_times_and_becomes_a_failed_record(stack: Stack) -> None:
    """A file whose processing fails on every attempt ends as FAILED processing_failed."""
    key = stack.new_key("boom.txt")
    attempts = []

    def fault(call: Call) -> int | None:
        if call.operation.endswith("PutItem") and key.encode() in call.body:
            attempts.append(call)
            return 400
        return None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        stack.put(key, b"one two three")
        record = stack.record(key)
    assert len(attempts) == 3
    assert record["status"] == "FAILED"
    assert record["failure"]["code"] == "processing_failed"
    message = record["failure"]["message"]
    assert message.startswith("Processing failed after 3 attempts: an AWS or internal error")
    assert record["fileName"] == "boom.txt"
    assert record["fileSize"] == 13
    lines = eventually(lambda: stack.lines("record_failure", "boom.txt"), "a line of the failure")
    expected = "File boom.txt processed with status FAILED, failure=processing_failed"
    assert expected == lines[0]["message"]
    assert "PutItem" in lines[0]["errorMessage"]


def test_an_object_that_may_not_be_read_says_so(stack: Stack) -> None:
    """If S3 answers 403, the failure message reports the object as missing or not readable."""
    key = stack.new_key()

    def fault(call: Call) -> int | None:
        return 403 if call.path.endswith(key) else None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        stack.put(key, b"one two three")
        record = stack.record(key)
    assert record["failure"]["code"] == "processing_failed"
    assert "the object is missing or not readable" in record["failure"]["message"]


def test_a_result_is_never_overwritten(stack: Stack) -> None:
    """A failure that arrives after the same event was processed changes nothing."""
    key = stack.new_key()
    e_tag = stack.put(key, b"one two three")
    before = stack.record(key)
    fail_permanently(stack, created_event(stack.bucket, key, e_tag, before["sequencer"]))
    assert before == stack.record(key)


def test_a_retry_may_replace_processing_failed(stack: Stack) -> None:
    """Processing the same event again after a permanent failure replaces it with the result."""
    key = stack.new_key()
    e_tag = stack.put(key, b"one two three")
    sequencer = "F" * 18
    stack.record(key)
    event = created_event(stack.bucket, key, e_tag, sequencer)
    fail_permanently(stack, event)
    assert stack.record(key)["status"] == "FAILED"
    assert stack.invoke("process_upload", event) == {}
    record = stack.record(key)
    assert record["status"] == "PROCESSED"
    assert "failure" not in record


def test_a_failure_keeps_the_fields_of_the_pending_record(stack: Stack) -> None:
    """Name and owner of a PENDING record outlive processing_failed; its expiry does not."""
    key = stack.new_key("key-name")
    pending = {"fileName": "asked for.txt", "owner": "someone", "status": "PENDING"}
    stack.put_record(key, **pending, fileType="text/plain", expiresAt=9_999_999_999)
    fail_permanently(stack, created_event(stack.bucket, key, "0" * 32))
    record = stack.record(key)
    assert (record["fileName"], record["owner"]) == ("asked for.txt", "someone")
    assert record["status"] == "FAILED"
    assert not {"expiresAt", "fileType"} & set(record)


def test_a_message_that_is_none_of_lambdas_is_not_taken_away(stack: Stack) -> None:
    """What record_failure cannot read raises, so that SQS keeps it for the redrive queue."""
    error = stack.invoke("record_failure", {"Records": [{"body": "{}", "receiptHandle": "x"}]})
    assert "on-failure destination" in error["errorMessage"]


@pytest.mark.parametrize("error_type", ["ClientError", "MemoryError"])
def test_the_record_reveals_nothing_of_the_account(stack: Stack, error_type: str) -> None:
    """The failure message quotes no internal error, which may name roles and tables."""
    key = stack.new_key()
    fail_permanently(stack, created_event(stack.bucket, key, "0" * 32), error_type)
    assert "told to operators" not in str(stack.record(key))
