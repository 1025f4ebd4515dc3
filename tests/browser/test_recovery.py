"""Uploads in the web UI that are interrupted: they are retried and resumed."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.support.dropping import dropping_responses
from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.support.web_ui import Visit, hold_uploads, payload, visit_web_ui


def test_an_interrupted_upload_is_retried(visit: Visit) -> None:
    """Lost requests are repeated, damaged ones by the user; other uploads continue."""
    left = {"second.txt": 2, "third.txt": 1, "fourth.txt": 1}

    def break_some(route: Route) -> None:
        name = route.request.headers["x-amz-meta-file-name"]
        if not left.get(name):
            route.continue_()
            return
        left[name] -= 1
        if name == "fourth.txt":
            route.fulfill(status=400)
        else:
            route.abort("connectionreset")

    visit.page.route("**/uploads/*", break_some)
    visit.choose(*(payload(f"{name}.txt") for name in ("first", "second", "third")))
    for name in ("first.txt", "second.txt", "third.txt"):
        visit.expect_state(name, "Processed")
    visit.choose(payload("fourth.txt"))
    visit.expect_state("fourth.txt", "Not uploaded", "The uploaded data does not match the file")
    visit.page.get_by_role("button", name="Try again: fourth.txt").click()
    visit.expect_state("fourth.txt", "Processed")
    assert {0} == set(left.values())
    expect(visit.page.locator("#summary")).to_contain_text("4 processed")


@pytest.mark.parametrize(
    ("is_in_parts", "requests"),
    [
        pytest.param(False, {"POST": 1, "PUT": 1}, id="one PUT"),
        # Creation, URLs and completion; the parts of an earlier attempt; three parts.
        pytest.param(True, {"POST": 3, "GET": 1, "PUT": 3}, id="parts"),
    ],
)
def test_dropped_responses_make_one_document(
    browser: Browser, stack: Stack, user: str, is_in_parts: bool, requests: dict[str, int]
) -> None:
    """The first response to every request of an upload is dropped; each request is repeated.

    At one size: only requests and their result are checked.
    """
    with dropping_responses(stack.account.endpoint or "", containing="/uploads") as dropped:
        url = dropped.through(stack.api_url)
        with visit_web_ui(browser, replace(stack, api_url=url), url) as visit:
            visit.sign_in(user)
            if is_in_parts:
                request_parts(visit)
            visit.choose(payload("notes.txt", IN_PARTS if is_in_parts else b"one"))
            visit.expect_state("notes.txt", "Processed")
    assert requests == Counter(name.split()[0] for name in dropped.dropped)
    [document] = stack.sign_in(user).call("GET", "documents").body["documents"]
    assert "notes.txt" == document["fileName"]


IN_PARTS = b"word one\n" * (2 * 2**20)
"""18 MiB: three parts of 8 MiB, the last one smaller."""


def request_parts(visit: Visit) -> None:
    """Make the web UI request multipart uploads, as it does for large files."""

    def request_multipart(route: Route) -> None:
        body = json.loads(route.request.post_data or "") | {"multipart": True}
        del body["sha256"]
        route.continue_(post_data=json.dumps(body))

    visit.page.route("**/_user_request_/uploads", request_multipart)


def test_polling_survives_errors(visit: Visit) -> None:
    """A failed poll is repeated, and the file is not uploaded again."""
    failed: list[str] = []

    def fail_twice(route: Route) -> None:
        if len(failed) < 2:
            failed.append(route.request.url)
            route.fulfill(status=503, json={"code": "x", "detail": "y"})
        else:
            route.continue_()

    visit.page.route("**/documents/*", fail_twice)
    visit.choose(payload("patient.txt"))
    visit.expect_state("patient.txt", "Processed")
    assert 2 == len(failed)
    assert 1 == len(visit.requests_to("POST", "/uploads"))


@pytest.mark.parametrize("layout", ["phone, dark"], indirect=True)
def test_uploads_survive_a_lost_network(visit: Visit, tmp_path: Path) -> None:
    """Cut for ten seconds in the middle, they all finish by themselves.

    At one size, for the time it takes: at both, the test of progress has rows and totals, and
    that of interrupted uploads has the same repetition.
    """
    page = visit.page
    held = hold_uploads(page)
    paths = [tmp_path / f"{number}.txt" for number in range(12)]
    for path in paths:
        path.write_text(f"document {path.stem}")
    visit.choose(*paths)
    eventually(lambda: page.evaluate("1") and len(held) == 3, "three uploads")
    page.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    page.unroute("**/uploads/*")
    expect(page.get_by_text("The connection was lost. Trying again…").first).to_be_visible()
    time.sleep(10)  # the time that is tested
    page.context.set_offline(False)
    expect(page.locator("[data-state=processed]")).to_have_count(12, timeout=60_000)
    expect(page.locator("#summary")).to_have_text("12 shown · Uploads: 12 processed")


def test_an_upload_in_parts_resumes_after_a_reload(visit: Visit, tmp_path: Path) -> None:
    """When the same file is chosen again, only the missing part is sent, for the same document."""
    page = visit.page
    page.on("dialog", lambda dialog: dialog.accept())  # leaving cancels the upload
    held: list[Route] = []

    def hold_last(route: Route) -> None:
        if "partNumber=3" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/uploads/*", hold_last)
    request_parts(visit)
    path = tmp_path / "large.txt"
    path.write_bytes(IN_PARTS)
    visit.choose(path)
    expect(visit.row("large.txt")).to_contain_text("16 MB of 18 MB")
    assert 1 == len(held)
    page.unroute("**/uploads/*")
    page.reload()
    sent = len(visit.requests_to("PUT", ""))
    visit.choose(path)
    visit.expect_state("large.txt", "Processed")
    assert ["3"] == [
        parse_qs(urlsplit(request.url).query)["partNumber"][0]
        for request in visit.requests_to("PUT", "")[sent:]
    ]
    expect(page.locator(".name")).to_have_count(1)
