"""Routes of the web UI: its page, style sheet and script.

A first visit takes three requests, later ones take one, which is answered with 304.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import runtime
from chalicelib.api import schema
from chalicelib.api.http import route_options
from chalicelib.api.operation import Operation
from chalicelib.etags import etag_matches
from chalicelib.objects import presign_download
from chalicelib.runtime import s3, settings
from chalicelib.web.serving import (
    SCRIPT,
    STYLE,
    WebUiSettings,
    file_headers,
    origin_of,
    read_file,
    render_index,
    security_headers,
    trailing_slash_redirect,
)

web_routes = Blueprint(__name__)


@web_routes.route(**route_options(schema.GET_INDEX))
def get_index() -> Response:
    """The page, with the settings of the stage."""
    path = web_routes.current_request.context["path"]  # unlike request.path, includes the stage
    if url := trailing_slash_redirect(path):
        return Response(status_code=308, headers={"Location": url}, body="")
    ui_settings = web_ui_settings()
    headers = {**file_headers(render_index(ui_settings)), **security_headers(ui_settings)}
    return respond(schema.GET_INDEX, render_index(ui_settings), headers)


@web_routes.route(**route_options(schema.GET_STYLE))
def get_style() -> Response:
    """The style sheet."""
    return respond_with_file(schema.GET_STYLE, STYLE)


@web_routes.route(**route_options(schema.GET_SCRIPT))
def get_script() -> Response:
    """The script."""
    return respond_with_file(schema.GET_SCRIPT, SCRIPT)


def respond_with_file(operation: Operation, name: str) -> Response:
    """A file of the web UI, which browsers keep if they request the current version."""
    text = read_file(name)
    query = web_routes.current_request.query_params
    version = query.get("v") if query else None
    return respond(operation, text, file_headers(text, version))


def respond(operation: Operation, text: str, headers: Mapping[str, str]) -> Response:
    """A text with its media type; 304 where the browser's copy is current."""
    media_type = operation.responses[200].media_type
    all_headers: dict[str, Any] = {"Content-Type": f"{media_type}; charset=utf-8", **headers}
    if etag_matches(web_routes.current_request.headers.get("if-none-match"), all_headers["ETag"]):
        return Response(status_code=304, headers=all_headers, body="")
    return Response(status_code=200, headers=all_headers, body=text)


@cache
def web_ui_settings() -> WebUiSettings:
    """The settings that the web UI needs, without a call to AWS: the clients have the hosts."""
    text_bucket = settings.text_bucket
    return WebUiSettings(
        client_id=settings.user_pool_client_id,
        sign_in_url=runtime.cognito_endpoint(),
        bucket_origin=bucket_origin(settings.upload_bucket),
        text_bucket_origin=bucket_origin(text_bucket) if text_bucket else None,
        limits=settings.limits,
    )


def bucket_origin(bucket: str) -> str:
    """Origin of the URLs of a bucket's objects."""
    return origin_of(presign_download(s3, bucket, "any", {}, 1))
