"""The Next.js front end: its build, and stories in Chromium with the headers of its hosting."""

from __future__ import annotations

import gzip
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from infra.local.browser import chromium_path
from infra.local.guardduty.eicar import THREAT, eicar
from infra.local.guardduty.faults import Fault
from infra.local.guardduty.verdicts import Result
from infra.local.samples import pdf, png
from tests.support.examples import FOLDER, npm_run, run, variables_for
from tests.support.scanner import scanner_of
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
KEPT = """
async () => {
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    const opened = indexedDB.open(name);
    await new Promise((resolve) => { opened.onsuccess = resolve; });
    for (const store of opened.result.objectStoreNames) {
      const all = opened.result.transaction(store).objectStore(store).getAll();
      await new Promise((resolve) => { all.onsuccess = resolve; });
      found.push(JSON.stringify(all.result));
    }
    opened.result.close();
  }
  return found.join();
}
"""
"""What the page keeps in IndexedDB."""
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
    with served_site(SOURCE / "out", SOURCE / "hosting.yaml", config_of(variables)) as url:
        yield url


def config_of(variables: Mapping[str, str]) -> dict[str, str]:
    """The content of config.json for a stage."""
    return {
        "apiUrl": variables["INTAKE_API_URL"],
        "cognitoUrl": variables["INTAKE_COGNITO_URL"],
        "userPoolClientId": variables["INTAKE_USER_POOL_CLIENT_ID"],
    }


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The sign-in page."""
    with visiting(browser, site) as page:
        yield page


@pytest.fixture
def scan_page(browser: Browser, build_output: str, scan_stack: Stack) -> Iterator[Page]:
    """The sign-in page of a stage that scans uploads and keeps texts, with the same pages."""
    assert build_output
    config = config_of(variables_for(scan_stack, "next"))
    with (
        served_site(SOURCE / "out", SOURCE / "hosting.yaml", config) as url,
        visiting(browser, url) as page,
    ):
        yield page


@contextmanager
def visiting(browser: Browser, site: str) -> Iterator[Page]:
    """A page; asserts at the end that nothing was logged, blocked or moved."""
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


def hold(page: Page, url: str) -> list[Route]:
    """The next request to a URL, which waits for the test; others are sent."""
    held: list[Route] = []
    page.route(url, lambda route: route.continue_() if held else held.append(route))
    return held


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


def test_the_source_fits_a_stage_with_features(build_output: str, scan_stack: Stack) -> None:
    """It compiles with the types of a stage that describes texts and scans, too."""
    assert build_output
    generated = npm_run("generate", cwd=SOURCE, environment=variables_for(scan_stack, "next"))
    assert 0 == generated.returncode, generated.stdout + generated.stderr
    compiler = SOURCE / "node_modules" / ".bin" / "tsc"
    compiled = run(compiler, "--noEmit", "--incremental", "false", cwd=SOURCE)
    assert (0, "") == (compiled.returncode, compiled.stdout)


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


def test_files_are_scanned_before_they_are_shown(scan_page: Page, scan_stack: Stack) -> None:
    """What is being scanned is followed; infected and unscanned files say so, in plain words."""
    page, scanner = scan_page, scanner_of(scan_stack.account, scan_stack.bucket).under("uploads/")
    name = f"next-{uuid.uuid4()}"
    scan_stack.sign_in(name)
    sign_in(page, name)
    try:
        scanner.set(Fault.SLOW)
        upload(page, payload("clean.pdf", pdf(2, 10), "application/pdf"))
        pill = row(page, "clean.pdf").locator(".pill")
        expect(pill).to_have_text("Checking for malware", timeout=PROCESSING_MS)
        eventually(scanner.release, "a scan that waits")
        expect(pill).to_have_text("Processed", timeout=PROCESSING_MS)
        page.get_by_role("button", name="Done").click()
        scanner.set(result=Result.UNSUPPORTED)
        upload(page, payload("unsupported.txt", b"one two", "text/plain"))
        state = row(page, "unsupported.txt").locator(".pill")
        expect(state).to_have_text("Not checked", timeout=PROCESSING_MS)
    finally:
        scanner.set()
    page.get_by_role("button", name="Done").click()
    upload(page, payload("infected.txt", eicar(), "text/plain"))
    state = row(page, "infected.txt").locator(".pill")
    expect(state).to_have_text("Malware found", timeout=PROCESSING_MS)

    page.get_by_role("link", name="clean.pdf").click()
    page.get_by_role("button", name="Text").click()
    shown = page.get_by_label("Text of the document")
    expect(shown).to_contain_text("──")  # between the pages
    expect(shown).not_to_contain_text("\\u000c")
    found = violations(page, "text")
    page.get_by_role("link", name="All documents").click()
    page.get_by_role("link", name="infected.txt").click()
    expect(page.get_by_role("heading", name="infected.txt")).to_be_visible()
    expect(page.get_by_role("article")).to_contain_text(f"{THREAT}")
    expect(page.get_by_role("article")).to_contain_text("It cannot be downloaded.")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    assert [] == found + violations(page, "infected")


def test_text_is_shown_when_it_is_recognized(page: Page, name: str) -> None:
    """While the text is being recognized, the page shows that; then the text with its tabs."""
    text = {"source": "ocr", "status": "RUNNING"}
    document = record("PROCESSED", text=text)
    running = document
    done = {**document, "text": {**text, "status": "DONE", "characterCount": 23}}
    answers = [running, running, done]
    page.route("**/documents?*", lambda route: route.fulfill(json={"documents": [done]}))

    def answer(route: Route) -> None:
        route.fulfill(json=answers.pop(0) if len(answers) > 1 else answers[0])

    page.route(f"**/documents/{document['documentId']}", answer)
    page.route("**/documents/*/text", lambda route: route.fulfill(json={"url": "/text.txt"}))
    page.route("**/text.txt", lambda route: route.fulfill(body="Total:\t12 EUR\nThank you"))
    sign_in(page, name)
    page.get_by_role("link", name="PROCESSED.txt").click()
    page.get_by_role("button", name="Text").click()
    expect(page.get_by_text("The text is being recognized.")).to_be_visible()
    expect(page.get_by_label("Text of the document")).to_have_text("Total:\t12 EUR\nThank you")
    assert [] == violations(page, "recognized")


def test_a_deleted_document_is_not_polled(page: Page, name: str) -> None:
    """A document that was deleted elsewhere while it was in progress leaves the list."""
    scanning = record("SCANNING")
    page.route("**/documents?*", lambda route: route.fulfill(json={"documents": [scanning]}))
    gone = {"code": "not_found", "detail": "The document does not exist"}
    page.route(
        f"**/documents/{scanning['documentId']}",
        lambda route: route.fulfill(status=404, json=gone),
    )
    sign_in(page, name)
    expect(row(page, "SCANNING.txt")).to_be_visible()
    expect(row(page, "SCANNING.txt")).to_have_count(0)


def test_a_deleted_file_is_explained(page: Page, stack: Stack, name: str) -> None:
    """A document whose object was deleted from the bucket is marked, and has no download."""
    client = stack.sign_in(name)
    document_id = client.upload("gone.txt", "text/plain", b"one two three")
    stack.settled(client, document_id)
    stack.account.s3.delete_object(Bucket=stack.bucket, Key=f"uploads/{document_id}")
    eventually(
        lambda: "removedAt" in client.call("GET", f"documents/{document_id}").body, "the removal"
    )
    sign_in(page, name)
    expect(row(page, "gone.txt").locator(".pill")).to_have_text("Deleted")
    page.get_by_role("link", name="gone.txt").click()
    expect(page.get_by_text("The file was deleted, ")).to_be_visible()
    expect(page).to_have_title("gone.txt · Intake")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)


def test_uploads_continue_on_other_pages(page: Page, stack: Stack, name: str) -> None:
    """Looking at a document does not cancel an upload."""
    client = stack.sign_in(name)
    stack.settled(client, client.upload("earlier.txt", "text/plain", b"one two three"))
    held = hold(page, f"**/{stack.bucket}/uploads/**")
    sign_in(page, name)
    with page.expect_request(f"**/{stack.bucket}/uploads/**"):
        upload(page, payload("slow.txt", b"four five six", "text/plain"))
    page.get_by_role("link", name="earlier.txt").click()
    expect(page.get_by_role("heading", name="earlier.txt")).to_be_visible()
    expect(page.locator(".uploader")).to_be_hidden()
    held[0].continue_()
    page.get_by_role("link", name="All documents").click()
    expect(row(page, "slow.txt").locator(".pill")).to_have_text("Processed", timeout=PROCESSING_MS)


def test_unfinished_uploads_are_their_users_own(page: Page, stack: Stack, name: str) -> None:
    """After a reload, chosen files are restored for their user, not for another one."""
    other = f"{name}-other"
    stack.sign_in(other)
    private = page.locator(".uppy-Dashboard-Item", has_text="private.txt")
    chooser = page.locator("input.uppy-Dashboard-input").first
    sign_in(page, name)
    chooser.set_input_files([payload("private.txt", b"one two", "text/plain")])
    expect(private).to_be_visible()
    eventually(lambda: "private.txt" in page.evaluate(KEPT), "the file to be kept")
    page.reload()
    sign_in(page, other)
    chooser.set_input_files([payload("own.txt", b"three four", "text/plain")])
    page.get_by_role("button", name="Upload 1 file").click()
    expect(row(page, "own.txt").locator(".pill")).to_have_text("Processed", timeout=PROCESSING_MS)
    expect(private).to_have_count(0)
    page.reload()
    sign_in(page, name)
    expect(private).to_be_visible()


def test_a_late_answer_does_not_replace_another_document(
    page: Page, stack: Stack, name: str
) -> None:
    """The page shows the document of its URL, whichever answer arrives last."""
    client = stack.sign_in(name)
    for file in ("first.txt", "second.txt"):
        stack.settled(client, client.upload(file, "text/plain", b"one two three"))
    sign_in(page, name)
    held = hold(page, "**/documents/*-*")
    with page.expect_request("**/documents/*-*"):
        page.get_by_role("link", name="first.txt").click()
    page.get_by_role("link", name="All documents").click()
    page.get_by_role("link", name="second.txt").click()
    heading = page.get_by_role("heading", name="second.txt")
    expect(heading).to_be_visible()
    with page.expect_response("**/documents/*-*"):
        held[0].continue_()
    expect(page).to_have_title("second.txt · Intake")
    expect(heading).to_be_visible()


def test_a_lost_connection_is_explained(page: Page, name: str) -> None:
    """The list reports that the service cannot be reached; the chart stays empty."""
    page.route("**/documents?*", lambda route: route.abort())
    sign_in(page, name)
    expect(page.locator("section .problem")).to_have_text(
        "The service cannot be reached. Check your connection."
    )


def test_a_renewal_that_fails_for_now_does_not_sign_out(
    page: Page, variables: dict[str, str], name: str
) -> None:
    """An error of Cognito's keeps the user signed in; only a rejected token ends the session."""
    cognito = f"{variables['INTAKE_COGNITO_URL']}/"
    sign_in(page, name)
    expect(page.get_by_text("No documents match.")).to_be_visible()
    page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=2))
    page.route(cognito, lambda route: route.fulfill(status=503, body="Service unavailable"))
    page.get_by_label("Status").select_option("Failed")
    expect(page.locator("section .problem")).to_have_text("Sign-in failed. Try again.")
    page.unroute(cognito)
    page.get_by_label("Status").select_option("Processed")
    expect(page.locator("section .problem")).to_have_count(0)
    rejected = {"__type": "NotAuthorizedException", "message": "Refresh Token has been revoked"}
    page.route(cognito, lambda route: route.fulfill(status=400, json=rejected))
    page.get_by_label("Status").select_option("Failed")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_sign_in_that_took_too_long_starts_again(
    page: Page, variables: dict[str, str], name: str
) -> None:
    """When Cognito's session of the challenge has expired, the form shows it and has a way back."""
    challenge = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "any", "ChallengeParameters": {}}
    expired = {"__type": "NotAuthorizedException", "message": "Invalid session for the user."}

    def answer(route: Route) -> None:
        if route.request.headers.get("x-amz-target", "").endswith("InitiateAuth"):
            route.fulfill(json=challenge)
        else:
            route.fulfill(status=400, json=expired)

    page.route(f"{variables['INTAKE_COGNITO_URL']}/", answer)
    sign_in(page, name)
    page.get_by_label("Code of your authenticator app").fill("123456")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".problem")).to_have_text("The sign-in took too long. Start again.")
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_label("E-mail address")).to_be_visible()
