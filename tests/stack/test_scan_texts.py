"""Scan, texts, recognition and notifications together: what a document costs, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.documents import document_id_for
from chalicelib.ocr.states import job_of
from infra.aws.recognitions import REFUSED, get_recognizer, resume
from infra.aws.reprocess import UNSCANNED
from infra.local.guardduty.faults import Fault
from infra.local.guardduty.verdicts import Result
from infra.local.scans import scan
from tests.stack.test_ocr import discarded, stored, text_of
from tests.stack.test_scan import texts
from tests.support.local_textract import LocalTextract
from tests.support.scanner import Scanner, scanner_of
from tests.support.scans import scan_event
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually

PNG = scan(["The quick brown fox"]).png()
EARLIEST = "0" * 32
"""Sequencer below any that the local AWS gives."""


@pytest.fixture
def key(scan_stack: Stack) -> str:
    """The key of an object that no other test uses."""
    return scan_stack.new_key("file")


@pytest.fixture
def scanner(scan_stack: Stack, key: str) -> Iterator[Scanner]:
    """The scans of the object; faults end with the test."""
    scanner = scanner_of(scan_stack.account, scan_stack.bucket).under(key)
    yield scanner
    scanner.set()


@pytest.fixture
def textract(scan_stack: Stack) -> LocalTextract:
    """The local Textract."""
    return LocalTextract(scan_stack.account)


def upload_scanned(stack: Stack, scanner: Scanner, key: str, content: bytes) -> dict[str, Any]:
    """Put an object whose clean result arrives after its S3 event; the record then."""
    scanner.set(Fault.HELD)
    stack.put(key, content)
    stack.record(key, "SCANNING")
    eventually(scanner.release, f"a scan of {key}")
    return stack.record(key, "PROCESSED")


def infect(stack: Stack, key: str) -> None:
    """Deliver the result of a later scan that has found malware."""
    event = scan_event(stack.bucket, key, stack.record(key)["eTag"], "THREATS_FOUND", "Worm")
    assert {} == stack.invoke("record_scan", event)
    assert "infected" == stack.record(key, "FAILED")["failure"]["code"]


def calls(stack: Stack, key: str, last: str) -> dict[str, list[str]]:
    """The calls for a document by function, once this function has published the last message."""
    names = key, document_id_for(stack.bucket, key)
    eventually(
        lambda: PUBLISH in stack.calls_by_function(*names).get(last, []),
        f"a message of {last} about {key}",
        lambda: stack.calls_by_function(*names),
    )
    return stack.calls_by_function(*names)


PUBLISH = "POST.sns"
"""As the local AWS records it."""


def test_a_document_costs_one_get_one_put_and_two_writes(
    scan_stack: Stack, scanner: Scanner, key: str
) -> None:
    """The scan adds a write and a read. Only `record_scan`'s Invoke is not recorded by key."""
    upload_scanned(scan_stack, scanner, key, b"two words")
    assert {
        "process_upload": sorted(["UpdateItem", "GetObject", "PutObject", "UpdateItem", PUBLISH]),
        "record_scan": ["GetItem"],
    } == calls(scan_stack, key, "process_upload")


def test_a_result_that_waits_for_another_version_costs_nothing_more(
    scan_stack: Stack, scanner: Scanner, key: str
) -> None:
    """It stays where it is: there is no moment at which it could be lost."""
    scanner.set(Fault.HELD)
    scan_stack.put(key, b"two words")
    scan_stack.record(key, "SCANNING")
    event = scan_event(scan_stack.bucket, key, "of-the-next-version", "THREATS_FOUND")
    assert {} == scan_stack.invoke("record_scan", event)
    eventually(scanner.release, f"a scan of {key}")
    record = scan_stack.record(key, "PROCESSED")
    assert ["of-the-next-version"] == [kept["eTag"] for kept in record["scanResults"]]
    made = calls(scan_stack, key, "process_upload")
    assert 2 == made["process_upload"].count("UpdateItem")


def test_a_recognized_document_costs_three_writes(
    scan_stack: Stack, scanner: Scanner, key: str
) -> None:
    """The recognition adds a read, a PUT and a write; Textract reads the file for its caller."""
    upload_scanned(scan_stack, scanner, key, PNG)
    text_of(scan_stack, key, "DONE")
    of_textract = ["StartDocumentTextDetection", "GetObject"]
    assert {
        "process_upload": sorted(
            ["UpdateItem", "GetObject", "UpdateItem", *of_textract, PUBLISH],
        ),
        "record_scan": ["GetItem"],
        "record_text": sorted(["GetItem", "PutObject", "UpdateItem", PUBLISH]),
    } == calls(scan_stack, key, "record_text")


@pytest.mark.parametrize("content", [b"two words", PNG], ids=["text", "recognized"])
@pytest.mark.parametrize("fate", ["infected", "removed", "replaced", "deleted"])
def test_no_text_outlives_its_document(
    scan_stack: Stack, scanner: Scanner, key: str, content: bytes, fate: str
) -> None:
    """It is deleted when malware is found later, and when the file is deleted or replaced."""
    record = upload_scanned(scan_stack, scanner, key, content)
    eventually(lambda: texts(scan_stack, record), "a text")
    scanner.set(Fault.DEAD)
    if fate == "infected":
        infect(scan_stack, key)
    elif fate == "removed":
        scan_stack.account.s3.delete_object(Bucket=scan_stack.bucket, Key=key)
    elif fate == "replaced":
        scan_stack.put(key, b"three other words")
        scan_stack.record(key, "SCANNING")
    else:
        operator = scan_stack.sign_in("operator", "operators")
        assert 204 == operator.call("DELETE", f"documents/{record['documentId']}").status
    eventually(lambda: not texts(scan_stack, record), f"no text of the {fate} document")
    scan_stack.delete_record(key)


def test_an_interrupted_replacement_leaves_no_text(
    scan_stack: Stack, scanner: Scanner, key: str
) -> None:
    """The repeated event deletes texts of earlier versions, not the one of its own."""
    record = upload_scanned(scan_stack, scanner, key, b"two words")
    bucket, document_id = scan_stack.outputs["TextBucketName"], record["documentId"]
    left = f"{document_id}/{EARLIEST}.txt"
    scan_stack.account.s3.put_object(Bucket=bucket, Key=left, Body=b"left")
    event = created_event(scan_stack.bucket, key, record["eTag"], record["sequencer"], 9)
    assert {} == scan_stack.invoke("process_upload", event)
    assert [f"{document_id}/{record['sequencer']}.txt"] == [*stored(scan_stack, key)]


def test_an_infected_scan_is_not_sent(
    scan_stack: Stack, scanner: Scanner, textract: LocalTextract, key: str
) -> None:
    """Textract gets nothing before the result, and nothing after this one."""
    scanner.set(Fault.HELD, Result.THREATS_FOUND)
    scan_stack.put(key, PNG)
    scan_stack.record(key, "SCANNING")
    assert [] == textract.jobs(key)
    eventually(scanner.release, f"a scan of {key}")
    assert "infected" == scan_stack.record(key, "FAILED")["failure"]["code"]
    assert [] == textract.jobs(key)


def test_a_threat_ends_a_running_recognition(
    scan_stack: Stack, scanner: Scanner, textract: LocalTextract, key: str
) -> None:
    """Its answer arrives later and leaves no text."""
    textract.plan(key, "held")
    assert job_of(upload_scanned(scan_stack, scanner, key, PNG))
    eventually(lambda: textract.jobs(key), f"a job for {key}")
    infect(scan_stack, key)
    textract.release(key)
    discarded(scan_stack, key)
    record = scan_stack.record(key)
    assert ("FAILED", "infected") == (record["status"], record["failure"]["code"])
    assert "text" not in record
    assert {} == stored(scan_stack, key)


def test_a_refused_recognition_of_a_document_without_a_scan(
    scan_stack: Stack, scanner: Scanner, textract: LocalTextract, key: str
) -> None:
    """A retry reports that its scan comes first: process_upload records nothing of it."""
    textract.plan(key, "held")
    upload_scanned(scan_stack, scanner, key, PNG)
    eventually(lambda: textract.jobs(key), f"a job for {key}")
    record = scan_stack.record(key)
    recognizer = get_recognizer(scan_stack.stage, 1)
    assert recognizer
    unscanned = {name: value for name, value in record.items() if name != "scannedAt"}
    textract.refuse(key, "UnsupportedDocumentException", times=3)
    assert UNSCANNED == resume(recognizer, unscanned).name
    assert "RUNNING" == scan_stack.record(key)["text"]["status"]
    assert REFUSED == resume(recognizer, record).name
    assert "FAILED" == scan_stack.record(key)["text"]["status"]
