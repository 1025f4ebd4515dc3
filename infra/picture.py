"""The picture of the page in the README: a real one, of files that were really uploaded."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.browser import browser_at, chromium_path
from infra.chalice_project import copy_project
from infra.console import Problem, say, step
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.samples import pdf, png
from infra.stage import ROOT, Stage
from infra.users import find_or_make_user

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page

PICTURE = ROOT / "docs" / "page.png"
WIDTH, HEIGHT = 1120, 760
PASSWORD = "Correct-Horse-7"  # noqa: S105 - of a user who is gone with the local AWS
SETTLING_MS = 60_000


def picture() -> None:
    """Deploy to an empty local AWS, use its page, and keep what that looks like.

    Raises:
        Problem: there is no Chromium.
    """
    path = chromium_path()
    if path is None:
        raise Problem("There is no Chromium: install it (Debian: apt-get install chromium)")
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        stage = Stage("picture", account, copy_project(Path(folder) / "project"))
        url = deploy(stage)
        user = find_or_make_user(stage, "ada@example.com", PASSWORD)
        with step("Using the page"), browser_at(path) as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
            sign_in(page, url, user.username, user.password)
            _upload_all(page)
            page.screenshot(path=PICTURE)
    say(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    """Sign in as a person does."""
    page.goto(url)
    page.get_by_role("textbox", name="E-mail address").fill(username)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _upload_all(page: Page) -> None:
    """Good files and bad ones come to rest, one is on its way for good, and one is open."""
    page.get_by_label("Choose files").set_input_files(_files())
    _row(page, "Scan 0147.pdf", "failed").wait_for(timeout=SETTLING_MS)
    _row(page, "Annual report 2026.pdf", "processed").wait_for(timeout=SETTLING_MS)
    _row(page, "Minutes of 12 November.txt", "processed").wait_for(timeout=SETTLING_MS)
    _row(page, "Harbour at dusk.png", "processed").wait_for(timeout=SETTLING_MS)
    page.route("**/uploads/*", lambda _never: None)  # what is sent from now on stays under way
    film = {"name": "Inventory 2026.pdf", "mimeType": "application/pdf", "buffer": pdf(40, 300)}
    page.get_by_label("Choose files").set_input_files(film)  # type: ignore[arg-type] # a FilePayload
    _row(page, "Inventory 2026.pdf", "sending").wait_for(timeout=SETTLING_MS)


def _row(page: Page, name: str, state: str) -> Locator:
    return page.locator(f"li[data-state={state}]").filter(has_text=name)


def _files() -> list[FilePayload]:
    report, scan = pdf(12, 320), b"%PDF-1.7\n1 0 obj\n<<"
    minutes = b"Present: Ada, Bo. The pier opens in May.\n" * 40
    return [
        {"name": "Annual report 2026.pdf", "mimeType": "application/pdf", "buffer": report},
        {"name": "Harbour at dusk.png", "mimeType": "image/png", "buffer": png(1920, 1080)},
        {"name": "Scan 0147.pdf", "mimeType": "application/pdf", "buffer": scan},
        {"name": "Minutes of 12 November.txt", "mimeType": "text/plain", "buffer": minutes},
    ]
