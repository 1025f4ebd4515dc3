"""Checks of records: conditional reads, another processing, an object deleted outside the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.documents import to_iso8601
from infra.verification.report import Report
from infra.verification.session import RECORD_SECONDS, Session
from infra.verification.waiting import wait_for

_CONTENT = b"one two three"


def check_records(session: Session, report: Report) -> None:
    """Read a record, process its file again, and delete its object."""
    put = session.request(session.user, "record.txt", _CONTENT)
    put.send()
    record = session.result(put.document_id)
    _check_conditional_reads(session, report, put.document_id)
    _check_reprocessing(session, report, record)
    _check_removal(session, report, record)


def _check_conditional_reads(session: Session, report: Report, document_id: str) -> None:
    path = f"documents/{document_id}"
    e_tag = session.user.call("GET", path).headers["ETag"]
    head = session.user.call("HEAD", path)
    report.expect("HEAD /documents/ID", 200, head.status)
    report.expect("its ETag is that of GET", e_tag, head.headers["ETag"])
    for title, sent, status in (
        ("the current ETag", e_tag, 304),
        ("another ETag", 'W/"other"', 200),
    ):
        answer = session.user.call("GET", path, headers={"If-None-Match": sent})
        report.expect(f"GET /documents/ID with {title}", status, answer.status)


def _check_reprocessing(session: Session, report: Report, record: dict[str, Any]) -> None:
    """A new result is refused for a minute: the record is made an hour old instead of waiting."""
    document_id = record["documentId"]
    path = f"documents/{document_id}/reprocess"
    answer = session.user.call("POST", path)
    report.expect("POST /documents/ID/reprocess of a new result", 429, answer.status)
    earlier = to_iso8601(datetime.now(UTC) - timedelta(hours=1))
    session.stage.account.dynamodb.update_item(
        TableName=session.outputs["DocumentsTableName"],
        Key={"documentId": {"S": document_id}},
        UpdateExpression="SET processedAt = :earlier",
        ExpressionAttributeValues={":earlier": {"S": earlier}},
    )
    answer = session.user.call("POST", path)
    report.expect("POST /documents/ID/reprocess of an old result", 202, answer.status)

    def look() -> bool | None:
        return (session.record(document_id) or {}).get("processedAt", "") > earlier or None

    wait_for("result of the other processing", look, RECORD_SECONDS)


def _check_removal(session: Session, report: Report, record: dict[str, Any]) -> None:
    document_id = record["documentId"]
    session.stage.account.s3.delete_object(Bucket=session.bucket, Key=record["objectKey"])

    def look() -> str | None:
        return (session.record(document_id) or {}).get("removedAt")

    wait_for("record of the deleted object", look, RECORD_SECONDS)
    path = f"documents/{document_id}"
    shown = session.user.call("GET", path).body
    report.expect("the record of a deleted object has removedAt", True, "removedAt" in shown)
    answer = session.user.call("GET", f"{path}/content")
    report.expect("GET /documents/ID/content of a deleted object", 410, answer.status)
