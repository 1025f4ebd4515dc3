"""Uploads in the web UI of a stage that scans them for malware, with a real scanner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from infra.local.guardduty.eicar import THREAT, eicar
from infra.local.guardduty.faults import Fault
from infra.local.samples import pdf
from tests.stack.test_local_scanner import zipped
from tests.support.accessibility import ViewChecker
from tests.support.scanner import Scanner, scanner_of
from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.support.web_ui import Layout, Visit, payload, save_to, visit_of_new_user

LETTER = pdf(1, 10)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture
def visit(browser: Browser, scan_stack: Stack, layout: Layout) -> Iterator[Visit]:
    """A new user of the stage, signed in, in each layout."""
    with visit_of_new_user(browser, scan_stack, **layout) as visit:
        yield visit


@pytest.fixture
def scanner(scan_stack: Stack) -> Iterator[Scanner]:
    """The scanner of uploads; its faults end with the test."""
    scanner = scanner_of(scan_stack.account, scan_stack.bucket).under("uploads/")
    yield scanner
    scanner.set()


def release(scanner: Scanner, visit: Visit, *names: str) -> None:
    """Let the scans of these uploads begin."""
    for name in names:
        scan = scanner.under(visit.document_id(name))
        eventually(scan.release, f"a scan of {name}")


def expect_no_content(dialog: Locator) -> None:
    """Neither a download nor a preview nor a text is offered."""
    expect(dialog.get_by_role("button", name="Download")).to_be_hidden()
    expect(dialog.get_by_role("tab")).to_have_count(0)


def test_an_upload_is_scanned_then_processed(
    visit: Visit, scanner: Scanner, tmp_path: Path
) -> None:
    """Before the result there is nothing to download; the open document then has it by itself."""
    page = visit.page
    scanner.set(Fault.SLOW)
    visit.choose(payload("letter.pdf", LETTER, "application/pdf"))
    visit.expect_state("letter.pdf", "Scanning", "scanning for malware")
    expect(page.locator("#summary")).to_contain_text("1 in progress")
    page.reload()
    visit.expect_state("letter.pdf", "Scanning", "scanning for malware")
    page.get_by_label("Select all shown documents").check()
    expect(page.locator("#download-selected")).to_be_disabled()
    dialog = visit.open_document("letter.pdf")
    expect(dialog.locator("#document-state")).to_have_text("Scanning")
    expect(dialog.get_by_text("It can be downloaded once it is found clean.")).to_be_visible()
    expect_no_content(dialog)

    release(scanner, visit, "letter.pdf")
    expect(dialog.locator("#document-state")).to_have_text("Processed")
    for title in ("Preview", "Text"):
        expect(dialog.get_by_role("tab", name=title)).to_be_visible()
    download = dialog.get_by_role("button", name="Download")
    assert LETTER == save_to(tmp_path / "copy", download)
    page.keyboard.press("Escape")
    visit.expect_state("letter.pdf", "Processed")
    expect(page.locator("#download-selected")).to_be_enabled()


def test_results_of_scans_arrive_in_the_rows_of_uploads(visit: Visit, scanner: Scanner) -> None:
    """Clean, infected or not scanned: in plain words, without a download of the latter two."""
    page = visit.page
    scanner.set(Fault.SLOW)
    visit.choose(
        payload("letter.pdf", LETTER, "application/pdf"),
        payload("invoice.txt", eicar()),
        payload("locked.docx", zipped(b"secret", flags=1), DOCX),
    )
    names = ("letter.pdf", "invoice.txt", "locked.docx")
    for name in names:
        visit.expect_state(name, "Scanning")
    release(scanner, visit, *names)
    visit.expect_state("letter.pdf", "Processed")
    visit.expect_state("invoice.txt", "Failed", "contains malware and cannot be downloaded")
    visit.expect_state("locked.docx", "Failed", "could not be scanned for malware and cannot be")
    log = page.get_by_role("log")
    expect(log).to_contain_text("invoice.txt: Failed. The file contains malware")
    expect(log).to_contain_text("All uploads are complete. 1 processed, 2 failed")

    for name, message in (
        ("invoice.txt", f"The file contains malware ({THREAT})."),
        ("locked.docx", "PASSWORD_PROTECTED"),
    ):
        dialog = visit.open_document(name)
        expect(dialog.locator("#document-body bdi").get_by_text(message)).to_be_visible()
        expect_no_content(dialog)
        page.keyboard.press("Escape")
        page.get_by_role("checkbox", name=f"Select {name}").check()
    expect(page.locator("#download-selected")).to_be_disabled()


def test_views_of_scans_are_accessible(
    browser: Browser, scan_stack: Stack, scanner: Scanner, tmp_path: Path
) -> None:
    """Axe finds no violation in any layout: uploads that are scanned, infected or not scanned."""
    scanner.set(Fault.SLOW)
    with visit_of_new_user(browser, scan_stack) as visit:
        checker = ViewChecker(visit.page, tmp_path)
        visit.choose(
            payload("letter.pdf", LETTER, "application/pdf"),
            payload("invoice.txt", eicar()),
            payload("locked.docx", zipped(b"secret", flags=1), DOCX),
        )
        for name in ("letter.pdf", "invoice.txt", "locked.docx"):
            visit.expect_state(name, "Scanning")
        release(scanner, visit, "invoice.txt", "locked.docx")
        visit.expect_state("invoice.txt", "Failed")
        visit.expect_state("locked.docx", "Failed")
        checker.check_in_all_layouts("scan-list")
        for name in ("invoice.txt", "locked.docx"):
            visit.open_document(name)
            checker.check_in_all_layouts(f"scan-{name}")
            visit.page.keyboard.press("Escape")
        expect(visit.page).to_have_url(visit.url)
        visit.page.reload()
        dialog = visit.open_document("letter.pdf")
        expect(dialog.locator("#document-state")).to_have_text("Scanning")
        checker.check_in_all_layouts("scan-document")
        release(scanner, visit, "letter.pdf")
        expect(dialog.locator("#document-state")).to_have_text("Processed")
    assert [] == checker.violations
