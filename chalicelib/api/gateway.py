"""Responses that API Gateway generates itself, before or instead of the function: 401, 404, 5xx.

By default they lack CORS headers, so that a browser cannot distinguish an expired token from a
network error, and differ from the API's error format.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.api.cors import EXPOSED_HEADERS
from chalicelib.api.problems import MEDIA_TYPE, Code, Problem
from chalicelib.setting_values import ANY_ORIGIN

EXTENSION = "x-amazon-apigateway-gateway-responses"
"""Developer guide, "OpenAPI extensions for API Gateway"."""

_FORBIDDEN = Problem(Code.FORBIDDEN, "Access is denied")
_NO_ROUTE = Problem(Code.NOT_FOUND, "There is no such route")

RESPONSES: Mapping[str, Problem] = {
    "UNAUTHORIZED": Problem(
        Code.UNAUTHORIZED, "The ID token in the header Authorization is missing, invalid or expired"
    ),
    "ACCESS_DENIED": _FORBIDDEN,
    "WAF_FILTERED": _FORBIDDEN,
    "REQUEST_TOO_LARGE": Problem(Code.TOO_LARGE, "The request exceeds 10 MB"),
    "THROTTLED": Problem(
        Code.TOO_MANY_REQUESTS,
        "More requests than the rate limit of the API",
        headers={"Retry-After": "1"},
    ),
    "RESOURCE_NOT_FOUND": _NO_ROUTE,
    # Unknown path or method. With an Authorization header the gateway attempts to read an AWS
    # signature from it, which no method of this API has.
    "MISSING_AUTHENTICATION_TOKEN": _NO_ROUTE,
    "INVALID_SIGNATURE": _NO_ROUTE,
    "EXPIRED_TOKEN": _NO_ROUTE,
    "DEFAULT_4XX": _NO_ROUTE,  # an incomplete signature has no type of its own
    "DEFAULT_5XX": Problem(Code.INTERNAL_ERROR, "The service failed to process the request"),
}
"""By type: developer guide, "Gateway response types". The other types of 4xx require API keys,
usage plans or request validators, which the API does not have."""


def gateway_responses(origins: Sequence[str]) -> dict[str, Any]:
    """The value of EXTENSION: the API's error format, and CORS headers for these origins."""
    cors = _cors_sources(origins)
    return {
        kind: {
            "statusCode": str(problem.status),
            "responseParameters": {
                f"gatewayresponse.header.{name}": source
                for name, source in {
                    # The template's key is the default for clients that accept anything.
                    "Content-Type": f"'{MEDIA_TYPE}'",
                    **cors,
                    **{name: f"'{value}'" for name, value in problem.headers.items()},
                }.items()
            },
            "responseTemplates": {"application/json": json.dumps(problem.body())},
        }
        for kind, problem in RESPONSES.items()
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
    exposed = {"Access-Control-Expose-Headers": f"'{EXPOSED_HEADERS}'"}
    if ANY_ORIGIN in origins:
        return {"Access-Control-Allow-Origin": f"'{ANY_ORIGIN}'", **exposed}
    if len(origins) == 1:
        return {"Access-Control-Allow-Origin": f"'{origins[0]}'", **exposed}
    return {
        "Access-Control-Allow-Origin": "method.request.header.Origin",
        "Vary": "'Origin'",
        **exposed,
    }
