"""Documents without the result of a scan: reported, scanned again, and never lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib.documents import document_id_for
from infra.aws.recorded_uploads import failed_uploads, scanning_uploads, unscanned_uploads
from infra.commands.backfill import backfill
from infra.commands.reconcile import reconcile
from infra.commands.retry import retry
from infra.commands.status import status
from infra.console import CommandError
from infra.local.guardduty.eicar import eicar
from infra.local.guardduty.faults import Fault
from infra.local.guardduty.scans import State
from infra.local.guardduty.verdicts import Result
from tests.support.scanner import Scanner, scanner_of
from tests.support.stack import Stack
from tests.support.waiting import eventually

LONG_AGO = "2026-01-01T00:00:00.000Z"
SCHEDULED = {
    "version": "0",
    "id": "0",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}


@pytest.fixture(autouse=True)
def no_earlier_documents(scan_stack: Stack) -> None:
    """Delete the documents of other tests that a retry or a backfill would take up."""
    dynamodb, table, bucket = scan_stack.account.dynamodb, scan_stack.table, scan_stack.bucket
    for uploads in (failed_uploads, scanning_uploads, unscanned_uploads):
        for upload in uploads(dynamodb, table, bucket):
            scan_stack.delete_record(upload.key)


@pytest.fixture
def folder(scan_stack: Stack) -> Scanner:
    """The scans of a key prefix that no other test uses."""
    return scanner_of(scan_stack.account, scan_stack.bucket).under(scan_stack.new_key(""))


def put_many(stack: Stack, folder: Scanner, number: int) -> list[str]:
    """The keys of that many uploads, which are SCANNING."""
    keys = [f"{folder.prefix}{index}.txt" for index in range(number)]
    for key in keys:
        stack.put(key, b"three small words", "text/plain")
    for key in keys:
        stack.record(key, "SCANNING")
    return keys


def change_record(stack: Stack, key: str, **attributes: Any) -> None:
    """Set attributes of a record; None removes one."""
    table = stack.account.dynamodb
    for name, value in attributes.items():
        action: Any = {"Action": "PUT", "Value": value} if value else {"Action": "DELETE"}
        table.update_item(
            TableName=stack.table,
            Key={"documentId": {"S": document_id_for(stack.bucket, key)}},
            AttributeUpdates={name: action},
        )


def test_overdue_scans_are_reported(scan_stack: Stack) -> None:
    """The metric of the alarm counts what has been SCANNING for an hour."""
    key = scan_stack.new_key("stuck.txt")
    scan_stack.put_record(
        key,
        status="SCANNING",
        fileName="stuck.txt",
        fileSize=1,
        uploadedAt=LONG_AGO,
        objectKey=key,
        eTag="e",
        sequencer="0055AED6DCD90281E5",
    )
    assert {} == scan_stack.invoke("check_scans", SCHEDULED)
    scan_stack.delete_record(key)
    assert {} == scan_stack.invoke("check_scans", SCHEDULED)
    counts = [line["scansOverdue"] for line in scan_stack.lines("check_scans", "SCANNING")]
    assert [1, 0] == counts[-2:]


def test_a_dead_scanner_loses_nothing(
    scan_stack: Stack, folder: Scanner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Uploads wait, are reported after an hour, and are processed once the scanner is back."""
    folder.set(Fault.DEAD)
    keys = put_many(scan_stack, folder, 5)
    for key in keys:
        change_record(scan_stack, key, uploadedAt={"S": LONG_AGO})
    assert {} == scan_stack.invoke("check_scans", SCHEDULED)
    [*_, line] = scan_stack.lines("check_scans", "have been SCANNING for an hour")
    assert ("WARNING", 5) == (line["level"], line["scansOverdue"])

    with pytest.raises(CommandError, match="5 still failing"):
        retry(scan_stack.stage, 4)
    assert "The scanner is unavailable" in capsys.readouterr().out
    assert {"SCANNING"} == {scan_stack.record(key)["status"] for key in keys}

    folder.set()
    retry(scan_stack.stage, 4)
    assert "5  scan requested" in capsys.readouterr().out
    for key in keys:
        assert 3 == scan_stack.record(key, "PROCESSED")["metadata"]["wordCount"]


def test_a_lost_result_is_replaced(scan_stack: Stack, folder: Scanner) -> None:
    """A document whose result was never published is scanned again."""
    folder.set(Fault.LOST)
    [key] = put_many(scan_stack, folder, 1)
    folder.await_states(State.LOST)
    folder.set()
    retry(scan_stack.stage, 1)
    assert 3 == scan_stack.record(key, "PROCESSED")["metadata"]["wordCount"]


def test_a_deleted_object_is_not_scanned(scan_stack: Stack, folder: Scanner) -> None:
    """A document whose object was deleted without an event becomes FAILED and removed."""
    folder.set(Fault.DEAD)
    [key] = put_many(scan_stack, folder, 1)
    with scan_stack.no_events():
        scan_stack.account.s3.delete_object(Bucket=scan_stack.bucket, Key=key)
    retry(scan_stack.stage, 1)
    record = scan_stack.record(key, "FAILED")
    assert "not_scanned" == record["failure"]["code"]
    assert "removedAt" in record


def test_a_scanned_upload_is_processed_again_without_a_scan(
    scan_stack: Stack, folder: Scanner
) -> None:
    """A `processing_failed` document with the result of its scan needs no other one."""
    key = f"{folder.prefix}a.txt"
    scan_stack.put(key, b"three small words", "text/plain")
    scan_stack.record(key, "PROCESSED")
    failure = {"M": {"code": {"S": "processing_failed"}, "message": {"S": "x"}}}
    change_record(scan_stack, key, status={"S": "FAILED"}, failure=failure)
    folder.set(Fault.DEAD)
    retry(scan_stack.stage, 1)
    assert 3 == scan_stack.record(key, "PROCESSED")["metadata"]["wordCount"]


def test_reconcile_scans_objects_without_a_record(scan_stack: Stack, folder: Scanner) -> None:
    """An object without any event is scanned, then read."""
    folder.set(Fault.DEAD)
    key = f"{folder.prefix}a.txt"
    with scan_stack.no_events():
        scan_stack.put(key, b"three small words", "text/plain")
    folder.await_states(State.LOST)
    folder.set()
    reconcile(scan_stack.stage, folder.prefix, 1)
    assert 3 == scan_stack.record(key, "PROCESSED")["metadata"]["wordCount"]


def test_a_late_tag(scan_stack: Stack, folder: Scanner) -> None:
    """A clean file that could not be read before its tag is processed by the next retry."""
    folder.set(Fault.UNTAGGED)
    key = f"{folder.prefix}a.txt"
    scan_stack.put(key, b"three small words", "text/plain")
    assert "processing_failed" == scan_stack.record(key, "FAILED")["failure"]["code"]
    folder.release()
    folder.set(Fault.DEAD)
    retry(scan_stack.stage, 1)
    assert 3 == scan_stack.record(key, "PROCESSED")["metadata"]["wordCount"]


def test_an_unrecorded_result_is_recorded(
    scan_stack: Stack, folder: Scanner, capsys: pytest.CaptureFixture[str]
) -> None:
    """The dead-letter message of a scan result returns to the failure queue."""
    folder.set(Fault.DEAD)
    [key] = put_many(scan_stack, folder, 1)
    detail = {
        "s3ObjectDetails": {
            "bucketName": scan_stack.bucket,
            "objectKey": key,
            "eTag": scan_stack.record(key)["eTag"],
        },
        "scanResultDetails": {"scanResultStatus": "THREATS_FOUND", "threats": [{"name": "Worm"}]},
    }
    event = {
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "time": "2026-01-01T00:00:00Z",
        "detail": detail,
    }
    scan_stack.account.sqs.send_message(
        QueueUrl=scan_stack.outputs["UnrecordedFailureQueueUrl"],
        MessageBody=json.dumps(
            {"requestContext": {"approximateInvokeCount": 3}, "requestPayload": event}
        ),
    )
    with pytest.raises(CommandError, match="1 still failing"):  # the document itself
        retry(scan_stack.stage, 1)
    assert "1  result of a scan, which record_failure records" in capsys.readouterr().out
    assert "infected" == scan_stack.record(key, "FAILED")["failure"]["code"]


def test_status_counts_scanning_documents(
    scan_stack: Stack, folder: Scanner, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the time of the oldest, and what to do."""
    status(scan_stack.stage)
    assert re.search(r"^ +0  SCANNING$", capsys.readouterr().out, re.MULTILINE)
    folder.set(Fault.DEAD)
    keys = put_many(scan_stack, folder, 2)
    change_record(scan_stack, keys[0], uploadedAt={"S": LONG_AGO})
    status(scan_stack.stage)
    advice = f"2  SCANNING, the oldest since {LONG_AGO}; make retry STAGE=scan scans again"
    assert advice in capsys.readouterr().out


def test_backfill_scans_old_documents(
    scan_stack: Stack, folder: Scanner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Documents from before are scanned: clean ones stay, infected ones fail; then none is left."""
    folder.set(result=Result.NO_THREATS_FOUND)
    clean, infected = f"{folder.prefix}clean.txt", f"{folder.prefix}infected.txt"
    for key, content in ((clean, b"three small words"), (infected, eicar())):
        scan_stack.put(key, content, "text/plain")
        scan_stack.record(key, "PROCESSED")
        change_record(scan_stack, key, scannedAt=None)
    folder.set()

    with pytest.raises(CommandError, match="2 to add: run the command without a dry run"):
        backfill(scan_stack.stage, 2, ["scan"], dry_run=True)
    assert "2 documents without a scan" in capsys.readouterr().out
    backfill(scan_stack.stage, 2, ["scan"])
    assert "2  scan requested" in capsys.readouterr().out
    assert "infected" == scan_stack.record(infected, "FAILED")["failure"]["code"]

    def confirmed() -> bool:
        return "scannedAt" in scan_stack.record(clean, "PROCESSED")

    eventually(confirmed, "the result of the clean document")
    backfill(scan_stack.stage, 2, ["scan"], dry_run=True)
    assert "0 documents without a scan" in capsys.readouterr().out


def test_texts_of_documents_without_a_scan(
    scan_stack: Stack, folder: Scanner, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are not counted as processed: their scan comes first."""
    key = f"{folder.prefix}old.txt"
    scan_stack.put(key, b"three small words", "text/plain")
    scan_stack.record(key, "PROCESSED")
    change_record(scan_stack, key, scannedAt=None, text=None)
    backfill(scan_stack.stage, 2, ["text"])
    printed = capsys.readouterr().out
    assert "1  skipped, not scanned for malware: run make backfill SCAN=missing first" in printed
    assert "PROCESSED" not in printed


def test_backfill_needs_the_feature(stack: Stack) -> None:
    """The messages for a stage that scans no uploads, and for a call without a selection."""
    with pytest.raises(CommandError, match=r"SCAN=guardduty: set it .* run make deploy STAGE=test"):
        backfill(stack.stage, 1, ["scan"])
    with pytest.raises(CommandError, match=r"make backfill STAGE=test .* or SCAN=missing"):
        backfill(stack.stage, 1, [])


def test_waiting_documents_of_a_stage_that_no_longer_scans(stack: Stack) -> None:
    """They are processed by the next retry."""
    key = stack.new_key("waiting.txt")
    stack.put(key, b"three small words", "text/plain")
    stack.record(key, "PROCESSED")
    change_record(stack, key, status={"S": "SCANNING"}, metadata=None, processedAt=None)
    retry(stack.stage, 1)
    assert 3 == stack.record(key, "PROCESSED")["metadata"]["wordCount"]
