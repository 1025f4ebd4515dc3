"""Use cases of the web UI in Chromium, on the deployed stack."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from infra.local.samples import pdf, png
from tests.support.dropping import dropping_responses
from tests.support.stack import PASSWORD, Stack
from tests.support.waiting import eventually
from tests.support.web_ui import DROP, Visit, field, payload, save_to, url_on_own_host, visit_web_ui

NO_SHIFT = 0.001
"""Layout shift score that a changed status text stays below."""

Visitor = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, stack: Stack, new_user: str) -> Iterator[Visit]:
    """A new user, signed in, without documents."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        yield visit.sign_in(new_user)


@pytest.fixture
def new_user(stack: Stack) -> str:
    """The name of a new user without documents."""
    name = f"visitor-{uuid.uuid4()}"
    stack.sign_in(name)
    return name


MIXED = [
    ("Annual report.pdf", "application/pdf", pdf(3, 149), "Processed", "KB"),
    ("Contract.pdf", "application/pdf", pdf(1, 10), "Processed", "bytes"),
    ("notes.txt", "text/plain", b"one two three", "Processed", "13 bytes"),
    ("résumé 你好.txt", "text/plain", b"one", "Processed", "3 bytes"),
    ("table.csv", "text/csv", b"a,b\n1,2\n", "Processed", "8 bytes"),
    ("picture.png", "image/png", png(640, 480), "Processed", "KB"),
    ("logo.png", "image/png", png(8, 8), "Processed", "bytes"),
    ("really a picture.pdf", "application/pdf", png(9, 9), "Failed", "does not match"),
    ("broken.pdf", "application/pdf", b"%PDF-1.7\nnothing", "Failed", "damaged"),
    ("Inter.ttf", "font/ttf", b"\0\1\0\0", "Not uploaded", "type is not allowed"),
]
"""Name, declared type, content, final state and note."""


def test_ten_mixed_files_from_sign_in_to_sign_out(
    browser: Browser, stack: Stack, new_user: str, tmp_path: Path
) -> None:
    """Ten dropped files are processed, failed or rejected; one is downloaded and deleted."""
    with visit_web_ui(browser, stack, url_on_own_host(stack)) as visit:
        page = visit.sign_in(new_user).page
        expect(page.get_by_text("No documents yet")).to_be_visible()
        page.evaluate(DROP, [dropped(name, kind, content) for name, kind, content, *_ in MIXED])
        for name, _, _, state, note in MIXED:
            visit.expect_state(name, state, note)
        expect(page.locator("#summary")).to_contain_text("7 processed, 2 failed, 1 not uploaded")
        expect(page.get_by_role("log")).to_contain_text("All uploads are complete.")
        assert [] == visit.layout_shifts(NO_SHIFT)

        dialog = visit.open_document("Annual report.pdf")
        expect(field(dialog, "Word count")).to_have_text("447")
        expect(field(dialog, "Size")).to_contain_text("3.9 KB (")
        expect(field(dialog, "Owner")).to_have_text("You")
        dialog.get_by_text("JSON").click()
        expect(dialog.get_by_text('"wordCount": 447')).to_be_visible()
        path = tmp_path / "copy"
        assert MIXED[0][2] == save_to(path, dialog.get_by_role("button", name="Download"))

        dialog.get_by_role("button", name="Delete").click()
        confirm = page.get_by_role("dialog", name="Delete “Annual report.pdf”?")
        confirm.get_by_role("button", name="Delete").click()
        expect(dialog).to_be_hidden()
        expect(visit.row("Annual report.pdf")).to_have_count(0)
        page.get_by_role("button", name="Refresh").click()
        expect(page.locator("#summary")).to_have_text(
            "9 shown · Uploads: 6 processed, 2 failed, 1 not uploaded"
        )

        kept = "[localStorage.length, sessionStorage.length, document.cookie]"
        assert [0, 1, ""] == page.evaluate(kept)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert [0, 0, ""] == page.evaluate(kept)
        expect(visit.row("Contract.pdf")).to_have_count(0)
    assert {"Contract.pdf"} <= {
        document["fileName"]
        for document in stack.sign_in(new_user).call("GET", "documents").body["documents"]
    }


def dropped(name: str, kind: str, content: bytes) -> dict[str, str]:
    """A file in the form that DROP expects."""
    return {"name": name, "type": kind, "text": base64.b64encode(content).decode()}


def test_a_wrong_password_can_be_corrected(browser: Browser, stack: Stack, new_user: str) -> None:
    """The message does not reveal which of the two is wrong; empty fields send no request."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Enter your e-mail address and password.")
        page.get_by_role("textbox", name="E-mail address").fill(f"{new_user}@example.com")
        page.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
        page.get_by_role("button", name="Sign in").click()
        message = "Incorrect e-mail address or password."
        expect(page.get_by_role("alert")).to_have_text(message)
        expect(page.get_by_role("textbox", name="Password")).to_be_focused()
        assert 1 == len(visit.requests_to("POST", "/"))
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("No documents yet")).to_be_visible()


def test_a_temporary_password_must_be_replaced(browser: Browser, stack: Stack) -> None:
    """A user with a temporary password chooses a new one and is signed in."""
    name = f"{uuid.uuid4()}@example.com"
    stack.account.cognito.admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=name,
        TemporaryPassword="Temporary-Horse-1",
        MessageAction="SUPPRESS",
    )
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        page.get_by_role("textbox", name="E-mail address").fill(name)
        page.get_by_role("textbox", name="Password").fill("Temporary-Horse-1")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Enter a password.")
        page.get_by_role("textbox", name="New password").fill(PASSWORD)
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_text("No documents yet")).to_be_visible()


def test_invalid_files_are_rejected_before_the_upload(visit: Visit, tmp_path: Path) -> None:
    """Files that are too large or empty, or whose name is too long, cause no API request."""
    large = tmp_path / "film.pdf"
    with large.open("wb") as file:
        file.truncate(52_428_801)
    visit.choose(large)
    visit.expect_state("film.pdf", "Not uploaded", "The file exceeds the size limit of 50 MB.")
    visit.choose(payload("empty.txt", b""), payload("a" * 252 + ".txt"))
    visit.expect_state("empty.txt", "Not uploaded", "The file is empty.")
    visit.expect_state("a" * 252 + ".txt", "Not uploaded", "more than 255 characters")
    expect(visit.page.get_by_role("button", name="Try again")).to_have_count(0)
    assert [] == visit.requests_to("POST", "/uploads")
    visit.page.get_by_role("button", name="Remove: empty.txt").click()
    expect(visit.row("empty.txt")).to_have_count(0)


def test_an_interrupted_upload_is_retried(visit: Visit) -> None:
    """Lost requests are repeated, damaged ones by the user; other uploads continue."""
    broken: list[str] = []

    def break_three_times(route: Route) -> None:
        name = route.request.headers["x-amz-meta-file-name"]
        if name in ("second.txt", "third.txt") and len(broken) < 3:
            broken.append(route.request.url)
            route.abort("connectionreset")
        elif name == "fourth.txt" and len(broken) < 4:
            broken.append(route.request.url)
            route.fulfill(status=400)
        else:
            route.continue_()

    visit.page.route("**/uploads/*", break_three_times)
    visit.choose(*(payload(f"{name}.txt") for name in ("first", "second", "third")))
    for name in ("first.txt", "second.txt", "third.txt"):
        visit.expect_state(name, "Processed")
    visit.choose(payload("fourth.txt"))
    visit.expect_state("fourth.txt", "Not uploaded", "The uploaded data does not match the file")
    visit.page.get_by_role("button", name="Try again: fourth.txt").click()
    visit.expect_state("fourth.txt", "Processed")
    assert [4, 3] == [len(broken), len(set(map(path_of, broken)))]
    expect(visit.page.locator("#summary")).to_contain_text("4 processed")


def path_of(url: str) -> str:
    """The path of a URL."""
    return urlsplit(url).path


@pytest.mark.parametrize(
    ("is_in_parts", "requests"),
    [
        pytest.param(False, {"POST": 1, "PUT": 1}, id="one PUT"),
        # Creation, URLs and completion; the parts of an earlier attempt; three parts.
        pytest.param(True, {"POST": 3, "GET": 1, "PUT": 3}, id="parts"),
    ],
)
def test_dropped_responses_make_one_document(
    browser: Browser, stack: Stack, new_user: str, is_in_parts: bool, requests: dict[str, int]
) -> None:
    """The first response to every request of an upload is dropped; each request is repeated."""
    with dropping_responses(stack.account.endpoint or "", containing="/uploads") as dropped:
        url = dropped.through(stack.api_url)
        with visit_web_ui(browser, replace(stack, api_url=url), url) as visit:
            visit.sign_in(new_user)
            if is_in_parts:
                request_parts(visit)
            visit.choose(payload("notes.txt", IN_PARTS if is_in_parts else b"one"))
            visit.expect_state("notes.txt", "Processed")
    assert requests == Counter(name.split()[0] for name in dropped.dropped)
    [document] = stack.sign_in(new_user).call("GET", "documents").body["documents"]
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


def test_file_names_are_not_interpreted_as_markup(visit: Visit) -> None:
    """File names that contain markup are shown as text."""
    evil = "<img src=x onerror=document.title='evil'>"
    visit.choose(payload(f"{evil}.txt"), payload("<b>bold<", b"one"))
    visit.expect_state(f"{evil}.txt", "Processed")
    visit.expect_state("<b>bold<", "Processed")
    dialog = visit.open_document(f"{evil}.txt")
    expect(dialog.get_by_role("heading", name=f"{evil}.txt")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(visit.page.get_by_role("dialog", name=f"Delete “{evil}.txt”?")).to_be_visible()
    assert 0 == visit.page.locator("img, b").count()
    assert "evil" != visit.page.title()


ARABIC = "\u062a\u0642\u0631\u064a\u0631"
"""A word, "report"."""

VISUAL_ORDER = """
(element) => {
  const text = element.firstChild;
  const left = (place) => {
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    return range.getBoundingClientRect().left;
  };
  return [...text.data].map((character, place) => [left(place), character])
    .sort(([one], [other]) => one - other).map(([, character]) => character).join("");
}
"""
"""The characters of an element's text from left to right."""


def test_names_cannot_reorder_what_is_shown(stack: Stack, visit: Visit, new_user: str) -> None:
    """Controls that reorder text are shown as escape sequences; a name in Arabic is complete."""
    spoofed, arabic = "photo_\u202egpj.txt", f"{ARABIC}.txt"
    shown = r"photo_\u202egpj.txt"
    marked = "\u200fgpj\u200f.photo.txt"  # right-to-left without a letter: .txt would be first
    visit.choose(*map(payload, (spoofed, arabic, marked)), payload("empty\u2066.txt", b""))
    for name in (shown, arabic, r"\u200fgpj\u200f.photo.txt"):
        visit.expect_state(name, "Processed")
    names = visit.page.locator(".name bdi")
    assert shown == names.filter(has_text="photo_").evaluate(VISUAL_ORDER)
    assert f"txt.{ARABIC[::-1]}" == names.filter(has_text=ARABIC).evaluate(VISUAL_ORDER)
    visit.page.get_by_role("button", name=r"Remove: empty\u2066.txt").click()
    expect(visit.page.get_by_role("log")).to_contain_text(f"{shown}: Processed")

    dialog = visit.open_document(shown)
    dialog.get_by_text("JSON", exact=True).click()
    expect(dialog.get_by_text(rf'"fileName": "{shown}"')).to_be_visible()
    assert "photo__gpj.txt" == saved_name(dialog)
    dialog.get_by_role("button", name="Delete").click()
    confirm = visit.page.get_by_role("dialog", name=f"Delete “{shown}”?")
    assert shown == confirm.locator("h2 bdi").evaluate(VISUAL_ORDER)
    confirm.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Close").click()

    dialog = visit.open_document(arabic)
    assert f"txt.{ARABIC[::-1]}" == dialog.locator("h2 bdi").evaluate(VISUAL_ORDER)
    assert arabic == saved_name(dialog)
    documents = stack.sign_in(new_user).call("GET", "documents").body["documents"]
    assert {spoofed, arabic, marked} == {document["fileName"] for document in documents}


def saved_name(dialog: Locator) -> str:
    """The name under which the browser saves the open document."""
    with dialog.page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    return download.value.suggested_filename


def test_metadata_cannot_reorder_what_is_shown(stack: Stack, visit: Visit, new_user: str) -> None:
    """Controls that reorder text are shown in values, lists and malformed times as well."""
    put_records(stack, new_user, 1, metadata={
        "title": "a\u202eb",
        "createdAt": "2026-11-22T99:99\u202e",
        "sheetNames": ["\u2067c\u2069"],
        "author": f"{ARABIC}\u200f",
    })  # fmt: skip
    visit.page.get_by_role("button", name="Refresh").click()
    dialog = visit.open_document("record 0.txt")
    for name, value in {
        "Title": r"a\u202eb",
        "Created at": r"2026-11-22T99:99\u202e",
        "Sheet names": r"\u2067c\u2069",
        "Author": f"{ARABIC}\u200f",
    }.items():
        expect(field(dialog, name).locator("bdi")).to_have_text(value)


def test_allowed_types_are_listed(visit: Visit) -> None:
    """The most familiar types come first; the others are counted."""
    expect(visit.page.get_by_label("Choose files")).to_have_accessible_description(
        re.compile("^PDF, DOCX, XLSX, PPTX, JPEG, TXT, CSV and [0-9]+ more file types · up to 50")
    )


def test_any_metadata_is_rendered(stack: Stack, visit: Visit, new_user: str) -> None:
    """Unknown names, nested values, lists, times and sizes are formatted."""
    put_records(stack, new_user, 1, metadata={
        "pageCount": 1_234,
        "embeddedBytes": 5_242_880,
        "hasMacros": True,
        "createdAt": "2026-11-22T17:30:00Z",
        "camera": {"makerName": "Leica", "exposureSeconds": 2},
        "sheetNames": ["Costs", "<i>Income</i>"],
        "pdfAClaim": "PDF/A-2b",
        "durationMilliseconds": 754_500,
        "pageWidth": 595,
    })  # fmt: skip
    visit.page.get_by_role("button", name="Refresh").click()
    dialog = visit.open_document("record 0.txt")
    for name, value in {
        "Page count": "1,234",
        "Embedded bytes": "5 MB",
        "Has macros": "Yes",
        "Created at": "22 Nov 2026, 18:30",
        "Maker name": "Leica",
        "Exposure seconds": "2 s",
        "PDF a claim": "PDF/A-2b",
        "Duration": "754.5 s",
        "Page width": "595 pt",
    }.items():
        expect(field(dialog, name)).to_have_text(value)
    assert ["Costs", "<i>Income</i>"] == field(dialog, "Sheet names").locator(
        "li"
    ).all_inner_texts()


def put_records(stack: Stack, name: str, count: int, **more: Any) -> None:
    """Put records of a user; every fifth is FAILED. There are no files."""
    sub = stack.account.cognito.admin_get_user(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{name}@example.com"
    )["UserAttributes"]
    owner = next(item["Value"] for item in sub if item["Name"] == "sub")
    for number in range(count):
        state: dict[str, Any] = {"status": "PROCESSED", **more}
        if number % 5 == 4:
            failure = {"code": "encrypted", "message": "The file needs a password."}
            state = {"status": "FAILED", "failure": failure}
        defaults = {
            "fileName": f"record {number}.txt",
            "fileType": "text/plain",
            "fileSize": 5,
            "owner": owner,
            "uploadedAt": f"2026-11-20T12:{number:02}:00.000Z",
        }
        stack.put_record(stack.new_key(), **defaults | state)


def test_the_list_can_be_filtered_searched_and_paginated(
    stack: Stack, visit: Visit, new_user: str
) -> None:
    """The API filters by status; the search applies to the loaded documents."""
    put_records(stack, new_user, 25)
    page = visit.page
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#summary")).to_have_text("20 shown, more available")
    expect(page.locator(".name").first).to_have_text("record 24.txt")
    page.get_by_role("button", name="Load more").click()
    expect(page.locator("#summary")).to_have_text("25 shown")
    page.get_by_role("searchbox").fill("RECORD 1")
    expect(page.locator("#summary")).to_have_text("11 shown")
    page.get_by_role("radio", name="Failed").check(force=True)
    expect(page.locator("#summary")).to_have_text("2 shown")
    visit.expect_state("record 14.txt", "Failed", "The file is password-protected.")
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    page.get_by_role("button", name="Show all documents").click()
    expect(page.locator("#summary")).to_have_text("20 shown, more available")

    page.get_by_text("Filters").click()
    page.get_by_label("Order").select_option("Oldest first")
    expect(page.locator(".name").first).to_have_text("record 0.txt")
    page.get_by_label("Uploaded until").fill("2026-11-19")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    page.get_by_label("Uploaded until").fill("2026-11-20")
    expect(page.locator("#summary")).to_have_text("20 shown, more available")
    page.get_by_label("Uploaded from").fill("2026-11-20")
    page.get_by_label("File type").select_option("PDF document")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    expect(page.get_by_text("Filters (4)")).to_be_visible()
    query = "fileType=application%2Fpdf&uploadedAfter=2026-11-19T23%3A00%3A00.000Z"
    assert query in visit.requests[-1].url  # days are those of Berlin
    visit.choose(payload("new.txt"))  # clears the filters
    visit.expect_state("new.txt", "Processed")
    expect(page.locator("#summary")).to_contain_text("21 shown, more available")


def test_three_uploads_run_at_once(visit: Visit) -> None:
    """Other uploads wait, one can be cancelled, and signing out asks for confirmation."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PUT":
            held.append(route)
        else:  # cancels the upload
            route.continue_()

    visit.page.route("**/uploads/*", hold)
    visit.choose(*(payload(f"{number}.txt") for number in range(5)))
    eventually(lambda: visit.page.evaluate("1") and len(held) == 3, "three uploads")
    expect(visit.page.locator("[data-state=sending]")).to_have_count(3)
    expect(visit.page.locator("[data-state=waiting]")).to_have_count(2)
    visit.page.get_by_role("button", name="Cancel: 1.txt").click()
    eventually(lambda: visit.page.evaluate("1") and len(held) == 4, "a fourth in its place")
    expect(visit.row("1.txt")).to_have_count(0)
    visit.page.get_by_role("button", name="Sign out").click()
    confirm = visit.page.get_by_role("dialog", name="Sign out now?")
    expect(confirm).to_contain_text("4 uploads are in progress and will be cancelled.")
    confirm.get_by_role("button", name="Cancel").click()
    visit.page.route("**/uploads/*", lambda route: route.continue_())
    for route in held:
        if route.request.headers["x-amz-meta-file-name"] != "1.txt":
            route.continue_()
    for name in ("0.txt", "2.txt", "3.txt", "4.txt"):
        visit.expect_state(name, "Processed")


def refuse_token(visit: Visit, token: str) -> None:
    """Make the API reject a token as expired from now on."""

    def refuse(route: Route) -> None:
        if route.request.headers.get("authorization") == token:
            route.fulfill(status=401, json={"code": "unauthorized", "detail": "expired"})
        else:
            route.continue_()

    visit.page.route("**/_user_request_/*", refuse)
    visit.page.route("**/_user_request_/documents/*", refuse)


def last_token(visit: Visit) -> str:
    """The token of the latest API request."""
    return next(
        request.headers["authorization"]
        for request in reversed(visit.requests)
        if "authorization" in request.headers
    )


def test_an_expired_token_is_renewed_silently(visit: Visit) -> None:
    """Concurrent requests share one renewal with the refresh token."""
    expect(visit.page.get_by_text("No documents yet")).to_be_visible()
    old = last_token(visit)
    refuse_token(visit, old)
    before = len(visit.requests_to("POST", "/"))
    visit.choose(payload("one.txt"), payload("two.txt"), payload("three.txt"))
    for name in ("one.txt", "two.txt", "three.txt"):
        visit.expect_state(name, "Processed")
    assert old != last_token(visit)
    assert 1 == len(visit.requests_to("POST", "/")) - before


def test_an_expired_session_asks_for_the_password(
    stack: Stack, visit: Visit, new_user: str
) -> None:
    """The dialog cannot be dismissed, and uploads continue after sign-in."""
    page = visit.page
    visit.choose(payload("before.txt"))
    visit.expect_state("before.txt", "Processed")
    refuse_token(visit, last_token(visit))
    stack.account.cognito.admin_user_global_sign_out(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{new_user}@example.com"
    )
    visit.choose(payload("during.txt"))
    again = page.get_by_role("dialog", name="Your session has expired")
    expect(again.get_by_role("textbox", name="E-mail address")).to_have_value(
        f"{new_user}@example.com"
    )
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(again).to_be_visible()
    again.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("Incorrect e-mail")
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(again).to_be_hidden()
    visit.expect_state("during.txt", "Processed")
    visit.expect_state("before.txt", "Processed")


def test_the_web_ui_is_usable_with_the_keyboard(visit: Visit) -> None:
    """Dialogs take and restore the focus; the filter is one tab stop."""
    page = visit.page
    expect(page.get_by_label("Choose files")).to_be_focused()
    visit.choose(payload("typed.txt"))
    visit.expect_state("typed.txt", "Processed")
    page.get_by_label("Choose files").focus()
    for focused in (
        page.get_by_label("choose a folder"),
        page.get_by_role("radio", name="All"),
        page.get_by_role("searchbox"),
        page.get_by_text("Filters"),
        page.get_by_role("button", name="Refresh"),
        page.get_by_role("checkbox", name="Select all shown documents"),
        page.get_by_role("checkbox", name="Select typed.txt"),
        page.get_by_role("link", name="typed.txt"),
    ):
        page.keyboard.press("Tab")
        expect(focused).to_be_focused()
    page.keyboard.press("Enter")
    dialog = visit.document("typed.txt")
    expect(dialog.get_by_role("heading", name="typed.txt")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="typed.txt")).to_be_focused()
