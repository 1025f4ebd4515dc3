"""Routes of existing documents. Requests, responses and documentation are declared in schema.py."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import runtime
from chalicelib.api import schema
from chalicelib.api.access import (
    delete_for_good,
    download,
    get_record_or_404,
    reject_without_file,
)
from chalicelib.api.downloads import get_object_arguments
from chalicelib.api.http import principal, query_parameters, route_options
from chalicelib.api.listing import listing_from
from chalicelib.api.merge import read_matches
from chalicelib.api.pagination import build_page, open_partitions
from chalicelib.api.problems import Code, Problem
from chalicelib.api.representation import represent
from chalicelib.documents import Status
from chalicelib.etags import etag_matches, weak_etag
from chalicelib.events import upload_of
from chalicelib.invocation import start_processing
from chalicelib.runtime import dynamodb, settings

document_routes = Blueprint(__name__)

REPROCESS_SECONDS = 60
"""Minimum age of a result that is to be replaced."""


@document_routes.route(**route_options(schema.LIST_DOCUMENTS))
def list_documents() -> dict[str, object]:
    """A page of the caller's documents: a few Queries, which read about what the page has."""
    caller = principal(document_routes.current_request)
    parameters = schema.LIST_DOCUMENTS.parse_query(
        query_parameters(document_routes.current_request)
    )
    listing = listing_from(caller, parameters, default_statuses())
    partitions = open_partitions(listing, parameters.get("cursor"))
    table, limit = settings.documents_table, parameters["limit"]
    records = read_matches(dynamodb, table, listing, partitions, limit)
    return build_page(listing, partitions, records)


def default_statuses() -> list[Status]:
    """Of the documents in a list of any status; each costs a Query of its own."""
    return [Status.PROCESSED, Status.FAILED, *([Status.SCANNING] if settings.scans_uploads else [])]


@document_routes.route(**route_options(schema.GET_DOCUMENT))
def get_document(document_id: str) -> Response:
    """The record: one read unit per 4 KB."""
    record = get_record_or_404(principal(document_routes.current_request), document_id)
    return record_response(represent(record))


@document_routes.route(**route_options(schema.HEAD_DOCUMENT))
def head_document(document_id: str) -> Response:
    """The headers of the record."""
    record = get_record_or_404(principal(document_routes.current_request), document_id)
    response = record_response(represent(record))
    return Response(status_code=response.status_code, headers=response.headers, body="")


@document_routes.route(**route_options(schema.GET_CONTENT))
def get_content(document_id: str) -> dict[str, object]:
    """A download URL that returns the file under its original name."""
    request = document_routes.current_request
    parameters = schema.GET_CONTENT.parse_query(query_parameters(request))
    record = get_record_or_404(principal(request), document_id)
    reject_without_file(record)
    arguments = get_object_arguments(record, disposition=parameters["disposition"])
    return download(settings.upload_bucket, record["objectKey"], arguments)


@document_routes.route(**route_options(schema.REPROCESS_DOCUMENT))
def reprocess_document(document_id: str) -> Response:
    """Start processing the version that the record describes: one asynchronous invocation."""
    record = get_record_or_404(principal(document_routes.current_request), document_id)
    reject_without_file(record)
    reject_repetition(record)
    upload = upload_of(record, settings.upload_bucket, replaces=record["processedAt"])
    start_processing(f"{settings.stack_name}-process_upload", upload)
    return Response(status_code=202, body="")


@document_routes.route(**route_options(schema.DELETE_DOCUMENT))
def delete_document(document_id: str) -> Response:
    """Delete record and object permanently; may be repeated."""
    caller = principal(document_routes.current_request)
    record = get_record_or_404(caller, document_id, include_tombstones=True)
    delete_for_good(record)
    return Response(status_code=204, body="")


def reject_repetition(record: Mapping[str, Any]) -> None:
    """429 for a result younger than REPROCESS_SECONDS: a request costs a whole processing."""
    age = runtime.now() - datetime.fromisoformat(record["processedAt"])
    if (left := math.ceil(REPROCESS_SECONDS - age.total_seconds())) > 0:
        raise Problem(
            Code.TOO_MANY_REQUESTS,
            f"The document was processed less than {REPROCESS_SECONDS} seconds ago",
            headers={"Retry-After": str(left)},
        )


def record_response(shown: Mapping[str, Any]) -> Response:
    """The record, or 304 where the caller has it."""
    e_tag = weak_etag(json.dumps(shown, sort_keys=True))
    if etag_matches(document_routes.current_request.headers.get("if-none-match"), e_tag):
        return Response(status_code=304, headers={"ETag": e_tag}, body="")
    return Response(status_code=200, headers={"ETag": e_tag}, body=shown)
