"""Documents in the web UI: links, previews, texts, several at once; on phones and desktops."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from infra.api_client import send
from infra.local.samples import pdf, png
from tests.browser.test_stories import IN_PARTS, put_records, request_parts
from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.support.web_ui import Visit, payload, visit_web_ui

LAYOUTS = {
    "phone, dark": {"viewport": {"width": 360, "height": 640}, "color_scheme": "dark"},
    "desktop, light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
}


@pytest.fixture
def user(stack: Stack) -> str:
    """The name of a new user without documents."""
    name = f"visitor-{uuid.uuid4()}"
    stack.sign_in(name)
    return name


def visit_in(layout: str, browser: Browser, stack: Stack, user: str) -> Iterator[Visit]:
    """The user, signed in."""
    options = {"permissions": ["clipboard-read", "clipboard-write"], **LAYOUTS[layout]}
    with visit_web_ui(browser, stack, stack.api_url, **options) as visit:
        yield visit.sign_in(user)


@pytest.fixture(params=list(LAYOUTS))
def visit(
    browser: Browser, stack: Stack, user: str, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    """A new user, signed in, in each layout."""
    yield from visit_in(request.param, browser, stack, user)


@pytest.fixture
def desktop(browser: Browser, stack: Stack, user: str) -> Iterator[Visit]:
    """A new user, signed in; for what does not depend on the layout."""
    yield from visit_in("desktop, light", browser, stack, user)


def upload(visit: Visit, *files: Any) -> None:
    """Upload files and wait until they are processed."""
    visit.choose(*files)
    for file in files:
        visit.expect_state(file["name"], "Processed")


def test_a_document_has_a_link_and_a_place_in_the_history(visit: Visit) -> None:
    """Back closes it, Forward opens it; its link opens it in another tab; a wrong one fails."""
    page = visit.page
    upload(visit, payload("linked.txt"), payload("other.txt"))
    dialog = visit.open_document("linked.txt")
    assert re.search("#/documents/[0-9a-f-]{36}$", page.url)
    assert "linked.txt · Intake" == page.title()
    page.go_back()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="linked.txt")).to_be_focused()
    page.go_forward()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Copy link").click()
    assert page.url == page.evaluate("navigator.clipboard.readText()")
    dialog.get_by_role("button", name="Close").click()
    expect(page).to_have_url(visit.url)

    page.goto(f"{visit.url}#/documents/{uuid.uuid4()}")
    expect(page.locator("#problem")).to_have_text("This document no longer exists.")
    expect(page).to_have_url(visit.url)
    visit.open_document("other.txt")
    page.keyboard.press("Escape")
    expect(page).to_have_url(visit.url)


def test_several_documents_are_downloaded_linked_and_deleted(visit: Visit) -> None:
    """All selected ones at once; the others stay."""
    page = visit.page
    upload(visit, *(payload(f"{name}.txt", name.encode()) for name in ("one", "two", "three")))
    page.get_by_label("Select all shown documents").check()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("checkbox", name="Select two.txt").uncheck()
    expect(page.get_by_text("2 selected")).to_be_visible()
    group = page.get_by_role("group", name="Selected documents")
    names = []
    page.on("download", lambda download: names.append(download.suggested_filename))
    group.get_by_role("button", name="Download").click()
    eventually(lambda: page.evaluate("1") and len(names) == 2, "two downloads")
    assert {"one.txt", "three.txt"} == set(names)
    group.get_by_role("button", name="Copy links").click()
    expect(page.get_by_role("log")).to_contain_text("Copied.")
    links = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert 2 == len([link for link in links if link.startswith(f"{visit.url}#/documents/")])
    group.get_by_role("button", name="Delete").click()
    confirm = page.get_by_role("dialog", name="Delete 2 documents?")
    confirm.get_by_role("button", name="Delete").click()
    expect(page.locator(".name")).to_have_text(["two.txt"])
    expect(group).to_be_hidden()


def test_pictures_and_pdfs_have_a_preview(visit: Visit) -> None:
    """From the bucket, for display; other files have none."""
    page = visit.page
    picture = payload("picture.png", png(640, 480), "image/png")
    document = payload("letter.pdf", pdf(2, 20), "application/pdf")
    upload(visit, picture, document, payload("notes.txt"))
    expect(visit.row("picture.png")).to_contain_text("640 × 480 px")
    expect(visit.row("letter.pdf")).to_contain_text("2 pages · 40 words")

    dialog = visit.open_document("picture.png")
    dialog.get_by_role("tab", name="Details").press("ArrowRight")
    shown = dialog.get_by_role("img", name="Preview of picture.png")
    expect(shown).to_have_js_property("naturalWidth", 640)
    page.keyboard.press("Escape")

    dialog = visit.open_document("letter.pdf")
    dialog.get_by_role("tab", name="Preview").click()
    frame = dialog.get_by_title("Preview of letter.pdf")
    response = send("GET", str(frame.get_attribute("src")).partition("#")[0])
    assert "inline" == response.headers["Content-Disposition"].partition(";")[0]
    assert "application/pdf" == response.headers["Content-Type"]
    page.keyboard.press("Escape")

    dialog = visit.open_document("notes.txt")
    expect(dialog.get_by_role("tab")).to_have_count(0)


def text_of(stack: Stack, visit: Visit, text: str) -> None:
    """Have the API answer with the URL of a text."""
    key = f"texts/{uuid.uuid4()}"
    stack.put(key, text.encode(), "text/plain; charset=utf-8")
    url = stack.account.s3.generate_presigned_url(
        "get_object", Params={"Bucket": stack.bucket, "Key": key}
    )
    visit.page.route("**/text", lambda route: route.fulfill(json={"url": url}))


def test_the_text_of_a_document_is_shown_copied_and_downloaded(
    stack: Stack, visit: Visit, user: str
) -> None:
    """By page; recognized and missing text are marked as such."""
    page = visit.page
    text_of(stack, visit, "First page\n\tindented\f<b>Second\u202e page</b>")
    recognized = {"source": "ocr", "status": "DONE", "characterCount": 41, "meanConfidence": 97}
    put_records(stack, user, 1, text=recognized)
    put_records(stack, user, 1, fileName="long.pdf", text={
        "source": "ocr", "status": "FAILED", "failure": {"code": "x", "message": "Too many pages."},
    })  # fmt: skip
    page.get_by_role("button", name="Refresh").click()
    dialog = visit.open_document("record 0.txt")
    dialog.get_by_role("tab", name="Text").click()
    expect(dialog.get_by_role("heading", name="Page 2")).to_be_visible()
    expect(dialog.locator("pre")).to_have_text(
        ["First page\n\tindented", r"<b>Second\u202e page</b>"], use_inner_text=True
    )
    expect(dialog.get_by_role("status")).to_have_text(
        "41 characters. Recognized in pictures; may contain errors. Mean confidence: 97 %."
    )
    dialog.get_by_role("button", name="Copy text").click()
    expect(page.get_by_role("log")).to_contain_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "First page\n\tindented\f<b>Second\u202e page</b>" == copied
    page.keyboard.press("Escape")

    dialog = visit.open_document("long.pdf")
    dialog.get_by_role("tab", name="Text").click()
    expect(dialog.get_by_role("status")).to_have_text("Text was not recognized: Too many pages.")


def test_text_that_is_being_recognized_appears(stack: Stack, desktop: Visit, user: str) -> None:
    """Once it is there, in the open document."""
    page = desktop.page
    text_of(stack, desktop, "Recognized")
    put_records(stack, user, 1, text={"source": "ocr", "status": "RUNNING"})
    page.get_by_role("button", name="Refresh").click()
    dialog = desktop.open_document("record 0.txt")
    dialog.get_by_role("tab", name="Text").click()
    expect(dialog.get_by_role("status")).to_contain_text("Text is being recognized.")

    def finish(route: Route) -> None:
        text = {"source": "ocr", "status": "DONE", "characterCount": 10}
        route.fulfill(json=route.fetch().json() | {"text": text})

    page.route(re.compile("/documents/[^/]*$"), finish)
    expect(dialog.locator("pre")).to_have_text("Recognized")


def test_a_scanned_upload_is_downloadable_only_if_clean(visit: Visit) -> None:
    """It is being scanned, then infected: plain words, no download and no preview."""
    page = visit.page
    statuses = iter(["SCANNING"] * 2)
    failure = {"code": "infected", "message": "Threats: EICAR-Test-File."}

    def scan(route: Route) -> None:
        status = next(statuses, None)
        change = {"status": status} if status else {"status": "FAILED", "failure": failure}
        route.fulfill(json=route.fetch().json() | change)

    page.route(re.compile("/documents/[^/]*$"), scan)
    visit.choose(payload("suspect.pdf", pdf(1, 1), "application/pdf"))
    visit.expect_state("suspect.pdf", "Scanning", "being scanned for malware")
    visit.expect_state("suspect.pdf", "Failed", "The file contains malware")
    expect(page.get_by_role("log")).to_contain_text("suspect.pdf: Failed. The file contains")
    dialog = visit.open_document("suspect.pdf")
    expect(dialog.get_by_text("Threats: EICAR-Test-File.", exact=True)).to_be_visible()
    expect(dialog.get_by_role("button", name="Download")).to_be_hidden()
    expect(dialog.get_by_role("tab")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_label("Select all shown documents").check()
    expect(page.locator("#download-selected")).to_be_disabled()


def test_a_removed_document_has_no_download(stack: Stack, visit: Visit, user: str) -> None:
    """Its record remains, and shows what happened."""
    put_records(stack, user, 1, removedAt="2026-11-21T10:00:00.000Z")
    visit.page.get_by_role("button", name="Refresh").click()
    visit.expect_state("record 0.txt", "Processed", "The file was deleted, 21 Nov 2026, 11:00")
    dialog = visit.open_document("record 0.txt")
    expect(dialog.locator("#document-state")).to_have_text("Deleted")
    expect(dialog.get_by_text("Its record remains.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Download")).to_be_hidden()


def test_an_operator_sees_who_owns_a_document(browser: Browser, stack: Stack, user: str) -> None:
    """By e-mail address, which is looked up once per owner."""
    operator = f"operator-{uuid.uuid4()}"
    stack.sign_in(operator, "operators")
    put_records(stack, user, 2, uploadedAt="2026-12-24T12:00:00.000Z")  # on the first page
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.sign_in(operator).page
        row = page.get_by_role("listitem").filter(has_text=f"{user}@example.com")
        expect(row).to_have_count(2)
        row.first.get_by_role("link").click()
        owner = page.locator("dl > div", has=page.get_by_text("Owner", exact=True))
        expect(owner).to_contain_text(f"{user}@example.com")
        asked = [request.url for request in visit.requests if "/users/" in request.url]
        assert sorted(set(asked)) == sorted(asked)


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


def test_folders_and_pasted_files_are_uploaded(desktop: Visit, tmp_path: Path) -> None:
    """With what is in them, but for the hidden files of systems."""
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    for name in ("a.txt", "inner/b.txt", ".DS_Store", "inner/Thumbs.db"):
        (folder / name).write_text("one two")
    drop_paths(desktop.page, folder)
    desktop.expect_state("a.txt", "Processed")
    desktop.expect_state("b.txt", "Processed")
    (folder / "c.txt").write_text("three")
    desktop.page.get_by_label("choose a folder").set_input_files(folder)
    desktop.expect_state("c.txt", "Processed")
    desktop.page.evaluate(PASTE, ["pasted.txt", "text/plain"])
    desktop.page.evaluate(PASTE, ["image.png", "image/png"])
    desktop.expect_state("pasted.txt", "Processed")
    pasted = re.compile(r"^Pasted 20\d\d-\d\d-\d\d \d\d\.\d\d")
    expect(desktop.page.get_by_role("link", name=pasted)).to_be_visible()
    assert 7 == desktop.page.locator(".name").count()


def hold_uploads(page: Page) -> list[Route]:
    """Hold the requests to S3; the list has those so far."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/uploads/*", hold)
    return held


def test_uploads_survive_a_lost_network(desktop: Visit, tmp_path: Path) -> None:
    """Cut for ten seconds in the middle, they all finish by themselves."""
    page = desktop.page
    held = hold_uploads(page)
    paths = [tmp_path / f"{number}.txt" for number in range(12)]
    for path in paths:
        path.write_text(f"document {path.stem}")
    desktop.choose(*paths)
    eventually(lambda: page.evaluate("1") and len(held) == 3, "three uploads")
    page.context.set_offline(True)
    for route in held:
        route.abort("internetdisconnected")
    page.unroute("**/uploads/*")
    expect(page.get_by_text("The connection was lost. Trying again…").first).to_be_visible()
    time.sleep(10)  # the time that is tested
    page.context.set_offline(False)
    expect(page.locator("[data-state=processed]")).to_have_count(12, timeout=60_000)
    expect(page.locator("#summary")).to_have_text("12 shown · Uploads: 12 processed")


def test_an_upload_in_parts_resumes_after_a_reload(desktop: Visit, tmp_path: Path) -> None:
    """When the same file is chosen again, only the missing part is sent, for the same document."""
    page = desktop.page
    page.on("dialog", lambda dialog: dialog.accept())  # leaving cancels the upload
    held: list[Route] = []

    def hold_last(route: Route) -> None:
        if "partNumber=3" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/uploads/*", hold_last)
    request_parts(desktop)
    path = tmp_path / "large.txt"
    path.write_bytes(IN_PARTS)
    desktop.choose(path)
    expect(desktop.row("large.txt")).to_contain_text("16 MB of 18 MB")
    assert 1 == len(held)
    page.unroute("**/uploads/*")
    page.reload()
    sent = len(desktop.requests_to("PUT", ""))
    desktop.choose(path)
    desktop.expect_state("large.txt", "Processed")
    assert ["3"] == [
        parse_qs(urlsplit(request.url).query)["partNumber"][0]
        for request in desktop.requests_to("PUT", "")[sent:]
    ]
    expect(page.locator(".name")).to_have_count(1)


def test_many_uploads_show_their_progress_together(desktop: Visit) -> None:
    """How many files and bytes of all are sent; all of them can be cancelled."""
    page = desktop.page
    held = hold_uploads(page)
    desktop.choose(*(payload(f"{number}.txt", b"x" * 1_024) for number in range(30)))
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
    polls = [r for r in desktop.requests_to("GET", "") if re.search("/documents/[^/]*$", r.url)]
    assert 60 > len(polls)  # most results come from the list


def test_four_documents_fit_the_first_screen_of_a_phone(
    browser: Browser, stack: Stack, user: str
) -> None:
    """With their states and facts, at 360 × 640."""
    put_records(stack, user, 8, metadata={"pageCount": 3, "wordCount": 447})
    layout = LAYOUTS["phone, dark"]
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.sign_in(user).page
        rows = page.get_by_role("listitem").filter(has=page.locator(".pill"))
        box = rows.nth(3).bounding_box()
        assert box
        assert 640 >= box["y"] + box["height"]


def test_all_pills_have_the_same_width(visit: Visit) -> None:
    """Whatever the state; on phones, they are as wide as their text."""
    upload(visit, payload("one.txt"))
    visit.choose(payload("empty.txt", b""))
    visit.expect_state("empty.txt", "Not uploaded")
    widths = {pill.bounding_box()["width"] for pill in pills(visit).all()}  # type: ignore[index] # visible
    is_phone = visit.page.viewport_size == LAYOUTS["phone, dark"]["viewport"]
    assert (2 if is_phone else 1) == len(widths)


def pills(visit: Visit) -> Locator:
    """The states of the rows."""
    return visit.page.locator("#list .pill")
