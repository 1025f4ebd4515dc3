"""Routes that create uploads. Requests, responses and documentation are declared in schema.py."""

from __future__ import annotations

import uuid

from chalice.app import Blueprint, Response

from chalicelib.api import schema
from chalicelib.api.access import url_expiry
from chalicelib.api.http import (
    PayloadTooLargeError,
    UnsupportedMediaType,
    parse_or_400,
    principal,
    route_options,
)
from chalicelib.api.uploads import constraints_from, pending_document
from chalicelib.documents import object_key_for, to_iso8601
from chalicelib.files.validation import can_be_allowed
from chalicelib.objects import presign_upload
from chalicelib.runtime import dynamodb, s3, settings
from chalicelib.store import put_pending

upload_routes = Blueprint(__name__)


@upload_routes.route(**route_options(schema.CREATE_UPLOAD))
def create_upload() -> Response:
    """An upload URL and its PENDING record: one DynamoDB write, no S3 call."""
    owner = principal(upload_routes.current_request).sub
    fields = parse_or_400(schema.CREATE_UPLOAD.parse_body, upload_routes.current_request.raw_body)
    reject_disallowed(fields["fileType"], fields["fileSize"])
    constraints = constraints_from(fields, owner)
    document_id, expires = str(uuid.uuid4()), url_expiry()
    url = presign_upload(
        s3,
        settings.upload_bucket,
        object_key_for(document_id),
        constraints.put_object_arguments(),
        settings.upload_url_seconds,
    )
    document = pending_document(document_id, constraints, expires)
    put_pending(dynamodb, settings.documents_table, document)
    upload = {
        "method": "PUT",
        "url": url,
        "headers": constraints.headers(),
        "expiresAt": to_iso8601(expires),
    }
    return Response(
        status_code=201,
        headers={"Location": f"documents/{document_id}"},  # relative: the URL has a stage
        body={"documentId": document_id, "status": document.status, "upload": upload},
    )


def reject_disallowed(file_type: str, file_size: int) -> None:
    """413 and 415 for what processing would reject in any case."""
    if file_size > (largest := settings.limits.largest_file_bytes):
        raise PayloadTooLargeError(f"fileSize: at most {largest:,} bytes are allowed")
    if not can_be_allowed(file_type, settings.limits):
        allowed = ", ".join(sorted(settings.limits.allowed_types))
        raise UnsupportedMediaType(f"fileType: must be one of {allowed}")
