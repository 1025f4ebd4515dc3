"""An object that is deleted outside the API leaves a record with `removedAt`, without an alarm."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.documents import document_id_for, object_key_for
from infra.api_client import Client
from tests.stack.test_record_failure import fail_permanently
from tests.support.faults import Call, faulty_aws
from tests.support.stack import Stack, created_event, removed_event
from tests.support.waiting import eventually

EARLIEST, EARLY, LAST = "0000001", "0000002", "F" * 18
"""Sequencers below and above any that the local AWS gives."""


def remove(stack: Stack, key: str) -> None:
    """Delete an object as another program would."""
    stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)


def removed_record(stack: Stack, key: str) -> dict[str, Any]:
    """The record of a removed object, once it has `removedAt`."""

    def look() -> dict[str, Any] | None:
        record = stack.record_now(key)
        return record if record and "removedAt" in record else None

    return eventually(look, f"a record of the removal of {key}")


def test_a_removed_object_keeps_its_record(stack: Stack) -> None:
    """Result and metadata stay; removedAt and the later sequencer are added; one line is logged."""
    key = stack.new_key("removed.txt")
    stack.put(key, b"one two three")
    before = stack.record(key)
    remove(stack, key)
    record = removed_record(stack, key)
    assert record["sequencer"] > before["sequencer"]
    assert record["removedAt"] >= before["uploadedAt"]
    added = {name: record[name] for name in ("removedAt", "sequencer")}
    assert {**before, **added} == record
    [line] = eventually(
        lambda: stack.lines("process_upload", f"File {key} was deleted from the bucket"), "a line"
    )
    assert ("INFO", record["documentId"]) == (line["level"], line["documentId"])


def test_the_api_shows_the_removal(stack: Stack, ada: Client) -> None:
    """The record has removedAt, also in lists; its content is gone; DELETE still deletes it."""
    document_id = ada.upload("removed.txt", "text/plain", b"one two three")
    stack.settled(ada, document_id)
    remove(stack, key := object_key_for(document_id))
    removed_at = removed_record(stack, key)["removedAt"]
    assert removed_at == ada.call("GET", f"documents/{document_id}").body["removedAt"]
    listed = ada.call("GET", "documents?limit=100").body["documents"]
    assert removed_at in [item.get("removedAt") for item in listed]

    answer = ada.call("GET", f"documents/{document_id}/content")
    assert (410, "removed") == (answer.status, answer.body["code"])

    terms = {"fileName": "removed.txt", "fileType": "text/plain", "fileSize": 13}
    for multipart in (False, True):
        body = {**terms, "documentId": document_id, "multipart": multipart}
        answer = ada.call("POST", "uploads", body)
        assert (410, "removed") == (answer.status, answer.body["code"])

    assert 204 == ada.call("DELETE", f"documents/{document_id}").status
    assert 404 == ada.call("GET", f"documents/{document_id}").status


def test_a_new_version_clears_the_removal(stack: Stack) -> None:
    """The same content uploaded again to the same key is a new version."""
    key = stack.new_key("again.txt")
    stack.put(key, b"one two three")
    first = stack.record(key)
    remove(stack, key)
    removed = removed_record(stack, key)
    stack.put(key, b"one two three")
    eventually(lambda: "removedAt" not in stack.record(key), "a record of the new version")
    record = stack.record(key)
    assert first["eTag"] == record["eTag"]
    assert removed["sequencer"] < record["sequencer"]


@pytest.mark.parametrize("is_hidden", [True, False], ids=["403 as on AWS", "404"])
def test_an_object_removed_before_it_is_processed_is_quiet(stack: Stack, is_hidden: bool) -> None:
    """Neither a record nor an error, in whichever order its two events arrive."""
    key = stack.new_key("early.txt")

    def fault(call: Call) -> int | None:
        return 403 if is_hidden and call.path.endswith(key) else None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        removal = removed_event(stack.bucket, key, EARLY)
        assert {} == stack.invoke("process_upload", removal)
        created = created_event(stack.bucket, key, "0" * 32, EARLIEST)
        assert {} == stack.invoke("process_upload", created)
    fail_permanently(stack, created)
    assert "status" not in (stack.record_now(key) or {})
    lines = stack.lines("process_upload", key) + stack.lines("record_failure", key)
    assert ["INFO"] == [line["level"] for line in lines]


def test_a_repeated_event_of_a_removed_object_is_quiet(stack: Stack) -> None:
    """S3 answers 403 to a second delivery after the removal; the record shows the result."""
    key = stack.new_key("repeated.txt")

    def fault(call: Call) -> int | None:
        return 403 if call.path.endswith(key) else None

    assert stack.account.endpoint
    e_tag = stack.put(key, b"one two three")
    record = stack.record(key)
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        event = created_event(stack.bucket, key, e_tag, record["sequencer"])
        assert {} == stack.invoke("process_upload", event)
    assert record == stack.record(key)


def test_a_repeated_event_of_a_removed_failure_is_quiet(stack: Stack) -> None:
    """A retry has the record's sequencer, and there is no object to process any more."""
    key = stack.new_key("failed.txt")
    created = created_event(stack.bucket, key, "0" * 32, EARLIEST)
    fail_permanently(stack, created)
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, key, EARLY))
    record = stack.record(key, "FAILED")
    assert {"code", "message"} == record["failure"].keys()
    again = created_event(stack.bucket, key, record["eTag"], record["sequencer"])

    def fault(call: Call) -> int | None:
        return 403 if call.path.endswith(key) else None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        assert {} == stack.invoke("process_upload", again)
    assert record == stack.record(key)


def test_a_removal_without_sequencer_is_skipped(stack: Stack) -> None:
    """One warning instead of an error that Lambda repeats; the record stays as it is."""
    key = stack.new_key("expired.txt")
    stack.put(key, b"one two three")
    record = stack.record(key)
    event = removed_event(stack.bucket, key, "", "LifecycleExpiration:Delete")
    assert {} == stack.invoke("process_upload", event)
    assert record == stack.record(key)
    [line] = stack.lines("process_upload", f"Deletion of file {key} has no sequencer")
    assert "WARNING" == line["level"]


def test_a_pending_upload_that_is_removed_stays_pending(stack: Stack, ada: Client) -> None:
    """Its record has removedAt, and its late event is quiet; a second PUT is processed."""
    with stack.no_events():
        document_id = ada.upload("pending.txt", "text/plain", b"one two three")
        remove(stack, key := object_key_for(document_id))
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, key, EARLY))
    created = created_event(stack.bucket, key, "0" * 32, EARLIEST)
    assert {} == stack.invoke("process_upload", created)
    fail_permanently(stack, created)
    record = stack.record(key)
    assert ("PENDING", "2026-11-22T12:00:01.000Z") == (record["status"], record["removedAt"])
    assert 410 == ada.call("GET", f"documents/{document_id}/content").status

    stack.put(key, b"one two three")
    record = stack.record(key, "PROCESSED")
    assert not {"removedAt", "expiresAt"} & record.keys()


def test_an_upload_with_the_id_of_a_removed_one_is_kept(stack: Stack) -> None:
    """A late event with the same eTag neither recreates the old record nor deletes the object."""
    key = object_key_for("0d6f8b8e-7d5c-4f5e-9d6a-3c1f2b7a9e10")
    with stack.no_events():
        e_tag = stack.put(key, b"one two three")
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, key, EARLY))
    assert {} == stack.invoke("process_upload", created_event(stack.bucket, key, e_tag, EARLIEST))
    assert "status" not in (stack.record_now(key) or {})
    assert stack.has_object(key)
    assert {} == stack.invoke("process_upload", created_event(stack.bucket, key, e_tag, LAST))
    assert "PROCESSED" == stack.record(key)["status"]


def test_the_removal_by_the_api_changes_nothing(stack: Stack, operator: Client) -> None:
    """A deleted document stays deleted; a key that is used again later is a new document."""
    key = stack.new_key("deleted.txt")
    stack.put(key, b"one two three")
    document_id = stack.record(key)["documentId"]
    assert 204 == operator.call("DELETE", f"documents/{document_id}").status
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, key, EARLIEST))
    assert 404 == operator.call("GET", f"documents/{document_id}").status
    assert 204 == operator.call("DELETE", f"documents/{document_id}").status
    stack.put(key, b"one two three")
    assert "PROCESSED" == stack.record(key, "PROCESSED")["status"]


def test_a_tombstone_of_an_upload_is_not_changed_by_a_removal(stack: Stack, ada: Client) -> None:
    """Its URL may still accept a PUT, so it stands forever."""
    document_id = ada.upload("deleted.txt", "text/plain", b"one two three")
    stack.settled(ada, document_id)
    assert 204 == ada.call("DELETE", f"documents/{document_id}").status
    tombstone = stack.record_now(key := object_key_for(document_id))
    assert {} == stack.invoke("process_upload", removed_event(stack.bucket, key, LAST))
    assert tombstone == stack.record_now(key)


def test_a_removal_that_could_not_be_recorded_is_recorded_from_the_queue(stack: Stack) -> None:
    """record_failure writes it, for an object with a record and for one without."""
    known, unknown = stack.new_key("known.txt"), stack.new_key("unknown.txt")
    stack.put(known, b"one two three")
    stack.record(known)
    for key in (known, unknown):
        fail_permanently(stack, removed_event(stack.bucket, key, LAST))
    assert "PROCESSED" == removed_record(stack, known)["status"]
    tombstone = stack.record_now(unknown)
    assert tombstone
    assert {"documentId", "objectKey", "removedAt", "sequencer", "expiresAt"} == set(tombstone)


def test_a_removal_is_retried_after_an_aws_error(stack: Stack) -> None:
    """The error propagates, so that Lambda repeats the event, and is logged as such."""
    key = stack.new_key("throttled.txt")

    def fault(call: Call) -> int | None:
        return 400 if call.name == "UpdateItem" else None

    assert stack.account.endpoint
    event = removed_event(stack.bucket, key, EARLIEST)
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        assert "(400)" in stack.invoke("process_upload", event)["errorMessage"]
    [line] = eventually(lambda: stack.lines("process_upload", key), "a line")
    expected = (1, document_id_for(stack.bucket, key))
    assert expected == (line["retryableErrors"], line["documentId"])


def test_s3_reports_removals_to_the_function(stack: Stack) -> None:
    """The bucket notification has the three kinds of events, in one configuration."""
    answer = stack.account.s3.get_bucket_notification_configuration(Bucket=stack.bucket)
    [configuration] = answer["LambdaFunctionConfigurations"]
    assert {"s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"} == set(
        configuration["Events"]
    )
