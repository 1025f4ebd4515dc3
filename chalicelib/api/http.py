"""HTTP for the routes: authorizer, request parsing, errors, CORS, and methods without a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint, CognitoUserPoolAuthorizer, Request, Response

from chalicelib.api import schema
from chalicelib.api.auth import Principal, principal_from_claims
from chalicelib.api.cors import cors_headers, preflight_headers
from chalicelib.api.operation import Operation
from chalicelib.api.problems import MEDIA_TYPE, Code, Problem
from chalicelib.runtime import settings

_METHODS = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})

_CHALICE_ERRORS = {400: Code.INVALID_REQUEST, 415: Code.UNSUPPORTED_MEDIA_TYPE}
"""What Chalice itself answers besides 500. All methods have routes, so that 405 is not among it."""

operations = (
    *schema.OPERATIONS,
    *(schema.TEXT_OPERATIONS if settings.text_bucket else ()),
    *(schema.ANALYSIS_OPERATIONS if settings.ocr and settings.ocr.is_analysis else ()),
)
"""Of this stage."""

authorizer = CognitoUserPoolAuthorizer("SignedIn", provider_arns=[settings.user_pool_arn])


def route_options(operation: Operation) -> dict[str, Any]:
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
        raise Problem(Code.UNAUTHORIZED, "Sign in with an ID token of this API's app client")
    return found


def query_parameters(request: Request) -> dict[str, list[str]]:
    """The query parameters with every value of each."""
    return request.to_original_event()["multiValueQueryStringParameters"] or {}


def register_other_methods(blueprint: Blueprint) -> None:
    """Answer OPTIONS with a preflight response and every other method without a route with 405."""

    def method_not_allowed(**_path: str) -> Response:
        """API Gateway itself would answer 403."""
        request: Request = blueprint.current_request
        raise Problem(
            Code.METHOD_NOT_ALLOWED,
            f"The path does not support {request.method}",
            headers={"Allow": ", ".join(schema.methods_for(request.path, operations))},
        )

    def preflight(**_path: str) -> Response:
        """Chalice's own preflight is a fixed response of API Gateway, for one origin only."""
        headers = preflight_headers(schema.methods_for(blueprint.current_request.path, operations))
        return Response(status_code=204, headers=dict(headers), body="")

    for path in schema.paths_of(operations):
        others = sorted(_METHODS - set(schema.methods_for(path, operations)))
        guard = None if schema.is_public(path, operations) else authorizer
        blueprint.route(path, methods=others, authorizer=guard, content_types=["*/*"])(
            method_not_allowed
        )
        blueprint.route(path, methods=["OPTIONS"], content_types=["*/*"])(preflight)


def translate_errors(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: problem details for what a route raises, and for Chalice's own errors."""
    try:
        response = get_response(request)
    except Problem as problem:
        return _problem_response(problem)
    if response.status_code < 400:
        return response
    code = _CHALICE_ERRORS.get(response.status_code, Code.INTERNAL_ERROR)
    return _problem_response(Problem(code, response.body["Message"]))


def _problem_response(problem: Problem) -> Response:
    headers: dict[str, Any] = {**problem.headers, "Content-Type": MEDIA_TYPE}
    return Response(status_code=problem.status, headers=headers, body=problem.body())


def add_headers(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: CORS headers, and `Cache-Control: no-store` where a route sets none."""
    response = get_response(request)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.update(cors_headers(settings.allowed_origins, request.headers.get("origin")))
    return response
