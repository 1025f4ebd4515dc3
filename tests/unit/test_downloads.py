"""The headers of downloads: names, types and what browsers display."""

from __future__ import annotations

import string
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config

from chalicelib.api.downloads import content_disposition, download_type, get_object_arguments
from chalicelib.files.types import DOCX
from chalicelib.objects import presign_download


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a b.txt", "a b.txt"),
        ("résumé.pdf", "resume.pdf"),
        ("你好 مرحبا.txt", "_ _.txt"),
        ('say "hi" \\ 100%25; x.txt', "say _hi_ _ 100_25_ x.txt"),
        ("\u05ea\u05de\u200f (1)\u061c.pdf", "_ (1)_.pdf"),
        ("it's (1) *.txt", "it_s (1) _.txt"),
        ("\N{GRINNING FACE}" * 255, "_"),
    ],
)
def test_a_download_has_its_original_name(name: str, plain: str) -> None:
    """The header has both forms: RFC 8187 with the exact name, and a plain ASCII fallback."""
    header = content_disposition(name)
    assert header.isascii()
    assert "\n" not in header
    simple, _, encoded = header.partition("; filename*=UTF-8''")
    assert f'attachment; filename="{plain}"' == simple
    assert set(encoded) <= ATTRIBUTE_CHARACTERS
    assert name.replace("\\", "_") == unquote(encoded)


@pytest.mark.parametrize(
    ("name", "safe", "plain"),
    [
        ("../../etc/passwd", ".._.._etc_passwd", ".._.._etc_passwd"),
        ("line\r\nbreak", "line__break", "line__break"),
        ("red\x1b[31m\x85\u2028.txt", "red_[31m__.txt", "red__31m__.txt"),
        ("photo_\u202egpj.exe", "photo__gpj.exe", "photo__gpj.exe"),
        ("\u2067\u05d0\u2069.pdf", "_\u05d0_.pdf", "___.pdf"),
        ("\u200fjpg\u061c.photo.exe", "_jpg_.photo.exe", "_jpg_.photo.exe"),
    ],
)
def test_a_download_has_a_safe_name(name: str, safe: str, plain: str) -> None:
    """What could change the path or the visible order is replaced in both forms."""
    simple, _, encoded = content_disposition(name).partition("; filename*=UTF-8''")
    assert f'attachment; filename="{plain}"' == simple
    assert safe == unquote(encoded)


@pytest.mark.parametrize(
    ("file_type", "expected"),
    [
        ("application/pdf", "application/pdf"),
        ("image/png", "image/png"),
        ("text/plain", "text/plain"),
        (DOCX, DOCX),
        ("text/html", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xml", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_a_download_has_the_detected_type(file_type: str | None, expected: str) -> None:
    """Unless browsers execute its content, or no type was detected."""
    assert expected == download_type(file_type)


def test_the_headers_of_a_download_are_signed() -> None:
    """The URL sets the four headers that the uploader of an object could have chosen."""
    session = boto3.Session("key", "secret", region_name="eu-central-1")
    s3 = session.client("s3", config=Config(signature_version="s3v4"))
    record = {"fileName": "a.pdf", "fileType": "application/pdf"}
    url = presign_download(s3, "bucket", "key", get_object_arguments(record), 60)
    parameters = dict(parse_qsl(urlsplit(url).query))
    assert {
        "response-content-disposition": "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf",
        "response-content-type": "application/pdf",
        "response-content-encoding": "identity",
        "response-cache-control": "no-store",
    } == {name: value for name, value in parameters.items() if name.startswith("response-")}
    assert "X-Amz-Signature" in parameters  # of all parameters


@pytest.mark.parametrize(
    ("file_type", "expected"),
    [
        ("application/pdf", "inline"),
        ("image/png", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("text/plain", "attachment"),
        (None, "attachment"),
    ],
)
def test_browsers_display_only_pdfs_and_pictures(file_type: str | None, expected: str) -> None:
    """A file of any other type is an attachment, although `inline` is requested."""
    record = {"fileName": "a", "fileType": file_type}
    arguments = get_object_arguments(record, disposition="inline")
    assert expected == arguments["ResponseContentDisposition"].partition(";")[0]


ATTRIBUTE_CHARACTERS = set(string.ascii_letters + string.digits + "!#$&+-.^_`|~%")
"""RFC 8187, 3.2.1: attr-char, and `%` of what is encoded."""
