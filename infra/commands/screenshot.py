"""`make screenshot`: takes the README's screenshot of the web UI on an empty local stack."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.aws.users import get_or_create_user
from infra.build.chalice_project import copy_project
from infra.commands.deploy import deploy
from infra.console import CommandError, echo, step
from infra.local.browser import browser_at, chromium_path
from infra.local.samples import pdf, png
from infra.local.server import local_aws
from infra.local.workarounds import local_stage
from infra.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page

SCREENSHOT = ROOT / "docs" / "page.png"
WIDTH, HEIGHT = 1120, 760
PASSWORD = "Correct-Horse-7"  # noqa: S105 - of a user in the temporary local stack
PROCESSING_MS = 120_000
LARGE_FILE_BYTES = 3 * 1024 * 1024
SLOW_BYTES_PER_SECOND = 400_000


def screenshot() -> None:
    """Deploy to an empty local stack, upload files and save a screenshot of the web UI.

    Raises:
        CommandError: Chromium is not installed.
    """
    path = chromium_path()
    if path is None:
        raise CommandError("Chromium is not installed. On Debian, run: apt-get install chromium")
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        stage = local_stage("screenshot", account, copy_project(Path(folder) / "project"))
        url = deploy(stage)
        user = get_or_create_user(stage, "ada@example.com", PASSWORD)
        with step("Uploading files"), browser_at(path) as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
            sign_in(page, url, user.username, user.password)
            _upload_all(page)
            page.screenshot(path=SCREENSHOT)
    echo(f"{SCREENSHOT.relative_to(ROOT)}: {SCREENSHOT.stat().st_size:,} bytes")


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    """Open the web UI and sign in."""
    page.goto(url)
    page.get_by_role("textbox", name="E-mail address").fill(username)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def _upload_all(page: Page) -> None:
    """Upload valid and invalid files, then half of a file over a slow connection."""
    for file, state in _files():
        page.get_by_label("Choose files").set_input_files(file)
        _row(page, file["name"], state).wait_for(timeout=PROCESSING_MS)
    network = {"offline": False, "latency": 0, "downloadThroughput": -1}
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions", {**network, "uploadThroughput": SLOW_BYTES_PER_SECOND}
    )
    content = b"The pier, take after take. " * (LARGE_FILE_BYTES // 27)
    page.get_by_label("Choose files").set_input_files(
        _file("Interviews.txt", "text/plain", content)
    )
    half = _row(page, "Interviews.txt", "sending").filter(has_text=re.compile(r"1\.[0-9] MB of"))
    half.wait_for(timeout=PROCESSING_MS)
    page.mouse.move(0, 0)


def _row(page: Page, name: str, state: str) -> Locator:
    return page.locator(f"li[data-state={state}]").filter(has_text=name)


def _file(name: str, mime_type: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": mime_type, "buffer": content}


def _files() -> list[tuple[FilePayload, str]]:
    """Files in upload order, each with its final state."""
    minutes = b"Present: Ada, Bo. The pier opens in May.\n" * 40
    return [
        (_file("Minutes of 12 November.txt", "text/plain", minutes), "processed"),
        (_file("Letter from the bank.pdf", "application/pdf", png(80, 40)), "failed"),
        (_file("Harbour at dusk.png", "image/png", png(1920, 1080)), "processed"),
        (_file("Scan 0147.pdf", "application/pdf", b"%PDF-1.7\nno more of it"), "failed"),
        (_file("Annual report 2026.pdf", "application/pdf", pdf(12, 320)), "processed"),
    ]
