"""Uploads in parts, through API Gateway, function and S3: resumed, repeated and refused."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from chalicelib.api.parts import MAX_PUT_BYTES, MULTIPART_ABOVE_BYTES, MULTIPART_SECONDS
from chalicelib.documents import object_key_for
from infra.api_client import Client, Response, send
from tests.support.faults import Call, ConnectionFault, Faults, faulty_aws
from tests.support.faults import Response as Fault
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

ATTEMPTS = 3
"""Of each call to S3."""
PART_BYTES = 8 * 1_024**2
CONTENT = b"one two ".ljust(PART_BYTES, b"\n") + b"three four"
SIZES = {1: PART_BYTES, 2: 10}


@dataclass(frozen=True)
class InParts:
    """An upload in parts of `CONTENT`, and the user that it belongs to."""

    client: Client
    document_id: str
    upload: dict[str, Any]

    @property
    def path(self) -> str:
        """Of the upload's routes."""
        return f"uploads/{self.document_id}"

    @property
    def key(self) -> str:
        """Of the object."""
        return object_key_for(self.document_id)

    def urls(self, numbers: Iterable[object]) -> Response:
        """Ask for the URLs of parts."""
        return self.client.call("POST", f"{self.path}/parts", {"partNumbers": list(numbers)})

    def send(self, number: int, content: bytes | None = None) -> Response:
        """Send a part, by default the right bytes."""
        [part] = self.urls([number]).body["parts"]
        start = (number - 1) * PART_BYTES
        return send("PUT", part["url"], content=content or CONTENT[start : start + PART_BYTES])

    def send_all(self) -> None:
        """Send every part."""
        assert [200, 200] == [self.send(number).status for number in SIZES]

    def listed(self) -> Response:
        """What the API lists as uploaded."""
        return self.client.call("GET", f"{self.path}/parts")

    def complete(self) -> Response:
        """Complete the upload."""
        return self.client.call("POST", f"{self.path}/complete")

    def cancel(self) -> Response:
        """Cancel the upload."""
        return self.client.call("DELETE", self.path)


def request(client: Client, document_id: str, **changes: object) -> Response:
    """A request for an upload of `CONTENT` in parts."""
    terms = {"fileType": "text/plain", "multipart": True, "documentId": document_id, **changes}
    return client.call(
        "POST", "uploads", {"fileName": "a b.txt", "fileSize": len(CONTENT), **terms}
    )


def started_by(client: Client) -> InParts:
    """A new upload in parts."""
    answer = request(client, str(uuid.uuid4()))
    assert 201 == answer.status, answer.content
    return InParts(client, answer.body["documentId"], answer.body["upload"])


def uploads_in_s3(stack: Stack, key: str) -> list[str]:
    """The ids of the multipart uploads for a key that S3 has."""
    answer = stack.account.s3.list_multipart_uploads(Bucket=stack.bucket, Prefix=key)
    return [upload["UploadId"] for upload in answer.get("Uploads", [])]


def test_the_answer_is_the_contract(stack: Stack, ada: Client) -> None:
    """What the client gets is enough to upload all parts for seven days."""
    upload = started_by(ada)
    record = stack.record_now(upload.key)
    assert record is not None
    assert {
        "method": "MULTIPART",
        "uploadId": record["uploadId"],
        "partSizeBytes": PART_BYTES,
        "partCount": 2,
        "expiresAt": upload.upload["expiresAt"],
    } == upload.upload
    assert record["expiresAt"] == datetime.fromisoformat(upload.upload["expiresAt"]).timestamp()
    left = record["expiresAt"] - time.time()
    assert MULTIPART_SECONDS - 60 < left <= MULTIPART_SECONDS
    assert [upload.upload["uploadId"]] == uploads_in_s3(stack, upload.key)


def test_a_file_in_parts_becomes_a_document(stack: Stack, ada: Client) -> None:
    """Its object has the metadata that a single PUT signs, its record the facts of the content."""
    upload = started_by(ada)
    urls = upload.urls([2, 1]).body
    assert [(2, 10), (1, PART_BYTES)] == [
        (part["partNumber"], part["sizeBytes"]) for part in urls["parts"]
    ]
    assert datetime.fromisoformat(urls["expiresAt"]).timestamp() > time.time()
    upload.send_all()
    assert (200, {"documentId": upload.document_id, "status": "PENDING"}) == (
        (answer := upload.complete()).status,
        answer.body,
    )
    record = stack.settled(ada, upload.document_id)
    expected = {
        "fileName": "a b.txt",
        "fileType": "text/plain",
        "fileSize": len(CONTENT),
        "status": "PROCESSED",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "metadata": record["metadata"],
    }
    assert expected == {name: record[name] for name in expected}
    assert 4 == record["metadata"]["wordCount"]
    assert record["eTag"].endswith("-2")
    assert {"uploadId", "partSizeBytes", "expiresAt"}.isdisjoint(record)
    stored = stack.account.s3.head_object(Bucket=stack.bucket, Key=upload.key)
    assert ("text/plain", {"file-name": "a%20b.txt", "owner": record["owner"]}) == (
        stored["ContentType"],
        stored["Metadata"],
    )
    url = ada.call("GET", f"documents/{upload.document_id}/content").body["url"]
    assert CONTENT == send("GET", url).content


def test_an_interrupted_upload_sends_only_missing_parts(stack: Stack, ada: Client) -> None:
    """The list has what S3 has, and the repeated request leads to the same multipart upload."""
    upload = started_by(ada)
    assert ([], PART_BYTES, 2) == tuple(upload.listed().body.values())
    e_tag = upload.send(2).headers["ETag"].strip('"')
    assert [{"partNumber": 2, "sizeBytes": 10, "eTag": e_tag}] == upload.listed().body["parts"]
    again = request(ada, upload.document_id)
    assert (200, upload.upload) == (again.status, again.body["upload"])
    assert [upload.upload["uploadId"]] == uploads_in_s3(stack, upload.key)
    answer = upload.complete()
    assert 409 == answer.status
    assert b"1 of 2 parts are missing: 1" in answer.content
    assert 200 == upload.send(1).status
    assert 200 == upload.complete().status
    assert "PROCESSED" == stack.settled(ada, upload.document_id)["status"]


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ([], "1 to 100 items"),
        (list(range(1, 102)), "1 to 100 items"),
        ([0], "from 1 to"),
        ([-1], "from 1 to"),
        ([3], "last part"),
        ([1, 1_000], "last part"),
        ([1, 1_001], "from 1 to"),
        ([1, 1], "twice"),
        (["1"], "integer"),
        ([True], "integer"),
        ([1.5], "integer"),
        ([[1]], "integer"),
    ],
)
def test_there_are_urls_for_the_files_parts_only(
    shared: InParts, numbers: list[object], problem: str
) -> None:
    """400 names the field and what is wrong."""
    answer = shared.urls(numbers)
    assert 400 == answer.status
    assert b"partNumbers" in answer.content
    assert problem in answer.content.decode()


@pytest.fixture(scope="module")
def shared(ada: Client) -> InParts:
    """An upload without parts, for tests that change nothing."""
    return started_by(ada)


@pytest.mark.parametrize("field", ["uploadId", "uploadID", "key"])
def test_the_client_does_not_choose_the_upload(shared: InParts, field: str) -> None:
    """The multipart upload is the record's."""
    body = {"partNumbers": [1], field: "other"}
    assert 400 == shared.client.call("POST", f"{shared.path}/parts", body).status


@pytest.mark.parametrize("content", [b"three four!", b"three fou"], ids=["longer", "shorter"])
def test_a_part_of_another_size_is_refused(shared: InParts, content: bytes) -> None:
    """S3 refuses it, since the URL signs the length."""
    assert 403 == shared.send(2, content).status
    assert [] == shared.listed().body["parts"]


def test_a_url_is_for_its_part_only(shared: InParts) -> None:
    """Neither another part nor another upload nor another method."""
    [part] = shared.urls([2]).body["parts"]
    for url in (
        part["url"].replace("partNumber=2", "partNumber=1"),
        part["url"].replace(shared.upload["uploadId"], str(uuid.uuid4())),
        part["url"].replace("uploads/", "uploads/other-"),
    ):
        assert part["url"] != url
        assert 403 == send("PUT", url, content=b"three four").status
    assert 403 == send("DELETE", part["url"]).status
    assert 403 == send("GET", part["url"]).status


def test_parts_that_do_not_add_up_are_not_completed(stack: Stack, ada: Client) -> None:
    """Whatever got them into S3: a shorter part, or one beyond the last."""
    upload = started_by(ada)
    upload.send_all()
    for number, content in [(2, b"short"), (3, b"beyond")]:
        assert 200 == upload.send(2).status
        stack.account.s3.upload_part(
            Bucket=stack.bucket,
            Key=upload.key,
            UploadId=upload.upload["uploadId"],
            PartNumber=number,
            Body=content,
        )
        assert 409 == upload.complete().status
    assert not stack.has_object(upload.key)


def test_completion_may_be_repeated(stack: Stack, ada: Client) -> None:
    """200 before and after the file is processed, and one result."""
    upload = started_by(ada)
    upload.send_all()
    with stack.no_events():
        assert 200 == upload.complete().status
        again = upload.complete()
        assert (200, "PENDING") == (again.status, again.body["status"])
        listed = upload.listed()
        all_parts = [{"partNumber": number, "sizeBytes": size} for number, size in SIZES.items()]
        assert (200, all_parts) == (listed.status, listed.body["parts"])
    e_tag = stack.account.s3.head_object(Bucket=stack.bucket, Key=upload.key)["ETag"]
    put_again(stack, upload.key)
    stack.settled(ada, upload.document_id)
    last = upload.complete()
    assert (200, "PROCESSED") == (last.status, last.body["status"])
    assert listed.body == upload.listed().body
    record = stack.record_now(upload.key)
    assert record is not None
    assert e_tag.strip('"') == record["eTag"]


@pytest.fixture
def faults(stack: Stack) -> Iterator[Faults]:
    """What calls of the API get."""
    faults = Faults()
    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, faults) as url,
        stack.environment("api_handler", AWS_ENDPOINT_URL=url),
    ):
        yield faults


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "OperationAborted"])
def test_completion_by_another_request_is_repeated(ada: Client, faults: Faults, code: str) -> None:
    """503 with Retry-After, which clients repeat, while S3 is busy with the other request."""
    upload = started_by(ada)
    upload.send_all()
    error = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>"
    busy = Fault(409, error.encode(), [("Content-Type", "application/xml")])
    faults.plan(upload.document_id, "", busy)
    answer = upload.complete()
    assert (503, "completion_in_progress") == (answer.status, answer.body["code"])
    assert "1" == answer.headers["Retry-After"]
    assert 200 == upload.complete().status


def test_a_completion_that_takes_long_is_repeated(ada: Client, faults: Faults) -> None:
    """503 while S3 joins the parts of a large file; it goes on without the caller."""
    upload = started_by(ada)
    upload.send_all()
    faults.plan(upload.document_id, "", *[ConnectionFault.HUNG] * ATTEMPTS)
    answer = upload.complete()
    assert (503, "completion_in_progress") == (answer.status, answer.body["code"])
    assert 200 == upload.complete().status


def test_an_object_that_is_being_assembled_is_waited_for(ada: Client, faults: Faults) -> None:
    """S3 may have forgotten the upload before it has the object."""
    upload = started_by(ada)
    upload.send_all()
    assert 200 == upload.complete().status
    for repeat in (upload.complete, upload.listed):
        faults.plan(upload.document_id, "", 404)
        assert 200 == repeat().status


def test_an_object_that_is_there_already_ends_the_upload(stack: Stack, ada: Client) -> None:
    """Its parts would remain for days."""
    upload = started_by(ada)
    upload.send_all()
    with stack.no_events():
        stack.account.s3.put_object(Bucket=stack.bucket, Key=upload.key, Body=CONTENT)
        assert 200 == upload.complete().status
    assert [] == uploads_in_s3(stack, upload.key)


def test_a_document_processed_meanwhile_is_not_cancelled(stack: Stack, ada: Client) -> None:
    """409, and record and object remain, though the document was PENDING when it was read."""
    upload = started_by(ada)
    upload.send_all()
    with stack.no_events():
        assert 200 == upload.complete().status
    event = created_by_completion(stack, upload.key)

    def process(call: Call) -> None:
        if call.name == "PutItem" and upload.document_id.encode() in call.body:
            stack.invoke("process_upload", event)

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, process) as url,
        stack.environment("api_handler", AWS_ENDPOINT_URL=url),
    ):
        answer = upload.cancel()
    assert (409, "not_pending") == (answer.status, answer.body["code"])
    assert "PROCESSED" == ada.call("GET", f"documents/{upload.document_id}").body["status"]
    assert stack.has_object(upload.key)


def put_again(stack: Stack, key: str) -> None:
    """Let the function see an object whose event was not sent."""
    stack.invoke("process_upload", created_by_completion(stack, key))


def created_by_completion(stack: Stack, key: str) -> dict[str, Any]:
    """The event of a completed multipart upload."""
    stored = stack.account.s3.head_object(Bucket=stack.bucket, Key=key)
    event = created_event(stack.bucket, key, stored["ETag"].strip('"'), size=len(CONTENT))
    event["Records"][0]["eventName"] = "ObjectCreated:CompleteMultipartUpload"
    return event


def test_completion_at_once_makes_one_document(stack: Stack, ada: Client) -> None:
    """Two requests at the same time have the same answer, or one gets 503."""
    upload = started_by(ada)
    upload.send_all()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _number: upload.complete().status, range(4)))
    assert 200 in answers
    assert {200, 503} >= set(answers)
    assert 200 == upload.complete().status
    assert "PROCESSED" == stack.settled(ada, upload.document_id)["status"]


def test_a_cancelled_upload_leaves_nothing(stack: Stack, ada: Client) -> None:
    """The parts are deleted, their URLs are worthless, and the request may be repeated."""
    upload = started_by(ada)
    upload.send_all()
    [part] = upload.urls([2]).body["parts"]
    assert [204, 204] == [upload.cancel().status, upload.cancel().status]
    assert [] == uploads_in_s3(stack, upload.key)
    assert 404 == send("PUT", part["url"], content=b"three four").status
    answers = [upload.listed(), upload.urls([1]), upload.complete()]
    answers.append(ada.call("GET", f"documents/{upload.document_id}"))
    assert [404] * 4 == [answer.status for answer in answers]
    assert 409 == request(ada, upload.document_id).status


def test_deleting_the_document_cancels_its_upload(stack: Stack, ada: Client) -> None:
    """Nothing is stored for a document that is gone."""
    upload = started_by(ada)
    assert 200 == upload.send(2).status
    assert 204 == ada.call("DELETE", f"documents/{upload.document_id}").status
    assert [] == uploads_in_s3(stack, upload.key)


def test_a_single_put_can_be_cancelled(stack: Stack, ada: Client) -> None:
    """A PUT that arrives afterwards is deleted."""
    answer = request(ada, str(uuid.uuid4()), multipart=False)
    document_id, put = answer.body["documentId"], answer.body["upload"]
    assert 409 == ada.call("GET", f"uploads/{document_id}/parts").status
    assert 409 == ada.call("POST", f"uploads/{document_id}/complete").status
    assert 204 == ada.call("DELETE", f"uploads/{document_id}").status
    assert 200 == send("PUT", put["url"], put["headers"], CONTENT).status
    key = object_key_for(document_id)
    eventually(lambda: not stack.has_object(key), "the deletion of the object")
    assert 404 == ada.call("GET", f"documents/{document_id}").status


def test_what_is_uploaded_cannot_be_cancelled(stack: Stack, ada: Client) -> None:
    """409 for a document that has its file, which was not sent in parts either."""
    document_id = ada.upload("a.txt", "text/plain", b"one two three")
    stack.settled(ada, document_id)
    assert 409 == ada.call("DELETE", f"uploads/{document_id}").status
    assert 409 == ada.call("POST", f"uploads/{document_id}/complete").status
    assert 409 == ada.call("GET", f"uploads/{document_id}/parts").status
    parts = ada.call("POST", f"uploads/{document_id}/parts", {"partNumbers": [1]})
    assert 409 == parts.status
    assert 200 == ada.call("GET", f"documents/{document_id}").status


def test_cancelling_while_completing_ends_without_a_document(stack: Stack, ada: Client) -> None:
    """Whichever S3 does first, neither document nor object nor parts remain."""
    for _ in range(3):
        upload = started_by(ada)
        upload.send_all()
        with ThreadPoolExecutor(2) as pool:
            completed, cancelled = pool.submit(upload.complete), pool.submit(upload.cancel)
        assert {200, 404, 409, 503} >= {completed.result().status}
        assert {204, 409} >= {cancelled.result().status}
        if cancelled.result().status == 409:  # it was processed before
            assert "PROCESSED" == stack.settled(ada, upload.document_id)["status"]
            continue
        eventually(lambda: not stack.has_object(upload.key), "the deletion of the object")  # noqa: B023 - called at once
        assert 404 == ada.call("GET", f"documents/{upload.document_id}").status
        assert [] == uploads_in_s3(stack, upload.key)


def test_an_aborted_upload_is_reported_as_such(stack: Stack, ada: Client) -> None:
    """409 reports that the upload was aborted; a cancellation still succeeds."""
    upload = started_by(ada)
    stack.account.s3.abort_multipart_upload(
        Bucket=stack.bucket, Key=upload.key, UploadId=upload.upload["uploadId"]
    )
    for answer in (upload.listed(), upload.complete()):
        assert 409 == answer.status
        assert b"was aborted" in answer.content
    assert 204 == upload.cancel().status


def test_only_the_owner_uploads(shared: InParts, bo: Client, operator: Client) -> None:
    """404 for other users, 403 for operators, who can read the document."""
    for status, client in ((404, bo), (403, operator)):
        other = InParts(client, shared.document_id, shared.upload)
        answers = [other.urls([1]), other.listed(), other.complete(), other.cancel()]
        assert [status] * 4 == [answer.status for answer in answers]
    assert 200 == shared.listed().status


def test_terms_include_the_kind_of_upload(ada: Client, shared: InParts) -> None:
    """The same id for a single PUT is a conflict."""
    answer = request(ada, shared.document_id, multipart=False)
    assert 409 == answer.status
    assert b"multipart" in answer.content


def test_a_refused_request_leaves_no_multipart_upload(stack: Stack, bo: Client) -> None:
    """The one that was created for it is aborted."""
    upload = started_by(bo)
    assert 409 == request(bo, upload.document_id, fileName="b.txt").status
    assert [upload.upload["uploadId"]] == uploads_in_s3(stack, upload.key)


def test_large_files_are_uploaded_in_parts_by_default(stack: Stack, ada: Client) -> None:
    """Above 100 MiB, unless the client asks for a single PUT or sends a hash for it."""
    hashed: dict[str, object] = {"sha256": "0" * 64}
    with stack.environment("api_handler", LARGEST_FILE_BYTES=str(2 * MAX_PUT_BYTES - 2**30)):
        sent: list[tuple[int, dict[str, object]]] = [
            (MULTIPART_ABOVE_BYTES, {}),
            (MULTIPART_ABOVE_BYTES + 1, {}),
            (MULTIPART_ABOVE_BYTES + 1, {"multipart": False}),
            (MULTIPART_ABOVE_BYTES + 1, hashed),
            (1, {"multipart": True}),
            (MAX_PUT_BYTES + 1, {}),
        ]
        answers = [ada.request_upload("a.txt", "text/plain", size, **more) for size, more in sent]
        refused = [
            ada.request_upload("a.txt", "text/plain", 1, multipart=True, **hashed),
            ada.request_upload("a.txt", "text/plain", MAX_PUT_BYTES + 1, multipart=False),
            ada.request_upload("a.txt", "text/plain", MAX_PUT_BYTES + 1, **hashed),
        ]
    methods = [answer.body["upload"]["method"] for answer in answers]
    assert ["PUT", "MULTIPART", "PUT", "PUT", "MULTIPART", "MULTIPART"] == methods
    assert 640 < answers[-1].body["upload"]["partCount"] <= 1_000
    assert [400] * 3 == [answer.status for answer in refused]
