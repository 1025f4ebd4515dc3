"""The route of the OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib import runtime
from chalicelib.api import schema
from chalicelib.api.http import operations, route_options
from chalicelib.api.openapi import build_openapi
from chalicelib.api.openapi_text import SignIn
from chalicelib.runtime import settings

openapi_routes = Blueprint(__name__)


@openapi_routes.route(**route_options(schema.GET_OPENAPI))
def get_openapi() -> dict[str, object]:
    """The OpenAPI description."""
    request = openapi_routes.current_request
    url = base_url(request.context, request.stage_vars or {}, schema.GET_OPENAPI.path)
    sign_in = SignIn(runtime.cognito_endpoint(), settings.user_pool_client_id)
    return build_openapi("Intake", url, settings.limits, sign_in, operations)


def base_url(context: Mapping[str, Any], stage_variables: Mapping[str, str], path: str) -> str:
    """The URL of the API, without its final slash.

    The domain and path that the client called, which may be a custom domain's, unless the stage
    variable `apiUrl` has the URL of a proxy in front of the API.
    """
    if url := stage_variables.get("apiUrl"):
        return url.rstrip("/")
    return f"https://{context['domainName']}{context['path'].removesuffix(path)}"
