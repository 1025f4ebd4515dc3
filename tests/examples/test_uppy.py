"""The recipes for Uppy work in Chromium, for both majors."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from infra.api_client import Client
from infra.local.browser import chromium_path
from tests.support.dropping import DroppedResponses, dropping_responses
from tests.support.examples import FOLDER, npm_run
from tests.support.serving import served
from tests.support.stack import Stack
from tests.support.waiting import eventually

if chromium_path() is None:
    pytest.skip("Chromium is not installed: skipping browser tests", allow_module_level=True)

SMALL: Any = {"name": "notes e\u0301.txt", "mimeType": "text/plain", "buffer": b"one two three"}
LARGE: Any = {"name": "large.txt", "mimeType": "text/plain", "buffer": b"word one\n" * (2 * 2**20)}
"""18 MiB: three parts of 8 MiB, the last one smaller."""

UPLOAD_MS = 30_000
"""Time limit for an upload, including all pauses before repetitions."""

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module", params=["v5", "v6"])
def page_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The URL of the example's page, built with one major of Uppy."""
    folder: Path = tmp_path_factory.mktemp("uppy")
    (folder / "index.html").write_bytes((FOLDER / "uppy" / "public" / "index.html").read_bytes())
    source = FOLDER / "uppy" / str(request.param)
    built = npm_run("build", f"--outdir={folder}", cwd=source, environment={})
    assert 0 == built.returncode, built.stderr
    with served(folder) as url:
        yield url


@pytest.fixture
def user(stack: Stack) -> Client:
    """A user without documents."""
    return stack.sign_in(f"uploader-{uuid.uuid4()}")


@pytest.fixture
def open_page(browser: Browser, page_url: str, user: Client) -> Iterator[OpenPage]:
    """Opens the page for the user, with the API at a URL; asserts at the end that nothing broke."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(UPLOAD_MS)
    errors: list[str] = []

    def open_at(api_url: str, **settings: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        query = urlencode({"apiUrl": api_url, "idToken": user.token, **settings})
        page.goto(f"{page_url}#{query}")
        return page

    yield open_at
    context.close()
    assert [] == errors


def add(page: Page, file: Any) -> None:
    """Choose a file in the Dashboard."""
    page.locator("input.uppy-Dashboard-input").first.set_input_files(file)


def upload(page: Page, file: Any) -> None:
    """Choose a file and wait until Uppy reports that it is uploaded."""
    add(page, file)
    page.get_by_role("button", name="Upload 1 file").click()
    expect_complete(page)


def expect_complete(page: Page) -> None:
    """Wait until Uppy reports that all files are uploaded."""
    expect(page.locator(".uppy-StatusBar.is-complete")).to_be_visible(timeout=UPLOAD_MS)


def only_document(stack: Stack, user: Client) -> dict[str, Any]:
    """The user's only document, once it is processed; PENDING ones count as well."""
    documents = eventually(lambda: documents_of(stack, user), "a document")
    [document_id] = documents
    return stack.settled(user, document_id)


def documents_of(stack: Stack, user: Client) -> list[str]:
    """The ids of a user's documents in the table, whatever their status."""
    pages = stack.account.dynamodb.get_paginator("scan").paginate(
        TableName=stack.table,
        FilterExpression="#owner = :owner",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":owner": {"S": owner_of(user)}},
    )
    return [item["documentId"]["S"] for page in pages for item in page["Items"]]


def owner_of(user: Client) -> str:
    """The user's `sub`, from the claims of the ID token."""
    claims = (user.token or "").split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"])


def test_a_file_becomes_a_document(stack: Stack, user: Client, open_page: OpenPage) -> None:
    """Dashboard, one PUT, one document with the file's name in Unicode form NFC."""
    upload(open_page(stack.api_url), SMALL)
    record = only_document(stack, user)
    assert ("notes é.txt", "PROCESSED", 13) == (
        record["fileName"],
        record["status"],
        record["fileSize"],
    )


@pytest.mark.parametrize(
    ("file", "settings", "requests"),
    [
        pytest.param(SMALL, {}, ["POST", "PUT"], id="one PUT"),
        pytest.param(
            LARGE,
            {"multipart": "true"},
            ["GET", "POST", "POST", "POST", "PUT", "PUT", "PUT"],
            id="parts",
        ),
    ],
)
def test_dropped_responses_make_one_document(
    stack: Stack,
    user: Client,
    open_page: OpenPage,
    file: Any,
    settings: dict[str, str],
    requests: list[str],
) -> None:
    """The first response to every request is dropped; each request is made again."""
    with dropping_responses(stack.account.endpoint or "") as dropped:
        upload(open_page(dropped.through(stack.api_url), **settings), file)
        record = only_document(stack, user)
    assert ("PROCESSED", len(file["buffer"])) == (record["status"], record["fileSize"])
    assert requests == methods(dropped)


def methods(dropped: DroppedResponses) -> list[str]:
    """The methods of the requests whose response was dropped."""
    return sorted(name.split()[0] for name in dropped.dropped)


def test_a_reloaded_page_resumes(
    stack: Stack, user: Client, open_page: OpenPage, tmp_path: Path
) -> None:
    """After a reload, the file is chosen again and only missing parts are sent."""
    path = tmp_path / LARGE["name"]
    path.write_bytes(LARGE["buffer"])
    page = open_page(stack.api_url, multipart="true")
    sent: list[str] = []

    def hold_second_part(route: Route) -> None:
        number = route.request.url.split("partNumber=")[1].split("&")[0]
        sent.append(number)
        if number != "2" or sent.count("2") > 1:
            route.continue_()

    page.route("**/*partNumber=*", hold_second_part)
    add(page, path)
    page.get_by_role("button", name="Upload 1 file").click()
    eventually(lambda: page.evaluate("1") and "2" in sent and parts_of(stack, user), "a part")
    before = parts_of(stack, user)
    page.reload()
    page.get_by_role("button", name="Re-select").click()
    add(page, path)
    page.locator(".uppy-StatusBar-actionBtn--upload").click()
    expect_complete(page)
    assert "PROCESSED" == only_document(stack, user)["status"]
    assert [1] * len(before) == [sent.count(str(number)) for number in before]


def parts_of(stack: Stack, user: Client) -> list[int]:
    """The parts that S3 has of the user's only document."""
    [document_id] = documents_of(stack, user)
    answer = user.call("GET", f"uploads/{document_id}/parts")
    return [part["partNumber"] for part in answer.body["parts"]]
