"""Serving of the web UI: content types, caching, size and security headers."""

from __future__ import annotations

import gzip
import html
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from chalicelib.documents import FailureCode
from chalicelib.etags import etag_matches
from chalicelib.files.types import DEFAULT_TYPES, FILE_TYPES, PDF
from chalicelib.files.validation import Limits
from chalicelib.web.serving import (
    FOLDER,
    SCRIPT,
    STYLE,
    WebUiSettings,
    file_headers,
    origin_of,
    read_file,
    render_index,
    security_headers,
    trailing_slash_redirect,
)
from infra.api_client import Client, Response
from tests.support.stack import Stack

MAX_COMPRESSED_BYTES = 60_000
MAX_MODULE_LINES = 250
MODULES = sorted((FOLDER / "modules").glob("*.js"))
LIBRARIES = sorted((FOLDER / "third_party").glob("*.js"))
FILES = [FOLDER / "index.html", FOLDER / "style.css", *MODULES, *LIBRARIES]
CONTENT_TYPES = {
    "": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
}
SETTINGS = WebUiSettings(
    client_id="1example",
    sign_in_url="https://cognito-idp.eu-west-1.amazonaws.com",
    bucket_origin="https://bucket.s3.eu-west-1.amazonaws.com",
    limits=Limits(1_000, frozenset({"text/plain", "application/pdf"})),
)


def get(stack: Stack, path: str, **headers: str) -> Response:
    """GET a file of the web UI without credentials."""
    return Client(stack.api_url, None).call("GET", path, headers=headers)


@pytest.mark.parametrize("path", CONTENT_TYPES)
def test_files_are_public(stack: Stack, path: str) -> None:
    """Each file is served without sign-in, with its content type and `nosniff`."""
    response = get(stack, path)
    assert (200, CONTENT_TYPES[path]) == (response.status, response.headers["Content-Type"])
    assert "nosniff" == response.headers["X-Content-Type-Options"]
    assert (path == "") or (read_file(path).encode() == response.content)


@pytest.mark.parametrize("path", CONTENT_TYPES)
def test_an_unchanged_file_is_not_sent_again(stack: Stack, path: str) -> None:
    """Browsers revalidate on each load and get 304 for a current copy."""
    first = get(stack, path)
    assert "no-cache" == first.headers["Cache-Control"]
    e_tag = first.headers["ETag"]
    again = get(stack, path, **{"If-None-Match": f'"other", {e_tag}'})
    assert (304, b"") == (again.status, again.content)
    assert e_tag == again.headers["ETag"]
    assert 200 == get(stack, path, **{"If-None-Match": '"other"'}).status


def test_etags_depend_on_content() -> None:
    """Different content has a different ETag; a missing header does not match."""
    tags = {file_headers(text)["ETag"] for text in ("a", "b", "a")}
    assert 2 == len(tags)
    assert not etag_matches(None, tags.pop())


def test_a_visit_takes_three_requests_and_later_one(stack: Stack) -> None:
    """The page names style sheet and script with a version, which browsers keep for a year."""
    text = get(stack, "").content.decode()
    urls = re.findall('(?:href|src)="([^"]*[?]v=[^"]*)"', text)
    assert ["style.css", "app.js"] == [url.partition("?")[0] for url in urls]
    for url in urls:
        assert "public, max-age=31536000, immutable" == get(stack, url).headers["Cache-Control"]
    assert "no-cache" == get(stack, "app.js?v=older").headers["Cache-Control"]


def test_the_web_ui_is_small() -> None:
    """Its files are smaller than 60 kB in total, as API Gateway compresses them."""
    texts = [render_index(SETTINGS), *map(read_file, (STYLE, SCRIPT))]
    assert MAX_COMPRESSED_BYTES > sum(len(gzip.compress(text.encode())) for text in texts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_short(path: Path) -> None:
    """No module has more than 250 lines."""
    assert MAX_MODULE_LINES >= len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.name)
def test_a_library_is_served_with_its_licence(path: Path) -> None:
    """In the comment at its start, with its version and source."""
    comment = path.read_text(encoding="utf-8").partition("*/")[0]
    assert re.match(r"/\*\n\w+ [0-9.]+, [^\n]* https://", comment)
    assert "Copyright (c)" in comment
    assert comment in read_file(SCRIPT)


def test_the_deployment_package_contains_the_web_ui(stack: Stack) -> None:
    """Chalice packages files other than Python modules as well."""
    with zipfile.ZipFile(stack.package()) as package:
        names = set(package.namelist())
    assert {f"chalicelib/web/{path.relative_to(FOLDER)}" for path in FILES} <= names


def test_the_page_contains_the_settings_of_its_stage(stack: Stack) -> None:
    """The settings are the sign-in endpoint, the limits and the type labels, nothing else."""
    text = get(stack, "").content.decode()
    found = re.search('<meta name="settings" content="([^"]*)">', text)
    assert found
    settings = json.loads(html.unescape(found[1]))
    assert PDF == settings["allowedTypes"][0]
    assert DEFAULT_TYPES == set(settings.pop("allowedTypes"))
    assert {
        "clientId": stack.outputs["UserPoolClientId"],
        "signInUrl": stack.account.endpoint,
        "largestFileBytes": 52_428_800,
        "typeLabels": {
            file_type.mime_type: [file_type.short_label, file_type.label]
            for file_type in FILE_TYPES.values()
        },
    } == settings


def test_settings_are_escaped() -> None:
    """A setting that contains markup stays inside its attribute."""
    text = render_index(replace(SETTINGS, client_id="'\"><script>alert(1)</script>"))
    assert "<script>" not in text
    assert 1 == text.count("<script")


def test_the_content_security_policy_is_minimal() -> None:
    """It allows the own files, the API, Cognito and the bucket; no inline code, no framing."""
    policy = security_headers(SETTINGS)["Content-Security-Policy"]
    assert {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data: https://bucket.s3.eu-west-1.amazonaws.com",
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


def test_a_stage_with_texts_connects_to_their_bucket() -> None:
    """To read a text and to download it."""
    texts = "https://texts.s3.eu-west-1.amazonaws.com"
    policy = security_headers(replace(SETTINGS, text_bucket_origin=texts))
    rules = dict(
        rule.split(" ", 1) for rule in policy["Content-Security-Policy"].split("; ") if " " in rule
    )
    assert texts in rules["connect-src"].split()
    assert texts in rules["frame-src"].split()
    assert texts not in rules["img-src"]


def test_security_headers_are_sent(stack: Stack) -> None:
    """The page is served with all security headers."""
    headers = get(stack, "").headers
    local = replace(
        SETTINGS,
        sign_in_url=stack.account.endpoint or "",
        bucket_origin=origin_of(stack.api_url),
    )
    for name, value in security_headers(local).items():
        assert value == headers[name]


def test_on_aws_endpoints_are_regional(
    import_in: Callable[[str, str], ModuleType],
) -> None:
    """The bucket origin equals that of upload URLs, and sign-in uses the Cognito endpoint."""
    found = import_in("eu-west-1", "chalicelib.web.routes").web_ui_settings()
    assert "https://cognito-idp.eu-west-1.amazonaws.com" == found.sign_in_url
    assert "https://bucket.s3.eu-west-1.amazonaws.com" == found.bucket_origin


@pytest.mark.parametrize(
    ("path", "location"), [("/api/", None), ("/", None), ("/api", "api/"), ("/a/b", "b/")]
)
def test_a_missing_trailing_slash_is_added(path: str, location: str | None) -> None:
    """Without the redirect, relative links would lack the stage of API Gateway."""
    assert location == trailing_slash_redirect(path)


def test_no_file_refers_to_another_host() -> None:
    """The files contain no absolute URL of another host, but for sources in comments."""
    for path in FILES:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        text = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text), path.name


def test_the_script_uses_no_unsafe_api() -> None:
    """The script uses no API that parses HTML, evaluates code or stores data beyond the tab."""
    script = read_file(SCRIPT)
    for name in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "localStorage",
        "document.cookie",
    ):
        assert name not in script


def test_every_failure_code_has_an_explanation() -> None:
    """The script explains exactly the codes of the closed set."""
    script = read_file(SCRIPT)
    [table] = re.findall(r"const FAILURES = \{(.*?)\n\};", script, re.S)
    explained = re.findall(r"^  (\w+):", table, re.M)
    assert [code.value for code in FailureCode] == explained
