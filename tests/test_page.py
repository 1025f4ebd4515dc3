"""The page's files as they are served: types, caching, size, and what a browser lets them do."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Callable
from types import ModuleType

import pytest

from chalicelib.documents import FailureCode
from chalicelib.inspection import Limits
from chalicelib.page import (
    WEB,
    PageSettings,
    file_headers,
    is_known,
    origin_of,
    page_headers,
    page_text,
    slash_after,
)
from infra.chalice_project import read_config
from infra.client import Answer, Client
from infra.stage import ROOT
from tests.stack import Stack

LARGEST_PAGE_BYTES = 60_000
FILES = {
    "": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
}
SETTINGS = PageSettings(
    client_id="1example",
    sign_in_url="https://cognito-idp.eu-west-1.amazonaws.com",
    bucket_origin="https://bucket.s3.eu-west-1.amazonaws.com",
    limits=Limits(1_000, frozenset({"text/plain", "application/pdf"})),
)


def get(stack: Stack, path: str, **headers: str) -> Answer:
    """A file of the page, for somebody who is not signed in."""
    return Client(stack.api_url, None).call("GET", path, headers=headers)


@pytest.mark.parametrize("path", FILES)
def test_everybody_gets_the_pages_files(stack: Stack, path: str) -> None:
    """Each with its type, which no browser may guess to be another."""
    answer = get(stack, path)
    assert (200, FILES[path]) == (answer.status, answer.headers["Content-Type"])
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    text = (WEB / (path or "index.html")).read_bytes()
    assert (path == "") or (text == answer.content)


@pytest.mark.parametrize("path", FILES)
def test_a_browser_is_sent_only_what_it_has_not(stack: Stack, path: str) -> None:
    """It asks each time, so that nobody has an old page, and the answer is mostly 304."""
    first = get(stack, path)
    assert "no-cache" == first.headers["Cache-Control"]
    e_tag = first.headers["ETag"]
    again = get(stack, path, **{"If-None-Match": f'"other", {e_tag}'})
    assert (304, b"") == (again.status, again.content)
    assert e_tag == again.headers["ETag"]
    assert 200 == get(stack, path, **{"If-None-Match": '"other"'}).status


def test_another_text_has_another_etag() -> None:
    """One letter is enough, and no header is no match."""
    tags = {file_headers("text/css", text)["ETag"] for text in ("a", "b", "a")}
    assert 2 == len(tags)
    assert not is_known(None, tags.pop())


def test_the_page_is_small() -> None:
    """Its files are below 60 KB together, before anything compresses them."""
    assert LARGEST_PAGE_BYTES > sum(path.stat().st_size for path in WEB.iterdir())


def test_the_page_is_in_the_zip(stack: Stack) -> None:
    """Chalice packs what is no Python as well."""
    with zipfile.ZipFile(stack.package()) as package:
        names = {name for name in package.namelist() if name.startswith("chalicelib/web/")}
    assert {f"chalicelib/web/{path.name}" for path in WEB.iterdir()} == names


def test_the_page_knows_its_stage(stack: Stack) -> None:
    """Where to sign in as whom and what is allowed, and nothing that is not public."""
    text = get(stack, "").content.decode()
    found = re.search('<meta name="settings" content="([^"]*)">', text)
    assert found
    assert {
        "clientId": stack.outputs["UserPoolClientId"],
        "signInUrl": stack.account.endpoint,
        "largestFileBytes": 52_428_800,
        "allowedTypes": read_config(ROOT)["environment_variables"]["ALLOWED_TYPES"].split(","),
    } == json.loads(html.unescape(found[1]))


def test_settings_cannot_break_out_of_their_attribute() -> None:
    """Whatever a setting holds stays text."""
    limits = Limits(1, frozenset({'text/plain"><script>alert(1)</script>'}))
    text = page_text(
        PageSettings(client_id="'\"<", sign_in_url="", bucket_origin="", limits=limits)
    )
    assert "<script>" not in text
    assert 1 == text.count("<script")


def test_the_page_may_reach_the_api_the_user_pool_and_the_bucket_alone() -> None:
    """The policy names them, allows the page's own files, and neither frames nor inline code."""
    policy = page_headers(SETTINGS)["Content-Security-Policy"]
    assert {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        (
            "connect-src 'self' https://bucket.s3.eu-west-1.amazonaws.com "
            "https://cognito-idp.eu-west-1.amazonaws.com"
        ),
        "frame-src https://bucket.s3.eu-west-1.amazonaws.com",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    } == set(policy.split("; "))


def test_the_policy_is_sent(stack: Stack) -> None:
    """With the page go all the headers that keep it to itself."""
    headers = get(stack, "").headers
    local = PageSettings(
        client_id="",
        sign_in_url=stack.account.endpoint or "",
        bucket_origin=origin_of(stack.api_url),
        limits=SETTINGS.limits,
    )
    for name, value in page_headers(local).items():
        assert value == headers[name]


def test_on_aws_user_pool_and_bucket_are_those_of_the_region(
    app_in: Callable[[str], ModuleType],
) -> None:
    """The very host that upload URLs lead to, and the region's own user pools."""
    found = app_in("eu-west-1").page_settings()
    assert "https://cognito-idp.eu-west-1.amazonaws.com" == found.sign_in_url
    assert "https://bucket.s3.eu-west-1.amazonaws.com" == found.bucket_origin


@pytest.mark.parametrize(
    ("path", "location"), [("/api/", None), ("/", None), ("/api", "api/"), ("/a/b", "b/")]
)
def test_a_missing_final_slash_is_added(path: str, location: str | None) -> None:
    """Else the links in the page would leave out the gateway's stage."""
    assert location == slash_after(path)


def test_the_page_fetches_nothing_from_elsewhere() -> None:
    """No file of it names another host."""
    for path in WEB.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text), path.name


def test_what_a_file_is_called_or_holds_is_never_markup() -> None:
    """The script uses none of what reads text as HTML or code, nor keeps anything."""
    script = (WEB / "app.js").read_text(encoding="utf-8")
    for name in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "localStorage",
        "sessionStorage",
        "document.cookie",
    ):
        assert name not in script


def test_every_failure_has_its_words() -> None:
    """The page says each code of the closed set in words for people, and knows no other."""
    script = (WEB / "app.js").read_text(encoding="utf-8")
    [table] = re.findall(r"const FAILURES = \{(.*?)\n\};", script, re.S)
    assert [code.value for code in FailureCode] == re.findall(r"^  (\w+):", table, re.M)
