"""The gateway's own responses are part of every API description that Chalice generates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest
from chalice.deploy.swagger import SwaggerGenerator, TemplatedSwaggerGenerator

from chalicelib.api.gateway import EXTENSION, gateway_responses

ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"
A, B = "https://a.example", "https://b.example"


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        (["*"], {ORIGIN: "'*'"}),
        ([A], {ORIGIN: f"'{A}'"}),
        (
            [A, B],
            {ORIGIN: "method.request.header.Origin", "gatewayresponse.header.Vary": "'Origin'"},
        ),
    ],
)
def test_each_response_names_the_origin(origins: Sequence[str], expected: dict[str, str]) -> None:
    """A constant for one origin, otherwise the requesting one."""
    for kind, response in gateway_responses(origins).items():
        assert expected.items() <= response["responseParameters"].items(), kind


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("DEFAULT_4XX", 404, "not_found"),
        ("DEFAULT_5XX", 500, "internal_error"),
        ("UNAUTHORIZED", 401, "unauthorized"),
        ("ACCESS_DENIED", 403, "forbidden"),
        ("WAF_FILTERED", 403, "forbidden"),
        ("RESOURCE_NOT_FOUND", 404, "not_found"),
        ("MISSING_AUTHENTICATION_TOKEN", 404, "not_found"),
        ("INVALID_SIGNATURE", 404, "not_found"),
        ("EXPIRED_TOKEN", 404, "not_found"),
        ("REQUEST_TOO_LARGE", 413, "too_large"),
        ("THROTTLED", 429, "too_many_requests"),
    ],
)
def test_a_response_has_the_format_of_the_api(kind: str, status: int, code: str) -> None:
    """An unknown route is 404, also where a token is taken for an AWS signature."""
    response = gateway_responses(["*"])[kind]
    body = json.loads(response["responseTemplates"]["application/json"])
    content_type = response["responseParameters"]["gatewayresponse.header.Content-Type"]
    assert (str(status), "'application/problem+json'") == (response["statusCode"], content_type)
    assert (status, code) == (body["status"], body["code"])


def test_a_throttled_client_learns_when_to_try_again() -> None:
    """Web pages can read the header."""
    parameters = gateway_responses(["*"])["THROTTLED"]["responseParameters"]
    assert "'1'" == parameters["gatewayresponse.header.Retry-After"]
    exposed = parameters["gatewayresponse.header.Access-Control-Expose-Headers"]
    assert "Retry-After" in exposed


@pytest.mark.parametrize(
    "generator",
    [
        pytest.param(TemplatedSwaggerGenerator(), id="chalice deploy"),
        pytest.param(SwaggerGenerator("eu-west-1", {"api_handler_arn": "a:aws:b"}), id="local"),
    ],
)
def test_chalice_imports_the_responses(
    import_in: Callable[[str, str], ModuleType], generator: Any
) -> None:
    """Importing app.py is enough, so that plain `chalice deploy` keeps them."""
    app = import_in("eu-west-1", "app").app
    allowed = ["https://www.example.org", "http://localhost:8000"]
    assert gateway_responses(allowed) == generator.generate_swagger(app)[EXTENSION]
