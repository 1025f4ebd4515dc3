"""Drives the web UI in Chromium and records console messages, requests and layout shifts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    ViewportSize,
    expect,
)

from infra.commands.screenshot import sign_in
from infra.local.browser import chromium_path
from tests.support.stack import PASSWORD, Stack

if chromium_path() is None:  # also skips the tests that import this module
    pytest.skip("Chromium is not installed: skipping browser tests", allow_module_level=True)

PROCESSING_MS = 120_000
"""Time limit for processing, including cold starts."""

expect.set_options(timeout=20_000)

PHONE: ViewportSize = {"width": 360, "height": 640}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}

Layout: TypeAlias = dict[str, Any]
"""Options of a browser context: `viewport` and `color_scheme`."""

LAYOUTS: dict[str, Layout] = {
    "phone, dark": {"viewport": PHONE, "color_scheme": "dark"},
    "desktop, light": {"viewport": DESKTOP, "color_scheme": "light"},
}

RECORD_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { hadRecentInput, value, sources } of list.getEntries()) {
    const moved = sources.map(({ node, previousRect, currentRect }) =>
      [node?.outerHTML ?? node?.textContent, previousRect, currentRect]);
    if (!hadRecentInput) window.shifts.push([value, JSON.stringify(moved).slice(0, 500)]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""

DROP = """
(files) => {
  const data = new DataTransfer();
  for (const { name, type, text } of files) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  for (const kind of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));
  }
}
"""


class Visit:
    """A browser page with the web UI."""

    def __init__(self, page: Page, url: str) -> None:
        """Record the events of a page; does not navigate.

        Args:
            page: an empty page.
            url: URL of the web UI.
        """
        self.page = page
        self.url = url
        self.console_errors: list[str] = []
        self.requests: list[Request] = []
        page.on("console", self._record_message)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        page.on("request", self._record_request)
        page.add_init_script(RECORD_SHIFTS)

    def _record_message(self, message: ConsoleMessage) -> None:
        # Chromium logs this for each 4xx and 5xx response; other tests check responses.
        if not message.text.startswith("Failed to load resource"):
            self.console_errors.append(f"{message.type}: {message.text}")

    def _record_request(self, request: Request) -> None:
        self.requests.append(request)

    def open(self) -> Visit:
        """Navigate to the web UI."""
        self.page.goto(self.url)
        return self

    def sign_in(self, name: str = "ada", password: str = PASSWORD) -> Visit:
        """Sign in as a user of `Stack.sign_in`."""
        sign_in(self.page, self.url, f"{name}@example.com", password)
        return self

    def choose(self, *files: Any) -> None:
        """Choose files to upload: values of `payload`, or paths.

        Waits for the field: `set_input_files` also fills in one that is hidden before sign-in.
        """
        chooser = self.page.get_by_label("Choose files")
        expect(chooser).to_be_visible()
        chooser.set_input_files(list(files))

    def upload(self, *files: Any) -> None:
        """Upload values of `payload` and wait until they are processed."""
        self.choose(*files)
        for file in files:
            self.expect_state(file["name"], "Processed")

    def document_id(self, name: str) -> str:
        """The id of an upload, as of its request."""
        bodies: list[Any] = [
            request.post_data_json for request in self.requests_to("POST", "/uploads")
        ]
        return next(str(body["documentId"]) for body in bodies if body["fileName"] == name)

    def row(self, name: str) -> Locator:
        """The row with this file name."""
        return self.page.get_by_role("listitem").filter(has=self.page.get_by_text(name, exact=True))

    def expect_state(self, name: str, state: str, note: str = "") -> None:
        """Wait until a row has this state and note."""
        row = self.row(name)
        expect(row.locator(".pill")).to_have_text(state, timeout=PROCESSING_MS)
        expect(row).to_contain_text(note)

    def open_document(self, name: str) -> Locator:
        """Open a document and return its dialog."""
        self.page.get_by_role("link", name=name, exact=True).click()
        return self.document(name)

    def document(self, name: str) -> Locator:
        """The dialog of an open document."""
        dialog = self.page.get_by_role("dialog", name=name, exact=True)
        expect(dialog).to_be_visible()
        return dialog

    def requests_to(self, method: str, ending: str) -> list[Request]:
        """Requests so far with this method and path suffix."""
        return [
            request
            for request in self.requests
            if request.method == method and urlsplit(request.url).path.endswith(ending)
        ]

    def layout_shifts(self, smallest: float) -> list[tuple[float, str]]:
        """Layout shifts so far with their scores: https://web.dev/articles/cls."""
        shifts = self.page.evaluate("window.shifts")
        return [(value, what) for value, what in shifts if value >= smallest]


def payload(name: str, content: bytes = b"one two three", kind: str = "text/plain") -> Any:
    """A file for `Visit.choose`."""
    return {"name": name, "mimeType": kind, "buffer": content}


def field(dialog: Locator, name: str) -> Locator:
    """The value of a field."""
    return dialog.locator(f'dl > div:has(> dt:text-is("{name}")) > dd')


def new_user(stack: Stack) -> str:
    """The name of a new user without documents."""
    name = f"visitor-{uuid.uuid4()}"
    stack.sign_in(name)
    return name


@contextmanager
def visit_of_new_user(browser: Browser, stack: Stack, **options: Any) -> Iterator[Visit]:
    """A new user of a stage, signed in; afterwards without documents again."""
    user = new_user(stack)
    with visit_web_ui(browser, stack, stack.api_url, **options) as visit:
        yield visit.sign_in(user)
    client = stack.sign_in(user)
    for document in client.call("GET", "documents").body["documents"]:
        client.call("DELETE", f"documents/{document['documentId']}")


def url_on_own_host(stack: Stack) -> str:
    """URL of the web UI on a host of its own, as on AWS.

    Cognito and the bucket then have another origin, so that CORS applies.
    """
    api_id = stack.api_url.split("/restapis/")[1].split("/")[0]
    port = urlsplit(stack.api_url).port
    return f"http://{api_id}.execute-api.localhost:{port}/api/"


@contextmanager
def visit_web_ui(browser: Browser, stack: Stack, url: str, **options: Any) -> Iterator[Visit]:
    """Open a browser context; assert on exit that there were no errors or foreign requests.

    Args:
        browser: that runs.
        stack: the deployed stage.
        url: URL of the web UI.
        **options: further options of the context, such as a `Layout`.
    """
    context = browser.new_context(
        locale="en-GB",
        timezone_id="Europe/Berlin",
        permissions=["clipboard-read", "clipboard-write"],
        **options,
    )
    context.set_default_timeout(20_000)
    try:
        visit = Visit(context.new_page(), url)
        yield visit
        assert [] == visit.console_errors
        urls = [urlsplit(request.url) for request in visit.requests]
        # Chromium's PDF viewer is an extension.
        hosts = {url.netloc for url in urls if url.scheme in ("http", "https")}
        assert hosts <= {urlsplit(url).netloc, urlsplit(stack.api_url).netloc}
    finally:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # of requests that are still running
        context.close()


def hold_uploads(page: Page) -> list[Route]:
    """Hold the requests to S3; the list has those so far."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/uploads/*", hold)
    return held


def save_to(path: Path, locator: Locator) -> bytes:
    """Click, save the download to a path and return its content."""
    with locator.page.expect_download() as download:
        locator.click()
    download.value.save_as(path)
    return path.read_bytes()
