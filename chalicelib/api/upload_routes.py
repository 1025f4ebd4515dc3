"""Routes that create uploads. Requests, responses and documentation are declared in schema.py."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import runtime
from chalicelib.api import schema
from chalicelib.api.access import removed, url_expiry
from chalicelib.api.http import principal, route_options
from chalicelib.api.parts import (
    MAX_PUT_BYTES,
    is_multipart_requested,
    multipart_answer,
    multipart_document,
)
from chalicelib.api.problems import Code, FieldError, Problem
from chalicelib.api.uploads import (
    MAX_USER_METADATA_BYTES,
    Repeat,
    UploadConstraints,
    compare_with_record,
    conflict,
    constraints_from,
    pending_document,
    pending_since,
    too_many_pending,
)
from chalicelib.documents import (
    Document,
    is_expired,
    object_key_for,
    status_time,
    to_iso8601,
)
from chalicelib.files.validation import can_be_allowed
from chalicelib.objects import (
    abort_multipart_upload,
    create_multipart_upload,
    presign_upload,
)
from chalicelib.queries import count_pending
from chalicelib.runtime import dynamodb, s3, settings
from chalicelib.store import Record, get_record, put_pending

upload_routes = Blueprint(__name__)


@upload_routes.route(**route_options(schema.CREATE_UPLOAD))
def create_upload() -> Response:
    """An upload URL and its PENDING record: one DynamoDB write, and one S3 call if in parts.

    A request that repeats a documentId costs a second write while the document is PENDING.
    """
    owner = principal(upload_routes.current_request).sub
    fields = schema.CREATE_UPLOAD.parse_body(upload_routes.current_request.raw_body)
    is_multipart = is_multipart_requested(fields)
    constraints = constraints_from(fields, owner)
    reject_disallowed(constraints)
    reject_unsuitable(fields, is_multipart=is_multipart)
    document_id, expires = fields.get("documentId", str(uuid.uuid4())), url_expiry()
    document = pending_document(document_id, constraints, expires)
    found = reject_beyond_quota(document)
    if is_multipart:
        repeat, record = save_pending_multipart(document, constraints, found)
    else:
        repeat, record = save_pending(document, found)
    if repeat is Repeat.CONFLICT:
        raise conflict(document, record)
    if repeat is Repeat.REMOVED:
        raise removed()
    body = {"documentId": document_id, "status": record["status"]}
    if repeat is not Repeat.STORED and is_multipart:
        body["upload"] = multipart_answer(record)
    elif repeat is not Repeat.STORED:
        signed = replace(constraints, sha256=record.get("sha256"))
        body["upload"] = presigned_put(object_key_for(document_id), signed, expires)
    return Response(
        status_code=201 if repeat is Repeat.NEW else 200,
        headers={"Location": f"documents/{document_id}"},  # relative: the URL has a stage
        body=body,
    )


def save_pending(document: Document, found: Record | None) -> tuple[Repeat, Record]:
    """Write a PENDING record or renew it; what the request is, and the record in the table.

    Args:
        document: as requested.
        found: the record with its id, where it was read before.
    """
    now = runtime.now()
    record = document.to_record()
    if settings.pending_quota:
        record["statusTime"] = status_time(document.status, to_iso8601(now))
    found = found or put_pending(dynamodb, settings.documents_table, record)
    if found is None:
        return Repeat.NEW, record
    repeat = compare_with_record(document, found, now.timestamp())
    is_renewed = repeat is Repeat.PENDING and document.upload_id is None
    if not is_renewed and repeat is not Repeat.NEW:
        return repeat, found
    renewed = record if repeat is Repeat.NEW else {**found, **record}
    changed = put_pending(dynamodb, settings.documents_table, renewed, replaced=found)
    if changed is None:
        return repeat, renewed
    # A concurrent request has just renewed it, or its file was processed in the meantime.
    return compare_with_record(document, changed, now.timestamp()), changed


def reject_beyond_quota(document: Document) -> Record | None:
    """The record that a request repeats where its owner may have no further PENDING document.

    Raises:
        Problem: the request does not repeat an earlier one.
    """
    table, quota, now = settings.documents_table, settings.pending_quota, runtime.now()
    if not quota:
        return None
    since = pending_since(now, settings.upload_url_seconds)
    alive_at = int(now.timestamp())
    if count_pending(dynamodb, table, str(document.owner), since, alive_at, quota) < quota:
        return None
    found = get_record(dynamodb, table, document.document_id)
    if found is None or is_expired(found, now.timestamp()):
        raise too_many_pending(quota)
    return found


def save_pending_multipart(
    document: Document, constraints: UploadConstraints, found: Record | None
) -> tuple[Repeat, Record]:
    """Start a multipart upload and write its PENDING record; a repeated request keeps the first.

    The record is written once the upload exists. What an interruption in between leaves behind is
    aborted by the bucket's lifecycle rule.
    """
    bucket, key = settings.upload_bucket, object_key_for(document.document_id)
    upload = create_multipart_upload(s3, bucket, key, constraints.object_arguments())
    requested = multipart_document(document, upload.upload_id, runtime.now())
    repeat, record = save_pending(requested, found)
    if record.get("uploadId") != upload.upload_id:
        abort_multipart_upload(s3, upload)
    return repeat, record


def presigned_put(key: str, constraints: UploadConstraints, expires: datetime) -> dict[str, object]:
    """What a client needs for the PUT of its file."""
    seconds = settings.upload_url_seconds
    url = presign_upload(
        s3, settings.upload_bucket, key, constraints.put_object_arguments(), seconds
    )
    headers = constraints.headers()
    return {"method": "PUT", "url": url, "headers": headers, "expiresAt": to_iso8601(expires)}


def reject_unsuitable(fields: Mapping[str, Any], *, is_multipart: bool) -> None:
    """400 for what S3 does not support in this kind of upload."""
    if is_multipart and "sha256" in fields:
        reason = "must be absent in a multipart upload, where S3 does not check it"
        raise Problem(Code.INVALID_REQUEST, errors=[FieldError("sha256", reason)])
    if not is_multipart and fields["fileSize"] > MAX_PUT_BYTES:
        reason = f"must be true above {MAX_PUT_BYTES:,} bytes"
        raise Problem(Code.INVALID_REQUEST, errors=[FieldError("multipart", reason)])


def reject_disallowed(constraints: UploadConstraints) -> None:
    """400, 413 and 415 for what S3 or processing would reject in any case."""
    if constraints.size_bytes > (largest := settings.limits.largest_file_bytes):
        error = FieldError("fileSize", f"must be at most {largest:,} bytes")
        raise Problem(Code.TOO_LARGE, errors=[error])
    if not can_be_allowed(constraints.content_type, settings.limits):
        allowed = ", ".join(sorted(settings.limits.allowed_types))
        error = FieldError("fileType", f"must be one of {allowed}")
        raise Problem(Code.TYPE_NOT_ALLOWED, errors=[error])
    if excess := constraints.excess_metadata_bytes:
        error = FieldError(
            "tags",
            f"must be {excess} bytes shorter: S3 stores {MAX_USER_METADATA_BYTES:,} bytes of "
            "percent-encoded name, owner and tags",
        )
        raise Problem(Code.INVALID_REQUEST, errors=[error])
