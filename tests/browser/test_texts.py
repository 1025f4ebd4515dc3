"""Texts in the web UI: those of files, and those that Textract recognizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from infra.local.samples import pdf
from infra.local.scans import scan, scanned_pdf
from tests.stack.test_ocr import joined
from tests.support.accessibility import ViewChecker
from tests.support.local_textract import LocalTextract
from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.support.web_ui import Layout, Visit, payload, save_to, visit_of_new_user

LABEL = scan(["Fragile goods", "This side up"], page=(300, 100))
"""Small: recognized in half a second."""

RECOGNIZED = re.compile(
    r"^\d+ characters\. Recognized in pictures; may contain errors\. Mean confidence: \d+ %\.$"
)

TOO_LONG = "Text was not recognized: The document has more pages than the limit for OCR."


@pytest.fixture
def text_visit(browser: Browser, text_stack: Stack, layout: Layout) -> Iterator[Visit]:
    """A new user of the stage that keeps texts, signed in, in each layout."""
    with visit_of_new_user(browser, text_stack, **layout) as visit:
        yield visit


@pytest.fixture
def ocr_visit(browser: Browser, ocr_stack: Stack, layout: Layout) -> Iterator[Visit]:
    """A new user of the stage with OCR, signed in, in each layout."""
    with visit_of_new_user(browser, ocr_stack, **layout) as visit:
        yield visit


@pytest.fixture
def textract(ocr_stack: Stack) -> LocalTextract:
    """The local Textract."""
    return LocalTextract(ocr_stack.account)


def hold_recognition(visit: Visit, textract: LocalTextract) -> None:
    """Have the recognition of each upload wait until it is released."""

    def plan(route: Route) -> None:
        if route.request.method == "PUT":
            textract.plan(route.request.url.partition("?")[0].rpartition("/")[2], "held")
        route.continue_()

    visit.page.route("**/uploads/*", plan)


def release(visit: Visit, textract: LocalTextract, name: str) -> None:
    """Let the recognition of an upload end."""
    document_id = visit.document_id(name)
    eventually(lambda: textract.release(document_id), f"a recognition of {name}")


def open_text(visit: Visit, name: str) -> Locator:
    """Open the text of a document and return its dialog."""
    dialog = visit.open_document(name)
    dialog.get_by_role("tab", name="Text").click()
    return dialog


def test_the_text_of_a_file_is_shown_copied_and_downloaded(
    text_visit: Visit, tmp_path: Path
) -> None:
    """By page; nothing in it is interpreted."""
    page = text_visit.page
    text = "First page\n\tindented\f<b>Second\u202e page</b>"
    text_visit.upload(payload("pages.txt", text.encode()))
    dialog = open_text(text_visit, "pages.txt")
    expect(dialog.get_by_role("heading", name="Page 2")).to_be_visible()
    expect(dialog.locator("pre")).to_have_text(
        ["First page\n\tindented", r"<b>Second\u202e page</b>"], use_inner_text=True
    )
    expect(dialog.get_by_role("status")).to_have_text(f"{len(text)} characters.")
    dialog.get_by_role("button", name="Copy text").click()
    expect(page.get_by_role("log")).to_contain_text("Copied.")
    assert text == page.evaluate("navigator.clipboard.readText()")
    download = dialog.get_by_role("button", name="Download text")
    assert text.encode() == save_to(tmp_path / "copy", download)


def test_a_long_text_is_shown_in_part(text_visit: Visit) -> None:
    """All of it is copied, up to the limit for texts."""
    page = text_visit.page
    text_visit.upload(payload("long.txt", b"line of text\n" * 450_000))
    dialog = open_text(text_visit, "long.txt")
    expect(dialog.get_by_role("status")).to_have_text(
        "5,242,880 characters, cut at the size limit."
    )
    expect(dialog.get_by_text("Only the first 200,000 characters are displayed.")).to_be_attached()
    assert 200_000 >= len(dialog.locator("pre").inner_text()) > 199_980
    dialog.get_by_role("button", name="Copy text").click()
    expect(page.get_by_role("log")).to_contain_text("Copied.")
    assert 5_242_880 == page.evaluate("navigator.clipboard.readText().then((text) => text.length)")


def test_a_scan_is_recognized_then_shown(
    ocr_visit: Visit, textract: LocalTextract, tmp_path: Path
) -> None:
    """In the open document; before, there is no text to copy or download."""
    page = ocr_visit.page
    hold_recognition(ocr_visit, textract)
    ocr_visit.upload(payload("label.png", LABEL.png(), "image/png"))
    dialog = open_text(ocr_visit, "label.png")
    expect(dialog.get_by_role("status")).to_have_text(
        "Text is being recognized. This takes up to a few minutes."
    )
    expect(dialog.locator("pre")).to_have_count(0)
    expect(dialog.get_by_role("button", name="text")).to_have_count(0)

    release(ocr_visit, textract, "label.png")
    expect(dialog.get_by_role("status")).to_have_text(RECOGNIZED)
    text = "Fragile goods\nThis side up"
    expect(dialog.locator("pre")).to_have_text(text, use_inner_text=True)
    dialog.get_by_role("button", name="Copy text").click()
    expect(page.get_by_role("log")).to_contain_text("Copied.")
    assert text == page.evaluate("navigator.clipboard.readText()")
    download = dialog.get_by_role("button", name="Download text")
    assert text.encode() == save_to(tmp_path / "copy", download)


def test_a_partly_scanned_pdf_has_its_own_text_meanwhile(
    ocr_visit: Visit, textract: LocalTextract
) -> None:
    """Then that of all pages replaces it in the open document."""
    hold_recognition(ocr_visit, textract)
    content = joined(pdf(1, 4), scanned_pdf(scan(["Fragile goods", "This side up"])))
    ocr_visit.upload(payload("partly.pdf", content, "application/pdf"))
    dialog = open_text(ocr_visit, "partly.pdf")
    note = "24 characters. Text is being recognized. This takes up to a few minutes."
    expect(dialog.get_by_role("status")).to_have_text(note)
    expect(dialog.locator("pre")).to_have_text(["intake keeps one record", ""])
    expect(dialog.get_by_role("button", name="text")).to_have_count(2)
    release(ocr_visit, textract, "partly.pdf")
    expect(dialog.get_by_role("status")).to_have_text(RECOGNIZED)
    expect(dialog.locator("pre").last).to_contain_text("Fragile goods")


def test_text_that_was_not_recognized_has_a_reason(ocr_visit: Visit) -> None:
    """Such as the limit of pages."""
    ocr_visit.upload(payload("long.pdf", scanned_pdf(*[LABEL] * 3), "application/pdf"))
    dialog = open_text(ocr_visit, "long.pdf")
    expect(dialog.get_by_role("status")).to_have_text(
        re.compile("^Text was not recognized: .*page")
    )


def test_views_of_texts_are_accessible(
    browser: Browser, ocr_stack: Stack, textract: LocalTextract, tmp_path: Path
) -> None:
    """Axe finds no violation in any layout: a text by page, and one before and after OCR."""
    with visit_of_new_user(browser, ocr_stack) as visit:
        checker = ViewChecker(visit.page, tmp_path)
        hold_recognition(visit, textract)
        visit.upload(
            payload("letter.pdf", pdf(2, 120), "application/pdf"),
            payload("label.png", LABEL.png(), "image/png"),
            payload("long.pdf", scanned_pdf(*[LABEL] * 3), "application/pdf"),
        )
        dialog = open_text(visit, "letter.pdf")
        expect(dialog.get_by_role("heading", name="Page 2")).to_be_visible()
        checker.check_in_all_layouts("text-pages")
        visit.page.keyboard.press("Escape")
        dialog = open_text(visit, "label.png")
        expect(dialog.get_by_role("status")).to_contain_text("Text is being recognized.")
        checker.check_in_all_layouts("text-running")
        release(visit, textract, "label.png")
        expect(dialog.locator("pre")).to_be_visible()
        checker.check_in_all_layouts("text-recognized")
        visit.page.keyboard.press("Escape")
        dialog = open_text(visit, "long.pdf")
        expect(dialog.get_by_role("status")).to_contain_text("not recognized")
        checker.check_in_all_layouts("text-failed")
    assert [] == checker.violations
