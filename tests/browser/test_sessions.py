"""Sign-in, sessions and accounts in the web UI, on the deployed stack."""

from __future__ import annotations

import base64
import hmac
import struct
import time
import uuid
from urllib.parse import quote

import pytest
import zxingcpp
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.stack import PASSWORD, Stack
from tests.support.web_ui import Layout, Visit, payload, visit_web_ui

RESET_CODE = "654321"
"""What the local Cognito sends."""


@pytest.fixture
def email(user: str) -> str:
    """The e-mail address of a new user."""
    return f"{user}@example.com"


def fill_sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill in the form and send it."""
    page.get_by_role("textbox", name="E-mail address").fill(email)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def one_time_code(secret: str) -> str:
    """The code of an authenticator app now (RFC 6238)."""
    key = base64.b32decode(secret)
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def test_a_reload_keeps_the_session_of_its_tab(
    browser: Browser, stack: Stack, layout: Layout, email: str
) -> None:
    """It continues where it was, a document included; another tab and a signed-out one do not."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        fill_sign_in(page, email)
        visit.choose(payload("kept.txt"))
        visit.expect_state("kept.txt", "Processed")
        visit.open_document("kept.txt")
        page.reload()
        dialog = visit.document("kept.txt")
        link = page.url
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()
        visit.expect_state("kept.txt", "Processed")

        other = page.context.new_page()
        other.goto(link)
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
        fill_sign_in(other, email)
        expect(other.get_by_role("dialog", name="kept.txt")).to_be_visible()
        other.close()

        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_was_revoked_is_not_continued(
    browser: Browser, stack: Stack, layout: Layout, email: str
) -> None:
    """A reload then asks for the password, and so does one after twelve hours."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        fill_sign_in(page, email)
        expect(page.get_by_text("No documents yet")).to_be_visible()
        page.clock.install()
        page.clock.fast_forward("12:00:01")
        page.reload()
        expect(page.get_by_role("alert")).to_have_text("Your session has expired. Sign in again.")
        fill_sign_in(page, email)
        expect(page.get_by_text("No documents yet")).to_be_visible()
        stack.account.cognito.admin_user_global_sign_out(
            UserPoolId=stack.outputs["UserPoolId"], Username=email
        )
        page.reload()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert 0 == page.evaluate("sessionStorage.length")


def test_a_forgotten_password_is_reset(
    browser: Browser, stack: Stack, layout: Layout, email: str
) -> None:
    """With the code that is sent to the address; the form does not reveal who has an account."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        page.get_by_role("button", name="Forgot password?").click()
        page.get_by_role("button", name="Back to sign-in").click()
        page.get_by_role("textbox", name="E-mail address").fill(f"no-{email}")
        page.get_by_role("button", name="Forgot password?").click()
        page.get_by_role("button", name="Send code").click()
        expect(page.get_by_text(f"If no-{email} has an account, a code was sent")).to_be_visible()
        page.get_by_role("button", name="Back to sign-in").click()
        page.get_by_role("button", name="Forgot password?").click()
        page.get_by_role("textbox", name="E-mail address").fill(email)
        page.get_by_role("button", name="Send code").click()
        expect(page.get_by_text(f"If {email} has an account, a code was sent")).to_be_visible()
        page.get_by_role("textbox", name="Code").fill("000000")
        page.get_by_role("textbox", name="New password").fill("Another-Horse-8")
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Incorrect code.")
        page.get_by_role("textbox", name="Code").fill(RESET_CODE)
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_text("No documents yet")).to_be_visible()


def test_an_authenticator_app_is_set_up_and_required(
    browser: Browser, stack: Stack, layout: Layout, email: str
) -> None:
    """From then on sign-in asks for its code, as does an expired session; it can be turned off."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        fill_sign_in(page, email)
        secret = set_up_authenticator(page, email)
        page.get_by_role("button", name="Sign out").click()

        fill_sign_in(page, email)
        code = page.get_by_role("textbox", name="Code")
        expect(code).to_be_focused()
        code.fill("000000" if one_time_code(secret) != "000000" else "111111")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Incorrect code.")
        code.fill(one_time_code(secret))
        page.keyboard.press("Enter")
        expect(page.get_by_text("No documents yet")).to_be_visible()

        expire_session(visit, stack, email)
        again = page.get_by_role("dialog", name="Your session has expired")
        again.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        again.get_by_role("textbox", name="Code").fill(one_time_code(secret))
        page.keyboard.press("Enter")
        expect(again).to_be_hidden()

        account = open_account(page, email)
        expect(account.get_by_role("status")).to_contain_text("On: sign-in requires a code")
        account.get_by_role("button", name="Turn off").click()
        expect(account.get_by_role("status")).to_contain_text("Off.")


def open_account(page: Page, email: str) -> Locator:
    """The dialog of the account."""
    page.get_by_role("button", name=email).click()
    return page.get_by_role("dialog", name="Account")


def set_up_authenticator(page: Page, email: str) -> str:
    """Set up an authenticator app and return its secret."""
    account = open_account(page, email)
    account.get_by_role("button", name="Set up an authenticator app").click()
    link = account.get_by_role("link", name="Open an authenticator app")
    expect(link).to_be_visible()  # the key is an empty element until the response arrives
    secret = account.locator("#mfa-secret").inner_text().replace(" ", "")
    assert f"secret={secret}&issuer=Intake" in str(link.get_attribute("href"))
    account.get_by_role("textbox", name="Code").fill(one_time_code(secret))
    account.get_by_role("button", name="Turn on").click()
    expect(account.get_by_role("status")).to_contain_text("On: sign-in requires a code")
    account.get_by_role("button", name="Close").click()
    return secret


PIXELS = """
async (picture) => {
  const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return [height, width, Array.from({ length: width * height }, (_, place) => data[place * 4])];
}
"""
"""Height, width and red values of a picture."""


def scan(code: Locator) -> str:
    """The text of a QR code as it is displayed, with its quiet zone but nothing around it."""
    picture = base64.b64encode(code.screenshot()).decode()
    height, width, pixels = code.page.evaluate(PIXELS, picture)
    image = memoryview(bytes(pixels)).cast("B", (height, width))
    # Other formats are found by chance in some codes.
    only = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    [found] = zxingcpp.read_barcodes(image, formats=only, try_invert=False)
    return found.text


def test_an_authenticator_app_scans_the_key(
    browser: Browser, stack: Stack, layout: Layout, email: str
) -> None:
    """The QR code is that of the link; the page has no key any more once the dialog is closed."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        fill_sign_in(page, email)
        account = open_account(page, email)
        account.get_by_role("button", name="Set up an authenticator app").click()
        code = account.get_by_role("img", name="QR code of the key")
        link = account.get_by_role("link", name="Open an authenticator app")
        address = str(link.get_attribute("href"))
        assert address == scan(code)
        assert f"otpauth://totp/{quote(f'Intake:{email}', safe='')}" == address.partition("?")[0]
        account.get_by_role("button", name="Close").click()
        expect(account).to_be_hidden()
        expect(page.locator("#mfa-secret")).to_be_empty()
        assert "otpauth:" not in page.content()


def expire_session(visit: Visit, stack: Stack, email: str) -> None:
    """Revoke the refresh token, and have the API refuse the next request."""
    stack.account.cognito.admin_user_global_sign_out(
        UserPoolId=stack.outputs["UserPoolId"], Username=email
    )
    refusal = {"code": "unauthorized", "detail": "expired"}
    page = visit.page
    page.route("**/documents", lambda route: route.fulfill(status=401, json=refusal), times=1)
    page.get_by_role("button", name="Refresh").click()


def test_a_wrong_password_can_be_corrected(
    browser: Browser, stack: Stack, layout: Layout, user: str
) -> None:
    """The message does not reveal which of the two is wrong; empty fields send no request."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Enter your e-mail address and password.")
        page.get_by_role("textbox", name="E-mail address").fill(f"{user}@example.com")
        page.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
        page.get_by_role("button", name="Sign in").click()
        message = "Incorrect e-mail address or password."
        expect(page.get_by_role("alert")).to_have_text(message)
        expect(page.get_by_role("textbox", name="Password")).to_be_focused()
        assert 1 == len(visit.requests_to("POST", "/"))
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("No documents yet")).to_be_visible()


def test_a_temporary_password_must_be_replaced(
    browser: Browser, stack: Stack, layout: Layout
) -> None:
    """A user with a temporary password chooses a new one and is signed in."""
    name = f"{uuid.uuid4()}@example.com"
    stack.account.cognito.admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=name,
        TemporaryPassword="Temporary-Horse-1",
        MessageAction="SUPPRESS",
    )
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        page = visit.open().page
        page.get_by_role("textbox", name="E-mail address").fill(name)
        page.get_by_role("textbox", name="Password").fill("Temporary-Horse-1")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Enter a password.")
        page.get_by_role("textbox", name="New password").fill(PASSWORD)
        page.get_by_role("button", name="Save and sign in").click()
        expect(page.get_by_text("No documents yet")).to_be_visible()


def refuse_token(visit: Visit, token: str) -> None:
    """Make the API reject a token as expired from now on."""

    def refuse(route: Route) -> None:
        if route.request.headers.get("authorization") == token:
            route.fulfill(status=401, json={"code": "unauthorized", "detail": "expired"})
        else:
            route.continue_()

    visit.page.route("**/_user_request_/*", refuse)
    visit.page.route("**/_user_request_/documents/*", refuse)


def last_token(visit: Visit) -> str:
    """The token of the latest API request."""
    return next(
        request.headers["authorization"]
        for request in reversed(visit.requests)
        if "authorization" in request.headers
    )


def test_an_expired_token_is_renewed_silently(visit: Visit) -> None:
    """Concurrent requests share one renewal with the refresh token."""
    expect(visit.page.get_by_text("No documents yet")).to_be_visible()
    old = last_token(visit)
    refuse_token(visit, old)
    before = len(visit.requests_to("POST", "/"))
    visit.choose(payload("one.txt"), payload("two.txt"), payload("three.txt"))
    for name in ("one.txt", "two.txt", "three.txt"):
        visit.expect_state(name, "Processed")
    assert old != last_token(visit)
    assert 1 == len(visit.requests_to("POST", "/")) - before


def test_an_expired_session_asks_for_the_password(stack: Stack, visit: Visit, user: str) -> None:
    """The dialog cannot be dismissed, and uploads continue after sign-in."""
    page = visit.page
    visit.choose(payload("before.txt"))
    visit.expect_state("before.txt", "Processed")
    refuse_token(visit, last_token(visit))
    stack.account.cognito.admin_user_global_sign_out(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{user}@example.com"
    )
    visit.choose(payload("during.txt"))
    again = page.get_by_role("dialog", name="Your session has expired")
    expect(again.get_by_role("textbox", name="E-mail address")).to_have_value(f"{user}@example.com")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(again).to_be_visible()
    again.get_by_role("textbox", name="Password").fill("Wrong-Horse-77")
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("Incorrect e-mail")
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(again).to_be_hidden()
    visit.expect_state("during.txt", "Processed")
    visit.expect_state("before.txt", "Processed")
