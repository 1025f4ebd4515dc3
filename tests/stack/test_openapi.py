"""The OpenAPI description, the routes and what they answer are one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chalicelib.api.openapi import build_openapi
from chalicelib.api.openapi_schemas import SCHEMAS
from chalicelib.api.openapi_text import SignIn
from chalicelib.api.operation import Operation, Response
from chalicelib.api.problems import Code
from chalicelib.api.representation import INTERNAL_ATTRIBUTES
from chalicelib.api.schema import ANALYSIS_OPERATIONS, OPERATIONS, TEXT_OPERATIONS
from chalicelib.documents import Document, FailureCode, Status
from chalicelib.files.validation import Limits
from infra.api_client import Client
from infra.aws.stage import ROOT
from tests.support.stack import PASSWORD, Stack

URL = "https://api.example.com/v1"
SIGN_IN = SignIn("https://cognito-idp.eu-central-1.amazonaws.com", "client")
ALL_OPERATIONS = (*OPERATIONS, *TEXT_OPERATIONS, *ANALYSIS_OPERATIONS)


def build(operations: Sequence[Operation]) -> dict[str, Any]:
    """The description of a stage with these operations."""
    limits = Limits(20_000, frozenset({"application/pdf"}))
    return build_openapi("Intake", URL, limits, SIGN_IN, operations)


DESCRIPTION = build(OPERATIONS)
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


def described(
    description: dict[str, Any] = DESCRIPTION,
) -> dict[tuple[str, str], dict[str, Any]]:
    """The operations in a description."""
    return {
        (method.upper(), path): operation
        for path, operations in description["paths"].items()
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
    web_ui = {(item.method, item.path) for item in OPERATIONS if item.tag is None}
    assert set(routes) == set(described()) | web_ui
    assert len(OPERATIONS) == len(routes)
    for key, entry in routes.items():
        security = described()[key]["security"] if key in described() else []
        assert bool(entry.authorizer) is bool(security), key


def test_every_operation_names_its_inputs() -> None:
    """The description has each field of the tables, and marks those that must be there."""
    for operation in OPERATIONS:
        if operation.tag is None:
            continue
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
    """Every attribute that is served is in the description."""
    names = {
        head + "".join(word.title() for word in rest)
        for head, *rest in (item.name.split("_") for item in fields(Document))
    }
    names |= {"removedAt"}  # an update adds it to a record
    assert names - INTERNAL_ATTRIBUTES == set(SCHEMAS["Document"]["properties"])


def test_every_answer_has_a_schema_or_no_body() -> None:
    """References lead somewhere."""
    for operation in OPERATIONS:
        for response in operation.responses.values():
            assert isinstance(response, Response)
            assert response.schema is None or response.schema in SCHEMAS


def test_responses_are_open() -> None:
    """A generated client accepts fields and values that are added later."""
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema)
        assert '"additionalProperties": false' not in text, name
        assert '"enum"' not in text, name
        assert '"const"' not in text, name


def test_every_code_is_described() -> None:
    """Statuses, failure codes and error codes, each with all values that there are."""
    properties = SCHEMAS["Document"]["properties"]
    failure = properties["failure"]["properties"]["code"]
    problem = SCHEMAS["Problem"]["properties"]["code"]
    assert list(Status) == properties["status"]["x-extensible-enum"]
    assert list(FailureCode) == failure["x-extensible-enum"]
    assert list(Code) == problem["x-extensible-enum"]


def test_the_example_of_an_error_has_the_status_of_its_response() -> None:
    """An operation whose error has several codes names the one that it means."""
    for key, operation in described().items():
        for status, response in operation["responses"].items():
            if content := response.get("content", {}).get("application/problem+json"):
                assert int(status) == content["example"]["status"], (key, status)


CONFLICTS = {
    ("POST", "/uploads"): "conflict",
    ("POST", "/uploads/{document_id}/parts"): "not_pending",
    ("GET", "/uploads/{document_id}/parts"): "conflict",
    ("POST", "/uploads/{document_id}/complete"): "parts_incomplete",
    ("DELETE", "/uploads/{document_id}"): "not_pending",
    ("GET", "/documents/{document_id}/content"): "document_pending",
    ("POST", "/documents/{document_id}/reprocess"): "document_pending",
    ("GET", "/documents/{document_id}/text"): "text_running",
    ("GET", "/documents/{document_id}/analysis"): "text_running",
}
"""A code of each operation that answers 409."""


def test_the_example_of_a_conflict_is_one_that_the_operation_raises() -> None:
    """There are many codes with the status 409, and no operation has them all."""
    examples = {
        key: operation["responses"]["409"]["content"]["application/problem+json"]["example"]
        for key, operation in described(build(ALL_OPERATIONS)).items()
        if "409" in operation["responses"]
    }
    assert CONFLICTS == {key: example["code"] for key, example in examples.items()}


def test_what_was_read_from_a_file_is_refused_like_the_file() -> None:
    """Text and analysis of a file that is unsafe, unscanned or gone are not handed out."""
    found = described(build(ALL_OPERATIONS))
    for name in ("content", "text", "analysis"):
        responses = found["GET", f"/documents/{{document_id}}/{name}"]["responses"]
        assert {"403", "404", "409", "410"} <= responses.keys(), name
        assert "SCANNING" in responses["409"]["description"]


def test_a_path_names_what_is_in_it() -> None:
    """The id of a user is not that of a document."""
    [parameter] = described()["GET", "/users/{user_id}"]["parameters"]
    assert ("user_id", "`owner` of a document") == (parameter["name"], parameter["description"])


def test_limits_are_those_of_the_stage() -> None:
    """Largest file and allowed types are in the description."""
    body = described()["POST", "/uploads"]["requestBody"]["content"]["application/json"]["schema"]
    assert 20_000 == body["properties"]["fileSize"]["maximum"]
    assert "Allowed: application/pdf." in body["properties"]["fileType"]["description"]


def test_the_description_is_public(stack: Stack) -> None:
    """Anybody may read how to use the API, and where it is."""
    response = Client(stack.api_url, None).call("GET", "openapi.json")
    assert (200, "application/json") == (response.status, response.headers["Content-Type"])
    assert set(DESCRIPTION["paths"]) == set(response.body["paths"])
    assert [{"url": stack.api_url.rstrip("/")}] == response.body["servers"]


def test_the_description_says_how_to_sign_in(stack: Stack) -> None:
    """Its command returns an ID token, with which its example of an upload works."""
    stack.sign_in("reader")
    answer = Client(stack.api_url, None).call("GET", "openapi.json").body
    command = answer["info"]["description"].split("```")[1].strip()
    command = command.replace("EMAIL", "reader@example.com").replace(
        '"PASSWORD"}', f'"{PASSWORD}"}}'
    )
    finished = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    token = json.loads(finished.stdout)["AuthenticationResult"]["IdToken"]
    content = answer["paths"]["/uploads"]["post"]["requestBody"]["content"]["application/json"]
    for sent in (token, f"Bearer {token}"):
        body = {**content["example"], "documentId": str(uuid.uuid4())}
        requested = Client(stack.api_url, sent).call("POST", "uploads", body)
        assert (201, "PENDING") == (requested.status, requested.body["status"])


@pytest.mark.parametrize(
    ("context", "variables", "url"),
    [
        (
            {"domainName": "x.execute-api.eu-west-1.amazonaws.com", "path": "/api/openapi.json"},
            {},
            "https://x.execute-api.eu-west-1.amazonaws.com/api",
        ),
        (
            {"domainName": "files.example.com", "path": "/openapi.json"},
            {},
            "https://files.example.com",
        ),
        (
            {"domainName": "example.com", "path": "/files/v1/openapi.json"},
            {},
            "https://example.com/files/v1",
        ),
        (
            {"domainName": "x.execute-api.eu-west-1.amazonaws.com", "path": "/api/openapi.json"},
            {"apiUrl": "https://cdn.example.com/files/"},
            "https://cdn.example.com/files",
        ),
    ],
)
def test_the_server_is_the_one_that_was_called(
    import_in: Callable[[str, str], ModuleType],
    context: dict[str, str],
    variables: dict[str, str],
    url: str,
) -> None:
    """With the stage's path or a custom domain's, unless a stage variable names a proxy."""
    routes = import_in("eu-west-1", "chalicelib.api.openapi_routes")
    assert url == routes.base_url(context, variables, "/openapi.json")


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
