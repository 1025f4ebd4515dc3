"""The gateway's own responses are part of every API description that Chalice generates."""

from __future__ import annotations

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
    responses = gateway_responses(origins).values()
    assert [expected] * len(responses) == [response["responseParameters"] for response in responses]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("DEFAULT_4XX", None, "$context.error.responseType"),
        ("DEFAULT_5XX", None, "$context.error.responseType"),
        ("UNAUTHORIZED", "401", "UnauthorizedError"),
        ("ACCESS_DENIED", "403", "ForbiddenError"),
        ("MISSING_AUTHENTICATION_TOKEN", "404", "NotFoundError"),
        ("INVALID_SIGNATURE", "404", "NotFoundError"),
        ("EXPIRED_TOKEN", "404", "NotFoundError"),
        ("REQUEST_TOO_LARGE", "413", "PayloadTooLargeError"),
        ("THROTTLED", "429", "TooManyRequestsError"),
    ],
)
def test_a_response_has_the_status_and_code_of_the_api(
    kind: str, status: str | None, code: str
) -> None:
    """An unknown route is 404, also where a token is taken for an AWS signature."""
    response = gateway_responses(["*"])[kind]
    assert status == response.get("statusCode")
    assert response["responseTemplates"]["application/json"].startswith(f'{{"Code": "{code}", ')


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
