"""Requests for an upload URL that are repeated with the same documentId: one document."""

from __future__ import annotations

import hashlib
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.documents import object_key_for
from chalicelib.store import put_pending
from infra.api_client import Client, Response, send
from tests.support.stack import Stack

CONTENT = b"one two three"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def request(client: Client, document_id: str, **changes: object) -> Response:
    """A request for an upload URL of this document."""
    terms = {"fileName": "a b.txt", "fileType": "text/plain", "fileSize": len(CONTENT)}
    return client.call("POST", "uploads", {**terms, "documentId": document_id, **changes})


def put(answer: Response, content: bytes = CONTENT) -> int:
    """The status of S3 to the PUT that was answered."""
    upload = answer.body["upload"]
    return send("PUT", upload["url"], upload["headers"], content).status


def in_table(stack: Stack, document_id: str) -> dict[str, Any]:
    """The record as it is in the table."""
    record = stack.record_now(object_key_for(document_id))
    assert record is not None
    return record


def new_id() -> str:
    """An id that no other test uses."""
    return str(uuid.uuid4())


def test_a_repeated_request_returns_the_same_document_with_a_fresh_url(
    stack: Stack, ada: Client
) -> None:
    """201, then 200; both URLs accept the file, together once; the record lives on."""
    document_id = new_id()
    first = request(ada, document_id)
    assert (201, document_id) == (first.status, first.body["documentId"])
    record = in_table(stack, document_id)
    aged = {**record, "expiresAt": record["expiresAt"] - 60}
    del aged["documentId"]
    stack.put_record(object_key_for(document_id), **aged)
    again = request(ada, document_id)
    assert (200, document_id, "PENDING") == (
        again.status,
        again.body["documentId"],
        again.body["status"],
    )
    assert f"documents/{document_id}" == again.headers["Location"]
    assert record["expiresAt"] <= in_table(stack, document_id)["expiresAt"]
    assert 200 == put(first)
    assert 412 == put(again)
    assert "PROCESSED" == stack.settled(ada, document_id)["status"]


def test_a_request_repeated_after_the_upload_returns_the_result(stack: Stack, ada: Client) -> None:
    """200 with the status and without a URL, at the price of the one write that is refused."""
    document_id = new_id()
    assert 200 == put(request(ada, document_id, sha256=SHA256.upper()))
    stack.settled(ada, document_id)
    record = in_table(stack, document_id)
    with stack.watched(ada) as calls:
        answer = request(ada, document_id, sha256=SHA256)
    assert (200, {"documentId": document_id, "status": "PROCESSED"}) == (answer.status, answer.body)
    assert ["PutItem"] == [call.name for call in calls]
    assert record == in_table(stack, document_id)


def test_a_first_request_costs_one_write_and_a_repeated_one_two(stack: Stack, ada: Client) -> None:
    """The condition of the write detects the repetition; nothing is read."""
    document_id = new_id()
    with stack.watched(ada) as calls:
        request(ada, document_id)
    assert ["PutItem"] == [call.name for call in calls]
    with stack.watched(ada) as calls:
        request(ada, document_id)
    assert ["PutItem", "PutItem"] == [call.name for call in calls]


def test_the_declared_type_is_compared_after_processing(stack: Stack, ada: Client) -> None:
    """The record of a file with another type than declared has both."""
    document_id = new_id()
    assert 200 == put(request(ada, document_id, fileType="application/octet-stream"))
    record = stack.settled(ada, document_id)
    assert ("text/plain", "application/octet-stream") == (
        record["fileType"],
        record["declaredType"],
    )
    assert 200 == request(ada, document_id, fileType="application/octet-stream").status
    assert 409 == request(ada, document_id, fileType="text/plain").status


OTHER_TERMS: dict[str, dict[str, object]] = {
    "fileName": {"fileName": "b.txt"},
    "fileType": {"fileType": "text/csv"},
    "fileSize": {"fileSize": 1},
    "sha256": {"sha256": "0" * 64},
    "tags": {"tags": {"project": "Apollo"}},
}


@pytest.mark.parametrize("is_uploaded", [False, True], ids=["pending", "processed"])
@pytest.mark.parametrize("field", OTHER_TERMS)
def test_an_id_is_for_the_terms_of_its_first_request(
    stack: Stack, ada: Client, field: str, is_uploaded: bool
) -> None:
    """409 names the field that differs; the record stays as it is."""
    document_id = new_id()
    first = request(ada, document_id, sha256=SHA256)
    if is_uploaded:
        assert 200 == put(first)
        stack.settled(ada, document_id)
    record = in_table(stack, document_id)
    answer = request(ada, document_id, **{"sha256": SHA256, **OTHER_TERMS[field]})
    assert (409, "conflict") == (answer.status, answer.body["code"])
    assert [field] == [error["field"] for error in answer.body["errors"]]
    assert record == in_table(stack, document_id)


def test_a_url_for_a_repeated_request_keeps_the_hash_of_the_first(ada: Client) -> None:
    """A request that omits it gets a URL for the same bytes only."""
    document_id = new_id()
    request(ada, document_id, sha256=SHA256)
    assert 400 == put(request(ada, document_id), CONTENT.upper())


def test_an_id_of_somebody_else_is_refused_alike_in_every_state(
    stack: Stack, ada: Client, bo: Client, operator: Client
) -> None:
    """Pending, expired, processed and deleted; an operator has no privilege. Nothing changes."""
    document_id = new_id()
    first = request(ada, document_id)
    messages = set()

    def refuse() -> None:
        record = in_table(stack, document_id)
        for client in (bo, operator):
            answer = request(client, document_id)
            assert 409 == answer.status
            messages.add(answer.content)
        assert record == in_table(stack, document_id)

    refuse()
    record = in_table(stack, document_id)
    expired = {name: record[name] for name in record if name != "documentId"} | {"expiresAt": 1}
    stack.put_record(object_key_for(document_id), **expired)
    refuse()
    assert 200 == put(first)
    stack.record(object_key_for(document_id), "PROCESSED")  # the API hides the expired one
    refuse()
    assert 204 == ada.call("DELETE", f"documents/{document_id}").status
    refuse()
    assert 1 == len(messages)


@pytest.mark.parametrize("is_uploaded", [False, True], ids=["pending", "processed"])
def test_the_id_of_a_deleted_document_is_not_used_again(
    stack: Stack, ada: Client, is_uploaded: bool
) -> None:
    """A URL given out before the deletion may still accept a PUT, which must not come back."""
    document_id = new_id()
    first = request(ada, document_id)
    if is_uploaded:
        assert 200 == put(first)
        stack.settled(ada, document_id)
    assert 204 == ada.call("DELETE", f"documents/{document_id}").status
    assert 409 == request(ada, document_id).status
    assert 404 == ada.call("GET", f"documents/{document_id}").status


def test_the_id_of_a_direct_upload_is_not_taken_over(stack: Stack, ada: Client) -> None:
    """Neither one under `uploads/`, nor the id that a direct upload to any other key will get."""
    document_id = new_id()
    stack.put(object_key_for(document_id), CONTENT, "text/plain")
    record = stack.record(object_key_for(document_id))
    assert 409 == request(ada, document_id).status
    assert record == in_table(stack, document_id)
    derived = str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{stack.bucket}/later.txt"))
    assert 400 == request(ada, derived).status


AN_ID = "c5e4934b-0510-4018-88bc-6258f8b929e2"


@pytest.mark.parametrize(
    "document_id",
    [
        "5b1d6d3e-e8b7-11f1-842d-02fc00000001",
        "60a7f89c-e446-309c-8b4f-460bfdfd0dee",
        AN_ID.upper(),
        AN_ID.replace("-", ""),
        f"{{{AN_ID}}}",
        f"{AN_ID}\n",
        f"../{AN_ID}",
        f"{AN_ID[:19]}c{AN_ID[20:]}",
        "00000000-0000-0000-0000-000000000000",
        "",
        None,
        7,
        [AN_ID],
    ],
    ids=repr,
)
def test_an_id_has_one_form(ada: Client, document_id: Any) -> None:
    """Only lower-case UUIDs of version 4 and 7, which leave nothing to guess or to derive."""
    answer = request(ada, document_id)
    assert 400 == answer.status
    assert b"documentId" in answer.content


def test_an_id_may_be_sorted_by_time(ada: Client) -> None:
    """UUID version 7."""
    assert 201 == request(ada, f"0198c5b5-3f6f-7{new_id()[15:]}").status


def test_an_expired_record_does_not_hold_its_id(stack: Stack, ada: Client) -> None:
    """DynamoDB deletes it within days; until then its owner may use the id for another upload."""
    document_id = new_id()
    request(ada, document_id)
    record = in_table(stack, document_id)
    del record["documentId"]
    stack.put_record(object_key_for(document_id), **record | {"expiresAt": int(time.time()) - 1})
    answer = request(ada, document_id, fileName="b.txt")
    assert 201 == answer.status
    assert "b.txt" == in_table(stack, document_id)["fileName"]
    assert 200 == put(answer)
    assert "b.txt" == stack.settled(ada, document_id)["fileName"]


def test_requests_at_once_make_one_document(stack: Stack, ada: Client) -> None:
    """One is the first, the others repeat it; each gets a URL, which accept the file once."""
    document_id = new_id()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: request(ada, document_id), range(4)))
    assert [200, 200, 200, 201] == sorted(answer.status for answer in answers)
    assert [200, 412, 412, 412] == sorted(map(put, answers))
    assert "PROCESSED" == stack.settled(ada, document_id)["status"]


def test_requests_with_other_terms_at_once_make_one_document(stack: Stack, ada: Client) -> None:
    """The first write decides."""
    document_id = new_id()
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda name: request(ada, document_id, fileName=name), ["a", "b", "c", "d"])
        )
    assert [201, 409, 409, 409] == sorted(answer.status for answer in answers)
    [first] = [name for name, answer in zip("abcd", answers, strict=True) if answer.status == 201]
    assert first == in_table(stack, document_id)["fileName"]


def test_a_renewal_never_replaces_a_result(stack: Stack, ada: Client) -> None:
    """The file was processed after the record was read: the result stands."""
    document_id = new_id()
    first = request(ada, document_id)
    pending = in_table(stack, document_id)
    assert 200 == put(first)
    stack.settled(ada, document_id)
    result = in_table(stack, document_id)
    found = put_pending(stack.account.dynamodb, stack.table, pending, replaced=pending)
    assert result == found
    assert result == in_table(stack, document_id)


def test_a_renewal_never_replaces_a_tombstone(stack: Stack, ada: Client) -> None:
    """The document was deleted after its record was read."""
    document_id = new_id()
    request(ada, document_id)
    pending = in_table(stack, document_id)
    ada.call("DELETE", f"documents/{document_id}")
    found = put_pending(stack.account.dynamodb, stack.table, pending, replaced=pending)
    assert found is not None
    assert "deletedUntil" in found
    assert "deletedUntil" in in_table(stack, document_id)


def test_a_renewal_of_a_renewed_record_is_refused(stack: Stack, ada: Client) -> None:
    """So that of two requests for an expired id one decides; the other compares with it."""
    document_id = new_id()
    request(ada, document_id)
    pending = in_table(stack, document_id)
    later = {**pending, "expiresAt": pending["expiresAt"] + 1}
    table = stack.account.dynamodb, stack.table
    assert put_pending(*table, later, replaced=pending) is None
    assert later == put_pending(*table, {**pending, "fileName": "b"}, replaced=pending)


def test_a_renewal_never_replaces_a_removal(stack: Stack, ada: Client) -> None:
    """The object was removed after its record was read: removedAt and its sequencer stand."""
    document_id = new_id()
    request(ada, document_id)
    table = stack.account.dynamodb, stack.table
    for sequencer in ("0001", "0002"):
        pending = in_table(stack, document_id)
        removed = {**pending, "removedAt": "2026-11-22T12:00:00.000Z", "sequencer": sequencer}
        del removed["documentId"]
        stack.put_record(object_key_for(document_id), **removed)
        found = put_pending(*table, {**pending, "fileName": "b"}, replaced=pending)
        assert in_table(stack, document_id) == found
        assert sequencer == found["sequencer"]
    current = in_table(stack, document_id)
    assert put_pending(*table, current, replaced=current) is None


def test_a_record_that_expired_meanwhile_is_written_anew(stack: Stack, ada: Client) -> None:
    """DynamoDB deleted it after it was read: the id is free."""
    document_id = new_id()
    request(ada, document_id)
    pending = in_table(stack, document_id)
    stack.delete_record(object_key_for(document_id))
    assert put_pending(stack.account.dynamodb, stack.table, pending, replaced=pending) is None
    assert pending == in_table(stack, document_id)
