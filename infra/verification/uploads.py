"""Checks of the upload contract: an upload URL accepts exactly its file, once, and not for long."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from chalicelib.documents import object_key_for
from chalicelib.objects import presign_upload
from infra.api_client import Response, send
from infra.verification.report import Report
from infra.verification.session import Session, UploadRequest

CONTENT = b"one two three"
SHA256 = hashlib.sha256(CONTENT).hexdigest()

_REJECTED: dict[str, tuple[int, Callable[[UploadRequest], UploadRequest]]] = {
    "one byte more": (403, lambda put: replace(put, content=CONTENT + b"!")),
    "one byte less": (403, lambda put: replace(put, content=CONTENT[:-1])),
    "other bytes of the same size": (400, lambda put: replace(put, content=CONTENT.upper())),
    "another type": (403, lambda put: put.with_header("Content-Type", "text/html")),
    "another name": (403, lambda put: put.with_header("x-amz-meta-file-name", "b.txt")),
    "another owner": (403, lambda put: put.with_header("x-amz-meta-owner", "somebody")),
    "without its hash": (403, lambda put: put.with_header("x-amz-checksum-sha256", None)),
    "without If-None-Match": (403, lambda put: put.with_header("If-None-Match", None)),
    "to another key": (
        403,
        lambda put: replace(put, url=put.url.replace("uploads/", f"uploads/{uuid.uuid4()}")),
    ),
    "with a later expiry": (
        403,
        lambda put: replace(put, url=put.url.replace("X-Amz-Expires=", "X-Amz-Expires=9")),
    ),
    "as DELETE": (403, lambda put: replace(put, method="DELETE", content=b"")),
}
"""Requests that differ from the signed one, and S3's status (S3 API reference, "Error responses":
403 SignatureDoesNotMatch, 400 XAmzContentChecksumMismatch or BadDigest)."""


def check_uploads(session: Session, report: Report) -> None:
    """Upload with differences, as requested, again, and after the expiry; then download."""
    put = session.request(session.user, "a b.txt", CONTENT, sha256=SHA256)
    for title, (status, change) in _REJECTED.items():
        _expect(report, f"PUT {title}", status, change(put).send())
    _expect(report, "PUT as requested", 200, put.send())
    _expect(report, "the same PUT again", 412, put.send())
    _expect(report, "PUT after the URL's expiry", 403, _expired(session).send())
    record = session.result(put.document_id)
    report.expect("status of the record", "PROCESSED", record["status"])
    report.expect("sha256 of the record", SHA256, record.get("sha256"))
    report.expect("name in the record", "a b.txt", record["fileName"])
    answer = session.user.call("GET", f"documents/{put.document_id}/content")
    report.expect("GET /documents/ID/content", 200, answer.status)
    download = send("GET", answer.body["url"])
    _expect(report, "GET of the download URL", 200, download)
    report.expect("downloaded bytes are the uploaded ones", True, download.content == CONTENT)
    disposition = download.headers["Content-Disposition"]
    report.expect("download is an attachment", True, disposition.startswith("attachment"))


def _expired(session: Session) -> UploadRequest:
    """A PUT whose URL, signed with the caller's own credentials, has just expired."""
    document_id = str(uuid.uuid4())
    session.document_ids.add(document_id)
    key, seconds = object_key_for(document_id), 1
    url = presign_upload(session.stage.account.s3, session.bucket, key, {}, seconds)
    time.sleep(seconds + 1)  # SigV4 counts whole seconds
    return UploadRequest(document_id, "PUT", url, {}, CONTENT)


def _expect(report: Report, title: str, status: int, answer: Response) -> None:
    found = re.search(rb"<Code>(\w+)</Code>", answer.content)
    report.expect(title, status, answer.status, found[1].decode() if found else "")
