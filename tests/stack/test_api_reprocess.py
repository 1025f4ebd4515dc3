"""POST /documents/{document_id}/reprocess; ETag and If-None-Match of records."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.documents import object_key_for, to_iso8601
from infra.api_client import Client, send
from tests.stack.test_record_failure import fail_permanently
from tests.support.faults import Call, faulty_aws
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

CONTENT = b"one two three"


def reprocess(client: Client, document_id: str) -> int:
    """The status of a request to process a document again."""
    return client.call("POST", f"documents/{document_id}/reprocess").status


def age(stack: Stack, record: dict[str, Any], seconds: int) -> None:
    """Have a document processed this long ago."""
    processed_at = to_iso8601(datetime.now(UTC) - timedelta(seconds=seconds))
    stack.put_record(record["objectKey"], **{**record, "processedAt": processed_at})


def test_a_document_is_processed_again(stack: Stack, ada: Client) -> None:
    """The new result has the same version, a later processedAt, and the same facts.

    Its log line lacks the time since the upload.
    """
    document_id = ada.upload("again.txt", "text/plain", CONTENT)
    stack.settled(ada, document_id)
    before = stack.record(key := object_key_for(document_id))
    age(stack, before, 61)
    assert 202 == reprocess(ada, document_id)
    eventually(lambda: stack.record(key)["processedAt"] > before["processedAt"], "a new result")
    assert {**before, "processedAt": ""} == {**stack.record(key), "processedAt": ""}
    eventually(lambda: len(results(stack, document_id)) == 2, "both lines")
    first, second = results(stack, document_id)
    assert ("uploadToRecordMs" in first, "uploadToRecordMs" in second) == (True, False)


def results(stack: Stack, document_id: str) -> list[dict[str, Any]]:
    """The lines of a document's results, oldest first."""
    lines = stack.lines("process_upload", "processed with status")
    return [line for line in lines if line["documentId"] == document_id]


def test_a_new_result_is_not_replaced(stack: Stack, ada: Client) -> None:
    """429 has the time after which the document can be processed again."""
    document_id = ada.upload("soon.txt", "text/plain", CONTENT)
    stack.settled(ada, document_id)
    record = stack.record(object_key_for(document_id))
    age(stack, record, 30)
    answer = ada.call("POST", f"documents/{document_id}/reprocess")
    assert (429, "too_many_requests") == (answer.status, answer.body["code"])
    assert 0 < int(answer.headers["Retry-After"]) <= 30


def test_an_invocation_is_tried_twice(stack: Stack, ada: Client) -> None:
    """Within the time that API Gateway leaves to the request."""
    document_id = ada.upload("twice.txt", "text/plain", CONTENT)
    stack.settled(ada, document_id)
    age(stack, stack.record(object_key_for(document_id)), 61)
    tried: list[str] = []

    def fail(call: Call) -> int:
        tried.append(call.path)
        return 503

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fail) as url,
        stack.environment("api_handler", AWS_ENDPOINT_URL_LAMBDA=url),
    ):
        assert 500 == reprocess(ada, document_id)
    assert 2 == len(tried)


def test_only_the_seen_result_is_replaced(stack: Stack, ada: Client) -> None:
    """An event that names another result, or none, changes nothing; nor does its failure."""
    document_id = ada.upload("seen.txt", "text/plain", CONTENT)
    before = stack.settled(ada, document_id)
    key = object_key_for(document_id)
    event = created_event(stack.bucket, key, before["eTag"], before["sequencer"])
    for replaces in (None, "2026-01-01T00:00:00.000Z"):
        event["Records"][0]["replaces"] = replaces
        assert {} == stack.invoke("process_upload", event)
        assert before["processedAt"] == stack.record(key)["processedAt"]
    event["Records"][0]["replaces"] = before["processedAt"]
    fail_permanently(stack, event)
    assert before["processedAt"] == stack.record(key)["processedAt"]
    assert {} == stack.invoke("process_upload", event)
    assert before["processedAt"] < stack.record(key)["processedAt"]


def test_a_document_without_file_cannot_be_processed(stack: Stack, ada: Client) -> None:
    """409 while PENDING, 410 once the file is removed, 404 where there is no document."""
    terms = {"fileName": "a.txt", "fileType": "text/plain", "fileSize": 13}
    assert 409 == reprocess(ada, ada.call("POST", "uploads", terms).body["documentId"])
    removed = ada.upload("removed.txt", "text/plain", CONTENT)
    stack.settled(ada, removed)
    key = object_key_for(removed)
    stack.account.s3.delete_object(Bucket=stack.bucket, Key=key)
    eventually(lambda: "removedAt" in stack.record(key), "a record of the removal")
    assert (410, 404) == (reprocess(ada, removed), reprocess(ada, str(uuid.uuid4())))


def test_a_record_has_an_etag(stack: Stack, ada: Client) -> None:
    """It changes with the record; If-None-Match answers 304 without a body; HEAD has it too."""
    document_id = ada.upload("etag.txt", "text/plain", CONTENT)
    stack.settled(ada, document_id)
    path = f"documents/{document_id}"
    e_tag = ada.call("GET", path).headers["ETag"]
    assert e_tag.startswith('W/"')

    url, token = f"{stack.api_url}{path}", {"Authorization": str(ada.token)}
    same = send("GET", url, {**token, "If-None-Match": e_tag})
    assert (304, b"", e_tag) == (same.status, same.content, same.headers["ETag"])
    other = send("GET", url, {**token, "If-None-Match": 'W/"other"'})
    assert (200, document_id) == (other.status, other.body["documentId"])

    head = send("HEAD", url, token)
    assert (200, b"", e_tag) == (head.status, head.content, head.headers["ETag"])
    assert "ETag" in head.headers["Access-Control-Expose-Headers"]
    assert 304 == send("HEAD", url, {**token, "If-None-Match": e_tag}).status

    stack.account.s3.delete_object(Bucket=stack.bucket, Key=object_key_for(document_id))
    eventually(lambda: ada.call("GET", path).headers["ETag"] != e_tag, "another ETag")
