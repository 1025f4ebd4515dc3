"""The page as a person uses it, in a real Chromium; what they never notice is watched as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from infra.browser import chromium_path
from infra.picture import sign_in
from tests.stack import PASSWORD, Stack

if chromium_path() is None:  # so are the tests that import this module
    pytest.skip("There is no Chromium: the page is not tried", allow_module_level=True)

SETTLING_MS = 120_000
"""How long files may take to become records. A second is usual; the first ones start functions."""

expect.set_options(timeout=20_000)

WATCH_SHIFTS = """
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
    """Somebody at the page."""

    def __init__(self, page: Page, url: str) -> None:
        """Not signed in, and not there yet.

        Args:
            page: of the browser.
            url: where the page is.
        """
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.add_init_script(WATCH_SHIFTS)

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium says so of each answer above 399, and answers are tried elsewhere.
        if not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request)

    def open(self) -> Visit:
        """Come to the page."""
        self.page.goto(self.url)
        return self

    def sign_in(self, name: str = "ada", password: str = PASSWORD) -> Visit:
        """Sign in as a user of `Stack.sign_in`."""
        sign_in(self.page, self.url, f"{name}@example.com", password)
        return self

    def choose(self, *files: Any) -> None:
        """Choose files to upload: payloads of `payload`, or paths."""
        self.page.get_by_label("Choose files").set_input_files(list(files))

    def row(self, name: str) -> Locator:
        """The line of the list with this name."""
        return self.page.get_by_role("listitem").filter(has=self.page.get_by_text(name, exact=True))

    def expect_state(self, name: str, state: str, note: str = "") -> None:
        """Wait until a line says how it is with a file."""
        row = self.row(name)
        expect(row.locator(".pill")).to_have_text(state, timeout=SETTLING_MS)
        expect(row).to_contain_text(note)

    def open_document(self, name: str) -> Locator:
        """Open a document of the list; its dialog."""
        self.page.get_by_role("button", name=name, exact=True).click()
        return self.document(name)

    def document(self, name: str) -> Locator:
        """The dialog of an open document."""
        dialog = self.page.get_by_role("dialog", name=name, exact=True)
        expect(dialog).to_be_visible()
        return dialog

    def sent(self, method: str, ending: str) -> list[Request]:
        """The requests so far with this method whose path ends so."""
        return [
            request
            for request in self.requests
            if request.method == method and urlsplit(request.url).path.endswith(ending)
        ]

    def shifts(self, smallest: float) -> list[tuple[float, str]]:
        """What moved by itself so far, and how much: https://web.dev/articles/cls."""
        shifts = self.page.evaluate("window.shifts")
        return [(value, what) for value, what in shifts if value >= smallest]


def payload(name: str, content: bytes = b"one two three", kind: str = "text/plain") -> Any:
    """A file to choose."""
    return {"name": name, "mimeType": kind, "buffer": content}


def fact(dialog: Locator, name: str) -> Locator:
    """The value beside a name."""
    return dialog.locator(f'dl > div:has(> dt:text-is("{name}")) > dd')


def url_on_a_host(stack: Stack) -> str:
    """The page below API Gateway's stage, on a host of its own as on AWS.

    There the user pool and the bucket are of another origin, so that CORS matters.
    """
    api_id = stack.api_url.split("/restapis/")[1].split("/")[0]
    port = urlsplit(stack.api_url).port
    return f"http://{api_id}.execute-api.localhost:{port}/api/"


@contextmanager
def visit_of(browser: Browser, stack: Stack, url: str, **options: Any) -> Iterator[Visit]:
    """Somebody at the page, about whom the browser has nothing to complain when they leave."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", **options)
    context.set_default_timeout(20_000)
    try:
        visit = Visit(context.new_page(), url)
        yield visit
        assert [] == visit.complaints
        reached = {urlsplit(request.url).netloc for request in visit.requests} - {""}
        assert reached <= {urlsplit(url).netloc, urlsplit(stack.api_url).netloc}
    finally:
        context.close()


def save_to(path: Path, locator: Locator) -> bytes:
    """What a click downloads."""
    with locator.page.expect_download() as download:
        locator.click()
    download.value.save_as(path)
    return path.read_bytes()
