"""Accessibility and layout of every view, on phones and desktops, in light and dark mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, ViewportSize, expect

from infra.local.samples import pdf, png
from tests.support.accessibility import ViewChecker
from tests.support.stack import Stack
from tests.support.web_ui import DESKTOP, PHONE, Visit, payload, visit_web_ui


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_views_are_accessible(
    browser: Browser, stack: Stack, user: str, tmp_path: Path, size: ViewportSize, scheme: str
) -> None:
    """Axe finds no violation in any view, and no view scrolls horizontally."""
    options = {"viewport": size, "color_scheme": scheme}
    with visit_web_ui(browser, stack, stack.api_url, **options) as visit:
        checker = ViewChecker(visit.page, tmp_path)
        check_sign_in(visit, checker)
        visit.sign_in(user)
        check_list(visit, checker)
        check_documents(visit, checker)
        check_dialogs(visit, checker, user)
    assert [] == checker.violations


def check_sign_in(visit: Visit, checker: ViewChecker) -> None:
    """Check sign-in, a wrong and a temporary password, a code and a forgotten password."""
    page = visit.open().page
    checker.check("sign-in")
    page.get_by_role("textbox", name="E-mail address").fill("somebody@example.com")
    page.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Incorrect e-mail")
    checker.check("sign-in-refused")
    challenge = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x" * 20}

    def answer(route: Route) -> None:
        route.fulfill(json=challenge)

    endpoint = f"{visit.url.split('/restapis/')[0]}/"
    page.route(endpoint, answer)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    checker.check("new-password")
    challenge["ChallengeName"] = "SOFTWARE_TOKEN_MFA"
    page.get_by_role("textbox", name="New password").fill("Correct-Horse-7")
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    checker.check("mfa-code")
    page.get_by_role("button", name="Back to sign-in").click()
    page.get_by_role("button", name="Forgot password?").click()
    checker.check("forgot-password")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    checker.check("reset-password")
    page.unroute(endpoint)


def check_list(visit: Visit, checker: ViewChecker) -> None:
    """Check the empty list, files in every state and a search without results."""
    page = visit.page
    expect(page.get_by_text("No documents yet")).to_be_visible()
    checker.check("empty")
    held: list[Route] = []

    def hold_or_break(route: Route) -> None:
        name = route.request.headers.get("x-amz-meta-file-name")  # none of a preview
        if name == "held.pdf":
            held.append(route)
        elif name == "torn.pdf":
            route.fulfill(status=400)
        else:
            route.continue_()

    page.route("**/uploads/*", hold_or_break)
    long = "A letter with a name that is rather long, as names of letters are " * 3 + ".txt"
    files = [payload("Annual report.pdf", pdf(3, 149), "application/pdf"), payload(long)]
    files += [payload("damaged.pdf", b"%PDF-1.7", "application/pdf"), payload("empty.txt", b"")]
    files += [payload("harbour.png", png(640, 480), "image/png")]
    files += [payload("torn.pdf", b"x"), payload("held.pdf", pdf(1, 1), "application/pdf")]
    visit.choose(*files)
    visit.expect_state("Annual report.pdf", "Processed")
    visit.expect_state(long, "Processed")
    visit.expect_state("damaged.pdf", "Failed", "The file is damaged and cannot be read.")
    visit.expect_state("harbour.png", "Processed")
    visit.expect_state("torn.pdf", "Not uploaded", "does not match the file")
    visit.expect_state("held.pdf", "Uploading")
    checker.check("list")
    page.get_by_label("Select all shown documents").check()
    checker.check("selection")
    page.get_by_label("Select all shown documents").uncheck()
    page.get_by_text("Filters").click()
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    checker.check("nothing-matches")
    page.get_by_role("button", name="Show all documents").click()
    page.get_by_text("Filters").click()
    for route in held:
        route.continue_()
    visit.expect_state("held.pdf", "Processed")


def check_documents(visit: Visit, checker: ViewChecker) -> None:
    """Check a processed document with all its parts, a picture and a failed document."""
    page = visit.page
    dialog = visit.open_document("Annual report.pdf")
    checker.check("document")
    for title in ("Technical details", "JSON"):
        dialog.locator("summary").get_by_text(title).click()
    checker.check("document-expanded")
    page.keyboard.press("Escape")
    dialog = visit.open_document("harbour.png")
    dialog.get_by_role("tab", name="Preview").click()
    expect(dialog.get_by_role("img")).to_be_visible()
    checker.check("document-preview")
    page.keyboard.press("Escape")
    visit.open_document("damaged.pdf")
    checker.check("document-failed")


def check_dialogs(visit: Visit, checker: ViewChecker, name: str) -> None:
    """Check the confirmation of a deletion, the account and the expired session."""
    page = visit.page
    page.get_by_role("button", name="Delete").click()
    checker.check("delete")
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"{name}@example.com").click()
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.get_by_role("button", name="Turn on")).to_be_visible()
    checker.check("account")
    page.keyboard.press("Escape")

    def refuse(route: Route) -> None:
        route.fulfill(status=401, json={"code": "unauthorized", "detail": "expired"})

    def refuse_renewal(route: Route) -> None:
        route.fulfill(status=400, json={"__type": "NotAuthorizedException"})

    page.route(re.compile("/documents([?].*)?$"), refuse)
    page.route(f"{visit.url.split('/restapis/')[0]}/", refuse_renewal)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("dialog", name="Your session has expired")).to_be_visible()
    checker.check("session-expired")
    page.get_by_role("button", name="Sign in").click()


def test_dragging_files_shows_an_overlay(visit: Visit, tmp_path: Path) -> None:
    """The overlay appears while files are dragged over the page."""
    page = visit.page
    drag = """(kind) => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "x.txt"));
      document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));
    }"""
    page.evaluate(drag, "dragover")
    expect(page.get_by_text("Drop to upload")).to_be_visible()
    checker = ViewChecker(page, tmp_path)
    checker.check("dragging")
    assert [] == checker.violations
    page.evaluate(drag, "dragleave")
    expect(page.get_by_text("Drop to upload")).to_be_hidden()


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_reduced_motion_is_respected(
    browser: Browser, stack: Stack, user: str, motion: str, moves: bool
) -> None:
    """Progress is animated unless the system is set to reduced motion, at any size."""
    with visit_web_ui(browser, stack, stack.api_url, reduced_motion=motion) as visit:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        visit.sign_in(user).page.route("**/documents/*", hold)
        visit.choose(payload("slow.txt"))
        visit.expect_state("slow.txt", "Pending")
        assert moves is visit.page.evaluate("document.getAnimations().length > 0")
        for route in held:
            route.continue_()
