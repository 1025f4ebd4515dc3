"""Every view of the page, on phones and desktops, in light and dark: nothing in anybody's way."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from infra.samples import pdf
from tests.page import Visit, payload, visit_of
from tests.stack import Stack

PHONE, DESKTOP = (360, 740), (1280, 800)

KEPT = os.environ.get("SCREENSHOTS")
"""A folder to keep screenshots of all views in, for a person to look at."""


class Looker:
    """Looks at one view after the other."""

    def __init__(self, page: Page, folder: Path, size: str) -> None:
        """None seen yet.

        Args:
            page: what to look at.
            folder: where the screenshots go.
            size: part of their names.
        """
        self.page = page
        self.folder = folder
        self.size = size
        self.problems: list[str] = []

    def look(self, view: str) -> None:
        """Note what is in the way of anybody in this view, and keep a picture of it."""
        self.page.evaluate("Promise.all(document.getAnimations().filter((animation) =>"
                           " animation.effect.getTiming().iterations === 1)"
                           ".map((animation) => animation.finished))")  # fmt: skip
        self.page.screenshot(path=self.folder / f"{view}-{self.size}.png")
        for violation in Axe().run(self.page).response["violations"]:
            nodes = [node["html"][:200] for node in violation["nodes"]]
            self.problems.append(f"{view}: {violation['id']}: {violation['help']}: {nodes}")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        if self.page.evaluate(wide):
            self.problems.append(f"{view}: it scrolls sideways")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_is_in_anybodys_way(
    browser: Browser, stack: Stack, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    """Axe finds nothing in any view, and none of them scrolls sideways."""
    width, height = size
    folder = Path(KEPT) if KEPT else tmp_path
    name = f"viewer-{uuid.uuid4()}"
    stack.sign_in(name)
    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    with visit_of(browser, stack, stack.api_url, **options) as visit:
        looker = Looker(visit.page, folder, f"{width}-{scheme}")
        look_at_sign_in(visit, looker)
        visit.sign_in(name)
        look_at_list(visit, looker)
        look_at_documents(visit, looker)
        look_at_dialogs(visit, looker)
    assert [] == looker.problems


def look_at_sign_in(visit: Visit, looker: Looker) -> None:
    """At first, when the password is wrong, and when it has to be replaced."""
    page = visit.open().page
    looker.look("sign-in")
    page.get_by_role("textbox", name="E-mail address").fill("somebody@example.com")
    page.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    looker.look("sign-in-refused")
    challenge = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x" * 20}

    def answer(route: Route) -> None:
        route.fulfill(json=challenge)

    endpoint = f"{visit.url.split('/restapis/')[0]}/"
    page.route(endpoint, answer)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    looker.look("new-password")
    page.unroute(endpoint)


def look_at_list(visit: Visit, looker: Looker) -> None:
    """Empty, with files in every state, and with nothing that matches."""
    page = visit.page
    expect(page.get_by_text("No documents yet")).to_be_visible()
    looker.look("empty")
    held: list[Route] = []

    def hold_or_break(route: Route) -> None:
        name = route.request.headers["x-amz-meta-file-name"]
        if name == "held.pdf":
            held.append(route)
        elif name == "torn.pdf":
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/*", hold_or_break)
    long = "A letter with a name that is rather long, as names of letters are " * 3 + ".txt"
    files = [payload("Annual report.pdf", pdf(3, 149), "application/pdf"), payload(long)]
    files += [payload("damaged.pdf", b"%PDF-1.7", "application/pdf"), payload("empty.txt", b"")]
    files += [payload("torn.pdf", b"x"), payload("held.pdf", pdf(1, 1), "application/pdf")]
    visit.choose(*files)
    visit.expect_state("Annual report.pdf", "Processed")
    visit.expect_state(long, "Processed")
    visit.expect_state("damaged.pdf", "Failed", "It is damaged and could not be read.")
    visit.expect_state("torn.pdf", "Not uploaded", "The connection broke")
    visit.expect_state("held.pdf", "Uploading")
    looker.look("list")
    page.get_by_role("searchbox").fill("nothing like it")
    looker.look("nothing-matches")
    page.get_by_role("searchbox").fill("")
    for route in held:
        route.continue_()
    visit.expect_state("held.pdf", "Processed")


def look_at_documents(visit: Visit, looker: Looker) -> None:
    """One that was processed, all of it unfolded, and one that failed."""
    page = visit.page
    dialog = visit.open_document("Annual report.pdf")
    looker.look("document")
    for fold in ("Technical details", "JSON"):
        dialog.locator("summary").get_by_text(fold).click()
    looker.look("document-unfolded")
    page.keyboard.press("Escape")
    visit.open_document("damaged.pdf")
    looker.look("document-failed")


def look_at_dialogs(visit: Visit, looker: Looker) -> None:
    """Over a document: whether to delete it, and that the session has ended."""
    page = visit.page
    page.get_by_role("button", name="Delete").click()
    looker.look("delete")
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Escape")

    def refuse(route: Route) -> None:
        route.fulfill(status=401, json={"Code": "UnauthorizedError", "Message": "expired"})

    def refuse_renewal(route: Route) -> None:
        route.fulfill(status=400, json={"__type": "NotAuthorizedException"})

    page.route("**/documents", refuse)
    page.route(f"{visit.url.split('/restapis/')[0]}/", refuse_renewal)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    looker.look("session-ended")
    page.get_by_role("button", name="Sign in").click()


def test_files_that_are_dragged_over_the_page_are_welcome(
    browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    """It says so all over the page, and no more when they leave."""
    name = f"viewer-{uuid.uuid4()}"
    stack.sign_in(name)
    with visit_of(browser, stack, stack.api_url) as visit:
        page = visit.sign_in(name).page
        drag = """(kind) => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "x.txt"));
          document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));
        }"""
        page.evaluate(drag, "dragover")
        expect(page.get_by_text("Drop to upload")).to_be_visible()
        looker = Looker(page, Path(KEPT) if KEPT else tmp_path, "1280-light")
        looker.look("dragging")
        assert [] == looker.problems
        page.evaluate(drag, "dragleave")
        expect(page.get_by_text("Drop to upload")).to_be_hidden()


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_who_wants_no_motion_gets_none(
    browser: Browser, stack: Stack, motion: str, moves: bool
) -> None:
    """What is under way moves, but not for those who told their system that they want none."""
    name = f"viewer-{uuid.uuid4()}"
    stack.sign_in(name)
    with visit_of(browser, stack, stack.api_url, reduced_motion=motion) as visit:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        visit.sign_in(name).page.route("**/documents/*", hold)
        visit.choose(payload("slow.txt"))
        visit.expect_state("slow.txt", "Pending")
        assert moves is visit.page.evaluate("document.getAnimations().length > 0")
        for route in held:
            route.continue_()
