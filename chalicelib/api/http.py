"""HTTP for the routes: authorizer, request parsing, errors, CORS, and methods without a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import (
    BadRequestError,
    Blueprint,
    ChaliceViewError,
    CognitoUserPoolAuthorizer,
    Request,
    Response,
    UnauthorizedError,
)

from chalicelib.api import schema
from chalicelib.api.auth import Principal, principal_from_claims
from chalicelib.api.cors import cors_headers, preflight_headers
from chalicelib.api.fields import InvalidRequestError
from chalicelib.runtime import settings

_METHODS = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})

authorizer = CognitoUserPoolAuthorizer("SignedIn", provider_arns=[settings.user_pool_arn])


class PayloadTooLargeError(ChaliceViewError):
    """The file exceeds LARGEST_FILE_BYTES."""

    STATUS_CODE = 413


class UnsupportedMediaType(ChaliceViewError):  # noqa: N818 - the name of Chalice's own 415
    """The file's type is not in ALLOWED_TYPES."""

    STATUS_CODE = 415


def route_options(operation: schema.Operation) -> dict[str, Any]:
    """The arguments of Chalice's `route` for an operation."""
    return {
        "path": operation.path,
        "methods": [operation.method],
        "authorizer": None if operation.is_public else authorizer,
        "content_types": ["application/json"] if operation.body else ["*/*"],
    }


def principal(request: Request) -> Principal:
    """The caller; 401 without an ID token of the stage's app client."""
    claims = request.context["authorizer"]["claims"]
    found = principal_from_claims(claims, settings.user_pool_client_id)
    if found is None:
        raise UnauthorizedError("Sign in with an ID token of this API's app client")
    return found


def query_parameters(request: Request) -> dict[str, list[str]]:
    """The query parameters with every value of each."""
    return request.to_original_event()["multiValueQueryStringParameters"] or {}


def parse_or_400(parse: Callable[..., Any], *arguments: Any) -> Any:
    """The parsed request; 400 where it is malformed."""
    try:
        return parse(*arguments)
    except InvalidRequestError as error:
        raise BadRequestError(str(error)) from None


def register_other_methods(blueprint: Blueprint) -> None:
    """Answer OPTIONS with a preflight response and every other method without a route with 405."""

    def method_not_allowed(**_path: str) -> Response:
        """API Gateway itself would answer 403."""
        request: Request = blueprint.current_request
        return Response(
            status_code=405,
            headers={"Allow": ", ".join(schema.methods_for(request.path))},
            body={
                "Code": "MethodNotAllowedError",
                "Message": f"Unsupported method: {request.method}",
            },
        )

    def preflight(**_path: str) -> Response:
        """Chalice's own preflight is a fixed response of API Gateway, for one origin only."""
        headers = preflight_headers(schema.methods_for(blueprint.current_request.path))
        return Response(status_code=204, headers=dict(headers), body="")

    for path in schema.PATHS:
        others = sorted(_METHODS - set(schema.methods_for(path)))
        guard = None if schema.is_public(path) else authorizer
        blueprint.route(path, methods=others, authorizer=guard, content_types=["*/*"])(
            method_not_allowed
        )
        blueprint.route(path, methods=["OPTIONS"], content_types=["*/*"])(preflight)


def add_headers(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: CORS headers, and `Cache-Control: no-store` where a route sets none."""
    response = get_response(request)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.update(cors_headers(settings.allowed_origins, request.headers.get("origin")))
    return response
