"""The REST API's routes. Requests, responses and documentation are declared in schema.py."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from chalice.app import Blueprint, ConflictError, NotFoundError, Response

from chalicelib import runtime
from chalicelib.api import schema
from chalicelib.api.auth import Principal, can_read
from chalicelib.api.http import (
    PayloadTooLargeError,
    UnsupportedMediaType,
    parse_or_400,
    principal,
    query_parameters,
    route_options,
)
from chalicelib.api.openapi import build_openapi
from chalicelib.api.pagination import build_page, index_queries
from chalicelib.api.uploads import (
    constraints_from,
    get_object_arguments,
    pending_document,
    tombstone_for,
)
from chalicelib.documents import (
    Status,
    is_document_id,
    is_expired,
    is_tombstone,
    object_key_for,
    to_iso8601,
)
from chalicelib.files.validation import can_be_allowed
from chalicelib.objects import delete_object, presign_download, presign_upload
from chalicelib.runtime import dynamodb, s3, settings
from chalicelib.store import get_record, put_pending, put_tombstone, query_pages

api_routes = Blueprint(__name__)


@api_routes.route(**route_options(schema.CREATE_UPLOAD))
def create_upload() -> Response:
    """An upload URL and its PENDING record: one DynamoDB write, no S3 call."""
    owner = principal(api_routes.current_request).sub
    fields = parse_or_400(schema.CREATE_UPLOAD.parse_body, api_routes.current_request.raw_body)
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


@api_routes.route(**route_options(schema.LIST_DOCUMENTS))
def list_documents() -> dict[str, object]:
    """A page of the caller's documents: one Query, or two for an operator without a filter."""
    caller = principal(api_routes.current_request)
    parameters = parse_or_400(
        schema.LIST_DOCUMENTS.parse_query, query_parameters(api_routes.current_request)
    )
    status, cursor, limit = parameters.get("status"), parameters.get("cursor"), parameters["limit"]
    queries = parse_or_400(index_queries, caller, status, cursor, limit)
    pages = query_pages(dynamodb, settings.documents_table, queries)
    return build_page(caller, queries, pages, limit)


@api_routes.route(**route_options(schema.GET_DOCUMENT))
def get_document(document_id: str) -> dict[str, object]:
    """The record: one read unit per 4 KB."""
    return get_record_or_404(principal(api_routes.current_request), document_id)


@api_routes.route(**route_options(schema.GET_CONTENT))
def get_content(document_id: str) -> dict[str, object]:
    """A download URL that returns the file under its original name."""
    record = get_record_or_404(principal(api_routes.current_request), document_id)
    if record["status"] == Status.PENDING:
        raise ConflictError("The document is PENDING: its file is not uploaded yet")
    bucket, key, seconds = settings.upload_bucket, record["objectKey"], settings.upload_url_seconds
    expires = url_expiry()
    url = presign_download(s3, bucket, key, get_object_arguments(record), seconds)
    return {"url": url, "expiresAt": to_iso8601(expires)}


@api_routes.route(**route_options(schema.DELETE_DOCUMENT))
def delete_document(document_id: str) -> Response:
    """Delete record and object for good, whatever events are still in flight.

    The tombstone comes first, so that an interrupted deletion can be repeated.
    """
    caller = principal(api_routes.current_request)
    record = get_record_or_404(caller, document_id, include_tombstones=True)
    tombstone = tombstone_for(record, runtime.now())
    put_tombstone(dynamodb, settings.documents_table, tombstone)
    delete_object(s3, settings.upload_bucket, tombstone.object_key)
    return Response(status_code=204, body="")


@api_routes.route(**route_options(schema.GET_OPENAPI))
def get_openapi() -> dict[str, object]:
    """The OpenAPI description."""
    return build_openapi("Intake", settings.limits)


def reject_disallowed(file_type: str, file_size: int) -> None:
    """413 and 415 for what processing would reject in any case."""
    if file_size > (largest := settings.limits.largest_file_bytes):
        raise PayloadTooLargeError(f"fileSize: at most {largest:,} bytes are allowed")
    if not can_be_allowed(file_type, settings.limits):
        allowed = ", ".join(sorted(settings.limits.allowed_types))
        raise UnsupportedMediaType(f"fileType: must be one of {allowed}")


def get_record_or_404(
    caller: Principal, document_id: str, *, include_tombstones: bool = False
) -> dict[str, Any]:
    """The record; the same 404 whether it does not exist or belongs to somebody else.

    Only a deletion, which may be repeated, includes tombstones.
    """
    record = None
    if is_document_id(document_id):
        record = get_record(dynamodb, settings.documents_table, document_id)
    if (
        record is None
        or not can_read(caller, record)
        or is_expired(record, runtime.now().timestamp())
        or (is_tombstone(record) and not include_tombstones)
    ):
        raise NotFoundError("There is no such document")
    return record


def url_expiry() -> datetime:
    """When a URL that is signed now expires: SigV4 counts from whole seconds."""
    signed_at = runtime.now().replace(microsecond=0)
    return signed_at + timedelta(seconds=settings.upload_url_seconds)
