"""Checks of uploads that are repeated, sent in parts, cancelled and completed twice."""

from __future__ import annotations

import uuid

from infra.api_client import Response, send
from infra.verification.report import Report
from infra.verification.session import Session

_CONTENT = b"one two three four"
_FIELDS: dict[str, object] = {
    "fileName": "parts.txt",
    "fileType": "text/plain",
    "fileSize": len(_CONTENT),
    "multipart": True,
}


def check_parts(session: Session, report: Report) -> None:
    """An upload in parts: S3 accepts exactly the signed part, and completion may be repeated.

    One part, since S3 requires 5 MiB of all but the last (S3 user guide, "Amazon S3 multipart
    upload limits").
    """
    fields = {**_FIELDS, "documentId": str(uuid.uuid4())}
    created = _create(session, report, "POST /uploads of an upload in parts", 201, fields)
    repeated = _create(session, report, "POST /uploads again with the same terms", 200, fields)
    upload, again = created.body["upload"], repeated.body["upload"]
    report.expect("the repeated request has the same upload", upload["uploadId"], again["uploadId"])
    _create(session, report, "POST /uploads again with another name", 409, fields, fileName="b.txt")
    path = f"uploads/{fields['documentId']}"
    _expect(session, report, 409, "POST", f"{path}/complete", "without its part")
    answer = session.user.call("POST", f"{path}/parts", {"partNumbers": [1]})
    report.expect("POST /uploads/ID/parts", 200, answer.status)
    url = answer.body["parts"][0]["url"]
    report.expect("PUT of a longer part", 403, send("PUT", url, {}, _CONTENT + b"!").status)
    report.expect("PUT of the part", 200, send("PUT", url, {}, _CONTENT).status)
    listed = session.user.call("GET", f"{path}/parts").body["parts"]
    report.expect("sizes of the listed parts", [len(_CONTENT)], [p["sizeBytes"] for p in listed])
    _expect(session, report, 200, "POST", f"{path}/complete", "with all parts")
    _expect(session, report, 200, "POST", f"{path}/complete", "again")
    record = session.result(str(fields["documentId"]))
    report.expect("status of the record", "PROCESSED", record["status"])
    report.expect("words of the record", 4, record["metadata"].get("wordCount"))
    _check_cancellation(session, report)


def _check_cancellation(session: Session, report: Report) -> None:
    fields = {**_FIELDS, "documentId": str(uuid.uuid4())}
    _create(session, report, "POST /uploads of an upload to cancel", 201, fields)
    path = f"uploads/{fields['documentId']}"
    answer = session.user.call("POST", f"{path}/parts", {"partNumbers": [1]})
    _expect(session, report, 204, "DELETE", path, "of an upload in parts")
    _expect(session, report, 204, "DELETE", path, "again")
    late = send("PUT", answer.body["parts"][0]["url"], {}, _CONTENT)
    report.expect("PUT of a part of the cancelled upload", 404, late.status)
    _create(session, report, "POST /uploads with the cancelled documentId", 409, fields)


def _create(
    session: Session,
    report: Report,
    title: str,
    status: int,
    fields: dict[str, object],
    **changed: object,
) -> Response:
    session.document_ids.add(str(fields["documentId"]))
    answer = session.user.call("POST", "uploads", {**fields, **changed})
    report.expect(title, status, answer.status)
    return answer


def _expect(
    session: Session, report: Report, status: int, method: str, path: str, when: str
) -> None:
    """One call without a body, whose title shows ID for the document's."""
    segments = path.split("/")
    title = "/".join([segments[0], "ID", *segments[2:]])
    report.expect(f"{method} /{title} {when}", status, session.user.call(method, path).status)
