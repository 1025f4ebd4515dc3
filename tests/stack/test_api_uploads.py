"""The upload contract, line by line, through API Gateway, the deployed function and S3."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

import pytest

from chalicelib.api.downloads import content_disposition
from chalicelib.api.schema import CREATE_UPLOAD
from chalicelib.api.uploads import PENDING_SECONDS, UploadConstraints
from chalicelib.documents import object_key_for
from chalicelib.objects import presign_upload
from infra.api_client import Client, Response, send
from tests.support.stack import Stack
from tests.support.waiting import eventually

CONTENT = b"one two three"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass(frozen=True)
class Put:
    """A PUT that is about to be sent."""

    url: str
    headers: Mapping[str, str]
    content: bytes = CONTENT
    method: str = "PUT"

    def send(self) -> Response:
        """What S3 answers."""
        return send(self.method, self.url, self.headers, self.content)

    def with_header(self, name: str, value: str | None) -> Put:
        """With another value of a header, or without it."""
        headers = {key: old for key, old in self.headers.items() if key != name}
        return replace(self, headers=headers if value is None else {**headers, name: value})


def asked_by(client: Client, **more: object) -> tuple[str, Put]:
    """The id of a new document, and the PUT of its content as it is meant to be."""
    answer = client.request_upload("a b.txt", "text/plain", len(CONTENT), **more)
    assert 201 == answer.status, answer.content
    upload = answer.body["upload"]
    return str(answer.body["documentId"]), Put(upload["url"], upload["headers"])


Change = Callable[[Put], Put]
REFUSED: dict[str, tuple[int, Change]] = {
    "one byte more": (403, lambda put: replace(put, content=CONTENT + b"!")),
    "one byte less": (403, lambda put: replace(put, content=CONTENT[:-1])),
    "nothing": (403, lambda put: replace(put, content=b"")),
    "other bytes": (400, lambda put: replace(put, content=CONTENT.upper())),
    "another type": (403, lambda put: put.with_header("Content-Type", "text/html")),
    "another name": (403, lambda put: put.with_header("x-amz-meta-file-name", "b.txt")),
    "no name": (403, lambda put: put.with_header("x-amz-meta-file-name", None)),
    "another owner": (403, lambda put: put.with_header("x-amz-meta-owner", "bo")),
    "no owner": (403, lambda put: put.with_header("x-amz-meta-owner", None)),
    "another hash": (403, lambda put: put.with_header("x-amz-checksum-sha256", "A" * 43 + "=")),
    "no hash": (403, lambda put: put.with_header("x-amz-checksum-sha256", None)),
    "over what is there": (403, lambda put: put.with_header("If-None-Match", None)),
    "another key": (
        403,
        lambda put: replace(put, url=put.url.replace("uploads/", f"uploads/{uuid.uuid4()}")),
    ),
    "a longer life": (
        403,
        lambda put: replace(put, url=put.url.replace("Expires=900", "Expires=9000")),
    ),
    "a POST": (403, lambda put: replace(put, method="POST")),
    "a DELETE": (403, lambda put: replace(put, method="DELETE")),
}


@pytest.mark.parametrize(("status", "change"), REFUSED.values(), ids=REFUSED)
def test_an_upload_that_was_not_asked_for_is_refused(
    stack: Stack, ada: Client, status: int, change: Change
) -> None:
    """S3 itself refuses it, the record stays PENDING, and nothing is in the bucket."""
    document_id, put = asked_by(ada, sha256=SHA256)
    assert status == change(put).send().status
    assert not stack.has_object(object_key_for(document_id))
    assert "PENDING" == ada.call("GET", f"documents/{document_id}").body["status"]


def test_the_right_bytes_are_taken_once(stack: Stack, ada: Client) -> None:
    """200 for what was asked for, 412 for the same again, and the result stands."""
    document_id, put = asked_by(ada, sha256=SHA256)
    assert 200 == put.send().status
    record = stack.settled(ada, document_id)
    assert ("PROCESSED", "a b.txt", SHA256) == (
        record["status"],
        record["fileName"],
        record["sha256"],
    )
    assert 412 == put.send().status
    assert record == ada.call("GET", f"documents/{document_id}").body


def test_without_a_hash_any_bytes_of_the_size_are_taken(stack: Stack, ada: Client) -> None:
    """The hash is the client's choice; the size is not."""
    document_id, put = asked_by(ada)
    other = replace(put, content=CONTENT.upper())
    assert 403 == replace(put, content=CONTENT + b"!").send().status
    assert 200 == other.send().status
    assert "PROCESSED" == stack.settled(ada, document_id)["status"]


def test_an_expired_url_is_refused(stack: Stack, ada: Client) -> None:
    """A moment after `expiresAt` S3 answers 403, and the record is still PENDING."""
    with stack.environment("api_handler", UPLOAD_URL_SECONDS="1"):
        answer = ada.request_upload("late.txt", "text/plain", len(CONTENT))
    upload = answer.body["upload"]
    expires = datetime.fromisoformat(upload["expiresAt"])
    eventually(lambda: (datetime.now(UTC) - expires).total_seconds() > 1, "the expiry")
    put = Put(upload["url"], upload["headers"])
    assert 403 == put.send().status
    record = ada.call("GET", f"documents/{answer.body['documentId']}").body
    assert "PENDING" == record["status"]


def test_the_answer_is_the_contract(stack: Stack, ada: Client) -> None:
    """What the client gets is enough to upload, and has the document's URL and the expiry."""
    before = time.time()
    answer = ada.request_upload("a b.txt", "text/plain", len(CONTENT), sha256=SHA256)
    body = answer.body
    assert f"documents/{body['documentId']}" == answer.headers["Location"]
    location = urljoin(f"{stack.api_url}uploads", answer.headers["Location"])
    assert f"{stack.api_url}documents/{body['documentId']}" == location
    assert "PENDING" == body["status"]
    upload = body["upload"]
    assert {"method", "url", "headers", "expiresAt"} == set(upload)
    assert "PUT" == upload["method"]
    signed = parse_qs(urlsplit(upload["url"]).query)["X-Amz-SignedHeaders"][0].split(";")
    sent = {name.lower() for name in upload["headers"]}
    assert {"host", "content-length"} | sent == set(signed)
    expires = datetime.fromisoformat(upload["expiresAt"]).timestamp()
    assert before + 898 < expires < time.time() + 900
    record = stack.record_now(object_key_for(body["documentId"]))
    assert record is not None
    assert {
        "documentId": body["documentId"],
        "fileName": "a b.txt",
        "fileType": "text/plain",
        "fileSize": len(CONTENT),
        "status": "PENDING",
        "owner": upload["headers"]["x-amz-meta-owner"],
        "sha256": SHA256,
        "expiresAt": int(expires) + PENDING_SECONDS,
    } == record


def test_a_pending_record_vanishes_a_day_after_its_url(stack: Stack, ada: Client) -> None:
    """The table's TTL is on `expiresAt`; until DynamoDB gets to it, the API hides the record."""
    table = stack.account.dynamodb.describe_time_to_live(TableName=stack.table)
    assert {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"} == table[
        "TimeToLiveDescription"
    ]
    document_id, _ = asked_by(ada)
    record = stack.record_now(object_key_for(document_id))
    assert record is not None
    assert 200 == ada.call("GET", f"documents/{document_id}").status
    expired = {**record, "expiresAt": int(time.time()) - 1}
    expired.pop("documentId")
    stack.put_record(object_key_for(document_id), **expired)
    assert 404 == ada.call("GET", f"documents/{document_id}").status


def test_a_result_has_no_expiry(stack: Stack, ada: Client) -> None:
    """Once the file is there, nothing of the record's expiry is left."""
    document_id = ada.upload("a.txt", "text/plain", CONTENT)
    assert "expiresAt" not in stack.settled(ada, document_id)


NAMES = [
    "résumé + مرحبا 你好.txt",
    " leading and trailing ",
    "100%25 & more; \"quoted\" 'too', =?UTF-8?B?QQ==?=.txt",
    "utf-8;base64,no",
    "\u05ea\u05e7\u05e6\u05d9\u05d1\u200f (2).txt",
    "photo_\u202egpj.txt",
    "你" * 255,
    "\N{GRINNING FACE}" * 255,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_comes_back_letter_for_letter(stack: Stack, ada: Client, name: str) -> None:
    """In the record and in the download's name, there without controls that reorder text."""
    document_id = ada.upload(name, "text/plain", CONTENT)
    assert name == stack.settled(ada, document_id)["fileName"]
    url = ada.call("GET", f"documents/{document_id}/content").body["url"]
    assert len(url) < 7_000  # of S3's 8,192 with all headers; a real session token takes 1,000
    download = send("GET", url)
    assert CONTENT == download.content
    encoded = download.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
    assert name.replace("\u202e", "_") == unquote(encoded)


TAGS = {
    "project": "Apollo 11 & 12",
    "résumé": "你好 \N{GRINNING FACE}",
    "a=b": "%25+\u202e",
    "empty": "",
}


def test_tags_come_back_letter_for_letter(stack: Stack, ada: Client) -> None:
    """In the record while PENDING and afterwards; the PUT must send them as they were signed."""
    document_id, put = asked_by(ada, tags=TAGS)
    assert TAGS == ada.call("GET", f"documents/{document_id}").body["tags"]
    assert 403 == put.with_header("x-amz-meta-tags", "project=other").send().status
    assert 403 == put.with_header("x-amz-meta-tags", None).send().status
    assert 200 == put.send().status
    assert TAGS == stack.settled(ada, document_id)["tags"]


OWN_HEADERS = {
    "Content-Encoding": "gzip",
    "Cache-Control": "public, max-age=31536000",
    "Content-Disposition": "inline",
    "Expires": "Fri, 01 Jan 2100 00:00:00 GMT",
}
"""Headers that S3 stores with an object and returns; an upload URL signs none of them."""


def assert_headers_are_ours(url: str, content_type: str, name: str) -> None:
    """Download as a client that decodes nothing: our headers, and the bytes as they are stored."""
    download = send("GET", url)
    assert (200, CONTENT) == (download.status, download.content)
    headers = ["Content-Type", "Content-Encoding", "Cache-Control", "Content-Disposition"]
    expected = [content_type, "identity", "no-store", content_disposition(name)]
    assert [[value] for value in expected] == [
        download.headers.get_all(header) for header in headers
    ]


def test_the_uploader_does_not_choose_the_headers_of_a_download(stack: Stack, ada: Client) -> None:
    """An upload URL accepts headers that it does not sign, and a download does not have them."""
    document_id, put = asked_by(ada)
    assert 200 == replace(put, headers={**put.headers, **OWN_HEADERS}).send().status
    stored = stack.account.s3.head_object(Bucket=stack.bucket, Key=object_key_for(document_id))
    assert "gzip" == stored["ContentEncoding"]
    stack.settled(ada, document_id)
    url = ada.call("GET", f"documents/{document_id}/content").body["url"]
    assert_headers_are_ours(url, "text/plain", "a b.txt")


def test_a_direct_upload_does_not_choose_the_headers_of_a_download(
    stack: Stack, operator: Client
) -> None:
    """Nor its type: a text that is declared as HTML is not returned as HTML."""
    key = stack.new_key("page.html")
    stack.account.s3.put_object(
        Bucket=stack.bucket,
        Key=key,
        Body=CONTENT,
        ContentType="text/html",
        ContentEncoding="gzip",
        CacheControl="public",
        ContentDisposition="inline",
    )
    document_id = stack.record(key)["documentId"]
    url = operator.call("GET", f"documents/{document_id}/content").body["url"]
    assert_headers_are_ours(url, "text/plain", "page.html")


def test_a_document_that_browsers_execute_is_downloaded_without_its_type(
    stack: Stack, ada: Client
) -> None:
    """HTML is recorded as HTML and downloaded as bytes of no known type."""
    page = b"<!doctype html><title>x</title><script>alert(1)</script>"
    document_id = ada.upload("page.html", "text/html", page)
    assert "text/html" == stack.settled(ada, document_id)["fileType"]
    download = send("GET", ada.call("GET", f"documents/{document_id}/content").body["url"])
    assert (page, "application/octet-stream") == (
        download.content,
        download.headers["Content-Type"],
    )


@pytest.mark.parametrize(
    ("declared", "file_type"),
    [
        ("text/plain; charset=utf-8", "text/plain"),
        ("Text/Markdown", "text/markdown"),
        ("text/x-python", "text/plain"),
        ("application/octet-stream", "text/plain"),
    ],
)
def test_a_declared_type_that_may_be_allowed_is_taken(
    stack: Stack, ada: Client, declared: str, file_type: str
) -> None:
    """As processing has it: text by any other name, and a type that declares nothing."""
    document_id = ada.upload("a.txt", declared, CONTENT)
    record = stack.settled(ada, document_id)
    assert ("PROCESSED", file_type) == (record["status"], record["fileType"])


def everything(stack: Stack) -> tuple[set[str], set[str]]:
    """The records that have an owner and the objects of uploads: all that the API could make."""
    records = stack.account.dynamodb.get_paginator("scan").paginate(
        TableName=stack.table,
        FilterExpression="attribute_exists(#owner)",
        ExpressionAttributeNames={"#owner": "owner"},
    )
    ids = {item["documentId"]["S"] for page in records for item in page["Items"]}
    objects = stack.account.s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.bucket, Prefix="uploads/"
    )
    return ids, {item["Key"] for page in objects for item in page.get("Contents", [])}


GOOD = {"fileName": "a.pdf", "fileType": "application/pdf", "fileSize": 5}
JSON = {"Content-Type": "application/json"}
BAD: dict[str, tuple[int, str, str, dict[str, str], Any]] = {
    "no body": (400, "invalid_request", "body must be JSON", JSON, b""),
    "half a body": (400, "invalid_request", "body must be JSON", JSON, b'{"fileName'),
    "no object": (400, "invalid_request", "must be a JSON object", JSON, [GOOD]),
    "no text": (400, "invalid_request", "body must be JSON", JSON, b"\xff\xfe"),
    "deep": (400, "invalid_request", "body must be JSON", JSON, b"[" * 50_000),
    "unknown field": (400, "invalid_request", "size: unknown", JSON, {**GOOD, "size": 1}),
    "bad name": (400, "invalid_request", "fileName: ", JSON, {**GOOD, "fileName": "a/b"}),
    "half a pair": (
        400,
        "invalid_request",
        "fileName: ",
        JSON,
        b'{"fileName": "\\ud800", "fileType": "text/plain", "fileSize": 1}',
    ),
    "not NFC": (400, "invalid_request", "fileName: ", JSON, {**GOOD, "fileName": "e\u0301"}),
    "bad type": (400, "invalid_request", "fileType: ", JSON, {**GOOD, "fileType": "pdf"}),
    "empty": (400, "invalid_request", "fileSize: ", JSON, {**GOOD, "fileSize": 0}),
    "id of a direct upload": (
        400,
        "invalid_request",
        "documentId: must be a lower-case UUID of version 4 or 7",
        JSON,
        {**GOOD, "documentId": str(uuid.uuid5(uuid.NAMESPACE_URL, "s3://bucket/key"))},
    ),
    "bad hash": (400, "invalid_request", "sha256: ", JSON, {**GOOD, "sha256": "abc"}),
    "too many tags": (
        400,
        "invalid_request",
        "tags: must be an object of at most 10",
        JSON,
        {**GOOD, "tags": {str(number): "" for number in range(11)}},
    ),
    "too long tags": (
        400,
        "invalid_request",
        "bytes of percent-encoded name, owner and tags",
        JSON,
        {**GOOD, "tags": {str(number): "x" * 256 for number in range(9)}},
    ),
    "too large": (
        413,
        "too_large",
        "fileSize: must be at most 52,428,800 bytes",
        JSON,
        {**GOOD, "fileSize": 52_428_801},
    ),
    "type not allowed": (
        415,
        "type_not_allowed",
        "fileType: must be one of application/",
        JSON,
        {**GOOD, "fileType": "application/x-tar"},
    ),
    "not JSON": (415, "unsupported_media_type", "text/csv", {"Content-Type": "text/csv"}, GOOD),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_and_leaves_nothing(stack: Stack, ada: Client, case: str) -> None:
    """The right status as problem details; no record, no object."""
    status, code, message, headers, body = BAD[case]
    before = everything(stack)
    answer = ada.call("POST", "uploads", body, headers)
    assert (status, "application/problem+json") == (answer.status, answer.headers["Content-Type"])
    assert (status, code) == (answer.body["status"], answer.body["code"])
    assert message in answer.body["detail"]
    assert before == everything(stack)


def test_each_wrong_field_has_an_error(ada: Client) -> None:
    """A client can show every message next to its field."""
    answer = ada.call("POST", "uploads", {"fileName": "", "fileSize": 0, "color": "red"})
    known = ", ".join(field.name for field in CREATE_UPLOAD.body)
    assert [
        {"field": "fileType", "message": "is required"},
        {"field": "fileName", "message": "must have 1 to 255 characters"},
        {"field": "fileSize", "message": "must be an integer from 1"},
        {"field": "color", "message": f"unknown field; use {known}"},
    ] == answer.body["errors"]


def test_asking_costs_one_write_and_no_call_of_s3(stack: Stack, ada: Client) -> None:
    """Of all services, POST /uploads calls only DynamoDB, once."""
    with stack.watched(ada) as calls:
        asked_by(ada)
    assert ["PutItem"] == [call.name for call in calls]


def test_reading_costs_one_read_unit(stack: Stack, ada: Client) -> None:
    """GET by id is one GetItem of less than 4 KB, consistent: POST then GET is never a 404."""
    document_id = ada.upload("a.txt", "text/plain", CONTENT)
    record = stack.settled(ada, document_id)
    with stack.watched(ada) as calls:
        ada.call("GET", f"documents/{document_id}")
    assert ["GetItem"] == [call.name for call in calls]
    assert calls[0].parameters["ConsistentRead"] is True
    assert len(str(record)) < 4_096


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "bucket.s3.amazonaws.com"),
        ("eu-central-1", "bucket.s3.eu-central-1.amazonaws.com"),
    ],
)
def test_on_aws_a_url_names_the_bucket_in_its_region(
    import_in: Callable[[str, str], ModuleType], region: str, host: str
) -> None:
    """No redirect, which a browser's preflight would not survive; signed with SigV4."""
    constraints = UploadConstraints(
        size_bytes=1, content_type="text/plain", file_name="a", owner="ada", sha256=None
    )
    s3 = import_in(region, "chalicelib.runtime").s3
    url = urlsplit(
        presign_upload(s3, "bucket", "uploads/x", constraints.put_object_arguments(), 900)
    )
    assert ("https", host, "/uploads/x") == (url.scheme, url.netloc, url.path)
    assert ["AWS4-HMAC-SHA256"] == parse_qs(url.query)["X-Amz-Algorithm"]
