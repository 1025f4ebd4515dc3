"""Documents in the web UI: links, previews, metadata, several at once."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import Browser, expect

from infra.api_client import send
from infra.local.samples import pdf, png
from tests.support.records import put_records
from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.support.web_ui import Layout, Visit, field, payload, visit_web_ui


def test_a_document_has_a_link_and_a_place_in_the_history(visit: Visit) -> None:
    """Back closes it, Forward opens it; its link opens it in another tab; a wrong one fails."""
    page = visit.page
    visit.upload(payload("linked.txt"), payload("other.txt"))
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
    visit.upload(*(payload(f"{name}.txt", name.encode()) for name in ("one", "two", "three")))
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
    visit.upload(picture, document, payload("notes.txt"))
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


def test_a_removed_document_has_no_download(stack: Stack, visit: Visit, user: str) -> None:
    """Its record remains, and shows what happened."""
    put_records(stack, user, 1, removedAt="2026-11-21T10:00:00.000Z")
    visit.page.get_by_role("button", name="Refresh").click()
    visit.expect_state("record 0.txt", "Processed", "The file was deleted, 21 Nov 2026, 11:00")
    dialog = visit.open_document("record 0.txt")
    expect(dialog.locator("#document-state")).to_have_text("Deleted")
    expect(dialog.get_by_text("Its record remains.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Download")).to_be_hidden()


def test_an_operator_sees_who_owns_a_document(
    browser: Browser, stack: Stack, layout: Layout, user: str
) -> None:
    """By e-mail address, which is looked up once per owner."""
    operator = f"operator-{uuid.uuid4()}"
    stack.sign_in(operator, "operators")
    put_records(stack, user, 2, uploadedAt="2026-12-24T12:00:00.000Z")  # on the first page
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.sign_in(operator).page
        row = page.get_by_role("listitem").filter(has_text=f"{user}@example.com")
        expect(row).to_have_count(2)
        row.first.get_by_role("link").click()
        owner = page.locator("dl > div", has=page.get_by_text("Owner", exact=True))
        expect(owner).to_contain_text(f"{user}@example.com")
        asked = [request.url for request in visit.requests if "/users/" in request.url]
        assert sorted(set(asked)) == sorted(asked)


def test_any_metadata_is_rendered(stack: Stack, visit: Visit, user: str) -> None:
    """Unknown names, nested values, lists, times and sizes are formatted."""
    put_records(stack, user, 1, metadata={
        "pageCount": 1_234,
        "embeddedBytes": 5_242_880,
        "hasMacros": True,
        "createdAt": "2026-11-22T17:30:00Z",
        "camera": {"makerName": "Leica", "exposureSeconds": 2},
        "sheetNames": ["Costs", "<i>Income</i>"],
        "pdfAClaim": "PDF/A-2b",
        "durationMilliseconds": 754_500,
        "pageWidth": 595,
    })  # fmt: skip
    visit.page.get_by_role("button", name="Refresh").click()
    dialog = visit.open_document("record 0.txt")
    for name, value in {
        "Page count": "1,234",
        "Embedded bytes": "5 MB",
        "Has macros": "Yes",
        "Created at": "22 Nov 2026, 18:30",
        "Maker name": "Leica",
        "Exposure seconds": "2 s",
        "PDF a claim": "PDF/A-2b",
        "Duration": "754.5 s",
        "Page width": "595 pt",
    }.items():
        expect(field(dialog, name)).to_have_text(value)
    assert ["Costs", "<i>Income</i>"] == field(dialog, "Sheet names").locator(
        "li"
    ).all_inner_texts()


def test_the_web_ui_is_usable_with_the_keyboard(visit: Visit) -> None:
    """Dialogs take and restore the focus; the filter is one tab stop."""
    page = visit.page
    expect(page.get_by_label("Choose files")).to_be_focused()
    visit.choose(payload("typed.txt"))
    visit.expect_state("typed.txt", "Processed")
    page.get_by_label("Choose files").focus()
    for focused in (
        page.get_by_label("choose a folder"),
        page.get_by_role("radio", name="All"),
        page.get_by_role("searchbox"),
        page.get_by_text("Filters"),
        page.get_by_role("button", name="Refresh"),
        page.get_by_role("checkbox", name="Select all shown documents"),
        page.get_by_role("checkbox", name="Select typed.txt"),
        page.get_by_role("link", name="typed.txt"),
    ):
        page.keyboard.press("Tab")
        expect(focused).to_be_focused()
    page.keyboard.press("Enter")
    dialog = visit.document("typed.txt")
    expect(dialog.get_by_role("heading", name="typed.txt")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="typed.txt")).to_be_focused()
