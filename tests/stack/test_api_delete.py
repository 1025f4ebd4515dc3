"""Deleted is deleted, whatever is under way: events, URLs, processing, failures."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.documents import document_id_for, object_key_for
from infra.api_client import Client, send
from tests.stack.test_record_failure import fail_permanently
from tests.support.faults import Call, faulty_aws
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

CONTENT = b"one two three"
LAST = "F" * 18
"""A sequencer above any that the local AWS gives."""


def delete(client: Client, document_id: str) -> None:
    """Delete a document, which must work."""
    answer = client.call("DELETE", f"documents/{document_id}")
    assert (204, b"") == (answer.status, answer.content)


def is_gone(stack: Stack, client: Client, document_id: str, key: str) -> bool:
    """Whether nothing of a document can be seen, by the API or in the bucket."""
    listed = client.call("GET", "documents?limit=100").body["documents"]
    return (
        404 == client.call("GET", f"documents/{document_id}").status
        and 404 == client.call("GET", f"documents/{document_id}/content").status
        and document_id not in [document["documentId"] for document in listed]
        and not stack.has_object(key)
    )


def uploaded(stack: Stack, client: Client) -> tuple[str, str]:
    """Id and key of a PROCESSED document."""
    document_id = client.upload("a.txt", "text/plain", CONTENT)
    stack.settled(client, document_id)
    return document_id, object_key_for(document_id)


def put_directly(stack: Stack, content: bytes = CONTENT, key: str | None = None) -> tuple[str, str]:
    """Id and key of a direct upload."""
    key = key or stack.new_key("direct.txt")
    stack.put(key, content)
    eventually(
        lambda: (stack.record_now(key) or {}).get("fileSize") == len(content), f"a record of {key}"
    )
    return document_id_for(stack.bucket, key), key


def test_a_document_and_its_file_are_gone(stack: Stack, ada: Client) -> None:
    """To API and bucket alike, and so is the content under a URL given out before."""
    document_id, key = uploaded(stack, ada)
    url = ada.call("GET", f"documents/{document_id}/content").body["url"]
    delete(ada, document_id)
    assert is_gone(stack, ada, document_id, key)
    assert 404 == send("GET", url).status


def test_deleting_again_is_no_error(stack: Stack, ada: Client, bo: Client) -> None:
    """A client that lost the first answer gets it again; a stranger sees nothing at all."""
    document_id, _ = uploaded(stack, ada)
    delete(ada, document_id)
    delete(ada, document_id)
    assert 404 == bo.call("DELETE", f"documents/{document_id}").status
    assert 404 == ada.call("DELETE", f"documents/{uuid.uuid4()}").status


def test_what_stays_holds_no_word_of_the_file(stack: Stack, ada: Client) -> None:
    """Id, owner, key and times: enough to refuse what comes late, for 30 days."""
    document_id, key = uploaded(stack, ada)
    delete(ada, document_id)
    tombstone = stack.record_now(key)
    assert tombstone is not None
    names = {"documentId", "owner", "objectKey", "sequencer", "deletedUntil", "expiresAt"}
    assert names == set(tombstone)
    assert 0 <= time.time() + 30 * 86_400 - int(tombstone["expiresAt"]) < 60


def test_a_late_event_brings_nothing_back(stack: Stack, ada: Client) -> None:
    """Neither a redelivered event nor one of a later version, also deleted, restores it."""
    document_id, key = uploaded(stack, ada)
    record = stack.record(key)
    delete(ada, document_id)
    for sequencer in (str(record["sequencer"]), LAST):
        event = created_event(stack.bucket, key, str(record["eTag"]), sequencer)
        assert stack.invoke("process_upload", event) == {}
        assert is_gone(stack, ada, document_id, key)


def test_a_document_deleted_before_it_is_processed_raises_no_alarm(
    stack: Stack, ada: Client
) -> None:
    """S3 answers 403 to the late event, the tombstone explains it: no error, no retry, no queue."""
    document_id, key = uploaded(stack, ada)
    record = stack.record(key)
    delete(ada, document_id)
    event = created_event(stack.bucket, key, str(record["eTag"]), LAST)
    assert stack.account.endpoint
    with (
        faulty_aws(
            stack.account.endpoint, lambda call: 403 if call.path.endswith(key) else None
        ) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        assert {} == stack.invoke("process_upload", event)
    assert is_gone(stack, ada, document_id, key)
    assert eventually(
        lambda: stack.lines("process_upload", f"File {key} was deleted or replaced"), "the line"
    )


def test_a_url_given_out_before_brings_nothing_back(stack: Stack, ada: Client) -> None:
    """S3 takes the PUT, as there is nothing under that key; then it is taken away again."""
    upload = ada.request_upload("a.txt", "text/plain", len(CONTENT)).body
    put = upload["upload"]
    document_id, key = upload["documentId"], object_key_for(upload["documentId"])
    delete(ada, document_id)
    for _ in range(2):
        assert 200 == send("PUT", put["url"], put["headers"], CONTENT).status
        eventually(lambda: not stack.has_object(key), f"an end of {key}")
        assert is_gone(stack, ada, document_id, key)


@contextmanager
def held(stack: Stack, key: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Hold process_upload at the write of a record: set when it is there; to be set to go on."""
    arrived, go_on = threading.Event(), threading.Event()

    def fault(call: Call) -> int | None:
        if call.operation.endswith("PutItem") and key.encode() in call.body:
            arrived.set()
            assert go_on.wait(60)
        return None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        # The write waits here longer than the function lets it: a retry then waits likewise.
        stack.environment("process_upload", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        try:
            yield arrived, go_on
        finally:
            go_on.set()


def test_an_upload_that_is_being_processed_does_not_come_back(stack: Stack, ada: Client) -> None:
    """Deleted between the reading of its file and the writing of its record."""
    upload = ada.request_upload("a.txt", "text/plain", len(CONTENT)).body
    put, key = upload["upload"], object_key_for(upload["documentId"])
    with held(stack, key) as (arrived, go_on):
        assert 200 == send("PUT", put["url"], put["headers"], CONTENT).status
        assert arrived.wait(60)
        delete(ada, upload["documentId"])
        go_on.set()
        # Once by the API, once by the function when its write was refused.
        eventually(lambda: stack.calls(key).count("DeleteObject") == 2, "the end of the processing")
    assert is_gone(stack, ada, upload["documentId"], key)


def test_a_direct_upload_that_is_being_processed_does_not_come_back(
    stack: Stack, operator: Client
) -> None:
    """Its second version is being processed when the document is deleted."""
    document_id, key = put_directly(stack)
    first = stack.record(key)
    outcome: list[dict[str, Any]] = []
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    event = created_event(stack.bucket, key, str(first["eTag"]), LAST)
    event["Records"][0]["eventTime"] = now
    processing = threading.Thread(
        target=lambda: outcome.append(stack.invoke("process_upload", event))
    )
    with held(stack, key) as (arrived, go_on):
        processing.start()
        assert arrived.wait(60)
        delete(operator, document_id)
        go_on.set()
        processing.join(60)
    assert [{}] == outcome
    assert is_gone(stack, operator, document_id, key)


def test_a_late_failure_brings_nothing_back(stack: Stack, ada: Client) -> None:
    """record_failure writes nothing over a tombstone, and takes away what was put meanwhile."""
    document_id, key = uploaded(stack, ada)
    e_tag = str(stack.record(key)["eTag"])
    delete(ada, document_id)
    fail_permanently(stack, created_event(stack.bucket, key, e_tag, LAST))
    assert is_gone(stack, ada, document_id, key)
    tombstone = stack.record_now(key)
    assert tombstone is not None
    assert "deletedUntil" in tombstone


def test_a_direct_upload_after_the_deletion_is_a_new_document(
    stack: Stack, operator: Client
) -> None:
    """Same key, same id, new file; an event of what was deleted comes too late for it."""
    document_id, key = put_directly(stack)
    old = stack.record(key)
    delete(operator, document_id)
    assert is_gone(stack, operator, document_id, key)
    put_directly(stack, b"another file", key)
    record = operator.call("GET", f"documents/{document_id}")
    assert (200, 12) == (record.status, record.body["fileSize"])
    assert (
        stack.invoke(
            "process_upload",
            created_event(stack.bucket, key, str(old["eTag"]), str(old["sequencer"])),
        )
        == {}
    )
    assert record.body == operator.call("GET", f"documents/{document_id}").body


def test_a_failure_of_a_new_direct_upload_takes_the_tombstones_place(
    stack: Stack, operator: Client
) -> None:
    """What is put after the deletion ends as FAILED like any other, with nothing left of it."""
    document_id, key = put_directly(stack)
    delete(operator, document_id)
    event = created_event(stack.bucket, key, "0" * 32, LAST)
    event["Records"][0]["eventTime"] = "2999-01-01T00:00:00.000Z"
    fail_permanently(stack, event)
    record = stack.record(key, "FAILED")
    assert not {"deletedUntil", "expiresAt"} & set(record)


def test_a_deletion_that_broke_off_can_be_finished(stack: Stack, ada: Client) -> None:
    """S3 fails after the tombstone is there: 500, hidden already, and gone when asked again."""
    document_id, key = uploaded(stack, ada)

    def fault(call: Call) -> int | None:
        return 503 if call.method == "DELETE" else None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("api_handler", AWS_ENDPOINT_URL_S3=url),
    ):
        answer = ada.call("DELETE", f"documents/{document_id}")
        assert (500, "internal_error") == (answer.status, answer.body["code"])
        assert 404 == ada.call("GET", f"documents/{document_id}").status
    assert stack.has_object(key)
    delete(ada, document_id)
    assert is_gone(stack, ada, document_id, key)


@pytest.mark.parametrize("name", ["a b é+.txt", "uploads/readme.txt", "deep/er/file"])
def test_operators_delete_direct_uploads_of_any_key(
    stack: Stack, operator: Client, name: str
) -> None:
    """Also below the prefix that clients' uploads have."""
    key = name if name.startswith("uploads/") else stack.new_key(name)
    document_id, key = put_directly(stack, key=key)
    delete(operator, document_id)
    assert is_gone(stack, operator, document_id, key)
