"""Nothing is opened before it is scanned: the gate on a deployed stage, with a real scanner."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.store import put_pending
from infra.api_client import Client
from infra.local.guardduty.eicar import eicar
from infra.local.guardduty.faults import Fault
from infra.local.guardduty.verdicts import Result
from tests.stack.test_notifications import Subscriber
from tests.stack.test_permissions import deployed_policy, with_policy
from tests.support.faults import Faults, faulty_aws, throttled
from tests.support.scanner import Scanner, scanner_of
from tests.support.scans import SCANNED_AT, STATUSES, scan_event
from tests.support.stack import Stack, created_event, removed_event
from tests.support.waiting import eventually

OUTCOMES = {
    "NO_THREATS_FOUND": ("PROCESSED", None),
    "THREATS_FOUND": ("FAILED", "infected"),
    "UNSUPPORTED": ("FAILED", "not_scanned"),
    "ACCESS_DENIED": ("FAILED", "not_scanned"),
    "FAILED": ("FAILED", "not_scanned"),
}
"""Status and failure code by result."""

ROUTES = (("GET", "content"), ("GET", "text"), ("POST", "reprocess"))
"""Those that hand out or read what is in a file."""

FIRST, SECOND, THIRD = (f"0055AED6DCD90281E{digit}" for digit in "567")
"""Sequencers of one key, in their order."""


@pytest.fixture
def scanner(scan_stack: Stack) -> Iterator[Scanner]:
    """The scanner of the stage's bucket; its faults end with the test."""
    scanner = scanner_of(scan_stack.account, scan_stack.bucket)
    yield scanner
    scanner.set()


@dataclass
class Versions:
    """Versions of one object, whose events the test delivers itself."""

    stack: Stack
    key: str

    def put(self, content: bytes, sequencer: str) -> Version:
        """Another version, once the scanner has tagged it; no function got an event of it."""
        e_tag = self.stack.put(self.key, content, "text/plain")
        s3 = self.stack.account.s3

        def is_tagged() -> bool:
            tags = s3.get_object_tagging(Bucket=self.stack.bucket, Key=self.key)["TagSet"]
            return bool(tags)

        eventually(is_tagged, f"a tag of {self.key}")
        return Version(self, e_tag, sequencer, len(content))

    @property
    def record(self) -> dict[str, Any]:
        """The record as it is now; empty if there is none."""
        return self.stack.record_now(self.key) or {}

    def remove(self, sequencer: str) -> None:
        """Deliver the event of the object's deletion."""
        event = removed_event(self.stack.bucket, self.key, sequencer)
        assert {} == self.stack.invoke("process_upload", event)


@dataclass
class Version:
    """One version of an object."""

    of: Versions
    e_tag: str
    sequencer: str
    size: int

    def upload_event(self, time: str = "2026-11-22T12:00:00.000Z") -> None:
        """Deliver its S3 event, of an upload at this time."""
        stack, key = self.of.stack, self.of.key
        event = created_event(stack.bucket, key, self.e_tag, self.sequencer, self.size)
        event["Records"][0]["eventTime"] = time
        assert {} == stack.invoke("process_upload", event)

    def scan_event(self, status: str) -> None:
        """Deliver a result of its scan."""
        stack, key = self.of.stack, self.of.key
        event = scan_event(stack.bucket, key, self.e_tag, status, "Name")
        assert {} == stack.invoke("record_scan", event)

    def has(self, status: str) -> dict[str, Any]:
        """Its record, with the outcome of a result."""
        record = self.of.stack.record(self.of.key, OUTCOMES[status][0])
        assert OUTCOMES[status] == outcome(record)
        assert self.e_tag == record["eTag"]
        return record


@pytest.fixture
def versions(scan_stack: Stack, scanner: Scanner) -> Iterator[Callable[[str], Versions]]:
    """Makes objects that have this result, and whose events are not delivered."""

    def make(status: str) -> Versions:
        key = scan_stack.new_key("file.txt")
        scanner.under(key).set(Fault.LOST, Result(status))
        return Versions(scan_stack, key)

    with scan_stack.no_events():
        yield make


def outcome(record: dict[str, Any]) -> tuple[str, str | None]:
    """Status and failure code."""
    return record["status"], record.get("failure", {}).get("code")


def test_a_clean_file_is_processed(scan_stack: Stack) -> None:
    """Once it is scanned, and its record has the time of the scan."""
    key = scan_stack.new_key("clean.txt")
    scan_stack.put(key, b"two words", "text/plain")
    record = scan_stack.record(key, "PROCESSED")
    assert 2 == record["metadata"]["wordCount"]
    assert "scannedAt" in record


def test_an_infected_file_is_failed(scan_stack: Stack) -> None:
    """With the name of the threat; nothing of the file was read."""
    key = scan_stack.new_key("invoice.txt")
    scan_stack.put(key, eicar(), "text/plain")
    record = scan_stack.record(key, "FAILED")
    assert {
        "code": "infected",
        "message": "The file contains malware (Eicar-Test-Signature).",
    } == record["failure"]
    assert not {"sha256", "metadata"} & record.keys()


@pytest.mark.parametrize("status", STATUSES)
def test_a_result_after_the_upload_event(versions: Callable[[str], Versions], status: str) -> None:
    """The document waits as SCANNING, and the same result twice changes nothing more."""
    version = versions(status).put(b"two words", FIRST)
    version.upload_event()
    assert ("SCANNING", None) == outcome(version.of.record)
    version.scan_event(status)
    record = version.has(status)
    version.scan_event(status)
    version.upload_event()
    assert record == version.of.record


@pytest.mark.parametrize("status", STATUSES)
def test_a_result_before_the_upload_event(versions: Callable[[str], Versions], status: str) -> None:
    """It is kept, twice or not, and acted on by the upload event alone."""
    version = versions(status).put(b"two words", FIRST)
    version.scan_event(status)
    version.scan_event(status)
    assert "status" not in version.of.record
    version.upload_event()
    version.has(status)
    assert "expiresAt" not in version.of.record


@pytest.mark.parametrize("status", STATUSES)
def test_a_result_of_an_older_version(versions: Callable[[str], Versions], status: str) -> None:
    """It changes nothing, before and after the newer version's own result."""
    of = versions(status)
    older = of.put(b"one", FIRST)
    older.upload_event()
    newer = of.put(b"two words", SECOND)
    newer.scan_event(status)
    older.scan_event("NO_THREATS_FOUND")
    older.scan_event("THREATS_FOUND")
    newer.upload_event()
    record = newer.has(status)
    older.scan_event("THREATS_FOUND")
    older.scan_event("NO_THREATS_FOUND")
    shown = ("status", "failure", "eTag", "sequencer", "processedAt", "scannedAt")
    assert [record.get(name) for name in shown] == [of.record.get(name) for name in shown]


@pytest.mark.parametrize("status", STATUSES)
def test_a_result_for_a_deleted_document(scan_stack: Stack, scanner: Scanner, status: str) -> None:
    """There is no document, whenever the result arrives."""
    ada = scan_stack.sign_in("ada")
    scanner.under("uploads/").set(Fault.SLOW, Result(status))
    document_id = upload(ada, b"two words")
    key = f"uploads/{document_id}"
    e_tag = scan_stack.record(key, "SCANNING")["eTag"]
    assert 204 == ada.call("DELETE", f"documents/{document_id}").status
    before = scan_stack.record_now(key)
    assert {} == scan_stack.invoke("record_scan", scan_event(scan_stack.bucket, key, e_tag, status))
    assert before == scan_stack.record_now(key)
    assert 404 == ada.call("GET", f"documents/{document_id}").status


@pytest.mark.parametrize("status", STATUSES)
def test_a_result_for_a_removed_file(versions: Callable[[str], Versions], status: str) -> None:
    """A file that was deleted unscanned is FAILED not_scanned; malware is worth knowing still."""
    version = versions(status).put(b"two words", FIRST)
    version.upload_event()
    version.of.remove(SECOND)
    record = version.of.record
    assert ("FAILED", "not_scanned") == outcome(record)
    assert "removedAt" in record
    version.scan_event(status)
    is_infected = status == "THREATS_FOUND"
    assert (OUTCOMES[status] if is_infected else outcome(record)) == outcome(version.of.record)


def test_a_result_waits_for_read_capacity(versions: Callable[[str], Versions]) -> None:
    """record_scan repeats a throttled read longer than the SDK does: results come in bursts."""
    version, faults = versions("THREATS_FOUND").put(b"two words", FIRST), Faults()
    version.upload_event()
    throttling = [throttled("ProvisionedThroughputExceededException")] * 4
    faults.plan(version.of.record["documentId"], "GetItem", *throttling)
    stack = version.of.stack
    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, faults) as url,
        stack.environment("record_scan", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        version.scan_event("THREATS_FOUND")
    version.has("THREATS_FOUND")


def test_a_repeated_removal_of_a_file_without_a_scan_is_published_again(
    versions: Callable[[str], Versions],
) -> None:
    """An event repeats if publishing failed; an earlier one publishes nothing."""
    version = versions("NO_THREATS_FOUND").put(b"two words", FIRST)
    stack, key = version.of.stack, version.of.key
    subscriber = Subscriber(stack)
    version.upload_event()
    version.of.remove(SECOND)
    subscriber.wait_for_messages(1, key)
    version.of.remove(SECOND)
    subscriber.wait_for_messages(2, key)
    version.of.remove(FIRST)
    messages = subscriber.messages_for(key)
    subscriber.close()
    assert ["not_scanned"] * 2 == [message["failure"]["code"] for message in messages]


def test_a_later_threat_beats_a_clean_result(versions: Callable[[str], Versions]) -> None:
    """What was read from the file is removed, its text too; a clean result no longer helps."""
    version = versions("NO_THREATS_FOUND").put(b"two words", FIRST)
    version.upload_event()
    version.scan_event("NO_THREATS_FOUND")
    record = version.has("NO_THREATS_FOUND")
    assert {"metadata", "text"} <= record.keys()
    assert 1 == len(texts(version.of.stack, record))
    version.scan_event("THREATS_FOUND")
    assert not {"metadata", "text"} & version.has("THREATS_FOUND").keys()
    assert [] == texts(version.of.stack, record)
    version.scan_event("NO_THREATS_FOUND")
    version.has("THREATS_FOUND")


def test_a_later_scan_replaces_a_missing_one(versions: Callable[[str], Versions]) -> None:
    """A file that could not be scanned at first is processed once it is clean."""
    version = versions("NO_THREATS_FOUND").put(b"two words", FIRST)
    version.upload_event()
    version.scan_event("FAILED")
    version.has("FAILED")
    version.scan_event("NO_THREATS_FOUND")
    assert SCANNED_AT == version.has("NO_THREATS_FOUND")["scannedAt"]


def test_a_file_processed_before_scans_is_confirmed(
    versions: Callable[[str], Versions],
) -> None:
    """A document that is older than the setting gets the time of its scan, and nothing else."""
    version = versions("NO_THREATS_FOUND").put(b"two words", FIRST)
    version.upload_event()
    version.scan_event("NO_THREATS_FOUND")
    record = version.has("NO_THREATS_FOUND")
    unscanned = {name: value for name, value in record.items() if name != "scannedAt"}
    version.of.stack.put_record(version.of.key, **without_id(unscanned))
    version.scan_event("NO_THREATS_FOUND")
    assert record == version.of.record


def test_a_pending_document_keeps_what_was_requested(scan_stack: Stack, scanner: Scanner) -> None:
    """Name, owner, type, tags and hash stay while the file is scanned; lists show the document."""
    ada = scan_stack.sign_in("ada")
    scanner.under("uploads/").set(Fault.SLOW)
    document_id = upload(ada, b"two words", tags={"project": "Apollo"})
    scan_stack.record(f"uploads/{document_id}", "SCANNING")
    shown = ada.call("GET", f"documents/{document_id}").body
    assert ("notes.txt", "text/plain", 9) == (
        shown["fileName"],
        shown["fileType"],
        shown["fileSize"],
    )
    assert {"project": "Apollo"} == shown["tags"]
    assert not {"expiresAt", "scanResults", "processedAt"} & shown.keys()
    for query in ("", "?status=SCANNING"):
        listed = ada.call("GET", f"documents{query}").body["documents"]
        assert document_id in {each["documentId"] for each in listed}
    scanner.under("uploads/").release()
    assert "PROCESSED" == scan_stack.record(f"uploads/{document_id}", "PROCESSED")["status"]


def test_nobody_gets_a_byte_before_the_result(scan_stack: Stack, scanner: Scanner) -> None:
    """Not owner and operator by the API, an older URL, or the role that will process the file."""
    ada, eve = scan_stack.sign_in("ada"), scan_stack.sign_in("eve", "operators")
    scanner.under("uploads/").set(Fault.SLOW)
    document_id = upload(ada, b"two words")
    key = f"uploads/{document_id}"
    scan_stack.record(key, "SCANNING")
    for client in (ada, eve):
        for method, route in ROUTES:
            answer = client.call(method, f"documents/{document_id}/{route}")
            assert (409, "scanning") == (answer.status, answer.body["code"])
    assert refused(scan_stack, "process_upload", key)
    assert refused(scan_stack, "api_handler", key)
    scanner.under("uploads/").release()
    scan_stack.record(key, "PROCESSED")
    assert not refused(scan_stack, "process_upload", key)
    assert 200 == ada.call("GET", f"documents/{document_id}/content").status


def test_an_older_url_does_not_open_a_newer_file(scan_stack: Stack, scanner: Scanner) -> None:
    """A download URL of a clean version does not return a version that was not scanned."""
    eve = scan_stack.sign_in("eve", "operators")
    key = scan_stack.new_key("file.txt")
    scan_stack.put(key, b"clean")
    document_id = scan_stack.record(key, "PROCESSED")["documentId"]
    url = eve.call("GET", f"documents/{document_id}/content").body["url"]
    assert b"clean" == urllib.request.urlopen(url).read()
    scanner.under(key).set(Fault.DEAD)
    scan_stack.put(key, b"unknown")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)


@pytest.mark.parametrize("status", ["THREATS_FOUND", "UNSUPPORTED"])
def test_a_failed_scan_closes_the_file(scan_stack: Stack, scanner: Scanner, status: str) -> None:
    """Nobody can open the file or have it processed again; the answer has the reason."""
    eve = scan_stack.sign_in("eve", "operators")
    key = scan_stack.new_key("file.txt")
    scanner.under(key).set(result=Result(status))
    scan_stack.put(key, b"two words", "text/plain")
    record = scan_stack.record(key, "FAILED")
    for method, route in ROUTES:
        answer = eve.call(method, f"documents/{record['documentId']}/{route}")
        assert (403, OUTCOMES[status][1]) == (answer.status, answer.body["code"])
        assert record["failure"]["message"] == answer.body["detail"]


def test_a_document_older_than_the_scans_is_closed(scan_stack: Stack) -> None:
    """A record without a scan does not open its file, whatever its status."""
    eve = scan_stack.sign_in("eve", "operators")
    key = scan_stack.new_key("file.txt")
    scan_stack.put(key, b"two words", "text/plain")
    record = scan_stack.record(key, "PROCESSED")
    unscanned = {name: value for name, value in record.items() if name != "scannedAt"}
    scan_stack.put_record(key, **without_id(unscanned))
    answer = eve.call("GET", f"documents/{record['documentId']}/content")
    assert (403, "not_scanned") == (answer.status, answer.body["code"])


def test_completing_in_parts_is_repeatable_while_unscanned(
    scan_stack: Stack, scanner: Scanner
) -> None:
    """S3 denies HEAD for the object, which is there nevertheless."""
    ada = scan_stack.sign_in("ada")
    scanner.under("uploads/").set(Fault.SLOW)
    content = b"two words"
    created = ada.call("POST", "uploads", {**terms(content), "multipart": True}).body
    document_id = created["documentId"]
    with scan_stack.no_events():
        parts = ada.call("POST", f"uploads/{document_id}/parts", {"partNumbers": [1]}).body
        put(parts["parts"][0]["url"], content, {})
        for _ in range(2):
            answer = ada.call("POST", f"uploads/{document_id}/complete")
            assert (200, "PENDING") == (answer.status, answer.body["status"])
        assert 1 == len(ada.call("GET", f"uploads/{document_id}/parts").body["parts"])
    assert 204 == ada.call("DELETE", f"documents/{document_id}").status


def test_a_failing_result_is_recorded_by_the_queue(
    versions: Callable[[str], Versions],
) -> None:
    """record_failure records a result that record_scan could not."""
    version = versions("THREATS_FOUND").put(b"two words", FIRST)
    version.upload_event()
    stack = version.of.stack
    event = scan_event(stack.bucket, version.of.key, version.e_tag, "THREATS_FOUND", "Name")
    message = {
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responsePayload": {"errorType": "ClientError", "errorMessage": "Throttled"},
    }
    queue = stack.outputs["FailureQueueUrl"]
    stack.account.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(message))
    version.has("THREATS_FOUND")


def test_a_failure_of_processing_replaces_scanning(
    scan_stack: Stack, versions: Callable[[str], Versions]
) -> None:
    """A clean file that S3 does not hand out is processing_failed, and can be retried."""
    version = versions("UNSUPPORTED").put(b"two words", FIRST)  # its tag denies the GET
    version.upload_event()
    version.scan_event("NO_THREATS_FOUND")
    record = scan_stack.record(version.of.key, "FAILED")
    assert "processing_failed" == record["failure"]["code"]
    assert SCANNED_AT == record["scannedAt"]


def test_a_newer_version_takes_the_text_along(versions: Callable[[str], Versions]) -> None:
    """What was read from the version before is removed while the newer one is scanned."""
    of = versions("NO_THREATS_FOUND")
    older = of.put(b"two words", FIRST)
    older.scan_event("NO_THREATS_FOUND")
    older.upload_event()
    record = older.has("NO_THREATS_FOUND")
    newer = of.put(b"three more words", SECOND)
    newer.upload_event()
    assert ("SCANNING", None) == outcome(of.record)
    assert not {"metadata", "text", "sha256", "fileType", "scannedAt"} & of.record.keys()
    assert [] == texts(of.stack, record)


def test_a_renewed_request_keeps_a_waiting_result(scan_stack: Stack) -> None:
    """A client that repeats its request does not overwrite a result that has just arrived."""
    ada = scan_stack.sign_in("ada")
    document_id = ada.call("POST", "uploads", terms(b"two words")).body["documentId"]
    key = f"uploads/{document_id}"
    pending = scan_stack.record_now(key)
    assert pending
    event = scan_event(scan_stack.bucket, key, "e1", "THREATS_FOUND")
    assert {} == scan_stack.invoke("record_scan", event)
    table = scan_stack.account.dynamodb, scan_stack.table
    kept = put_pending(*table, {**pending, "expiresAt": pending["expiresAt"] + 1}, pending)
    assert kept
    assert 1 == len(kept["scanResults"])
    assert put_pending(*table, {**kept, "expiresAt": kept["expiresAt"] + 1}, kept) is None


def test_results_of_several_versions_wait_together(versions: Callable[[str], Versions]) -> None:
    """A result that waits for its upload event survives the processing of another version."""
    of = versions("NO_THREATS_FOUND")
    older = of.put(b"two words", FIRST)
    older.upload_event()
    scan = scan_event(of.stack.bucket, of.key, "of-the-next-version", "THREATS_FOUND", "Name")
    assert {} == of.stack.invoke("record_scan", scan)
    older.scan_event("NO_THREATS_FOUND")
    older.has("NO_THREATS_FOUND")
    newer = Version(of, "of-the-next-version", SECOND, 1)
    newer.upload_event()
    newer.has("THREATS_FOUND")


@pytest.mark.parametrize("status", STATUSES)
def test_the_same_bytes_again(versions: Callable[[str], Versions], status: str) -> None:
    """A result that arrives before the event of a second upload, and changed nothing, counts."""
    of = versions(status)
    version = of.put(b"two words", FIRST)
    version.upload_event()
    version.scan_event(status)
    version.has(status)
    again = of.put(b"two words", SECOND)
    again.scan_event(status)
    again.upload_event()
    record = again.has(status)
    assert SECOND.ljust(32, "0") == record["sequencer"]
    assert ("not_scanned" != outcome(record)[1]) == ("scannedAt" in record)


@pytest.mark.parametrize("status", ["UNSUPPORTED", "ACCESS_DENIED", "FAILED"])
def test_the_same_bytes_without_a_scan(
    versions: Callable[[str], Versions], scanner: Scanner, status: str
) -> None:
    """A clean file is uploaded again, and S3 does not hand it out: why arrives before its event."""
    of = versions("NO_THREATS_FOUND")
    version = of.put(b"two words", FIRST)
    version.scan_event("NO_THREATS_FOUND")
    version.upload_event()
    version.has("NO_THREATS_FOUND")
    scanner.under(of.key).set(Fault.LOST, Result(status))
    again = of.put(b"two words", SECOND)
    again.scan_event(status)
    version.has("NO_THREATS_FOUND")
    again.upload_event()
    assert SECOND.ljust(32, "0") == again.has(status)["sequencer"]
    again.scan_event(status)
    again.has(status)


def test_the_same_bytes_while_the_first_are_processed(
    versions: Callable[[str], Versions], scanner: Scanner
) -> None:
    """Both results arrive before the second upload event, the second one in between."""
    of = versions("NO_THREATS_FOUND")
    version = of.put(b"two words", FIRST)
    version.upload_event()
    version.scan_event("FAILED")
    version.scan_event("NO_THREATS_FOUND")
    version.has("NO_THREATS_FOUND")
    scanner.under(of.key).set(Fault.LOST, Result.FAILED)
    again = of.put(b"two words", SECOND)
    again.upload_event()
    assert SECOND.ljust(32, "0") == again.has("FAILED")["sequencer"]


def test_a_missing_scan_is_of_one_upload(versions: Callable[[str], Versions]) -> None:
    """The same bytes, uploaded again later, wait for their own scan."""
    of = versions("NO_THREATS_FOUND")
    version = of.put(b"two words", FIRST)
    version.scan_event("FAILED")
    version.upload_event()
    version.has("FAILED")
    again = of.put(b"two words", SECOND)
    again.upload_event("2026-11-22T12:00:10.000Z")
    assert ("SCANNING", None) == outcome(of.record)
    again.scan_event("NO_THREATS_FOUND")
    again.has("NO_THREATS_FOUND")


def test_the_same_bytes_after_a_removal(versions: Callable[[str], Versions]) -> None:
    """A file that was deleted unscanned is uploaded again: its result may arrive first."""
    of = versions("NO_THREATS_FOUND")
    version = of.put(b"two words", FIRST)
    version.upload_event()
    of.remove(SECOND)
    assert ("FAILED", "not_scanned") == outcome(of.record)
    again = of.put(b"two words", THIRD)
    again.scan_event("NO_THREATS_FOUND")
    again.upload_event()
    again.has("NO_THREATS_FOUND")


def test_the_same_bytes_wait_for_their_tag(
    versions: Callable[[str], Versions], scanner: Scanner
) -> None:
    """A second upload that S3 does not hand out yet is SCANNING, without an error."""
    of = versions("NO_THREATS_FOUND")
    version = of.put(b"two words", FIRST)
    version.scan_event("NO_THREATS_FOUND")
    version.upload_event()
    version.has("NO_THREATS_FOUND")
    scanner.under(of.key).set(Fault.DEAD)
    again = Version(of, of.stack.put(of.key, b"two words", "text/plain"), SECOND, 9)
    again.upload_event()
    assert ("SCANNING", None) == outcome(of.record)


def test_a_repeated_upload_event_keeps_the_result(
    scan_stack: Stack, versions: Callable[[str], Versions]
) -> None:
    """What could not be processed after its scan is processed, not scanned again."""
    version = versions("NO_THREATS_FOUND").put(b"two words", FIRST)
    version.upload_event()
    version.scan_event("NO_THREATS_FOUND")
    record = version.has("NO_THREATS_FOUND")
    code = {"code": "processing_failed", "message": "Try again."}
    scan_stack.put_record(
        version.of.key, **without_id(record) | {"status": "FAILED", "failure": code}
    )
    version.upload_event()
    assert SCANNED_AT == version.has("NO_THREATS_FOUND")["scannedAt"]


def texts(stack: Stack, record: dict[str, Any]) -> list[str]:
    """The keys of a document's texts."""
    answer = stack.account.s3.list_objects_v2(
        Bucket=stack.outputs["TextBucketName"], Prefix=record["documentId"]
    )
    return [item["Key"] for item in answer.get("Contents", [])]


def without_id(record: dict[str, Any]) -> dict[str, Any]:
    """The attributes that `put_record` takes."""
    return {
        name: value for name, value in record.items() if name not in ("documentId", "statusTime")
    }


def terms(content: bytes, **fields: object) -> dict[str, object]:
    """The body of a request for an upload."""
    return {
        "fileName": "notes.txt",
        "fileType": "text/plain",
        "fileSize": len(content),
        **fields,
    }


def upload(client: Client, content: bytes, **fields: object) -> str:
    """Upload a file with a URL; its documentId."""
    created = client.call("POST", "uploads", terms(content, **fields)).body
    put(created["upload"]["url"], content, created["upload"]["headers"])
    return str(created["documentId"])


def put(url: str, content: bytes, headers: dict[str, str]) -> None:
    """PUT a file to a URL."""
    request = urllib.request.Request(url, content, headers, method="PUT")
    urllib.request.urlopen(request).close()


def refused(stack: Stack, function: str, key: str) -> bool:
    """Whether S3 refuses GET and HEAD of an object to a function's role."""
    policy = deployed_policy(stack, function)
    policy["Statement"] = [
        statement for statement in policy["Statement"] if statement["Action"] == ["s3:GetObject"]
    ]
    s3 = with_policy(stack, policy).s3
    codes = set()
    for call in (s3.get_object, s3.head_object):
        try:
            call(Bucket=stack.bucket, Key=key)
            codes.add("")
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
    assert codes in ({""}, {"AccessDenied", "403"})
    return codes != {""}
