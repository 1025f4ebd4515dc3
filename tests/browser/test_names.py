"""File names and metadata that try to change what the web UI shows."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.support.records import put_records
from tests.support.stack import Stack
from tests.support.web_ui import Visit, field, payload


def test_file_names_are_not_interpreted_as_markup(visit: Visit) -> None:
    """File names that contain markup are shown as text."""
    evil = "<img src=x onerror=document.title='evil'>"
    visit.choose(payload(f"{evil}.txt"), payload("<b>bold<", b"one"))
    visit.expect_state(f"{evil}.txt", "Processed")
    visit.expect_state("<b>bold<", "Processed")
    dialog = visit.open_document(f"{evil}.txt")
    expect(dialog.get_by_role("heading", name=f"{evil}.txt")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(visit.page.get_by_role("dialog", name=f"Delete “{evil}.txt”?")).to_be_visible()
    assert 0 == visit.page.locator("img, b").count()
    assert "evil" != visit.page.title()


ARABIC = "\u062a\u0642\u0631\u064a\u0631"
"""A word, "report"."""


VISUAL_ORDER = """
(element) => {
  const text = element.firstChild;
  const left = (place) => {
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    return range.getBoundingClientRect().left;
  };
  return [...text.data].map((character, place) => [left(place), character])
    .sort(([one], [other]) => one - other).map(([, character]) => character).join("");
}
"""
"""The characters of an element's text from left to right."""


def test_names_cannot_reorder_what_is_shown(stack: Stack, visit: Visit, user: str) -> None:
    """Controls that reorder text are shown as escape sequences; a name in Arabic is complete."""
    spoofed, arabic = "photo_\u202egpj.txt", f"{ARABIC}.txt"
    shown = r"photo_\u202egpj.txt"
    marked = "\u200fgpj\u200f.photo.txt"  # right-to-left without a letter: .txt would be first
    visit.choose(*map(payload, (spoofed, arabic, marked)), payload("empty\u2066.txt", b""))
    for name in (shown, arabic, r"\u200fgpj\u200f.photo.txt"):
        visit.expect_state(name, "Processed")
    names = visit.page.locator(".name bdi")
    assert shown == names.filter(has_text="photo_").evaluate(VISUAL_ORDER)
    assert f"txt.{ARABIC[::-1]}" == names.filter(has_text=ARABIC).evaluate(VISUAL_ORDER)
    visit.page.get_by_role("button", name=r"Remove: empty\u2066.txt").click()
    expect(visit.page.get_by_role("log")).to_contain_text(f"{shown}: Processed")

    dialog = visit.open_document(shown)
    dialog.get_by_text("JSON", exact=True).click()
    expect(dialog.get_by_text(rf'"fileName": "{shown}"')).to_be_visible()
    assert "photo__gpj.txt" == saved_name(dialog)
    dialog.get_by_role("button", name="Delete").click()
    confirm = visit.page.get_by_role("dialog", name=f"Delete “{shown}”?")
    assert shown == confirm.locator("h2 bdi").evaluate(VISUAL_ORDER)
    confirm.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Close").click()

    dialog = visit.open_document(arabic)
    assert f"txt.{ARABIC[::-1]}" == dialog.locator("h2 bdi").evaluate(VISUAL_ORDER)
    assert arabic == saved_name(dialog)
    documents = stack.sign_in(user).call("GET", "documents").body["documents"]
    assert {spoofed, arabic, marked} == {document["fileName"] for document in documents}


def saved_name(dialog: Locator) -> str:
    """The name under which the browser saves the open document."""
    with dialog.page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    return download.value.suggested_filename


def test_metadata_cannot_reorder_what_is_shown(stack: Stack, visit: Visit, user: str) -> None:
    """Controls that reorder text are shown in values, lists and malformed times as well."""
    put_records(stack, user, 1, metadata={
        "title": "a\u202eb",
        "createdAt": "2026-11-22T99:99\u202e",
        "sheetNames": ["\u2067c\u2069"],
        "author": f"{ARABIC}\u200f",
    })  # fmt: skip
    visit.page.get_by_role("button", name="Refresh").click()
    dialog = visit.open_document("record 0.txt")
    for name, value in {
        "Title": r"a\u202eb",
        "Created at": r"2026-11-22T99:99\u202e",
        "Sheet names": r"\u2067c\u2069",
        "Author": f"{ARABIC}\u200f",
    }.items():
        expect(field(dialog, name).locator("bdi")).to_have_text(value)
