"""The gateway's own responses and limits, on the deployed API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.api.gateway import gateway_responses
from infra.api_client import Client
from infra.aws.gateway import set_throttling
from infra.build.chalice_project import read_config
from infra.paths import ROOT
from tests.support.stack import Stack


def api_id_of(stack: Stack) -> str:
    """The id of the API that serves the stage."""
    return stack.api_url.split("/restapis/")[1].split("/")[0]


def test_the_deployed_responses_are_those_of_the_description(stack: Stack) -> None:
    """Each customized response has the status, headers and body of the imported description."""
    answer = stack.account.apigateway.get_gateway_responses(restApiId=api_id_of(stack))
    deployed: dict[str, Any] = {item["responseType"]: item for item in answer["items"]}
    for kind, expected in gateway_responses(["*"]).items():
        assert expected["responseTemplates"] == deployed[kind]["responseTemplates"]
        assert expected["responseParameters"] == deployed[kind]["responseParameters"]
        assert expected.get("statusCode") == deployed[kind].get("statusCode")
    assert 1 < sum(not item["defaultResponse"] for item in deployed.values())


@pytest.mark.parametrize("token", ["", "Bearer abc", "eyJh.bGci.OiJS"])
def test_an_unknown_route_is_404_with_any_token(stack: Stack, token: str) -> None:
    """Status, body and CORS headers are those of the API's own 404."""
    answer = Client(stack.api_url, token or None).call("GET", "nothing")
    assert (404, "not_found") == (answer.status, answer.body["code"])
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert "*" == answer.headers["Access-Control-Allow-Origin"]


def test_a_stage_has_the_settings_limits(stack: Stack) -> None:
    """The deployment sets rate and burst for all routes; the defaults are 20 and 40."""
    answer = stack.account.apigateway.get_stage(restApiId=api_id_of(stack), stageName="api")
    limits = answer["methodSettings"]["*/*"]
    assert (10_000, 5_000) == (limits["throttlingRateLimit"], limits["throttlingBurstLimit"])
    defaults = read_config(ROOT)["environment_variables"]
    assert ("20", "40") == (defaults["API_RATE_LIMIT"], defaults["API_BURST_LIMIT"])


def test_too_many_requests_are_429(stack: Stack) -> None:
    """In the API's error format, readable by a web page."""
    with limited(stack, requests=1):
        client = Client(stack.api_url, None)
        answers = [client.call("GET", "openapi.json") for _ in range(4)]
    refused = answers[-1]
    assert 200 == answers[0].status
    assert (429, "too_many_requests") == (refused.status, refused.body["code"])
    assert "1" == refused.headers["Retry-After"]
    assert "*" == refused.headers["Access-Control-Allow-Origin"]


@contextmanager
def limited(stack: Stack, requests: int) -> Iterator[None]:
    """Allow this many requests at once, and per second, while the block lasts."""
    limits = stack.configuration("api_handler")["Environment"]["Variables"]
    set_throttling(stack.stage, api_id_of(stack), requests, requests)
    try:
        yield
    finally:
        rate, burst = int(limits["API_RATE_LIMIT"]), int(limits["API_BURST_LIMIT"])
        set_throttling(stack.stage, api_id_of(stack), rate, burst)
