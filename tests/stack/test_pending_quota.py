"""PENDING_QUOTA: how many documents an owner may have that wait for their files."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from chalicelib.api.parts import MULTIPART_SECONDS
from chalicelib.api.uploads import PENDING_SECONDS
from chalicelib.documents import object_key_for, to_iso8601
from infra.api_client import Client, Response, send
from tests.support.stack import Stack

QUOTA = 2
CONTENT = b"one two three"


@pytest.fixture(scope="module")
def limited(stack: Stack) -> Iterator[Stack]:
    """The stage with a quota."""
    with stack.environment("api_handler", PENDING_QUOTA=str(QUOTA)):
        yield stack


@pytest.fixture
def user(limited: Stack) -> Client:
    """A user without documents."""
    return limited.sign_in(f"quota-{uuid.uuid4()}")


def request(client: Client, **more: object) -> Response:
    """A request for an upload URL."""
    return client.request_upload("a.txt", "text/plain", len(CONTENT), **more)


def fill(client: Client) -> list[Response]:
    """As many PENDING documents as the quota allows."""
    answers = [request(client, documentId=str(uuid.uuid4())) for _ in range(QUOTA)]
    assert [201] * QUOTA == [answer.status for answer in answers]
    return answers


def test_a_document_beyond_the_quota_is_refused(limited: Stack, user: Client) -> None:
    """429 with Retry-After, and no record; other users are not affected."""
    fill(user)
    document_id = str(uuid.uuid4())
    answer = request(user, documentId=document_id)
    assert (429, "too_many_pending") == (answer.status, answer.body["code"])
    assert "60" == answer.headers["Retry-After"]
    assert limited.record_now(object_key_for(document_id)) is None
    assert 429 == request(user).status
    assert 201 == request(limited.sign_in(f"quota-{uuid.uuid4()}")).status


def test_a_request_is_repeated_whatever_the_quota(limited: Stack, user: Client) -> None:
    """It adds no document: a lost response leaves nobody without a URL or a result."""
    first, second = fill(user)
    document_id = first.body["documentId"]
    assert 200 == request(user, documentId=document_id).status
    assert 409 == request(user, documentId=document_id, sha256="0" * 64, tags={"a": "1"}).status
    upload = second.body["upload"]
    assert 200 == send("PUT", upload["url"], upload["headers"], CONTENT).status
    limited.settled(user, second.body["documentId"])
    assert 201 == request(user).status
    answer = request(user, documentId=second.body["documentId"])
    assert (200, "PROCESSED") == (answer.status, answer.body["status"])


def test_a_deleted_document_does_not_count(user: Client) -> None:
    """Nor does one that was uploaded, as above."""
    first, _ = fill(user)
    assert 429 == request(user).status
    assert 204 == user.call("DELETE", f"documents/{first.body['documentId']}").status
    assert 201 == request(user).status


def test_an_expired_document_does_not_count(limited: Stack, user: Client) -> None:
    """Though DynamoDB has not deleted it yet; its id may be used again within the quota only."""
    ids = [answer.body["documentId"] for answer in fill(user)]
    for document_id in ids:
        expire(limited, document_id)
    assert 201 == request(user, documentId=ids[0]).status
    assert 201 == request(user).status
    assert 429 == request(user, documentId=ids[1]).status


def test_an_upload_in_parts_counts_as_long_as_it_lives(limited: Stack, user: Client) -> None:
    """Seven days, also where later documents, more than the quota, have expired before it."""
    parts = [request(user, multipart=True).body["documentId"] for _ in range(QUOTA)]
    for document_id in parts:
        age(limited, document_id, MULTIPART_SECONDS - 60)
    assert 429 == request(user).status
    age(limited, parts[0], 60)
    for _ in range(QUOTA + 1):
        expire(limited, request(user).body["documentId"])
    assert 201 == request(user).status
    assert 429 == request(user).status
    age(limited, parts[1], 60)
    assert 201 == request(user).status


def expire(stack: Stack, document_id: str) -> None:
    """Let the PENDING record of a single PUT be as old as it gets."""
    age(stack, document_id, 900 + PENDING_SECONDS + 1)


def age(stack: Stack, document_id: str, seconds: int) -> None:
    """Let a PENDING record be older."""
    key = object_key_for(document_id)
    record = stack.record_now(key)
    assert record is not None
    requested = datetime.fromisoformat(record["statusTime"].removeprefix("PENDING#"))
    record["statusTime"] = f"PENDING#{to_iso8601(requested - timedelta(seconds=seconds))}"
    record["expiresAt"] -= seconds
    del record["documentId"]
    stack.put_record(key, **record)


def test_a_document_within_the_quota_costs_one_query(limited: Stack, user: Client) -> None:
    """Of the index, and still one write; a refusal writes nothing."""
    with limited.watched(user) as calls:
        fill(user)
    assert ["PutItem"] * QUOTA + ["Query"] * QUOTA == sorted(call.name for call in calls)
    with limited.watched(user) as calls:
        request(user)
    assert ["GetItem", "Query"] == sorted(call.name for call in calls)


def test_a_refused_upload_in_parts_creates_none(limited: Stack, user: Client) -> None:
    """Its quota is checked before S3 is called."""
    fill(user)
    with limited.watched(user) as calls:
        assert 429 == request(user, multipart=True).status
    assert ["GetItem", "Query"] == sorted(call.name for call in calls)


def test_pending_documents_are_counted_but_not_listed(limited: Stack, user: Client) -> None:
    """Their key in the owner's index neither puts them into a list nor into an answer."""
    first, _ = fill(user)
    assert [] == user.call("GET", "documents").body["documents"]
    document = user.call("GET", f"documents/{first.body['documentId']}").body
    assert "statusTime" not in document
    record = limited.record_now(object_key_for(first.body["documentId"]))
    assert record is not None
    assert record["statusTime"].startswith("PENDING#")
