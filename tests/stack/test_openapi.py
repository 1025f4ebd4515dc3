"""The OpenAPI description, the routes and what they answer are one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chalicelib.api.openapi import SCHEMAS, build_openapi
from chalicelib.api.schema import OPERATIONS, Response
from chalicelib.documents import Document
from chalicelib.files.validation import Limits
from infra.api_client import Client
from infra.aws.stage import ROOT
from tests.support.stack import Stack

DESCRIPTION = build_openapi("Intake", Limits(1_000, frozenset({"application/pdf"})))
NOT_DESCRIBED = {"method_not_allowed", "preflight"}
"""What answers the methods that a path does not serve."""


@pytest.fixture
def routes(import_in: Callable[[str, str], ModuleType]) -> dict[tuple[str, str], Any]:
    """Chalice's own table of the app's routes."""
    app = import_in("eu-west-1", "app").app
    return {
        (method, path): entry
        for path, entries in app.routes.items()
        for method, entry in entries.items()
        if entry.view_function.__name__ not in NOT_DESCRIBED
    }


def described() -> dict[tuple[str, str], dict[str, Any]]:
    """The operations in the description."""
    return {
        (method.upper(), path): operation
        for path, operations in DESCRIPTION["paths"].items()
        for method, operation in operations.items()
    }


def test_every_operation_may_be_throttled() -> None:
    """API Gateway answers 429 before the function runs."""
    for key, operation in described().items():
        assert "429" in operation["responses"], key


def test_every_route_is_described_and_every_description_is_a_route(
    routes: dict[tuple[str, str], Any],
) -> None:
    """Paths, methods and who may call them agree."""
    assert set(routes) == set(described())
    assert len(OPERATIONS) == len(routes)
    for key, entry in routes.items():
        assert bool(entry.authorizer) is bool(described()[key]["security"]), key


def test_every_operation_names_its_inputs() -> None:
    """The description has each field of the tables, and marks those that must be there."""
    for operation in OPERATIONS:
        found = described()[operation.method, operation.path]
        parameters = [item for item in found["parameters"] if item["in"] == "query"]
        assert [item.name for item in operation.query] == [item["name"] for item in parameters]
        if operation.body:
            schema = found["requestBody"]["content"]["application/json"]["schema"]
            assert [item.name for item in operation.body] == list(schema["properties"])
            required = [item.name for item in operation.body if item.is_required]
            assert required == schema["required"]
            assert schema["additionalProperties"] is False


def test_a_records_schema_has_its_attributes() -> None:
    """No attribute is served that the description does not know."""
    names = {
        head + "".join(word.title() for word in rest)
        for head, *rest in (item.name.split("_") for item in fields(Document))
    }
    assert names == set(SCHEMAS["Document"]["properties"])


def test_every_answer_has_a_schema_or_no_body() -> None:
    """References lead somewhere."""
    for operation in OPERATIONS:
        for response in operation.responses.values():
            assert isinstance(response, Response)
            assert response.schema is None or response.schema in SCHEMAS


def test_limits_are_those_of_the_stage() -> None:
    """Largest file and allowed types are in the description."""
    body = described()["POST", "/uploads"]["requestBody"]["content"]["application/json"]["schema"]
    assert 1_000 == body["properties"]["fileSize"]["maximum"]
    assert "Allowed: application/pdf." in body["properties"]["fileType"]["description"]


def test_the_description_is_public(stack: Stack) -> None:
    """Anybody may read how to use the API."""
    response = Client(stack.api_url, None).call("GET", "openapi.json")
    assert (200, "application/json") == (response.status, response.headers["Content-Type"])
    assert set(DESCRIPTION["paths"]) == set(response.body["paths"])


def test_the_api_keeps_to_its_description(stack: Stack, tmp_path: Path) -> None:
    """Whatever schemathesis sends: no 5xx, no undocumented status, no answer unlike its schema."""
    client = stack.sign_in("schemathesis")
    document_id = client.upload("a.txt", "text/plain", b"one two three")
    stack.settled(client, document_id)
    pending = client.request_upload("a.txt", "text/plain", 5)
    report = tmp_path / "report.ndjson"
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", ROOT / "tests" / "support" / "schemathesis.toml", "run"),
            stack.api_url + "openapi.json",
            *("--url", stack.api_url.rstrip("/"), "--header", f"Authorization: {client.token}"),
            *("--max-examples", "15", "--seed", "1", "--no-color"),
            *("--report-ndjson-path", report),
        ],
        cwd=tmp_path,  # it leaves what it learned where it runs
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks",
            "PROCESSED_ID": document_id,
            "PENDING_ID": pending.body["documentId"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert 0 == finished.returncode, finished.stdout[-6_000:] + finished.stderr[-2_000:]
    assert REACHED <= answers_in(report)


REACHED = {
    ("POST /uploads", 201),
    ("POST /uploads", 400),
    ("POST /uploads", 413),
    ("POST /uploads", 415),
    ("GET /documents", 200),
    ("GET /documents", 400),
    ("GET /documents/{document_id}", 200),
    ("GET /documents/{document_id}/content", 200),
    ("GET /documents/{document_id}/content", 409),
    ("DELETE /documents/{document_id}", 204),
    ("DELETE /documents/{document_id}", 404),
}
"""What schemathesis must at least have come to see, to have tried anything at all."""


def answers_in(report: Path) -> set[tuple[str, int]]:
    """Which operation answered which status in a run of schemathesis."""
    events = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    scenarios = [event["ScenarioFinished"] for event in events if "ScenarioFinished" in event]
    found = set()
    for recorder in (scenario["recorder"] for scenario in scenarios):
        for case_id, interaction in recorder.get("interactions", {}).items():
            case = recorder["cases"][case_id]["value"]
            if interaction.get("response"):
                status = interaction["response"]["status_code"]
                found.add((f"{case['method']} {case['path']}", status))
    return found
