"""The Next.js front end: its build, and stories in Chromium with the headers of its hosting."""

from __future__ import annotations

import gzip
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from infra.local.browser import chromium_path
from infra.local.samples import pdf, png
from tests.support.examples import FOLDER, npm_run, variables_for
from tests.support.stack import PASSWORD, Stack
from tests.support.static_site import served_site
from tests.support.waiting import eventually

if chromium_path() is None:
    pytest.skip("Chromium is not installed: skipping browser tests", allow_module_level=True)

from tests.support.web_ui import RECORD_SHIFTS

SOURCE = FOLDER / "nextjs"
PROCESSING_MS = 120_000
"""Time limit for processing, including cold starts."""
FIRST_LOAD_BYTES = 170_000
"""Of scripts and styles, compressed, that the first page loads; React and Next are most of it."""
MOST_LAYOUT_SHIFT = 0.1
"""A good score: https://web.dev/articles/cls."""
RECENT_INPUT_MS = 600
"""Layout shifts within 500 ms of an input do not count."""
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MALWARE = "The file contains malware (Eicar-Test-Signature)."
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""Folder for screenshots of all views, for manual review."""


@pytest.fixture(scope="module")
def variables(stack: Stack) -> dict[str, str]:
    """What `make env` prints."""
    return {**variables_for(stack, "next"), "NEXT_TELEMETRY_DISABLED": "1"}


@pytest.fixture(scope="module")
def build_output(variables: dict[str, str]) -> str:
    """What the build of the pages printed."""
    built = npm_run("build", cwd=SOURCE, environment=variables)
    output = built.stdout + built.stderr
    assert 0 == built.returncode, output
    return output


@pytest.fixture(scope="module")
def site(variables: dict[str, str], build_output: str) -> Iterator[str]:
    """The URL of the built pages."""
    assert build_output
    config = {
        "apiUrl": variables["INTAKE_API_URL"],
        "cognitoUrl": variables["INTAKE_COGNITO_URL"],
        "userPoolClientId": variables["INTAKE_USER_POOL_CLIENT_ID"],
    }
    with served_site(SOURCE / "out", SOURCE / "hosting.yaml", config) as url:
        yield url


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The sign-in page; asserts at the end that nothing was logged, blocked or moved."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", viewport=DESKTOP)
    context.set_default_timeout(20_000)
    page = context.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.add_init_script(RECORD_SHIFTS)
    page.goto(site)
    yield page
    shifts = page.evaluate("window.shifts")
    context.close()
    assert [] == [text for text in messages if not text.startswith("error: Failed to load")]
    assert sum(value for value, _what in shifts) < MOST_LAYOUT_SHIFT, shifts


@pytest.fixture
def name(stack: Stack) -> str:
    """The name of a user without documents."""
    name = f"next-{uuid.uuid4()}"
    stack.sign_in(name)
    return name


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in form."""
    page.get_by_label("E-mail address").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def upload(page: Page, *files: Any) -> None:
    """Choose files in Uppy's Dashboard and send them."""
    page.locator("input.uppy-Dashboard-input").first.set_input_files(list(files))
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    page.get_by_role("button", name=f"Upload {count}").click()


def row(page: Page, name: str) -> Any:
    """The row of a document in the list."""
    link = page.get_by_role("link", name=name, exact=True)
    return page.locator(".documents li").filter(has=link)


def payload(name: str, content: bytes, kind: str) -> Any:
    """A file to choose."""
    return {"name": name, "mimeType": kind, "buffer": content}


def violations(page: Page, view: str) -> list[str]:
    """What axe finds, and whether a view scrolls horizontally, on a phone and a desktop."""
    found = []
    for scheme in SCHEMES:
        for size in (PHONE, DESKTOP):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            where = f"{view}-{size['width']}-{scheme}"
            if SCREENSHOTS:
                page.screenshot(path=Path(SCREENSHOTS) / f"{where}.png", full_page=True)
            for violation in Axe().run(page).response["violations"]:
                nodes = [node["html"][:300] for node in violation["nodes"]]
                found.append(f"{where}: {violation['id']}: {violation['help']}: {nodes}")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{where}: scrolls horizontally")
    return found


def test_the_build_has_no_warnings(build_output: str, variables: dict[str, str]) -> None:
    """Neither Next.js, TypeScript nor ESLint has anything to say."""
    assert not re.search(r"warn|⚠|error", build_output, re.IGNORECASE), build_output
    linted = npm_run("lint", cwd=SOURCE, environment=variables)
    assert (0, "") == (linted.returncode, linted.stdout + linted.stderr)


def test_the_first_page_is_small(site: str) -> None:
    """Scripts and styles that the first page names are bounded; Uppy's script loads later."""
    assert site
    html = (SOURCE / "out" / "index.html").read_text()
    scripts = re.findall(r'<script[^>]*src="([^"]+)"(?![^>]*noModule)', html)
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    assert scripts
    assert styles
    contents = [(SOURCE / "out" / path.lstrip("/")).read_bytes() for path in {*scripts, *styles}]
    assert FIRST_LOAD_BYTES > sum(len(gzip.compress(content)) for content in contents)


def test_a_file_is_uploaded_and_shown(page: Page, name: str) -> None:
    """Sign in, upload a document and a picture, watch their status, read metadata, delete."""
    sign_in(page, name)
    upload(
        page,
        payload("report é.pdf", pdf(2, 10), "application/pdf"),
        payload("picture.png", png(64, 48), "image/png"),
        payload("broken.pdf", b"%PDF-1.7\nnothing", "application/pdf"),
    )
    for file, state in (
        ("report é.pdf", "Processed"),
        ("picture.png", "Processed"),
        ("broken.pdf", "Failed"),
    ):
        expect(row(page, file).locator(".pill")).to_have_text(state, timeout=PROCESSING_MS)
    expect(page.locator("figcaption")).to_have_text("Last 14 days: 3 documents")
    found = violations(page, "list")

    page.get_by_role("link", name="picture.png").click()
    expect(page.get_by_role("heading", name="picture.png")).to_be_visible()
    expect(page.locator(".key-facts")).to_contain_text("64 × 48")
    expect(page.locator(".preview img")).to_have_js_property("naturalWidth", 64)
    found += violations(page, "picture")
    page.get_by_role("link", name="All documents").click()

    page.get_by_role("link", name="report é.pdf").click()
    expect(page.locator(".key-facts")).to_contain_text("Pages2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert "report é.pdf" == download.value.suggested_filename
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(row(page, "picture.png")).to_be_visible()
    expect(row(page, "report é.pdf")).to_have_count(0)
    assert [] == found


def test_nothing_moves_when_answers_are_late(page: Page, stack: Stack, name: str) -> None:
    """Uppy's script and the lists arrive when the click no longer excuses a layout shift."""
    client = stack.sign_in(name)
    stack.settled(client, client.upload("late.txt", "text/plain", b"one two three"))
    page.evaluate(
        "document.addEventListener('click', () => { window.clicked = performance.now() })"
    )
    held: list[Route] = []
    past_click: list[bool] = []

    def hold(route: Route) -> None:
        route.continue_() if past_click else held.append(route)

    page.route("**/chunks/*.js", hold)
    page.route("**/documents?*", hold)
    sign_in(page, name)
    since_click = "performance.now() - window.clicked"
    past_click.append(
        eventually(lambda: page.evaluate(since_click) > RECENT_INPUT_MS, "the click to be past")
    )
    for route in held:
        route.continue_()
    expect(row(page, "late.txt")).to_be_visible()
    expect(page.locator(".uppy-Dashboard-inner")).to_be_visible()
    assert held


def test_the_list_is_filtered_by_the_api(page: Page, stack: Stack, name: str) -> None:
    """Name and status select documents on all pages of the list."""
    client = stack.sign_in(name)
    for file in ("alpha.txt", "beta.txt", "gamma.txt"):
        stack.settled(client, client.upload(file, "text/plain", b"one two three"))
    sign_in(page, name)
    expect(page.locator(".documents li")).to_have_count(3)
    page.get_by_label("Name contains").fill("BETA")
    expect(page.locator(".documents li")).to_have_count(1)
    expect(row(page, "beta.txt")).to_be_visible()
    page.get_by_label("Name contains").fill("")
    page.get_by_label("Status").select_option("Failed")
    expect(page.get_by_text("No documents match.")).to_be_visible()


def test_wrong_passwords_and_sign_out(page: Page, name: str) -> None:
    """A wrong password is explained; signing out forgets the user; the form is accessible."""
    sign_in(page, name, "Wrong-Horse-77")
    expect(page.locator(".problem")).to_have_text("Incorrect e-mail address or password.")
    found = violations(page, "sign-in")
    sign_in(page, name)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert [] == found


def record(status: str, **values: Any) -> dict[str, Any]:
    """A document as the API returns it."""
    return {
        "documentId": str(uuid.uuid5(uuid.NAMESPACE_URL, status + str(values))),
        "fileName": f"{values.get('failure', {}).get('code', status)}.txt",
        "fileSize": 13,
        "fileType": "text/plain",
        "status": status,
        "uploadedAt": "2026-11-25T12:00:00.000Z",
        **values,
    }


def test_scanned_and_refused_files_are_explained(page: Page, name: str) -> None:
    """What is being scanned is followed; infected and unscanned files say so, in plain words."""
    scanning = record("SCANNING")
    infected = record("FAILED", failure={"code": "infected", "message": MALWARE})
    unscanned = record(
        "FAILED", failure={"code": "not_scanned", "message": "Not scanned: too large."}
    )
    listed = {"documents": [scanning, infected, unscanned]}
    page.route("**/documents?*", lambda route: route.fulfill(json=listed))
    verdicts: list[Any] = [scanning, scanning, {**scanning, "status": "PROCESSED"}]
    page.route(
        f"**/documents/{scanning['documentId']}",
        lambda route: route.fulfill(json=verdicts.pop(0) if len(verdicts) > 1 else verdicts[0]),
    )
    page.route(f"**/documents/{infected['documentId']}", lambda route: route.fulfill(json=infected))
    sign_in(page, name)
    pill = row(page, "SCANNING.txt").locator(".pill")
    expect(pill).to_have_text("Checking for malware")
    expect(pill).to_have_text("Processed")
    expect(row(page, "infected.txt")).to_contain_text(f"{MALWARE} It cannot be downloaded.")
    expect(row(page, "infected.txt").locator(".pill")).to_have_text("Malware found")
    expect(row(page, "not_scanned.txt").locator(".pill")).to_have_text("Not checked")
    page.get_by_role("link", name="infected.txt").click()
    expect(page.get_by_role("heading", name="infected.txt")).to_be_visible()
    expect(page.get_by_text(f"{MALWARE} It cannot be downloaded.")).to_be_visible()
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    assert [] == violations(page, "infected")


def test_extracted_text_is_shown(page: Page, name: str) -> None:
    """A document with text has a text tab; while it is being recognized, the page says so."""
    text = {"source": "ocr", "status": "RUNNING"}
    document = record("PROCESSED", text=text)
    running, done = document, {**document, "text": {**text, "status": "DONE"}}
    answers = [running, running, done]
    page.route("**/documents?*", lambda route: route.fulfill(json={"documents": [done]}))

    def answer(route: Route) -> None:
        route.fulfill(json=answers.pop(0) if len(answers) > 1 else answers[0])

    page.route(f"**/documents/{document['documentId']}", answer)
    page.route("**/documents/*/text", lambda route: route.fulfill(json={"url": "/text.txt"}))
    page.route("**/text.txt", lambda route: route.fulfill(body="Total: 12 EUR\nThank you"))
    sign_in(page, name)
    page.get_by_role("link", name="PROCESSED.txt").click()
    page.get_by_role("button", name="Text").click()
    expect(page.get_by_text("The text is being recognized.")).to_be_visible()
    expect(page.get_by_text("Total: 12 EUR")).to_be_visible()
    assert [] == violations(page, "text")
