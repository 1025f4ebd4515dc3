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
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.stack import PASSWORD, Stack
from tests.support.web_ui import Visit, payload, visit_web_ui

RESET_CODE = "654321"
"""What the local Cognito sends."""


def user_of(stack: Stack) -> str:
    """The e-mail address of a new user."""
    name = f"visitor-{uuid.uuid4()}"
    stack.sign_in(name)
    return f"{name}@example.com"


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


def test_a_reload_keeps_the_session_of_its_tab(browser: Browser, stack: Stack) -> None:
    """It continues where it was, a document included; another tab and a signed-out one do not."""
    email = user_of(stack)
    with visit_web_ui(browser, stack, stack.api_url) as visit:
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


def test_a_session_that_was_revoked_is_not_continued(browser: Browser, stack: Stack) -> None:
    """A reload then asks for the password, and so does one after twelve hours."""
    email = user_of(stack)
    with visit_web_ui(browser, stack, stack.api_url) as visit:
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


def test_a_forgotten_password_is_reset(browser: Browser, stack: Stack) -> None:
    """With the code that is sent to the address; the form does not reveal who has an account."""
    email = user_of(stack)
    with visit_web_ui(browser, stack, stack.api_url) as visit:
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


def test_an_authenticator_app_is_set_up_and_required(browser: Browser, stack: Stack) -> None:
    """From then on sign-in asks for its code, as does an expired session; it can be turned off."""
    email = user_of(stack)
    with visit_web_ui(browser, stack, stack.api_url) as visit:
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
    [found] = zxingcpp.read_barcodes(image, try_invert=False)
    return found.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_authenticator_app_scans_the_key(browser: Browser, stack: Stack, scheme: str) -> None:
    """The QR code is that of the link; the page has no key any more once the dialog is closed."""
    email = user_of(stack)
    options = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    with visit_web_ui(browser, stack, stack.api_url, **options) as visit:
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
        assert "otpauth:" not in page.content()
        expect(page.locator("#mfa-secret")).to_be_empty()


def expire_session(visit: Visit, stack: Stack, email: str) -> None:
    """Revoke the refresh token, and have the API refuse the next request."""
    stack.account.cognito.admin_user_global_sign_out(
        UserPoolId=stack.outputs["UserPoolId"], Username=email
    )
    refusal = {"code": "unauthorized", "detail": "expired"}
    page = visit.page
    page.route("**/documents", lambda route: route.fulfill(status=401, json=refusal), times=1)
    page.get_by_role("button", name="Refresh").click()
