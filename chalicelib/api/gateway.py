"""Responses that API Gateway generates itself, before or instead of the function: 401, 404, 5xx.

By default they lack CORS headers, so that a browser cannot distinguish an expired token from a
network error, and differ from the API's error format.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.settings import ANY_ORIGIN

EXTENSION = "x-amazon-apigateway-gateway-responses"
"""Developer guide, "OpenAPI extensions for API Gateway"."""

_MESSAGE = "$context.error.messageString"
"""The gateway's own message, with quotes."""
_NO_ROUTE = (404, "NotFoundError", '"There is no such route"')

_RESPONSES: Mapping[str, tuple[int | None, str, str]] = {
    "DEFAULT_4XX": (None, "$context.error.responseType", _MESSAGE),
    "DEFAULT_5XX": (None, "$context.error.responseType", _MESSAGE),
    "UNAUTHORIZED": (401, "UnauthorizedError", _MESSAGE),
    "ACCESS_DENIED": (403, "ForbiddenError", _MESSAGE),
    "REQUEST_TOO_LARGE": (413, "PayloadTooLargeError", _MESSAGE),
    "THROTTLED": (429, "TooManyRequestsError", _MESSAGE),
    # Unknown path or method. With an Authorization header the gateway attempts to read an AWS
    # signature from it, which no method of this API has.
    "MISSING_AUTHENTICATION_TOKEN": _NO_ROUTE,
    "INVALID_SIGNATURE": _NO_ROUTE,
    "EXPIRED_TOKEN": _NO_ROUTE,
}
"""Status (None: unchanged), code and message (JSON) by type: developer guide, "Gateway response
types"."""


def gateway_responses(origins: Sequence[str]) -> dict[str, Any]:
    """The value of EXTENSION: the API's error format, and CORS headers for these origins."""
    headers = {
        f"gatewayresponse.header.{name}": source for name, source in _cors_sources(origins).items()
    }
    return {
        kind: {
            **({"statusCode": str(status)} if status else {}),
            "responseParameters": headers,
            "responseTemplates": {
                "application/json": f'{{"Code": "{code}", "Message": {message}}}'
            },
        }
        for kind, (status, code, message) in _RESPONSES.items()
    }


def add_to_description(origins: Sequence[str]) -> None:
    """Add the responses to every API description that Chalice's command line generates.

    Chalice has no setting for extensions, and PutRestApi deletes the responses that the imported
    description lacks; its generators start with this template. No effect in Lambda, where only
    Chalice's runtime is present.
    """
    if swagger := sys.modules.get("chalice.deploy.swagger"):
        template = swagger.SwaggerGenerator._BASE_TEMPLATE  # noqa: SLF001 - see above
        template[EXTENSION] = gateway_responses(origins)


def _cors_sources(origins: Sequence[str]) -> dict[str, str]:
    """The source of each CORS header: a constant, or the request.

    The gateway cannot match several origins, so it returns the requesting one. This is safe: its
    own responses contain no data, and no response allows credentials.
    """
    if ANY_ORIGIN in origins:
        return {"Access-Control-Allow-Origin": f"'{ANY_ORIGIN}'"}
    if len(origins) == 1:
        return {"Access-Control-Allow-Origin": f"'{origins[0]}'"}
    return {"Access-Control-Allow-Origin": "method.request.header.Origin", "Vary": "'Origin'"}
