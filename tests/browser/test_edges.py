"""Races, lost answers, unexpected errors and hostile input in the web UI, on the deployed stack."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.test_recovery import IN_PARTS, request_parts
from tests.browser.test_sessions import last_token, refuse_token
from tests.support.records import put_records
from tests.support.stack import PASSWORD, Stack
from tests.support.waiting import eventually
from tests.support.web_ui import Visit, payload, visit_web_ui

UNEXPECTED = "An unexpected error occurred. Try again, or reload the page."
DOCUMENT = re.compile("/documents/[^/?]*$")
LIST = re.compile(r"/documents([?].*)?$")


@pytest.fixture
def visit(browser: Browser, stack: Stack, user: str) -> Iterator[Visit]:
    """The user, signed in, at one size: what is tested is behaviour, not layout."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        yield visit.sign_in(user)


def take_errors(visit: Visit) -> list[str]:
    """The console's messages so far, which the visit then no longer counts as failures."""
    errors = visit.console_errors.copy()
    visit.console_errors.clear()
    return errors


class Held:
    """Requests that wait for an answer."""

    def __init__(self, method: str = "") -> None:
        """Hold none so far.

        Args:
            method: others are continued.
        """
        self.method = method
        self.routes: list[Route] = []

    def __call__(self, route: Route) -> None:
        """Hold a request."""
        if self.method in ("", route.request.method):
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self, page: Page, count: int = 1) -> list[Route]:
        """Wait until this many requests are held, and return them."""
        eventually(lambda: page.evaluate("1") and len(self.routes) >= count, "held requests")
        return self.routes


def on_user_pool(visit: Visit, action: str, act: Callable[[Route], None], **options: Any) -> None:
    """Intercept the calls of an action of Cognito."""

    def intercept(route: Route) -> None:
        target = route.request.headers.get("x-amz-target", "")
        if target.endswith(f".{action}"):
            act(route)
        else:
            route.fallback()

    parts = urlsplit(visit.url)
    visit.page.route(f"{parts.scheme}://{parts.netloc}/", intercept, **options)


def refusal(code: str, message: str = "x") -> dict[str, Any]:
    """The arguments of `fulfill` for an error of Cognito."""
    return {"status": 400, "json": {"__type": code, "message": message}}


def upload(visit: Visit, *names: str) -> None:
    """Upload files and wait until they are processed."""
    visit.choose(*map(payload, names))
    for name in names:
        visit.expect_state(name, "Processed")


def test_an_unexpected_error_is_not_shown_raw(visit: Visit) -> None:
    """A row, a dialog and the list say what to do; the console has the error itself."""
    page = visit.page
    upload(visit, "kept.txt")
    page.evaluate("() => { crypto.subtle.digest = () => null.digest; }")
    visit.choose(payload("broken.txt"))
    visit.expect_state("broken.txt", "Not uploaded", UNEXPECTED)
    dialog = visit.open_document("kept.txt")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_role("alert")).to_have_text(UNEXPECTED)
    page.keyboard.press("Escape")
    page.route(LIST, lambda route: route.fulfill(json={}))
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#problem")).to_have_text(f"The list could not be loaded. {UNEXPECTED}")
    errors = take_errors(visit)
    assert 3 == len([error for error in errors if "TypeError: Cannot read properties" in error])
    assert 3 == len(errors)


def test_an_unexpected_error_in_sign_in_is_not_shown_raw(browser: Browser, stack: Stack) -> None:
    """The form shows what to do."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        on_user_pool(visit, "InitiateAuth", lambda route: route.fulfill(json={}))
        page.get_by_role("textbox", name="E-mail address").fill("ada@example.com")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_have_text(UNEXPECTED)
        assert 1 == len(take_errors(visit))


def test_an_answer_that_is_cut_off_is_requested_again(visit: Visit) -> None:
    """As after a lost connection: an upload is not reported as failed."""
    cut = iter([True, True])

    def answer(route: Route) -> None:
        if next(cut, False):
            route.fulfill(status=200, body='{"status": "PROC')
        else:
            route.continue_()

    visit.page.route(DOCUMENT, answer)
    upload(visit, "cut.txt")


def test_two_renewals_ask_for_one_password(stack: Stack, visit: Visit, user: str) -> None:
    """The account and an upload find the session expired; after sign-in, both continue."""
    page = visit.page
    expect(page.get_by_text("No documents yet")).to_be_visible()
    stack.account.cognito.admin_user_global_sign_out(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{user}@example.com"
    )
    renewals, users = Held(), Held()
    on_user_pool(visit, "InitiateAuth", renewals)
    on_user_pool(visit, "GetUser", users)
    refuse_token(visit, last_token(visit))
    visit.choose(payload("during.txt"))
    renewals.wait(page)
    page.locator("#open-account").click()
    for route in users.wait(page):
        route.fulfill(**refusal("NotAuthorizedException"))
    for route in renewals.routes:
        route.continue_()
    page.unroute_all()
    again = page.get_by_role("dialog", name="Your session has expired")
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(again).to_be_hidden()
    expect(page.get_by_role("dialog", name="Account").get_by_role("status")).to_contain_text("Off.")
    page.keyboard.press("Escape")
    visit.expect_state("during.txt", "Processed")


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalErrorException"), (400, "TooManyRequestsException")]
)
def test_a_renewal_that_fails_for_now_keeps_the_session(
    visit: Visit, status: int, code: str
) -> None:
    """The upload goes on with the next one, and nobody has to enter a password."""
    page = visit.page
    expect(page.get_by_text("No documents yet")).to_be_visible()

    def fail(route: Route) -> None:
        route.fulfill(status=status, json={"__type": code})

    on_user_pool(visit, "InitiateAuth", fail, times=1)
    refuse_token(visit, last_token(visit))
    visit.choose(payload("patient.txt"))
    visit.expect_state("patient.txt", "Processed")
    expect(page.get_by_label("Password", exact=True)).to_be_hidden()
    take_errors(visit)


def test_an_expired_challenge_asks_for_the_password_again(visit: Visit) -> None:
    """Cognito keeps a challenge for minutes; uploads are not lost by it."""
    page = visit.page
    expect(page.get_by_text("No documents yet")).to_be_visible()
    challenge = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "x" * 20}
    refused = refusal("NotAuthorizedException")

    def challenge_unless_renewal(route: Route) -> None:
        is_renewal = "REFRESH_TOKEN_AUTH" in (route.request.post_data or "")
        route.fulfill(**(refused if is_renewal else {"json": challenge}))

    on_user_pool(visit, "InitiateAuth", challenge_unless_renewal)
    expired = refusal("NotAuthorizedException", "Invalid session for the user, session is expired.")
    on_user_pool(visit, "RespondToAuthChallenge", lambda route: route.fulfill(**expired))
    refuse_token(visit, last_token(visit))
    page.get_by_role("button", name="Refresh").click()
    again = page.get_by_role("dialog", name="Your session has expired")
    password = again.get_by_role("textbox", name="Password")
    password.fill(PASSWORD)
    page.keyboard.press("Enter")
    again.get_by_role("textbox", name="Code").fill("123456")
    page.keyboard.press("Enter")
    message = "This took too long. Enter your password again."
    expect(again.get_by_role("alert")).to_have_text(message)
    expect(again.get_by_role("textbox", name="Code")).to_be_hidden()
    expect(password).to_be_focused()
    page.unroute_all()
    password.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(again).to_be_hidden()
    expect(page.get_by_text("No documents yet")).to_be_visible()


def test_signing_out_wins_over_signing_in(visit: Visit) -> None:
    """An answer that arrives after signing out does not keep a session."""
    page = visit.page
    expect(page.get_by_text("No documents yet")).to_be_visible()
    refused = refusal("NotAuthorizedException")
    on_user_pool(visit, "InitiateAuth", lambda route: route.fulfill(**refused), times=1)
    refuse_token(visit, last_token(visit))
    page.get_by_role("button", name="Refresh").click()
    again = page.get_by_role("dialog", name="Your session has expired")
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    held = Held()
    on_user_pool(visit, "InitiateAuth", held)
    revoked = Held()
    on_user_pool(visit, "RevokeToken", revoked)
    page.keyboard.press("Enter")
    held.wait(page)
    again.get_by_role("button", name="Sign out").click()
    revoked.wait(page)
    held.routes[0].continue_()
    expect(again).to_be_hidden()
    revoked.routes[0].continue_()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert 0 == page.evaluate("sessionStorage.length")


def test_a_link_replaces_the_open_document(visit: Visit) -> None:
    """Also while another one is still being looked for; closing shows the list."""
    page = visit.page
    upload(visit, "one.txt", "two.txt")
    links = [
        page.get_by_role("link", name=name).get_attribute("href") for name in ("one.txt", "two.txt")
    ]
    visit.open_document("one.txt")
    page.evaluate("(link) => { location.hash = link; }", links[1])
    visit.document("two.txt")
    expect(page.get_by_role("dialog", name="one.txt")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page).to_have_url(visit.url)

    held = Held()
    page.route(DOCUMENT, held, times=1)
    page.evaluate("(id) => { location.hash = `#/documents/${id}`; }", str(uuid.uuid4()))
    held.wait(page)
    page.evaluate("(link) => { location.hash = link; }", links[0])
    dialog = visit.document("one.txt")
    with page.expect_response(DOCUMENT):
        held.routes[0].fulfill(status=404, json={"code": "not_found", "detail": "x"})
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(dialog).to_be_visible()
    expect(page.locator("#problem")).to_be_empty()

    page.reload()  # now the document is the first entry of the history
    visit.document("one.txt")
    page.evaluate("(link) => { location.hash = link; }", links[1])
    visit.document("two.txt").get_by_role("button", name="Close").click()
    expect(page).to_have_url(visit.url)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_result_that_is_late_ends_the_upload(visit: Visit) -> None:
    """Once the list has it, nothing is left to try again."""
    page = visit.page
    page.clock.install()

    def answer_pending(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"status": "PENDING"})

    page.route(DOCUMENT, answer_pending)
    visit.choose(payload("late.txt"))
    visit.expect_state("late.txt", "Pending")
    page.clock.fast_forward("10:01")
    page.clock.run_for(10_000)
    expect(visit.row("late.txt")).to_contain_text("Processing takes longer than usual.")
    page.unroute_all()
    page.get_by_role("button", name="Refresh").click()
    visit.expect_state("late.txt", "Processed", "3 words")
    expect(page.get_by_role("button", name="Try again: late.txt")).to_be_hidden()


def test_a_file_that_changes_is_not_uploaded(visit: Visit, tmp_path: Path) -> None:
    """It is reported at once, without the retries of a lost connection."""
    page = visit.page
    held = Held()
    page.route("**/_user_request_/uploads", held)
    path = tmp_path / "draft.txt"
    path.write_text("one two")
    visit.choose(path)
    held.wait(page)
    path.write_text("one two three")
    held.routes[0].continue_()
    message = "The file cannot be read. Check whether it was moved or changed."
    expect(visit.row("draft.txt")).to_contain_text(message, timeout=10_000)
    visit.expect_state("draft.txt", "Not uploaded")


def test_a_file_that_changes_between_its_parts_is_not_uploaded(
    visit: Visit, tmp_path: Path
) -> None:
    """S3 verifies the sizes of parts only: nothing is stored that no file ever contained."""
    page = visit.page
    request_parts(visit)
    held = Held()
    page.route("**/uploads/*partNumber=3*", held)
    path = tmp_path / "draft.txt"
    path.write_bytes(IN_PARTS)
    visit.choose(path)
    held.wait(page)
    path.write_bytes(IN_PARTS.upper())
    held.routes[0].continue_()
    message = "The file cannot be read. Check whether it was moved or changed."
    expect(visit.row("draft.txt")).to_contain_text(message)
    assert [] == visit.requests_to("POST", "/complete")


def test_a_failed_download_cannot_reorder_what_is_shown(
    stack: Stack, visit: Visit, user: str
) -> None:
    """The message has the name with its controls as escape sequences."""
    put_records(stack, user, 1, fileName="photo_\u202egpj.exe")
    page = visit.page
    missing = stack.account.s3.generate_presigned_url(
        "get_object", Params={"Bucket": stack.bucket, "Key": str(uuid.uuid4())}
    )
    page.route("**/content", lambda route: route.fulfill(json={"url": missing}))
    page.get_by_role("button", name="Refresh").click()
    page.get_by_label("Select all shown documents").check()
    page.locator("#download-selected").click()
    message = r"photo_\u202egpj.exe could not be downloaded. Try again."
    expect(page.locator("#problem")).to_have_text(message)


PASTE_BOTH = """
(element) => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], "image.png", { type: "image/png" }));
  data.items.add("some words", "text/plain");
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
  element.dispatchEvent(event);
}
"""


def test_text_that_is_pasted_into_a_field_is_no_upload(visit: Visit) -> None:
    """Office programs copy a picture along with the text."""
    visit.page.get_by_role("searchbox").evaluate(PASTE_BOTH)
    upload(visit, "after.txt")
    expect(visit.page.locator(".name")).to_have_text(["after.txt"])


def test_deleting_several_documents_leaves_the_focus(visit: Visit) -> None:
    """Who types meanwhile is not interrupted; nor is the selection lost by a refresh."""
    page = visit.page
    upload(visit, "one.txt", "two.txt", "three.txt")
    page.get_by_role("checkbox", name="Select one.txt").check()
    page.get_by_role("checkbox", name="Select two.txt").check()
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#summary")).to_contain_text("3 shown")
    expect(page.get_by_text("2 selected")).to_be_visible()
    held = Held("DELETE")
    page.route(DOCUMENT, held)
    page.locator("#delete-selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    held.wait(page, 2)
    page.get_by_role("searchbox").focus()
    for route in held.routes:
        route.continue_()
    expect(page.locator(".name")).to_have_text(["three.txt"])
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_text_of_many_pages_does_not_freeze_the_page(
    stack: Stack, visit: Visit, user: str
) -> None:
    """The first pages are shown; the download has all."""
    text = {"source": "document", "characterCount": 200_000}
    put_records(stack, user, 1, text=text)
    url = f"{visit.url}text-of-a-test"
    visit.page.route("**/documents/*/text", lambda route: route.fulfill(json={"url": url}))
    visit.page.route(url, lambda route: route.fulfill(body="x\f" * 100_000))
    visit.page.get_by_role("button", name="Refresh").click()
    dialog = visit.open_document("record 0.txt")
    dialog.get_by_role("tab", name="Text").click()
    expect(dialog.get_by_role("heading", name="Page 500", exact=True)).to_be_attached()
    expect(dialog.get_by_text("Only the first 500 pages are displayed.")).to_be_attached()
    assert 500 == dialog.locator("pre").count()


def test_an_owner_is_looked_up_again_after_an_error(
    browser: Browser, stack: Stack, user: str
) -> None:
    """Until the address is known, the row has the identifier."""
    operator = f"operator-{uuid.uuid4()}"
    stack.sign_in(operator, "operators")
    put_records(stack, user, 1, uploadedAt="2026-12-26T12:00:00.000Z")  # on the first page
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.page
        busy = {"status": 503, "json": {"code": "x", "detail": "y"}}
        page.route("**/users/*", lambda route: route.fulfill(**busy))
        visit.sign_in(operator)
        row = page.get_by_role("listitem").filter(has_text=f"{user}@example.com")
        expect(page.locator(".name").first).to_be_visible()
        page.unroute_all()
        expect(row).to_have_count(0)
        page.get_by_role("button", name="Refresh").click()
        expect(row).to_have_count(1)


def test_a_password_is_sent_as_it_was_typed(browser: Browser, stack: Stack) -> None:
    """Its spaces included: sign-in does not remove them either."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        challenge = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x" * 20}
        on_user_pool(visit, "InitiateAuth", lambda route: route.fulfill(json=challenge))
        sent: list[Any] = []

        def refuse(route: Route) -> None:
            sent.append(json.loads(route.request.post_data or ""))
            route.fulfill(**refusal("InvalidPasswordException"))

        on_user_pool(visit, "RespondToAuthChallenge", refuse)
        page.get_by_role("textbox", name="E-mail address").fill("ada@example.com")
        page.get_by_role("textbox", name="Password").fill("Temporary-1")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("textbox", name="New password").fill(" Correct-Horse-7 ")
        page.keyboard.press("Enter")
        message = "This password does not meet the requirements."
        expect(page.get_by_role("alert")).to_have_text(message)
        assert " Correct-Horse-7 " == sent[0]["ChallengeResponses"]["NEW_PASSWORD"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidParameterException", "A code cannot be sent: the address was never verified."),
        (
            "NotAuthorizedException",
            "This password cannot be reset now. Sign in with your temporary",
        ),
    ],
)
def test_a_reset_that_is_refused_says_why(
    browser: Browser, stack: Stack, code: str, message: str
) -> None:
    """Cognito's codes mean something else here than in sign-in."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.open().page
        on_user_pool(visit, "ForgotPassword", lambda route: route.fulfill(**refusal(code)))
        page.get_by_role("button", name="Forgot password?").click()
        page.get_by_role("textbox", name="E-mail address").fill("ada@example.com")
        page.get_by_role("button", name="Send code").click()
        expect(page.get_by_role("alert")).to_contain_text(message)


def test_a_user_pool_that_does_not_answer_is_given_up(browser: Browser, stack: Stack) -> None:
    """After half a minute, so that the form can be sent again."""
    with visit_web_ui(browser, stack, stack.api_url) as visit:
        page = visit.page
        page.add_init_script(
            "const timeout = AbortSignal.timeout.bind(AbortSignal);"
            "AbortSignal.timeout = (ms) => timeout(ms / 100);"
        )
        visit.open()
        held = Held()
        on_user_pool(visit, "InitiateAuth", held)
        page.get_by_role("textbox", name="E-mail address").fill("ada@example.com")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        message = "The sign-in service cannot be reached. Check your connection."
        expect(page.get_by_role("alert")).to_have_text(message)


def test_cancelling_many_uploads_moves_the_focus_once(visit: Visit) -> None:
    """To the title of the list; the browser lays out the page for each move."""
    page = visit.page
    held = Held()
    page.route("**/_user_request_/uploads", held)
    visit.choose(*(payload(f"{number}.txt", b"x") for number in range(50)))
    held.wait(page, 3)
    expect(page.locator("#list > li")).to_have_count(50)
    moves = page.evaluate("""() => {
      const { focus } = HTMLElement.prototype;
      let moves = 0;
      HTMLElement.prototype.focus = function () { moves += 1; focus.call(this); };
      document.querySelector("#cancel-all").focus();
      document.querySelector("#cancel-all").click();
      HTMLElement.prototype.focus = focus;
      return moves;
    }""")
    expect(page.locator("#list > li")).to_have_count(0)
    expect(page.locator("#documents-title")).to_be_focused()
    assert 2 == moves
