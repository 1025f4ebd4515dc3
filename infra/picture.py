"""The picture of the page in the README: a real one, of files that were really uploaded."""

from __future__ import annotations

import re
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
SETTLING_MS = 120_000
LARGE_FILE_BYTES = 3 * 1024 * 1024
SLOW_BYTES_A_SECOND = 400_000


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
    page.get_by_role("button", name="Sign out").wait_for()


def _upload_all(page: Page) -> None:
    """Good files and bad ones come to rest, and one is half on its way through a slow line."""
    for file, state in _files():
        page.get_by_label("Choose files").set_input_files(file)
        _row(page, file["name"], state).wait_for(timeout=SETTLING_MS)
    line = {"offline": False, "latency": 0, "downloadThroughput": -1}
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions", {**line, "uploadThroughput": SLOW_BYTES_A_SECOND}
    )
    talk = b"The pier, take after take. " * (LARGE_FILE_BYTES // 27)
    page.get_by_label("Choose files").set_input_files(_file("Interviews.txt", "text/plain", talk))
    half = _row(page, "Interviews.txt", "sending").filter(has_text=re.compile(r"1\.[0-9] MB of"))
    half.wait_for(timeout=SETTLING_MS)
    page.mouse.move(0, 0)


def _row(page: Page, name: str, state: str) -> Locator:
    return page.locator(f"li[data-state={state}]").filter(has_text=name)


def _file(name: str, mime_type: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": mime_type, "buffer": content}


def _files() -> list[tuple[FilePayload, str]]:
    """Files in the order of their upload, and the states that they come to rest in."""
    minutes = b"Present: Ada, Bo. The pier opens in May.\n" * 40
    return [
        (_file("Minutes of 12 November.txt", "text/plain", minutes), "processed"),
        (_file("Letter from the bank.pdf", "application/pdf", png(80, 40)), "failed"),
        (_file("Harbour at dusk.png", "image/png", png(1920, 1080)), "processed"),
        (_file("Scan 0147.pdf", "application/pdf", b"%PDF-1.7\nno more of it"), "failed"),
        (_file("Annual report 2026.pdf", "application/pdf", pdf(12, 320)), "processed"),
    ]
