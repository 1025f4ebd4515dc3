"""Routes of uploads that have been created: parts, completion and cancellation.

Only the owner uploads. The multipart upload's id comes from the record, never from the request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api import schema
from chalicelib.api.access import (
    cancel_for_good,
    get_own_record,
    multipart_upload_of,
    reject_stored,
    url_expiry,
)
from chalicelib.api.http import principal, route_options
from chalicelib.api.parts import PartPlan, part_plan, part_plan_of
from chalicelib.api.problems import Code, FieldError, Problem
from chalicelib.documents import Status, is_tombstone, to_iso8601
from chalicelib.objects import (
    Completion,
    MultipartUpload,
    Part,
    abort_multipart_upload,
    complete_multipart_upload,
    has_object,
    has_tagged_object,
    list_parts,
    presign_part,
)
from chalicelib.runtime import s3, settings

part_routes = Blueprint(__name__)

_ABORTED = "The multipart upload was aborted: cancel this upload and create another one"

_BUSY_SECONDS = 1
"""Until S3 has most likely assembled the object."""


@part_routes.route(**route_options(schema.CREATE_PART_URLS))
def create_part_urls(document_id: str) -> dict[str, object]:
    """URLs for parts, each for exactly the part's bytes: one read unit, no S3 call."""
    request = part_routes.current_request
    caller = principal(request)
    fields = schema.CREATE_PART_URLS.parse_body(request.raw_body)
    record = get_own_record(caller, document_id)
    upload, plan = pending_multipart_upload(record), part_plan_of(record)
    if max(fields["partNumbers"]) > plan.count:
        reason = f"must be at most {plan.count}, the last part of the file"
        raise Problem(Code.INVALID_REQUEST, errors=[FieldError("partNumbers", reason)])
    expires, parts = url_expiry(), []
    for number in fields["partNumbers"]:
        size = plan.size_of(number)
        url = presign_part(s3, upload, number, size, settings.upload_url_seconds)
        parts.append({"partNumber": number, "url": url, "sizeBytes": size})
    return {"parts": parts, "expiresAt": to_iso8601(expires)}


@part_routes.route(**route_options(schema.LIST_PARTS))
def list_uploaded_parts(document_id: str) -> dict[str, object]:
    """The parts that S3 has, or all once the upload is completed: one read unit, one ListParts."""
    record = get_own_record(principal(part_routes.current_request), document_id)
    if record["status"] != Status.PENDING and is_multipart(record):
        return all_parts(part_plan(record["fileSize"]))
    upload, plan = pending_multipart_upload(record), part_plan_of(record)
    parts = list_parts(s3, upload)
    if parts is None:
        reject_aborted(upload)
        return all_parts(plan)
    found = [
        {"partNumber": part.number, "sizeBytes": part.size_bytes, "eTag": part.e_tag}
        for part in parts
    ]
    return {"parts": found, "partSizeBytes": plan.part_size, "partCount": plan.count}


@part_routes.route(**route_options(schema.COMPLETE_UPLOAD))
def complete_upload(document_id: str) -> dict[str, object]:
    """Make the parts the document's file; the same answer if that was done before."""
    record = get_own_record(principal(part_routes.current_request), document_id)
    if record["status"] == Status.PENDING or not is_multipart(record):
        complete(record)
    return {"documentId": document_id, "status": record["status"]}


@part_routes.route(**route_options(schema.CANCEL_UPLOAD))
def cancel_upload(document_id: str) -> Response:
    """Cancel a PENDING upload permanently, single PUTs included."""
    caller = principal(part_routes.current_request)
    record = get_own_record(caller, document_id, include_tombstones=True)
    if not is_tombstone(record):
        reject_stored(record)
    cancel_for_good(record)
    return Response(status_code=204, body="")


def complete(record: Mapping[str, Any]) -> None:
    """Complete a PENDING multipart upload, or find that another request did.

    Completions and an abort may arrive at the same time: S3 decides. If the upload is gone, it was
    completed if there is an object, and aborted otherwise.
    """
    upload = pending_multipart_upload(record)
    parts, outcome = list_parts(s3, upload), Completion.GONE
    if parts is not None:
        reject_incomplete(record, parts)
        outcome = complete_multipart_upload(s3, upload, parts)
    match outcome:
        case Completion.CHANGED:
            detail = "A part has just been sent again: repeat this request"
            raise Problem(Code.PARTS_INCOMPLETE, detail)
        case Completion.BUSY:
            detail = "S3 is completing the upload: repeat this request"
            headers = {"Retry-After": str(_BUSY_SECONDS)}
            raise Problem(Code.COMPLETION_IN_PROGRESS, detail, headers=headers)
        case Completion.EXISTS:
            abort_multipart_upload(s3, upload)  # nobody will need its parts
        case Completion.GONE:
            reject_aborted(upload)


def all_parts(plan: PartPlan) -> dict[str, object]:
    """The parts of a completed upload; S3 does not keep their eTags."""
    parts = [{"partNumber": number, "sizeBytes": plan.size_of(number)} for number in plan.numbers]
    return {"parts": parts, "partSizeBytes": plan.part_size, "partCount": plan.count}


def reject_aborted(upload: MultipartUpload) -> None:
    """409 for an upload that is gone and has no object.

    S3 may still assemble the object of an upload that it no longer lists, so it is looked for a
    second time.
    """
    if is_stored(upload):
        return
    time.sleep(_BUSY_SECONDS)
    if not is_stored(upload):
        raise Problem(Code.CONFLICT, _ABORTED)


def is_stored(upload: MultipartUpload) -> bool:
    """Whether there is an object with the upload's key; one S3 call."""
    if settings.scans_uploads:
        return has_tagged_object(s3, upload.bucket, upload.key)
    return has_object(s3, upload.bucket, upload.key)


def pending_multipart_upload(record: Mapping[str, Any]) -> MultipartUpload:
    """The multipart upload of a PENDING document; 409 for any other document."""
    reject_stored(record)
    upload = multipart_upload_of(record)
    if upload is None:
        raise Problem(Code.CONFLICT, "The upload is a single PUT, not a multipart upload")
    return upload


def is_multipart(record: Mapping[str, Any]) -> bool:
    """Whether the object was uploaded in parts: its eTag ends with their number.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    return "-" in record.get("eTag", "")


def reject_incomplete(record: Mapping[str, Any], parts: Sequence[Part]) -> None:
    """409 unless S3 has every part with its size, and no other."""
    plan, sizes = part_plan_of(record), {part.number: part.size_bytes for part in parts}
    missing = list(plan.missing(sizes))
    if missing or len(sizes) != plan.count:
        some = ", ".join(map(str, missing[:10])) + ", ..." * (len(missing) > 10)
        raise Problem(
            Code.PARTS_INCOMPLETE, f"{len(missing)} of {plan.count} parts are missing: {some}"
        )
