"""Object keys, file names and errors that quote them cannot forge or reorder a log line."""

from __future__ import annotations

import html
import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.documents import escape_unprintable
from tests.support.faults import Faults, Response, faulty_aws
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

ATTEMPTS = 3
"""Of Lambda, after which the event goes to the failure queue."""


def hostile(word: str) -> str:
    """A name that is several lines where it is not escaped, each of them with the word."""
    return (
        f"a\nERROR forged {word}\x1b[31m\u2028"
        f'{{"level": "ERROR", "documents": 1, "message": "{word}"}}\x85\u202etxt.{word}.exe'
    )


def hostile_key(stack: Stack, word: str) -> str:
    """A key that the function may read: the local AWS's IAM matches no newline with `*`."""
    return stack.new_key(hostile(word).replace("\n", "\r"))


@pytest.fixture
def word() -> str:
    """A word in the lines of one test only."""
    return str(uuid.uuid4())


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


def quoting(text: str) -> Response:
    """DynamoDB's refusal of a call, with a message that quotes a text."""
    error = {"__type": "com.amazon.coral.validate#ValidationException", "message": text}
    return Response(
        400, json.dumps(error).encode(), [("Content-Type", "application/x-amz-json-1.0")]
    )


def forbidden(text: str) -> Response:
    """S3's refusal, with a message that quotes a text; XML cannot contain an escape character."""
    message = html.escape(text.replace("\x1b", "")).replace("\n", "&#10;")
    body = f"<Error><Code>AccessDenied</Code><Message>Not allowed: {message}</Message></Error>"
    return Response(403, body.encode(), [("Content-Type", "application/xml")])


def written(stack: Stack, function: str, word: str) -> list[str]:
    """The lines of a function with a word, as CloudWatch has them; all of them are safe."""
    group = f"/aws/lambda/{stack.stage.functions[function]}"
    pages = stack.account.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    lines = [event["message"] for page in pages for event in page["events"]]
    found = [line for line in lines if word in line]
    for line in found:
        assert line.isprintable(), ascii(line)
        assert not line.startswith("ERROR forged")
        if line.startswith("{"):
            values = [value for value in json.loads(line).values() if isinstance(value, str)]
            assert all(value.isprintable() for value in values), line
            assert "intake-test" == json.loads(line)["stack"]
    return found


def the_lines(stack: Stack, function: str, word: str, count: int = 1) -> list[dict[str, Any]]:
    """This many lines that a function logged on a word, once they are there."""

    def look() -> list[dict[str, Any]] | None:
        lines = [line for line in written(stack, function, word) if line.startswith("{")]
        return [json.loads(line) for line in lines] if len(lines) >= count else None

    lines = eventually(look, f"{count} lines of {function}")
    assert count == len(lines)
    return lines


def test_a_processed_file(stack: Stack, word: str) -> None:
    """Name and key are escaped in its line; the record has them as they are."""
    key = hostile_key(stack, word)
    stack.put(key, b"one two three", **{"file-name": quote(hostile(word))})
    [line] = the_lines(stack, "process_upload", word)
    name = escape_unprintable(hostile(word))
    assert f"File {name} processed with status PROCESSED, words=3" == line["message"]
    assert escape_unprintable(key) == line["objectKey"]
    record = stack.record(key)
    assert (key, hostile(word)) == (record["objectKey"], record["fileName"])


def test_a_failed_file(stack: Stack, word: str) -> None:
    """Name and key are escaped in its line."""
    key = hostile_key(stack, word)
    stack.put(key, b"", **{"file-name": quote(hostile(word))})
    [line] = the_lines(stack, "process_upload", word)
    name = escape_unprintable(hostile(word))
    assert f"File {name} processed with status FAILED, failure=empty" == line["message"]
    assert escape_unprintable(key) == line["objectKey"]


def test_a_replaced_file(stack: Stack, word: str) -> None:
    """The key is escaped in the line on an object that was replaced before it was read."""
    key = hostile_key(stack, word)
    with stack.no_events():
        stack.put(key, b"one two three")
    assert {} == stack.invoke("process_upload", created_event(stack.bucket, key, "0" * 32))
    [line] = the_lines(stack, "process_upload", word)
    message = f"File {key} was deleted or replaced, nothing recorded"
    assert escape_unprintable(message) == line["message"]


def test_an_error_that_is_retried(stack: Stack, faults: Faults, word: str) -> None:
    """An AWS error that quotes the key is escaped in each attempt's lines, Lambda's included."""
    key, quoted = hostile_key(stack, word), f"Bad item {hostile(word)}"
    faults.plan(word, "PutItem", *[quoting(quoted)] * ATTEMPTS)
    stack.put(key, b"one two three")
    [result] = the_lines(stack, "record_failure", word)
    assert "processing_failed" == result["failureCode"]
    attempts = the_lines(stack, "process_upload", word, ATTEMPTS)
    for line in attempts:
        assert ("ERROR", "ClientError") == (line["level"], line["errorType"])
        assert line["errorMessage"].endswith(escape_unprintable(quoted))
        assert line["message"].endswith(line["errorMessage"])
    assert ATTEMPTS < len(written(stack, "process_upload", word))  # Lambda's own


def test_an_object_that_cannot_be_read(stack: Stack, faults: Faults, word: str) -> None:
    """An error of this project that quotes the key leaves the function escaped."""
    key = stack.new_key(hostile(word))
    faults.plan(word, "GetObject", forbidden(key))
    error = stack.invoke("process_upload", created_event(stack.bucket, key, "0" * 32))
    message = f"the object is missing or not readable: s3://{stack.bucket}/{key}"
    assert escape_unprintable(message) == error["errorMessage"]
    [line] = the_lines(stack, "process_upload", word)
    assert ("ObjectUnreadableError", error["errorMessage"]) == (
        line["errorType"],
        line["errorMessage"],
    )
    assert 1 < len(written(stack, "process_upload", word))  # Lambda's own


def failed(event: dict[str, Any], error: str) -> dict[str, Any]:
    """A delivery of SQS to record_failure: Lambda's message on an event that ended in an error."""
    message = {
        "requestContext": {"approximateInvokeCount": ATTEMPTS},
        "requestPayload": event,
        "responsePayload": {"errorType": error, "errorMessage": error},
    }
    return {"Records": [{"body": json.dumps(message), "receiptHandle": "x"}]}


def test_a_failure_that_is_recorded(stack: Stack, word: str) -> None:
    """The error in the message of the failure queue is escaped, as is the key."""
    key = stack.new_key(hostile(word))
    delivery = failed(created_event(stack.bucket, key, "0" * 32), hostile(word))
    assert {} == stack.invoke("record_failure", delivery)
    [line] = the_lines(stack, "record_failure", word)
    name = escape_unprintable(hostile(word))
    assert (name, name) == (line["errorType"], line["errorMessage"])
    assert f"File {name} processed with status FAILED, failure=processing_failed" == line["message"]


def test_a_failure_that_cannot_be_recorded(stack: Stack, faults: Faults, word: str) -> None:
    """An AWS error that quotes the key leaves record_failure escaped."""
    key = stack.new_key(hostile(word))
    faults.plan(word, "UpdateItem", quoting(key))
    error = stack.invoke("record_failure", failed(created_event(stack.bucket, key, "0" * 32), "x"))
    assert error["errorMessage"].endswith(escape_unprintable(key))
    assert eventually(lambda: written(stack, "record_failure", word), "Lambda's own line")
