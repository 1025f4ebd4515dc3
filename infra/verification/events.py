"""Checks of the processing: replaced and deleted objects, repeated events, the failure path."""

from __future__ import annotations

from typing import Any

from chalicelib.documents import FailureCode, document_id_for
from chalicelib.events import upload_of
from infra.api_client import send
from infra.verification import leftovers
from infra.verification.report import Report
from infra.verification.session import Session
from infra.verification.waiting import wait_for

_FAILURE_SECONDS = 600
"""Lambda waits one minute before the second attempt and two before the third (developer guide,
"How Lambda handles errors and retries with asynchronous invocation")."""


def start_failure(session: Session) -> None:
    """Give process_upload an event that fails on all attempts, which take three minutes on AWS."""
    session.invoke(leftovers.unreadable_upload(session.run_id), in_background=True)


def check_events(session: Session, report: Report) -> None:
    """A replaced object, a repeated event, a deleted document."""
    name = "replaced.txt"
    document_id, _ = session.put_directly(name, b"one")
    first = session.result(document_id)
    _, e_tag = session.put_directly(name, b"one two")
    second = session.result(document_id, e_tag)
    report.expect("words of a replaced object", 2, second["metadata"].get("wordCount"))
    is_later = second["sequencer"] > first["sequencer"]
    report.expect("its sequencer is greater than the first one", True, is_later)
    session.invoke(upload_of(second, session.bucket))
    is_unchanged = session.record(document_id) == second
    report.expect("the event again leaves the record unchanged", True, is_unchanged)
    session.invoke(upload_of(first, session.bucket))
    is_unchanged = session.record(document_id) == second
    report.expect("the outdated event again leaves the record unchanged", True, is_unchanged)
    _check_deletion(session, report)


def check_failure(session: Session, report: Report) -> None:
    """An upload that fails three attempts becomes FAILED, through the queue."""
    upload = leftovers.unreadable_upload(session.run_id)
    document_id = document_id_for(upload.bucket, upload.key)

    def look() -> dict[str, Any] | None:
        return session.record(document_id)

    record = wait_for("record of the failed upload", look, _FAILURE_SECONDS)
    code = record.get("failure", {}).get("code")
    report.expect("failure code after three attempts", FailureCode.PROCESSING_FAILED, code)


def _check_deletion(session: Session, report: Report) -> None:
    put = session.request(session.user, "deleted.txt", b"one two three")
    put.send()
    record = session.result(put.document_id)
    url = session.user.call("GET", f"documents/{put.document_id}/content").body["url"]
    path = f"documents/{put.document_id}"
    report.expect("DELETE /documents/ID", 204, session.user.call("DELETE", path).status)
    report.expect("DELETE again", 204, session.user.call("DELETE", path).status)
    report.expect("GET of the deleted document", 404, session.user.call("GET", path).status)
    is_gone = send("GET", url).status in (403, 404)
    report.expect("its download URL returns nothing", True, is_gone)
    session.invoke(upload_of(record, session.bucket))
    answer = session.user.call("GET", path).status
    report.expect("GET after its event was repeated", 404, answer)
