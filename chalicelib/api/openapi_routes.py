"""The route of the OpenAPI description."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api import schema
from chalicelib.api.http import route_options
from chalicelib.api.openapi import build_openapi
from chalicelib.runtime import settings

openapi_routes = Blueprint(__name__)


@openapi_routes.route(**route_options(schema.GET_OPENAPI))
def get_openapi() -> dict[str, object]:
    """The OpenAPI description."""
    return build_openapi("Intake", settings.limits)
