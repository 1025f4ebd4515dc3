"""A stage with TEXT=on keeps the text of each document as long as the document, and no other."""

from __future__ import annotations

import os
import re
import signal
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.documents import document_id_for
from chalicelib.events import SEQUENCER_WIDTH
from chalicelib.store import from_item
from chalicelib.text_keys import used_keys
from infra.api_client import Client, send
from infra.aws.reprocess import get_processor
from infra.commands.backfill import backfill
from infra.commands.reconcile import delete_unused_texts
from infra.commands.retry import retry
from infra.console import CommandError
from infra.local.samples import pdf, png
from tests.stack.test_record_failure import message
from tests.support.faults import ConnectionFault, Faults, faulty_aws
from tests.support.stack import Stack, created_event, removed_event
from tests.support.textract import await_text
from tests.support.waiting import eventually

OLDEST, NEXT, LAST = "00000001", "F" * 17 + "E", "F" * 18
"""Sequencers below and above any that the local AWS gives."""


@pytest.fixture(scope="module")
def eve(text_stack: Stack) -> Client:
    """A user of the stage."""
    return text_stack.sign_in("eve")


@pytest.fixture(scope="module")
def faults(text_stack: Stack) -> Iterator[Faults]:
    """What calls of process_upload get while this module's tests run."""
    faults = Faults()
    assert text_stack.account.endpoint
    with (
        faulty_aws(text_stack.account.endpoint, faults) as url,
        text_stack.environment("process_upload", AWS_ENDPOINT_URL=url),
    ):
        yield faults


@pytest.fixture(autouse=True)
def _nothing_is_left(text_stack: Stack) -> Iterator[None]:
    """Whatever a test did: every text has a record, and every record its text."""
    yield
    eventually(lambda: texts_in(text_stack) == texts_of_records(text_stack), "nothing too many")


def texts_in(stack: Stack) -> set[str]:
    """The keys of all texts."""
    bucket = stack.outputs["TextBucketName"]
    pages = stack.account.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def texts_of_records(stack: Stack) -> set[str]:
    """The keys that records point to."""
    pages = stack.account.dynamodb.get_paginator("scan").paginate(TableName=stack.table)
    records = [from_item(item) for page in pages for item in page["Items"]]
    return {key for record in records for key in used_keys(record)}


def text_of(stack: Stack, key: str) -> str | None:
    """The text of the record of an object, from the bucket; None where it has none."""
    record = stack.record_now(key) or {}
    if not (keys := used_keys(record)):
        return None
    [text_key] = keys
    bucket = stack.outputs["TextBucketName"]
    return stack.account.s3.get_object(Bucket=bucket, Key=text_key)["Body"].read().decode()


def event_of(stack: Stack, key: str, e_tag: str, sequencer: str) -> dict[str, Any]:
    """An event for an object of this eTag."""
    return created_event(stack.bucket, key, e_tag, sequencer)


def with_text(stack: Stack, content: bytes = b"one two three") -> tuple[str, str]:
    """Key and eTag of a direct upload that has its text."""
    key = stack.new_key("direct.txt")
    e_tag = stack.put(key, content)
    stack.record(key, "PROCESSED")
    return key, e_tag


def test_a_document_costs_one_get_one_put_and_one_write(text_stack: Stack) -> None:
    """The text is stored before the record that points to it."""
    key, _ = with_text(text_stack, "Ein Käse.\r\nZwei\n".encode())
    document_id = document_id_for(text_stack.bucket, key)
    record = text_stack.record(key)
    assert {"source": "document", "characterCount": 14, "truncated": False} == record["text"]
    assert "Ein Käse.\nZwei" == text_of(text_stack, key)
    calls = text_stack.calls(key) + text_stack.calls(f"{document_id}/")
    assert ["GetObject", "PutItem", "PutObject"] == sorted(calls)


def test_a_document_without_text_costs_no_put(text_stack: Stack) -> None:
    """An image has none."""
    key = text_stack.new_key("a.png")
    text_stack.put(key, png(8, 8))
    assert "text" not in text_stack.record(key)
    assert ["GetObject", "PutItem"] == sorted(text_stack.calls(key))
    assert [] == text_stack.calls(f"{document_id_for(text_stack.bucket, key)}/")


def test_the_text_can_be_downloaded(text_stack: Stack, eve: Client) -> None:
    """Its owner gets a URL; the download is plain text under the document's name."""
    document_id = eve.upload("größe.pdf", "application/pdf", pdf(2, 3))
    text_stack.settled(eve, document_id)
    answer = eve.call("GET", f"documents/{document_id}/text")
    assert 200 == answer.status
    assert {"url", "expiresAt"} == answer.body.keys()
    text = send("GET", answer.body["url"])
    assert "text/plain; charset=utf-8" == text.headers["Content-Type"]
    assert "gr%C3%B6%C3%9Fe.pdf.txt" in text.headers["Content-Disposition"]
    assert text.headers["Content-Disposition"].startswith("attachment")
    assert "intake keeps one\fintake keeps one" == text.content.decode().strip()


def test_a_text_is_refused_as_its_file_is(text_stack: Stack, eve: Client) -> None:
    """To others it does not exist; a document that is PENDING or has no text has none to read."""
    document_id = eve.upload("a.txt", "text/plain", b"one two three")
    picture = eve.upload("a.png", "image/png", png(8, 8))
    pending = eve.request_upload("b.txt", "text/plain", 3).body["documentId"]
    text_stack.settled(eve, document_id)
    text_stack.settled(eve, picture)
    zoe = text_stack.sign_in("zoe")
    operator = text_stack.sign_in("operator", "operators")
    refusals = {
        (client, name): (answer.status, answer.body.get("code"))
        for client, user in (("eve", eve), ("zoe", zoe), ("operator", operator))
        for name in (document_id, picture, pending)
        for answer in [user.call("GET", f"documents/{name}/text")]
    }
    assert {
        ("eve", document_id): (200, None),
        ("eve", picture): (404, "no_text"),
        ("eve", pending): (409, "document_pending"),
        ("zoe", document_id): (404, "not_found"),
        ("zoe", picture): (404, "not_found"),
        ("zoe", pending): (404, "not_found"),
        ("operator", document_id): (200, None),
        ("operator", picture): (404, "no_text"),
        ("operator", pending): (409, "document_pending"),
    } == refusals
    eve.call("DELETE", f"uploads/{pending}")


def test_a_replaced_object_replaces_its_text(text_stack: Stack) -> None:
    """The earlier version's text goes when the record of the later one is written."""
    key, _ = with_text(text_stack)
    text_stack.put(key, b"four five")
    eventually(lambda: text_of(text_stack, key) == "four five", "the later text")


@pytest.mark.parametrize("content", [png(8, 8), b""], ids=["picture", "rejected"])
def test_a_version_without_text_leaves_none(text_stack: Stack, content: bytes) -> None:
    """A text file is replaced by another kind of file."""
    key, _ = with_text(text_stack)
    text_stack.put(key, content)
    eventually(lambda: "text" not in text_stack.record(key), "a record without text")


def test_duplicate_and_outdated_events_change_nothing(text_stack: Stack) -> None:
    """The text of the newest version stands, whatever comes later."""
    key, e_tag = with_text(text_stack)
    sequencer = text_stack.record(key)["sequencer"]
    assert {} == text_stack.invoke("process_upload", event_of(text_stack, key, e_tag, sequencer))
    assert {} == text_stack.invoke("process_upload", event_of(text_stack, key, e_tag, OLDEST))
    assert "one two three" == text_of(text_stack, key)
    assert sequencer == text_stack.record(key)["sequencer"]
    # A version of the same bytes: its text replaces the other.
    assert {} == text_stack.invoke("process_upload", event_of(text_stack, key, e_tag, NEXT))
    assert NEXT == text_stack.record(key)["sequencer"].rstrip("0")


def test_a_deleted_document_has_no_text(text_stack: Stack, eve: Client) -> None:
    """Deleted by its owner, the text goes with the file."""
    document_id = eve.upload("a.txt", "text/plain", b"one two three")
    text_stack.settled(eve, document_id)
    assert any(key.startswith(document_id) for key in texts_in(text_stack))
    assert 204 == eve.call("DELETE", f"documents/{document_id}").status
    assert not any(key.startswith(document_id) for key in texts_in(text_stack))
    assert 404 == eve.call("GET", f"documents/{document_id}/text").status


def test_an_interrupted_deletion_can_be_repeated(text_stack: Stack, eve: Client) -> None:
    """What was left in the text bucket goes with the second request."""
    document_id = eve.upload("a.txt", "text/plain", b"one two three")
    text_stack.settled(eve, document_id)
    assert 204 == eve.call("DELETE", f"documents/{document_id}").status
    bucket, key = text_stack.outputs["TextBucketName"], f"{document_id}/{LAST}.txt"
    text_stack.account.s3.put_object(Bucket=bucket, Key=key, Body=b"left")
    assert 204 == eve.call("DELETE", f"documents/{document_id}").status


def test_a_removed_object_has_no_text(text_stack: Stack, eve: Client) -> None:
    """Deleted in the bucket, the record stays without its text."""
    document_id = eve.upload("a.txt", "text/plain", b"one two three")
    text_stack.settled(eve, document_id)
    key = f"uploads/{document_id}"
    text_stack.account.s3.delete_object(Bucket=text_stack.bucket, Key=key)
    record = eventually(lambda: removed(text_stack, key), "a removal")
    assert "text" not in record
    assert 410 == eve.call("GET", f"documents/{document_id}/text").status


def removed(stack: Stack, key: str) -> dict[str, Any] | None:
    """The record once its object is removed."""
    record = stack.record(key)
    return record if "removedAt" in record else None


def test_an_outdated_removal_deletes_no_text(text_stack: Stack) -> None:
    """A removal that was overtaken by the next version's event is of earlier texts only."""
    key, _ = with_text(text_stack)
    assert {} == text_stack.invoke("process_upload", removed_event(text_stack.bucket, key, OLDEST))
    assert "one two three" == text_of(text_stack, key)


def test_a_permanent_failure_has_no_text(text_stack: Stack) -> None:
    """What an attempt left is deleted, and so is the text of the version before."""
    key, e_tag = with_text(text_stack)
    bucket, document_id = (
        text_stack.outputs["TextBucketName"],
        document_id_for(text_stack.bucket, key),
    )
    left = f"{document_id}/{NEXT.ljust(SEQUENCER_WIDTH, '0')}.txt"
    text_stack.account.s3.put_object(Bucket=bucket, Key=left, Body=b"left")
    event = event_of(text_stack, key, e_tag, NEXT)
    text_stack.account.sqs.send_message(
        QueueUrl=text_stack.outputs["FailureQueueUrl"], MessageBody=message(event)
    )
    text_stack.record(key, "FAILED")
    eventually(lambda: not texts_of(text_stack, document_id), "nothing left")


def texts_of(stack: Stack, document_id: str) -> set[str]:
    """The keys of a document's texts."""
    return {key for key in texts_in(stack) if key.startswith(document_id)}


@pytest.mark.parametrize("fate", ["retried", "replaced", "deleted"])
def test_a_process_killed_between_put_and_write_leaves_nothing(
    text_stack: Stack, faults: Faults, fate: str
) -> None:
    """The next attempt writes the record, or deletes the text of what is gone."""
    word = str(uuid.uuid4())
    key = f"{word}.txt"
    with text_stack.no_events():
        e_tag = text_stack.put(key, b"one two three")
    event = event_of(text_stack, key, e_tag, NEXT)
    document_id = document_id_for(text_stack.bucket, key)

    faults.plan(document_id, "PutItem", *[ConnectionFault.HUNG] * 9)
    thread = threading.Thread(target=text_stack.invoke, args=("process_upload", event))
    thread.start()
    eventually(lambda: "PutItem" in faults.seen[document_id], "a write")
    for process in text_stack.workers("process_upload"):
        os.kill(process, signal.SIGKILL)
    thread.join()
    assert 1 == len(texts_of(text_stack, document_id))
    assert text_stack.record_now(key) is None

    faults.plan(document_id, "PutItem")
    if fate == "replaced":
        text_stack.put(key, b"four five six seven")
        text_stack.record(key)
    elif fate == "deleted":
        text_stack.account.s3.delete_object(Bucket=text_stack.bucket, Key=key)
        eventually(lambda: text_stack.record_now(key), "a tombstone")
    assert {} == text_stack.invoke("process_upload", event)
    assert (fate == "deleted") == (text_of(text_stack, key) is None)


@pytest.mark.parametrize("fault", [500, ConnectionFault.LOST])
def test_a_write_that_is_repeated_leaves_nothing(
    text_stack: Stack, faults: Faults, fault: int | ConnectionFault
) -> None:
    """Nothing of the earlier version, even if the first response was lost."""
    key, e_tag = with_text(text_stack)
    document_id = document_id_for(text_stack.bucket, key)
    faults.plan(document_id, "PutItem", fault)
    assert {} == text_stack.invoke("process_upload", event_of(text_stack, key, e_tag, NEXT))
    assert 1 == len(texts_of(text_stack, document_id))


def test_a_document_deleted_during_its_processing_has_no_text(
    text_stack: Stack, faults: Faults, eve: Client
) -> None:
    """The text was stored before the deletion; the late result is not recorded, and deletes it."""
    document_id = eve.upload("a.txt", "text/plain", b"one two three")
    record = text_stack.settled(eve, document_id)
    key = f"uploads/{document_id}"
    event = event_of(text_stack, key, record["eTag"], NEXT)
    faults.plan(document_id, "PutItem", ConnectionFault.HUNG)
    thread = threading.Thread(target=text_stack.invoke, args=("process_upload", event))
    thread.start()
    eventually(lambda: "PutItem" in faults.seen[document_id], "a write")
    assert 204 == eve.call("DELETE", f"documents/{document_id}").status
    thread.join()
    assert set() == texts_of(text_stack, document_id)


def test_a_document_is_processed_again_with_its_text(text_stack: Stack) -> None:
    """Its text is stored again under the same key."""
    key, e_tag = with_text(text_stack)
    record = text_stack.record(key)
    event = event_of(text_stack, key, e_tag, record["sequencer"])
    event["Records"][0]["replaces"] = record["processedAt"]
    assert {} == text_stack.invoke("process_upload", event)
    assert "one two three" == text_of(text_stack, key)


@pytest.mark.parametrize("fate", ["unreadable", "replaced"])
def test_a_document_that_cannot_be_processed_again_keeps_its_text(
    text_stack: Stack, faults: Faults, fate: str
) -> None:
    """Its record stays as it is. An unreadable object is an error, which Lambda retries."""
    key, e_tag = with_text(text_stack)
    record = text_stack.record(key)
    read = e_tag if fate == "unreadable" else "0" * 32
    event = event_of(text_stack, key, read, record["sequencer"])
    event["Records"][0]["replaces"] = record["processedAt"]
    faults.plan(key, "GetObject", *[403] * (fate == "unreadable"))
    answer = text_stack.invoke("process_upload", event)
    faults.plan(key, "GetObject")
    assert (fate == "unreadable") == bool(answer)
    assert record == text_stack.record(key)
    assert "one two three" == text_of(text_stack, key)


def test_reconcile_deletes_texts_without_a_record(text_stack: Stack) -> None:
    """Whatever was left behind goes, but not what may be of an invocation that is running."""
    key, _ = with_text(text_stack)
    s3, bucket = text_stack.account.s3, text_stack.outputs["TextBucketName"]
    document_id = document_id_for(text_stack.bucket, key)
    left = {f"{uuid.uuid4()}/{LAST}.txt", f"{document_id}/{LAST}.txt"}
    for name in left:
        s3.put_object(Bucket=bucket, Key=name, Body=b"left")
    processor = get_processor(text_stack.stage, 2)
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert 0 == delete_unused_texts(processor, bucket, now - hour, dry_run=False)
    assert 2 == delete_unused_texts(processor, bucket, now + hour, dry_run=True)
    assert left <= texts_in(text_stack)
    assert 2 == delete_unused_texts(processor, bucket, now + hour, dry_run=False)
    assert "one two three" == text_of(text_stack, key)


def test_documents_from_before_get_their_texts(
    text_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make backfill` finds the documents with words but without text, once."""
    key, _ = with_text(text_stack)
    picture = text_stack.new_key("a.png")
    text_stack.put(picture, png(8, 8))
    before = text_stack.record(picture)
    record = text_stack.record(key)
    forget_text(text_stack, key)

    with pytest.raises(CommandError, match="1 to add: run the command without a dry run"):
        backfill(text_stack.stage, 2, ["text"], dry_run=True)
    assert text_of(text_stack, key) is None

    backfill(text_stack.stage, 2, ["text"])
    assert "        1  PROCESSED" in capsys.readouterr().out
    after = text_stack.record(key)
    assert record["text"] == after["text"]
    assert record["sequencer"] == after["sequencer"]
    assert before == text_stack.record(picture)

    backfill(text_stack.stage, 2, ["text"])
    assert "Stage text: 0 documents without text" in capsys.readouterr().out


def test_retry_ends_recognitions_that_were_switched_off(text_stack: Stack) -> None:
    """Textract's answer finds no function: the document is processed again, without OCR."""
    key = text_stack.new_key("a.png")
    text_stack.put(key, png(8, 8))
    before = await_text(text_stack, key)
    retry(text_stack.stage, parallel=2)
    after = text_stack.record(key)
    assert "text" not in after
    assert before["sequencer"] == after["sequencer"]


def forget_text(stack: Stack, key: str) -> None:
    """Let a document be from before the stage kept texts."""
    document_id = document_id_for(stack.bucket, key)
    [text_key] = used_keys(stack.record(key))
    stack.account.s3.delete_object(Bucket=stack.outputs["TextBucketName"], Key=text_key)
    stack.account.dynamodb.update_item(
        TableName=stack.table,
        Key={"documentId": {"S": document_id}},
        UpdateExpression="REMOVE #text",
        ExpressionAttributeNames={"#text": "text"},
    )


@pytest.mark.parametrize(
    ("selected", "problem"),
    [
        ([], "Select what to add: make backfill STAGE=test TEXT=missing"),
        (["text"], "Stage test does not have TEXT=on: set it in .chalice/config.json"),
    ],
)
def test_a_backfill_needs_a_feature(stack: Stack, selected: list[str], problem: str) -> None:
    """One that is selected, and that the stage has."""
    with pytest.raises(CommandError, match=re.escape(problem)):
        backfill(stack.stage, 2, selected)
