"""S3 and Lambda events are parsed into values; errors name what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.documents import FailureCode
from chalicelib.events import (
    GUARDDUTY_OBJECT,
    OBJECT_UNREADABLE,
    SEQUENCER_WIDTH,
    LambdaError,
    Removal,
    Upload,
    error_from_message,
    failed_removals_from_message,
    failed_uploads_from_message,
    removals_from_event,
    uploads_from_event,
)
from tests.support.stack import created_event, created_record, removed_event


def on_failure(event: object, **response: object) -> str:
    """A message of Lambda's on-failure destination."""
    return json.dumps(
        {
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responsePayload": response,
        }
    )


def test_a_created_object_becomes_an_upload() -> None:
    """Keys are decoded once, eTags lose their quotes, sequencers are padded on the right."""
    event = created_event("bucket", "a b+é%2B.pdf", '"etag"', "0055AED6DCD90281E5", 7)
    assert [
        Upload(
            bucket="bucket",
            key="a b+é%2B.pdf",
            size_bytes=7,
            e_tag="etag",
            sequencer="0055AED6DCD90281E5" + "0" * 14,
            uploaded_at="2026-11-22T12:00:00.000Z",
        )
    ] == uploads_from_event(event)


def test_sequencers_compare_as_s3_says() -> None:
    """A shorter sequencer that begins a longer one is the earlier of the two."""
    short, long, other = (
        uploads_from_event(created_event("b", "k", "e", sequencer))[0].sequencer
        for sequencer in ("0055", "00550", "0056")
    )
    assert short == long < other
    assert {SEQUENCER_WIDTH} == {len(sequencer) for sequencer in (short, long, other)}


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Event": "s3:TestEvent"}])
def test_an_event_without_created_objects_has_no_uploads(event: dict[str, Any]) -> None:
    """S3's test event and events of other kinds are no error."""
    assert [] == uploads_from_event(event)


def test_only_created_objects_count() -> None:
    """Records of other kinds in the same event are passed over."""
    created = created_record("b", "k", "e")
    removed = {**created, "eventName": "ObjectRemoved:Delete"}
    assert ["k"] == [upload.key for upload in uploads_from_event({"Records": [removed, created]})]


@pytest.mark.parametrize(
    "name",
    [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
    ],
)
def test_a_deleted_object_becomes_a_removal(name: str) -> None:
    """Requests and lifecycle rules delete objects; a versioned bucket gets a delete marker."""
    version = "v1" if name.endswith("Created") else ""
    event = removed_event("bucket", "a b+é%2B.pdf", "0055AED6DCD90281E5", name, version)
    assert [
        Removal(
            bucket="bucket",
            key="a b+é%2B.pdf",
            sequencer="0055AED6DCD90281E5" + "0" * 14,
            removed_at="2026-11-22T12:00:01.000Z",
        )
    ] == removals_from_event(event)
    assert [] == uploads_from_event(event)


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "LifecycleExpiration:Delete"])
def test_the_deletion_of_one_version_removes_no_object(name: str) -> None:
    """In a versioned bucket, any version may be deleted, and the object is still there."""
    assert [] == removals_from_event(removed_event("b", "k", "0055", name, "v1"))


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Put", "ObjectRestore:Delete", "LifecycleTransition", ""]
)
def test_other_events_remove_nothing(name: str) -> None:
    """Only the two kinds of deletion are removals."""
    assert [] == removals_from_event(removed_event("b", "k", "0055", name))


@pytest.mark.parametrize(
    ("key", "size", "is_upload"),
    [("a/", 0, False), ("a/", 1, True), ("a", 0, True), (GUARDDUTY_OBJECT, 0, False)],
)
def test_objects_of_services_are_no_uploads(key: str, size: int, is_upload: bool) -> None:
    """The console's "Create folder" puts objects without bytes, and GuardDuty puts one."""
    event = created_event("b", key, "e", size=size)
    assert is_upload == bool(uploads_from_event(event))
    assert is_upload == bool(failed_uploads_from_message(on_failure(event)))


def test_a_removal_that_lacks_its_key_names_it() -> None:
    """What S3 always sends and is not there is an error by name."""
    event = removed_event("b", "k", "0055")
    del event["Records"][0]["s3"]["object"]["key"]
    with pytest.raises(ValueError, match=r"Not a record of an s3:ObjectRemoved event.*key"):
        removals_from_event(event)


def test_a_removal_may_lack_its_sequencer() -> None:
    """S3 documents it for requests only; an empty one does not count."""
    event = removed_event("b", "k", "", "LifecycleExpiration:DeleteMarkerCreated", "v1")
    assert [None] == [removal.sequencer for removal in removals_from_event(event)]
    del event["Records"][0]["s3"]["object"]["sequencer"]
    assert [None] == [removal.sequencer for removal in removals_from_event(event)]


def test_a_removal_that_could_not_be_recorded_is_in_the_message() -> None:
    """The failure queue gets events of both kinds."""
    message = on_failure(removed_event("b", "k", "0055"))
    assert ["k"] == [removal.key for removal in failed_removals_from_message(message)]
    assert [] == failed_uploads_from_message(message)
    assert [] == failed_removals_from_message(on_failure(created_event("b", "k", "e")))


@pytest.mark.parametrize("missing", ["key", "eTag", "sequencer"])
def test_a_record_that_lacks_something_names_it(missing: str) -> None:
    """What S3 always sends and is not there is an error by name."""
    record = created_record("b", "k", "e")
    del record["s3"]["object"][missing]
    with pytest.raises(ValueError, match=rf"Not a record of an s3:ObjectCreated event.*{missing}"):
        uploads_from_event({"Records": [record]})


def test_a_failed_event_is_parsed_into_uploads_and_failures() -> None:
    """The failure message has the number of attempts, and no internal error."""
    message = on_failure(created_event("b", "k", "e"), errorMessage="role arn:aws:iam::123")
    [(upload, failure)] = failed_uploads_from_message(message)
    assert "k" == upload.key
    assert FailureCode.PROCESSING_FAILED == failure.code
    assert (
        "Processing failed after 3 attempts: an AWS or internal error, not the file. "
        "An operator can retry it."
    ) == failure.message


def test_an_unreadable_object_is_reported_to_its_owner() -> None:
    """The one cause that an owner can do something about is in the message."""
    message = on_failure(
        created_event("b", "k", "e"), errorMessage=f"{OBJECT_UNREADABLE}: s3://b/k"
    )
    [(_, failure)] = failed_uploads_from_message(message)
    assert "the object is missing or not readable" in failure.message


def test_an_event_that_grew_too_old_has_no_error_of_a_function() -> None:
    """Lambda sends no response payload for an event that it never ran."""
    message = json.dumps(
        {
            "requestContext": {"condition": "EventAgeExceeded"},
            "requestPayload": created_event("b", "k", "e"),
        }
    )
    [(_, failure)] = failed_uploads_from_message(message)
    assert failure.message.startswith("Processing failed on every attempt: ")
    assert LambdaError("unknown", "no message") == error_from_message(message)


@pytest.mark.parametrize(
    "message", ["{}", "[]", '"text"', "null", "not JSON", '{"requestContext": 1}']
)
def test_a_message_of_another_kind_is_an_error(message: str) -> None:
    """What is not from Lambda's on-failure destination is not taken for it."""
    with pytest.raises(ValueError, match=r"on-failure destination|Expecting value"):
        failed_uploads_from_message(message)


def test_the_cause_is_logged_for_operators() -> None:
    """The log gets the error as Lambda has it."""
    message = on_failure({}, errorType="ClientError", errorMessage="Access Denied")
    assert LambdaError("ClientError", "Access Denied") == error_from_message(message)
