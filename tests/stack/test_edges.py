"""Uploads at the edge of what S3, its events and DynamoDB can hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.documents import (
    Document,
    Status,
    document_id_for,
    file_name_from_metadata,
    owner_from_metadata,
)
from chalicelib.events import uploads_from_event
from chalicelib.files.metadata import bounded
from chalicelib.store import WriteOutcome, get_record, put_result
from tests.stack.test_record_failure import fail_permanently
from tests.support.faults import Response, faulty_aws
from tests.support.stack import Stack, created_event, created_record, removed_event

LONGEST_KEY = "é" * 512
"""1,024 bytes in UTF-8, which is S3's limit."""


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        pytest.param(None, "key.txt", id="none"),
        pytest.param("", "key.txt", id="empty"),
        pytest.param("caf%C3%A9.txt", "café.txt", id="as we sign it"),
        pytest.param("100%", "100%", id="not encoded"),
        pytest.param("%FF%zz", "\ufffd%zz", id="badly encoded"),
        pytest.param("%ED%A0%80", "\ufffd\ufffd\ufffd", id="encoded surrogate"),
        pytest.param("\ud800", "\ufffd", id="surrogate"),
        pytest.param("=?UTF-8?B?Y2Fmw6k=?=", "café", id="RFC 2047, base 64"),
        pytest.param("=?UTF-8?Q?caf=C3=A9?=", "café", id="RFC 2047, quoted"),
        pytest.param("=?nonsense?B?zz?=", "=?nonsense?B?zz?=", id="RFC 2047, unknown"),
        pytest.param("=?UTF-8?Q?=FF?=", "=?UTF-8?Q?=FF?=", id="RFC 2047, not UTF-8"),
        pytest.param("=?", "=?", id="hardly RFC 2047"),
        pytest.param("a%00b%0Ac", "a\0b\nc", id="control characters"),
        pytest.param("x" * 2_048, "x" * 2_048, id="as long as metadata can be"),
    ],
)
def test_file_name(declared: str | None, name: str) -> None:
    """Whatever the metadata holds, there is a name, and UTF-8 can write it."""
    assert name == file_name_from_metadata("folder/key.txt", declared)
    assert name.encode()


@pytest.mark.parametrize(
    ("key", "name"),
    [("a/b", "b"), ("a/b/", "b"), ("/", "/"), ("//", "//"), ("a//", "a"), (LONGEST_KEY,) * 2],
)
def test_file_name_of_key(key: str, name: str) -> None:
    """The name is the last segment of the key that is not empty, else the key."""
    assert name == file_name_from_metadata(key, None)


@pytest.mark.parametrize(
    ("declared", "owner"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param("someone", "someone", id="someone"),
        pytest.param("=?UTF-8?B?w6k=?=", "é", id="RFC 2047"),
        pytest.param("=?UTF-8?B?####?=", None, id="RFC 2047, nothing in it"),
        pytest.param("x" * 2_048, "x" * 2_048, id="longest"),
        pytest.param("x" * 2_049, None, id="too long"),
        pytest.param("é" * 1_025, None, id="too long in UTF-8"),
        pytest.param("\ud800", "\ufffd", id="surrogate"),
    ],
)
def test_owner(declared: str | None, owner: str | None) -> None:
    """An owner is something that DynamoDB takes as the key of an index, or there is none."""
    assert owner == owner_from_metadata(declared)


@pytest.mark.parametrize(
    "record",
    [
        {"eventName": "ObjectCreated:Put"},
        {"eventName": "ObjectCreated:Put", "s3": None},
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {}, "object": {}}},
        {**created_record("bucket", "key", "tag"), "eventTime": None},
        {**created_record("bucket", "key", "tag"), "eventTime": ""},
        created_record("bucket", "key", ""),
        created_record("bucket", "", "tag"),
        created_record("bucket", "key", "tag", ""),
    ],
    ids=["no object", "null", "empty", "null time", "no time", "no eTag", "no key", "no sequencer"],
)
def test_record_that_lacks_fields(record: dict[str, Any]) -> None:
    """An event that lacks fields S3 always sends raises, so that Lambda retries and keeps it."""
    with pytest.raises(ValueError, match=r"Not a record of an s3:ObjectCreated event"):
        uploads_from_event({"Records": [record]})


@pytest.mark.parametrize(
    "name", ["", "ObjectRemoved:Delete", "ReducedRedundancyLostObject", "ObjectRestore:Post", "New"]
)
def test_unknown_event_names(name: str) -> None:
    """Events of other kinds contain nothing to process."""
    record = {**created_record("bucket", "key", "tag"), "eventName": name}
    assert [] == uploads_from_event({"Records": [record]})


def test_unknown_ways_of_creation() -> None:
    """An object that is created by an unknown operation counts as created."""
    record = {**created_record("bucket", "key", "tag"), "eventName": "ObjectCreated:Teleport"}
    assert ["key"] == [upload.key for upload in uploads_from_event({"Records": [record]})]


@pytest.mark.parametrize(
    "name",
    ["é" * 493, "folder/", "//", "a b+c%2Fd&é\u2028\t", "..", "./x", "?x=1#y", "\U0001f600" * 9],
    ids=["longest", "folder", "slashes", "to be encoded", "up", "here", "query", "emoji"],
)
def test_odd_keys(stack: Stack, name: str) -> None:
    """A key of any form and of 1,024 bytes becomes its record."""
    key = stack.new_key(name)
    assert len(key.encode()) <= 1_024
    stack.put(key, b"one two three")
    record = stack.record(key, "PROCESSED")
    assert (key, 3) == (record["objectKey"], record["metadata"]["wordCount"])


def test_zero_bytes(stack: Stack) -> None:
    """A file without content is FAILED as empty; what the console calls a folder is ignored."""
    folder, file = stack.new_key("folder/"), stack.new_key("empty.txt")
    e_tag = stack.put(folder, b"")
    stack.put(file, b"")
    record = stack.record(file)
    assert ("empty", 0) == (record["failure"]["code"], record["fileSize"])

    event = created_event(stack.bucket, folder, e_tag, size=0)
    assert {} == stack.invoke("process_upload", event)
    fail_permanently(stack, event)
    stack.account.s3.delete_object(Bucket=stack.bucket, Key=folder)
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, folder, "F" * 18))
    assert stack.record_now(folder) is None
    assert [] == stack.calls(folder)
    assert [] == stack.lines("process_upload", folder) + stack.lines("record_failure", folder)


def test_5_gigabytes_are_not_downloaded(stack: Stack) -> None:
    """An object of 5 GB is refused by its headers, without waiting for what is in it."""
    key = stack.new_key("huge.pdf")
    e_tag = stack.put(key, b"one two three")
    stack.record(key)
    size = 5 * 2**30
    calls = []

    def fault(call: Any) -> Response | None:
        if key not in call.path:
            return None
        calls.append(call.name)
        headers = [("ETag", f'"{e_tag}"'), ("Content-Type", "application/pdf")]
        return Response(200, b"%PDF-1.4" * 1_000, headers, claimed_length=size)

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        event = created_event(stack.bucket, key, e_tag, "F" * 18, size)
        assert {} == stack.invoke("process_upload", event)
    record = stack.record(key, "FAILED")
    assert ("too_large", size) == (record["failure"]["code"], record["fileSize"])
    assert ["GetObject"] == calls


@pytest.mark.parametrize(
    ("metadata", "name", "owner"),
    [
        pytest.param({"owner": "", "file-name": ""}, "key", None, id="empty"),
        pytest.param({"owner": "x" * 2_000}, "key", "x" * 2_000, id="long owner"),
        pytest.param({"file-name": "n" * 2_000}, "n" * 2_000, None, id="long name"),
        pytest.param({"owner": "=?UTF-8?B?w6k=?="}, "key", "é", id="not ASCII"),
        pytest.param({"file-name": "%FF%00%1B[31m"}, "\ufffd\0\x1b[31m", None, id="bytes"),
        pytest.param({"tags": "a=1&b=%FF"}, "key", None, id="malformed tags"),
        pytest.param({"tags": "&" * 2_000}, "key", None, id="long tags"),
    ],
)
def test_metadata_that_we_did_not_sign(
    stack: Stack, metadata: dict[str, str], name: str, owner: str | None
) -> None:
    """Metadata that somebody else put there neither keeps a file from its record nor breaks it."""
    key = stack.new_key("key")
    stack.put(key, b"one two three", **metadata)
    record = stack.record(key, "PROCESSED")
    assert (name, owner) == (record["fileName"], record.get("owner"))
    assert "tags" not in record


def test_the_largest_record(stack: Stack) -> None:
    """All that an extractor may say, and the longest names, fit into one item."""
    metadata = bounded(
        {f"name{number:02}": "\u00e9" * 1_024 for number in range(63)} | {"wordCount": 2**53}
    )
    key = stack.new_key("x")
    document = Document(
        document_id=document_id_for(stack.bucket, key),
        file_name="x" * 2_048,
        file_type="text/plain",
        status=Status.PROCESSED,
        file_size=5 * 2**40,
        uploaded_at="2026-11-22T12:00:00.000Z",
        processed_at="2026-11-22T12:00:00.000Z",
        owner="x" * 2_048,
        object_key=LONGEST_KEY,
        e_tag="0" * 32,
        sequencer="F" * 32,
        sha256="0" * 64,
        metadata=metadata,
    )
    assert WriteOutcome.WRITTEN is put_result(stack.account.dynamodb, stack.table, document).outcome
    assert document.to_record() == get_record(
        stack.account.dynamodb, stack.table, document.document_id
    )
    assert len(json.dumps(document.to_record(), ensure_ascii=False).encode()) < 400_000
