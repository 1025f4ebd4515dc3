"""Uploads in the web UI: what is chosen, its progress and its results."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect

from infra.local.samples import pdf, png
from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.support.web_ui import (
    DROP,
    Layout,
    Visit,
    field,
    hold_uploads,
    payload,
    save_to,
    url_on_own_host,
    visit_web_ui,
)

NO_SHIFT = 0.001
"""Layout shift score that a changed status text stays below."""


MIXED = [
    ("Annual report.pdf", "application/pdf", pdf(3, 149), "Processed", "KB"),
    ("Contract.pdf", "application/pdf", pdf(1, 10), "Processed", "bytes"),
    ("notes.txt", "text/plain", b"one two three", "Processed", "13 bytes"),
    ("résumé 你好.txt", "text/plain", b"one", "Processed", "3 bytes"),
    ("table.csv", "text/csv", b"a,b\n1,2\n", "Processed", "8 bytes"),
    ("picture.png", "image/png", png(640, 480), "Processed", "KB"),
    ("logo.png", "image/png", png(8, 8), "Processed", "bytes"),
    ("really a picture.pdf", "application/pdf", png(9, 9), "Failed", "does not match"),
    ("broken.pdf", "application/pdf", b"%PDF-1.7\nnothing", "Failed", "damaged"),
    ("Inter.ttf", "font/ttf", b"\0\1\0\0", "Not uploaded", "type is not allowed"),
]
"""Name, declared type, content, final state and note."""


def test_ten_mixed_files_from_sign_in_to_sign_out(
    browser: Browser, stack: Stack, layout: Layout, user: str, tmp_path: Path
) -> None:
    """Ten dropped files are processed, failed or rejected; one is downloaded and deleted."""
    with visit_web_ui(browser, stack, url_on_own_host(stack), **layout) as visit:
        page = visit.sign_in(user).page
        expect(page.get_by_text("No documents yet")).to_be_visible()
        page.evaluate(DROP, [dropped(name, kind, content) for name, kind, content, *_ in MIXED])
        for name, _, _, state, note in MIXED:
            visit.expect_state(name, state, note)
        expect(page.locator("#summary")).to_contain_text("7 processed, 2 failed, 1 not uploaded")
        expect(page.get_by_role("log")).to_contain_text("All uploads are complete.")
        assert [] == visit.layout_shifts(NO_SHIFT)

        dialog = visit.open_document("Annual report.pdf")
        expect(field(dialog, "Word count")).to_have_text("447")
        expect(field(dialog, "Size")).to_contain_text("3.9 KB (")
        expect(field(dialog, "Owner")).to_have_text("You")
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
        expect(page.locator("#summary")).to_have_text(
            "9 shown · Uploads: 6 processed, 2 failed, 1 not uploaded"
        )

        kept = "[localStorage.length, sessionStorage.length, document.cookie]"
        assert [0, 1, ""] == page.evaluate(kept)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert [0, 0, ""] == page.evaluate(kept)
        expect(visit.row("Contract.pdf")).to_have_count(0)
    assert {"Contract.pdf"} <= {
        document["fileName"]
        for document in stack.sign_in(user).call("GET", "documents").body["documents"]
    }


def dropped(name: str, kind: str, content: bytes) -> dict[str, str]:
    """A file in the form that DROP expects."""
    return {"name": name, "type": kind, "text": base64.b64encode(content).decode()}


def test_allowed_types_are_listed(visit: Visit) -> None:
    """The most familiar types come first; the others are counted."""
    expect(visit.page.get_by_label("Choose files")).to_have_accessible_description(
        re.compile("^PDF, DOCX, XLSX, PPTX, JPEG, TXT, CSV and [0-9]+ more file types · up to 50")
    )


def test_invalid_files_are_rejected_before_the_upload(visit: Visit, tmp_path: Path) -> None:
    """Files that are too large or empty, or whose name is too long, cause no API request."""
    large = tmp_path / "film.pdf"
    with large.open("wb") as file:
        file.truncate(52_428_801)
    visit.choose(large)
    visit.expect_state("film.pdf", "Not uploaded", "The file exceeds the size limit of 50 MB.")
    visit.choose(payload("empty.txt", b""), payload("a" * 252 + ".txt"))
    visit.expect_state("empty.txt", "Not uploaded", "The file is empty.")
    visit.expect_state("a" * 252 + ".txt", "Not uploaded", "more than 255 characters")
    expect(visit.page.get_by_role("button", name="Try again")).to_have_count(0)
    assert [] == visit.requests_to("POST", "/uploads")
    visit.page.get_by_role("button", name="Remove: empty.txt").click()
    expect(visit.row("empty.txt")).to_have_count(0)


def drop_paths(page: Page, *paths: Path) -> None:
    """Drop files and folders of this machine on the page, as a user does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 50, "y": 300, "data": data})


PASTE = """
([name, type]) => {
  const data = new DataTransfer();
  data.items.add(new File(["one two"], name, { type }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}
"""


def test_folders_and_pasted_files_are_uploaded(visit: Visit, tmp_path: Path) -> None:
    """With what is in them, but for the hidden files of systems."""
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    for name in ("a.txt", "inner/b.txt", ".DS_Store", "inner/Thumbs.db"):
        (folder / name).write_text("one two")
    drop_paths(visit.page, folder)
    visit.expect_state("a.txt", "Processed")
    visit.expect_state("b.txt", "Processed")
    (folder / "c.txt").write_text("three")
    visit.page.get_by_label("choose a folder").set_input_files(folder)
    visit.expect_state("c.txt", "Processed")
    visit.page.evaluate(PASTE, ["pasted.txt", "text/plain"])
    visit.page.evaluate(PASTE, ["image.png", "image/png"])
    visit.expect_state("pasted.txt", "Processed")
    pasted = re.compile(r"^Pasted 20\d\d-\d\d-\d\d \d\d\.\d\d")
    expect(visit.page.get_by_role("link", name=pasted)).to_be_visible()
    assert 7 == visit.page.locator(".name").count()


def test_three_uploads_run_at_once(visit: Visit) -> None:
    """Other uploads wait, one can be cancelled, and signing out asks for confirmation."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PUT":
            held.append(route)
        else:  # cancels the upload
            route.continue_()

    visit.page.route("**/uploads/*", hold)
    visit.choose(*(payload(f"{number}.txt") for number in range(5)))
    eventually(lambda: visit.page.evaluate("1") and len(held) == 3, "three uploads")
    expect(visit.page.locator("[data-state=sending]")).to_have_count(3)
    expect(visit.page.locator("[data-state=waiting]")).to_have_count(2)
    visit.page.get_by_role("button", name="Cancel: 1.txt").click()
    eventually(lambda: visit.page.evaluate("1") and len(held) == 4, "a fourth in its place")
    expect(visit.row("1.txt")).to_have_count(0)
    visit.page.get_by_role("button", name="Sign out").click()
    confirm = visit.page.get_by_role("dialog", name="Sign out now?")
    expect(confirm).to_contain_text("4 uploads are in progress and will be cancelled.")
    confirm.get_by_role("button", name="Cancel").click()
    visit.page.route("**/uploads/*", lambda route: route.continue_())
    for route in held:
        if route.request.headers["x-amz-meta-file-name"] != "1.txt":
            route.continue_()
    for name in ("0.txt", "2.txt", "3.txt", "4.txt"):
        visit.expect_state(name, "Processed")


def test_many_uploads_show_their_progress_together(visit: Visit) -> None:
    """How many files and bytes of all are sent; all of them can be cancelled."""
    page = visit.page
    held = hold_uploads(page)
    visit.choose(*(payload(f"{number}.txt", b"x" * 1_024) for number in range(30)))
    progress = page.get_by_role("group", name="Upload progress")
    expect(progress).to_contain_text("0 of 30 files uploaded · 0 bytes of 30 KB")
    eventually(lambda: page.evaluate("1") and len(held) == 3, "three uploads")
    page.route("**/uploads/*", lambda route: route.continue_())
    for route in held[:2]:
        route.continue_()
    expect(progress).to_contain_text(re.compile(r"[1-9]\d? of 30 files uploaded"))
    held[2].continue_()
    expect(progress).to_be_hidden(timeout=60_000)
    expect(page.locator("[data-state=processed]")).to_have_count(30, timeout=60_000)
    polls = [r for r in visit.requests_to("GET", "") if re.search("/documents/[^/]*$", r.url)]
    assert 60 > len(polls)  # most results come from the list
