"""The page in a real Chromium, as people use it, on the deployed stack."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from infra.samples import pdf, png
from tests.page import DROP, Visit, fact, payload, save_to, url_on_a_host, visit_of
from tests.stack import PASSWORD, Stack
from tests.waiting import eventually

NO_SHIFT = 0.001
"""Less than this share of the window moves when a word in it becomes another."""

Visitor = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, stack: Stack, new_user: str) -> Iterator[Visit]:
    """A new user, signed in, whose list is empty."""
    with visit_of(browser, stack, stack.api_url) as visit:
        yield visit.sign_in(new_user)


@pytest.fixture
def new_user(stack: Stack) -> str:
    """The name of a user who has no documents yet."""
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
    ("really a picture.pdf", "application/pdf", png(9, 9), "Failed", "of another kind"),
    ("broken.pdf", "application/pdf", b"%PDF-1.7\nnothing", "Failed", "damaged"),
    ("Inter.ttf", "font/ttf", b"\0\1\0\0", "Not uploaded", "kind are not accepted"),
]
"""Name, declared type, content, what becomes of it, and what is said of it."""


def test_ten_mixed_files_from_sign_in_to_sign_out(
    browser: Browser, stack: Stack, new_user: str, tmp_path: Path
) -> None:
    """The whole story: dropped together, ten files come to rest, three of them with a reason."""
    with visit_of(browser, stack, url_on_a_host(stack)) as visit:
        page = visit.sign_in(new_user).page
        expect(page.get_by_text("No documents yet")).to_be_visible()
        page.evaluate(DROP, [dropped(name, kind, content) for name, kind, content, *_ in MIXED])
        for name, _, _, state, note in MIXED:
            visit.expect_state(name, state, note)
        expect(page.locator("#summary")).to_contain_text("7 processed, 2 failed, 1 not uploaded")
        expect(page.get_by_role("log")).to_contain_text("All uploads have come to rest.")
        assert [] == visit.shifts(NO_SHIFT)

        dialog = visit.open_document("Annual report.pdf")
        expect(fact(dialog, "Word count")).to_have_text("447")
        expect(fact(dialog, "Size")).to_contain_text("3.9 KB (")
        expect(fact(dialog, "Owner")).to_have_text("You")
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
        expect(page.locator("#summary")).to_have_text("9 shown · Uploads: 1 not uploaded")

        kept = "[localStorage.length, sessionStorage.length, document.cookie]"
        assert [0, 0, ""] == page.evaluate(kept)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(visit.row("Contract.pdf")).to_have_count(0)
    assert {"Contract.pdf"} <= {
        document["fileName"]
        for document in stack.sign_in(new_user).call("GET", "documents").body["documents"]
    }


def dropped(name: str, kind: str, content: bytes) -> dict[str, str]:
    """A file as DROP takes it."""
    return {"name": name, "type": kind, "text": base64.b64encode(content).decode()}


def test_a_wrong_password_is_told_and_can_be_mended(
    browser: Browser, stack: Stack, new_user: str
) -> None:
    """Without saying which of the two is wrong; an empty field is told before anything is sent."""
    with visit_of(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Please fill in both.")
        page.get_by_role("textbox", name="E-mail address").fill(f"{new_user}@example.com")
        page.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
        page.get_by_role("button", name="Sign in").click()
        told = "This e-mail address and password do not go together."
        expect(page.get_by_role("alert")).to_have_text(told)
        expect(page.get_by_role("textbox", name="Password")).to_be_focused()
        assert 1 == len(visit.sent("POST", "/"))
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("No documents yet")).to_be_visible()


def test_a_first_password_has_to_be_replaced(browser: Browser, stack: Stack) -> None:
    """Who was given a temporary one chooses their own, and is in."""
    name = f"{uuid.uuid4()}@example.com"
    stack.account.cognito.admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=name,
        TemporaryPassword="Temporary-Horse-1",
        MessageAction="SUPPRESS",
    )
    with visit_of(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        page.get_by_role("textbox", name="E-mail address").fill(name)
        page.get_by_role("textbox", name="Password").fill("Temporary-Horse-1")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Please fill in the password.")
        page.get_by_role("textbox", name="New password").fill(PASSWORD)
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_text("No documents yet")).to_be_visible()


def test_what_cannot_be_accepted_is_told_before_a_byte_is_sent(
    visit: Visit, tmp_path: Path
) -> None:
    """Too large, empty, or with a name that is none: the API is not even asked."""
    large = tmp_path / "film.pdf"
    with large.open("wb") as file:
        file.truncate(52_428_801)
    visit.choose(large)
    visit.expect_state("film.pdf", "Not uploaded", "It has 50 MB; at most 50 MB are allowed")
    visit.choose(payload("empty.txt", b""), payload("a" * 252 + ".txt"))
    visit.expect_state("empty.txt", "Not uploaded", "There is nothing in it.")
    visit.expect_state("a" * 252 + ".txt", "Not uploaded", "more than 255 characters")
    expect(visit.page.get_by_role("button", name="Try again")).to_have_count(0)
    assert [] == visit.sent("POST", "/uploads")
    visit.page.get_by_role("button", name="Remove: empty.txt").click()
    expect(visit.row("empty.txt")).to_have_count(0)


def test_a_broken_upload_can_be_tried_again(visit: Visit) -> None:
    """It says so, the others are not stopped by it, and each further try is a new upload."""
    broken: list[str] = []

    def break_twice(route: Route) -> None:
        if route.request.headers["x-amz-meta-file-name"] == "second.txt" and len(broken) < 2:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    visit.page.route("**/uploads/*", break_twice)
    visit.choose(*(payload(f"{name}.txt") for name in ("first", "second", "third")))
    visit.expect_state("second.txt", "Not uploaded", "The connection broke")
    visit.expect_state("first.txt", "Processed")
    visit.expect_state("third.txt", "Processed")
    for outcome in ("Not uploaded", "Processed"):
        visit.page.get_by_role("button", name="Try again: second.txt").click()
        visit.expect_state("second.txt", outcome)
        eventually(lambda: visit.page.evaluate("1") and len(broken) == 2, "a second break")
    assert 5 == len(visit.sent("POST", "/uploads"))
    expect(visit.page.locator("#summary")).to_contain_text("3 processed")


def test_an_upload_whose_answer_got_lost_is_not_sent_twice(
    stack: Stack, visit: Visit, new_user: str
) -> None:
    """Where all of it has arrived, trying again only finds that out."""

    def lose_the_answer(route: Route) -> None:
        assert 200 == route.fetch().status
        route.abort("connectionreset")

    visit.page.route("**/uploads/*", lose_the_answer)
    visit.choose(payload("lost.txt"))
    visit.expect_state("lost.txt", "Not uploaded", "The connection broke")
    [put] = (request for request in visit.requests if request.method == "PUT")
    stack.settled(stack.sign_in(new_user), urlsplit(put.url).path.rpartition("/")[2])
    visit.page.get_by_role("button", name="Try again: lost.txt").click()
    visit.expect_state("lost.txt", "Processed")
    assert 1 == len(visit.sent("POST", "/uploads"))


def test_trouble_while_looking_is_no_trouble_of_the_file(visit: Visit) -> None:
    """A look that fails is made again, and nothing is sent again."""
    failed: list[str] = []

    def fail_twice(route: Route) -> None:
        if len(failed) < 2:
            failed.append(route.request.url)
            route.fulfill(status=503, json={"Code": "x", "Message": "y"})
        else:
            route.continue_()

    visit.page.route("**/documents/*", fail_twice)
    visit.choose(payload("patient.txt"))
    visit.expect_state("patient.txt", "Processed")
    assert 2 == len(failed)
    assert 1 == len(visit.sent("POST", "/uploads"))


def test_a_name_is_text_whatever_is_in_it(visit: Visit) -> None:
    """Neither a name nor a title that looks like markup becomes markup."""
    evil = "<img src=x onerror=document.title='evil'>"
    visit.choose(payload(f"{evil}.txt"), payload("<b>bold<", b"one"))
    visit.expect_state(f"{evil}.txt", "Processed")
    visit.expect_state("<b>bold<", "Processed")
    dialog = visit.open_document(f"{evil}.txt")
    expect(dialog.get_by_role("heading", name=f"{evil}.txt")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(visit.page.get_by_role("dialog", name=f"Delete “{evil}.txt”?")).to_be_visible()
    assert 0 == visit.page.locator("img, b").count()
    assert "Intake" == visit.page.title()


def test_what_is_accepted_is_told_before_anything_is_chosen(visit: Visit) -> None:
    """The best known kinds come first, the others are counted."""
    expect(visit.page.get_by_label("Choose files")).to_have_accessible_description(
        re.compile(
            "^PDF, DOCX, XLSX, PPTX, JPEG, TXT, CSV and [0-9]+ more kinds of files · up to 50"
        )
    )


def test_metadata_of_any_shape_is_laid_out(stack: Stack, visit: Visit, new_user: str) -> None:
    """Names nobody knew, nested ones, lists, times and sizes read as a person would write them."""
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
        expect(fact(dialog, name)).to_have_text(value)
    assert ["Costs", "<i>Income</i>"] == fact(dialog, "Sheet names").locator("li").all_inner_texts()


def put_records(stack: Stack, name: str, count: int, **more: Any) -> None:
    """Records of processed and failed documents of a user's, with no files to them."""
    sub = stack.account.cognito.admin_get_user(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{name}@example.com"
    )["UserAttributes"]
    owner = next(item["Value"] for item in sub if item["Name"] == "sub")
    for number in range(count):
        state: dict[str, Any] = {"status": "PROCESSED", **more}
        if number % 5 == 4:
            failure = {"code": "encrypted", "message": "The file needs a password."}
            state = {"status": "FAILED", "failure": failure}
        stack.put_record(
            stack.new_key(),
            fileName=f"record {number}.txt",
            fileType="text/plain",
            fileSize=5,
            owner=owner,
            uploadedAt=f"2026-11-20T12:{number:02}:00.000Z",
            **state,
        )


def test_the_list_can_be_filtered_searched_and_continued(
    stack: Stack, visit: Visit, new_user: str
) -> None:
    """By status at the API, by name among what is loaded, and page by page."""
    put_records(stack, new_user, 25)
    page = visit.page
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#summary")).to_have_text("20 shown, more can be loaded")
    assert "record 24.txt" == page.locator(".name").first.inner_text()
    page.get_by_role("button", name="Load more").click()
    expect(page.locator("#summary")).to_have_text("25 shown")
    page.get_by_role("searchbox").fill("RECORD 1")
    expect(page.locator("#summary")).to_have_text("11 of 25 loaded shown")
    page.get_by_role("radio", name="Failed").check(force=True)
    expect(page.locator("#summary")).to_have_text("2 of 5 loaded shown")
    visit.expect_state("record 14.txt", "Failed", "It needs a password to be opened.")
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    visit.choose(payload("new.txt"))  # which must not be hidden by that
    visit.expect_state("new.txt", "Processed")
    expect(page.locator("#summary")).to_contain_text("21 shown, more can be loaded")


def test_so_many_uploads_run_at_once(visit: Visit) -> None:
    """Three; the others wait, one can be cancelled, and leaving is asked about."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visit.page.route("**/uploads/*", hold)
    visit.choose(*(payload(f"{number}.txt") for number in range(5)))
    eventually(lambda: visit.page.evaluate("1") and len(held) == 3, "three uploads")
    expect(visit.page.locator("[data-state=sending]")).to_have_count(3)
    expect(visit.page.locator("[data-state=waiting]")).to_have_count(2)
    visit.page.get_by_role("button", name="Cancel: 1.txt").click()
    eventually(lambda: visit.page.evaluate("1") and len(held) == 4, "a fourth in its place")
    expect(visit.row("1.txt")).to_have_count(0)
    visit.page.get_by_role("button", name="Sign out").click()
    asked = visit.page.get_by_role("dialog", name="Sign out now?")
    expect(asked).to_contain_text("4 uploads are under way and would be lost.")
    asked.get_by_role("button", name="Cancel").click()
    visit.page.route("**/uploads/*", lambda route: route.continue_())
    for route in held:
        if route.request.headers["x-amz-meta-file-name"] != "1.txt":
            route.continue_()
    for name in ("0.txt", "2.txt", "3.txt", "4.txt"):
        visit.expect_state(name, "Processed")


def refuse_token(visit: Visit, token: str) -> None:
    """Let the API take a token for expired from now on."""

    def refuse(route: Route) -> None:
        if route.request.headers.get("authorization") == token:
            route.fulfill(status=401, json={"Code": "UnauthorizedError", "Message": "expired"})
        else:
            route.continue_()

    visit.page.route("**/_user_request_/*", refuse)
    visit.page.route("**/_user_request_/documents/*", refuse)


def token_of(visit: Visit) -> str:
    """What the page last sent."""
    return next(
        request.headers["authorization"]
        for request in reversed(visit.requests)
        if "authorization" in request.headers
    )


def test_an_expired_token_is_renewed_without_a_word(visit: Visit) -> None:
    """The refresh token gets another, once for all that waits for it."""
    expect(visit.page.get_by_text("No documents yet")).to_be_visible()
    old = token_of(visit)
    refuse_token(visit, old)
    before = len(visit.sent("POST", "/"))
    visit.choose(payload("one.txt"), payload("two.txt"), payload("three.txt"))
    for name in ("one.txt", "two.txt", "three.txt"):
        visit.expect_state(name, "Processed")
    assert old != token_of(visit)
    assert 1 == len(visit.sent("POST", "/")) - before


def test_an_expired_session_asks_again_and_loses_nothing(
    stack: Stack, visit: Visit, new_user: str
) -> None:
    """An open document stays open, uploads go on, and nobody else can take over."""
    page = visit.page
    visit.choose(payload("before.txt"))
    visit.expect_state("before.txt", "Processed")
    refuse_token(visit, token_of(visit))
    stack.account.cognito.admin_user_global_sign_out(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{new_user}@example.com"
    )
    visit.choose(payload("during.txt"))
    again = page.get_by_role("dialog", name="Your session has ended")
    expect(again.get_by_role("textbox", name="E-mail address")).to_have_value(
        f"{new_user}@example.com"
    )
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(again).to_be_visible()
    again.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("do not go together")
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(again).to_be_hidden()
    visit.expect_state("during.txt", "Processed")
    visit.expect_state("before.txt", "Processed")


def test_everything_can_be_done_with_the_keyboard(visit: Visit) -> None:
    """Focus goes into what opens and comes back; the filter's choices are one stop."""
    page = visit.page
    expect(page.get_by_label("Choose files")).to_be_focused()
    visit.choose(payload("typed.txt"))
    visit.expect_state("typed.txt", "Processed")
    page.get_by_label("Choose files").focus()
    for focused in ("radio", "searchbox", "Refresh", "typed.txt"):
        page.keyboard.press("Tab")
        target = page.locator(":focus")
        text = target.get_attribute("type") if focused == "radio" else None
        assert focused in (text, target.inner_text(), target.get_attribute("type") + "box")  # type: ignore[operator] # each has one
    page.keyboard.press("Enter")
    dialog = visit.document("typed.txt")
    expect(dialog.get_by_role("heading", name="typed.txt")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="typed.txt")).to_be_focused()
