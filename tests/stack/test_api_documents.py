"""Lists, methods, routes and the gateway's own answers, through the deployed API."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.api.schema import OPERATIONS, PATHS, is_public, methods_for
from chalicelib.documents import document_id_for
from infra.api_client import Client
from infra.aws.stage import Account, Stage
from infra.build.chalice_project import copy_project, read_config, write_config
from infra.commands.deploy import deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.stack import Stack

ORIGINS = "https://a.example,http://localhost:8000"


def sub_of(client: Client) -> str:
    """Whose token a client has."""
    payload = (client.token or "").split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"])


@pytest.fixture(scope="module")
def cyd(stack: Stack) -> Client:
    """A user with documents from the year 3000 on, every third FAILED, the others PROCESSED."""
    client = stack.sign_in("cyd")
    for number in range(9):
        stack.put_record(
            f"cyd {number}",
            owner=sub_of(client),
            fileName=str(number),
            fileSize=1,
            status="PROCESSED" if number % 3 else "FAILED",
            uploadedAt=f"300{number}-01-01T00:00:00.000Z",
        )
    client.upload("pending", "text/plain", b"one")
    client.request_upload("pending", "text/plain", 1)
    return client


def pages(client: Client, query: str) -> list[list[str]]:
    """The names in each page of a list."""
    found, cursor = [], ""
    while True:
        answer = client.call("GET", f"documents?{query}{cursor}")
        assert 200 == answer.status, answer.content
        documents = answer.body["documents"]
        found.append([document["fileName"] for document in documents])
        if "cursor" not in answer.body:
            return found
        cursor = f"&cursor={answer.body['cursor']}"


def test_a_list_is_newest_first_in_pages(cyd: Client) -> None:
    """A page is as long as asked for; PENDING documents are in none."""
    found = pages(cyd, "limit=4")
    assert [["8", "7", "6", "5"], ["4", "3", "2", "1"]] == found[:2]
    assert "0" == found[2][0]
    assert set(found[2][1:]) <= {"pending"}


def test_a_note_on_notifications_is_nobodys(stack: Stack) -> None:
    """What a record notes for notifications is neither in its answer nor in a list."""
    client, key = stack.sign_in("dee"), "dee's"
    shown = {
        "owner": sub_of(client),
        "fileName": "x",
        "fileSize": 1,
        "status": "PROCESSED",
        "uploadedAt": "2026-11-22T12:00:00.000Z",
    }
    stack.put_record(key, **shown)
    document_id = document_id_for(stack.bucket, key)
    expected = {"documentId": document_id, **shown}
    assert expected == client.call("GET", f"documents/{document_id}").body
    assert [expected] == client.call("GET", "documents").body["documents"]


def test_a_list_may_be_of_one_status(cyd: Client) -> None:
    """Documents with other statuses are left out, and pages go on behind them."""
    assert ["6", "3", "0"] == [
        name for page in pages(cyd, "status=FAILED&limit=2") for name in page
    ]
    assert ["6", "3"] == pages(cyd, "status=FAILED&limit=2")[0]


@pytest.mark.usefixtures("cyd")
@pytest.mark.parametrize("who", ["cyd", "operator"])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("uploadedAfter=3002-01-01T00:00:00Z", ["8", "7", "6", "5", "4", "3", "2"]),
        ("uploadedAfter=3002-01-01T00:00:00Z&status=FAILED&order=asc", ["3", "6"]),
        ("nameContains=7&uploadedAfter=3000-01-01T00:00:00Z", ["7"]),
        ("fileType=text/plain&uploadedAfter=3000-01-01T00:00:00Z", []),
        ("order=asc&uploadedAfter=3005-01-01T00:00:00Z", ["5", "6", "7", "8"]),
        (
            "uploadedAfter=3003-01-01T00:00:00Z&uploadedBefore=3005-01-01T00:00:00Z&status=PROCESSED",
            ["4"],
        ),
    ],
)
def test_filters_combine(
    request: pytest.FixtureRequest, who: str, query: str, names: list[str]
) -> None:
    """Period, status, type, name and order, in pages of two documents."""
    client: Client = request.getfixturevalue(who)
    found = pages(client, f"limit=2&{query}")
    assert names == [name for page in found for name in page if name.isdigit()]


@pytest.mark.usefixtures("cyd")
def test_an_operators_list_merges_all_statuses(operator: Client) -> None:
    """Newest first over all users, direct uploads and statuses."""
    first = operator.call("GET", "documents?limit=5").body
    assert ["8", "7", "6", "5", "4"] == [item["fileName"] for item in first["documents"]]
    second = operator.call("GET", f"documents?limit=4&cursor={first['cursor']}").body
    assert ["3", "2", "1", "0"] == [item["fileName"] for item in second["documents"]]
    failed = operator.call("GET", "documents?limit=3&status=FAILED").body
    assert ["6", "3", "0"] == [item["fileName"] for item in failed["documents"]]


@pytest.mark.parametrize(
    ("who", "query", "queries"),
    [
        ("cyd", "limit=3", 2),
        ("cyd", "limit=3&status=FAILED", 1),
        ("operator", "limit=3&status=FAILED", 1),
        ("operator", "limit=3", 2),
    ],
)
def test_a_page_costs_one_query(
    stack: Stack, request: pytest.FixtureRequest, who: str, query: str, queries: int
) -> None:
    """Of an index, and nothing else; one for each listed status."""
    client: Client = request.getfixturevalue(who)
    with stack.watched(client) as calls:
        assert 200 == client.call("GET", f"documents?{query}").status
    assert ["Query"] * queries == [call.name for call in calls]
    assert all(call.parameters["IndexName"] for call in calls)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: must be an integer from 1 to 100"),
        ("limit=101", "limit: must be"),
        ("limit=ten", "limit: must be"),
        ("limit=1&limit=2", "limit: must occur once"),
        ("status=PENDING", "status: must be one of PROCESSED, FAILED"),
        ("cursor=x", "cursor: must be the cursor of a page of this list"),
        ("cursor=%00", "cursor: must be the cursor"),
        ("satus=FAILED", "satus: unknown field; use status, uploadedAfter, uploadedBefore"),
        ("uploadedAfter=2026-11-01", "uploadedAfter: must be a time with its UTC offset"),
        ("uploadedBefore=2026-02-30T00:00:00Z", "uploadedBefore: must be a time that exists"),
        ("fileType=pdf", "fileType: must be a MIME type"),
        ("nameContains=", "nameContains: must have 1 to 255 characters"),
        ("order=newest", "order: must be one of desc, asc"),
    ],
)
def test_a_bad_query_is_refused(ada: Client, query: str, message: str) -> None:
    """400 that names the parameter."""
    answer = ada.call("GET", f"documents?{query}")
    assert (400, "invalid_request") == (answer.status, answer.body["code"])
    assert message in answer.body["detail"]


METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"]


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_not_allowed(ada: Client, path: str) -> None:
    """405 that lists the supported ones, as a problem; 401 first without a sign-in."""
    for method in set(METHODS) - set(methods_for(path)):
        answer = ada.call(method, path, headers={"Content-Type": "text/csv"})
        assert (405, "method_not_allowed") == (answer.status, answer.body["code"]), method
        assert ", ".join(methods_for(path)) == answer.headers["Allow"]
        if not is_public(path):
            assert 401 == Client(ada.api_url, None).call(method, path).status


@pytest.mark.parametrize(
    "path", ["nothing", "documents/a/b/c", "documents/a/contents", "web/app.js"]
)
def test_a_route_that_is_none_is_not_found(ada: Client, path: str) -> None:
    """404 in the API's error shape, where API Gateway by itself would say 403."""
    answer = ada.call("GET", path)
    assert (404, "not_found") == (answer.status, answer.body["code"])
    assert "*" == answer.headers["Access-Control-Allow-Origin"]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_may_ask_first(ada: Client, path: str) -> None:
    """The preflight needs no token and names the path's methods and the token's header."""
    answer = Client(ada.api_url, None).call(
        "OPTIONS", path, headers={"Origin": "https://a.example"}
    )
    assert (204, b"") == (answer.status, answer.content)
    assert "*" == answer.headers["Access-Control-Allow-Origin"]
    assert ",".join(methods_for(path)) == answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_every_answer_says_which_pages_may_read_it(ada: Client) -> None:
    """Good and bad ones, of the function and of the gateway itself; and none is to be kept."""
    nobody = Client(ada.api_url, None)
    for status, answer in [
        (200, ada.call("GET", "documents")),
        (400, ada.call("GET", "documents?limit=0")),
        (404, ada.call("GET", "documents/x")),
        (405, ada.call("PUT", "documents")),
        (415, ada.call("POST", "uploads", b"x", {"Content-Type": "text/csv"})),
        (401, nobody.call("GET", "documents")),
        (404, nobody.call("GET", "nothing")),
    ]:
        assert (status, "*") == (answer.status, answer.headers["Access-Control-Allow-Origin"])
    assert "no-store" == ada.call("GET", "documents").headers["Cache-Control"]


def test_of_several_origins_the_one_that_asks_is_named(stack: Stack, ada: Client) -> None:
    """The function names it when it is allowed, and no other."""
    with stack.environment("api_handler", ALLOWED_ORIGINS=ORIGINS):
        named = {
            origin: ada.call("GET", "openapi.json", headers={"Origin": origin}).headers[
                "Access-Control-Allow-Origin"
            ]
            for origin in ("https://a.example", "http://localhost:8000", "https://c.example")
        }
    assert {
        "https://a.example": "https://a.example",
        "http://localhost:8000": "http://localhost:8000",
        "https://c.example": None,
    } == named


@pytest.fixture
def scratch(account: Account, tmp_path: Any) -> Stage:
    """A stage that is not deployed, to change its settings."""
    return local_stage("scratch", account, copy_project(tmp_path / "project"))


def allow(stage: Stage, origins: str) -> None:
    """Set the stage's own ALLOWED_ORIGINS."""
    config = read_config(stage.project)
    stage_settings = {"environment_variables": {"ALLOWED_ORIGINS": origins}}
    write_config(stage.project, replace_stage(config, stage.name, stage_settings))


def replace_stage(config: dict[str, Any], name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """A configuration with another section for a stage."""
    return {**config, "stages": {**config["stages"], name: settings}}


def test_bucket_and_routes_agree_on_the_origins(scratch: Stage) -> None:
    """The bucket's rule comes from the stage's setting, as the function's environment does."""
    allow(scratch, ORIGINS)
    deploy_resources(scratch)
    bucket = scratch.outputs()["UploadBucketName"]
    rules = scratch.account.s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert [ORIGINS.split(",")] == [rule["AllowedOrigins"] for rule in rules]
    settings = read_config(scratch.project)["stages"]["scratch"]["environment_variables"]
    assert ORIGINS == settings["ALLOWED_ORIGINS"]
    destroy(scratch, confirmation_for(scratch))


def test_malformed_allowed_origins_are_reported_before_deployment(scratch: Stage) -> None:
    """By name, and the stack is not touched."""
    allow(scratch, "https://a.example/path")
    with pytest.raises(CommandError, match=r"ALLOWED_ORIGINS is malformed"):
        deploy_resources(scratch)


def test_deployed_routes_are_those_of_the_table(stack: Stack) -> None:
    """The REST API serves each operation of the table, behind the authorizer unless public."""
    gateway = stack.account.apigateway
    api_id = stack.api_url.split("/restapis/")[1].split("/")[0]
    resources = gateway.get_resources(restApiId=api_id, embed=["methods"], limit=500)["items"]
    deployed = {
        (method, resource["path"]): details["authorizationType"]
        for resource in resources
        for method, details in resource.get("resourceMethods", {}).items()
    }
    for operation in OPERATIONS:
        expected = "NONE" if operation.is_public else "COGNITO_USER_POOLS"
        assert expected == deployed[operation.method, operation.path]
    open_to_all = {key for key, kind in deployed.items() if kind == "NONE"}
    public = {"/openapi.json", "/", "/style.css", "/app.js"}
    assert public == {path for method, path in open_to_all if method != "OPTIONS"}
