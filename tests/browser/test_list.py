"""The list of the web UI: its rows, search, filters and pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from infra.local.samples import pdf, png
from tests.support.files_media import wav
from tests.support.records import put_records
from tests.support.stack import Stack
from tests.support.web_ui import PHONE, Visit, payload


def test_the_list_can_be_filtered_searched_and_paginated(
    stack: Stack, visit: Visit, user: str
) -> None:
    """The API filters by status; the search applies to the loaded documents."""
    put_records(stack, user, 25)
    page = visit.page
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#summary")).to_have_text("20 shown, more available")
    expect(page.locator(".name").first).to_have_text("record 24.txt")
    page.get_by_role("button", name="Load more").click()
    expect(page.locator("#summary")).to_have_text("25 shown")
    page.get_by_role("searchbox").fill("RECORD 1")
    expect(page.locator("#summary")).to_have_text("11 shown")
    page.get_by_role("radio", name="Failed").check(force=True)
    expect(page.locator("#summary")).to_have_text("2 shown")
    visit.expect_state("record 14.txt", "Failed", "The file is password-protected.")
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    page.get_by_role("button", name="Show all documents").click()
    expect(page.locator("#summary")).to_have_text("20 shown, more available")

    page.get_by_text("Filters").click()
    page.get_by_label("Order").select_option("Oldest first")
    expect(page.locator(".name").first).to_have_text("record 0.txt")
    page.get_by_label("Uploaded until").fill("2026-11-19")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    page.get_by_label("Uploaded until").fill("2026-11-20")
    expect(page.locator("#summary")).to_have_text("20 shown, more available")
    page.get_by_label("Uploaded from").fill("2026-11-20")
    page.get_by_label("File type").select_option("PDF document")
    expect(page.get_by_text("No matching documents")).to_be_visible()
    expect(page.get_by_text("Filters (4)")).to_be_visible()
    query = "fileType=application%2Fpdf&uploadedAfter=2026-11-19T23%3A00%3A00.000Z"
    assert query in visit.requests[-1].url  # days are those of Berlin
    visit.choose(payload("new.txt"))  # clears the filters
    visit.expect_state("new.txt", "Processed")
    expect(page.locator("#summary")).to_contain_text("21 shown, more available")


def test_rows_have_the_most_telling_facts(visit: Visit) -> None:
    """Pages and words of a document, size of a picture, duration of a recording."""
    visit.upload(
        payload("letter.pdf", pdf(2, 20), "application/pdf"),
        payload("notes.txt", b"one two three"),
        payload("picture.png", png(640, 480), "image/png"),
        payload("recording.wav", wav(seconds=75), "audio/wav"),
    )
    expect(visit.row("letter.pdf")).to_contain_text("2 pages · 40 words")
    expect(visit.row("notes.txt")).to_contain_text("13 bytes · 3 words")
    expect(visit.row("picture.png")).to_contain_text("640 × 480 px")
    expect(visit.row("recording.wav")).to_contain_text("1:15")


@pytest.mark.parametrize("layout", ["phone, dark"], indirect=True)
def test_four_documents_fit_the_first_screen_of_a_phone(
    stack: Stack, visit: Visit, user: str
) -> None:
    """With their states and facts, at 360 × 640."""
    put_records(stack, user, 8, metadata={"pageCount": 3, "wordCount": 447})
    visit.page.get_by_role("button", name="Refresh").click()
    rows = visit.page.get_by_role("listitem").filter(has=visit.page.locator(".pill"))
    expect(rows).to_have_count(8)
    box = rows.nth(3).bounding_box()
    assert box
    assert PHONE["height"] >= box["y"] + box["height"]


def test_all_pills_have_the_same_width(visit: Visit) -> None:
    """Whatever the state; on phones, they are as wide as their text."""
    visit.upload(payload("one.txt"))
    visit.choose(payload("empty.txt", b""))
    visit.expect_state("empty.txt", "Not uploaded")
    widths = {pill.bounding_box()["width"] for pill in pills(visit).all()}  # type: ignore[index] # visible
    is_phone = visit.page.viewport_size == PHONE
    assert (2 if is_phone else 1) == len(widths)


def pills(visit: Visit) -> Locator:
    """The states of the rows."""
    return visit.page.locator("#list .pill")
