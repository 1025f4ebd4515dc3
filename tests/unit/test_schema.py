"""The tables of the API check what they are sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.api.problems import Problem
from chalicelib.api.schema import CREATE_UPLOAD, LIST_DOCUMENTS

GOOD = {"fileName": "a.pdf", "fileType": "application/pdf", "fileSize": 5}


def sent(**changes: object) -> bytes:
    """A good body with changes; None leaves a field out."""
    fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a" * 255,
        "\N{GRINNING FACE}" * 255,
        " leading and trailing ",
        "...",
        ".bashrc",
        "100 %25 & more; \"quoted\" 'too'.pdf",
        "résumé مرحبا 你好 \N{RIGHT-TO-LEFT MARK}.txt",
        "line\N{LINE SEPARATOR}separator",
        "NUL",
        "<b>?*|:.txt",
    ],
)
def test_what_a_person_might_call_a_file_is_accepted(name: str) -> None:
    """Any characters do, as they are."""
    assert name == CREATE_UPLOAD.parse_body(sent(fileName=name))["fileName"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "The body must be JSON"),
        (b"{", "The body must be JSON"),
        (b"\xff", "The body must be JSON"),
        (b"[" * 100_000, "The body must be JSON"),
        (b'{"fileSize": ' + b"9" * 5_000 + b"}", "The body must be JSON"),
        (b'{"fileSize": NaN}', "The body must be JSON"),
        (b"[]", "The body must be a JSON object"),
        (b"null", "The body must be a JSON object"),
        (b'{"fileName": "a", "fileName": "b"}', "fileName: must occur once"),
        (b"{}", "fileName: is required; fileType: is required; fileSize: is required"),
        (sent(fileNam="a"), "fileNam: unknown field; use fileName, fileType, fileSize, sha256"),
        (sent(**{"x\n" * 90: 1}), r"x\\nx.*: unknown"),
        (sent(fileName=5), "fileName: must be a string"),
        (sent(fileName=""), "fileName: must have 1 to 255 characters"),
        (sent(fileName="a" * 256), "fileName: must have 1 to 255 characters"),
        (sent(fileName="a/b"), "fileName: must not contain control characters or path sep"),
        (sent(fileName="a\\b"), "fileName: must not contain"),
        (sent(fileName="a\0"), "fileName: must not contain"),
        (sent(fileName="a\n"), "fileName: must not contain"),
        (sent(fileName="a\x7f"), "fileName: must not contain"),
        (sent(fileName="a\x85"), "fileName: must not contain"),
        (sent(fileName="."), "fileName: must not contain"),
        (sent(fileName=".."), "fileName: must not contain"),
        (sent(fileName="e\N{COMBINING ACUTE ACCENT}"), "fileName: must be in Unicode form NFC"),
        (b'{"fileName": "\\ud800"}', "fileName: must not contain lone surrogates"),
        (sent(fileType="pdf"), "fileType: must be a MIME type such as application/pdf"),
        (sent(fileType="text/plain\r\nx: y"), "fileType: must be a MIME type"),
        (sent(fileType="téxt/plain"), "fileType: must be a MIME type"),
        (sent(fileType="a/" + "b" * 254), "fileType: must have 3 to 255 characters"),
        (sent(fileSize="5"), "fileSize: must be an integer from 1"),
        (sent(fileSize=True), "fileSize: must be an integer"),
        (sent(fileSize=1.5), "fileSize: must be an integer"),
        (sent(fileSize=0), "fileSize: must be an integer from 1"),
        (sent(fileSize=-1), "fileSize: must be an integer"),
        (b'{"fileSize": 1e999}', "fileSize: must be an integer"),
        (sent(sha256="ab"), "sha256: must be 64 hexadecimal digits"),
        (sent(sha256="g" * 64), "sha256: must be 64 hexadecimal digits"),
        (b'{"sha256": null}', "sha256: must be a string"),
        (sent(tags=[]), "tags: must be an object of at most 10 strings"),
        (sent(tags={str(n): "" for n in range(11)}), "tags: must be an object of at most 10"),
        (sent(tags={"": "a"}), "tags: name  must have 1 to 64 characters"),
        (sent(tags={"k" * 65: "a"}), "tags: name k{60} must have 1 to 64 characters"),
        (sent(tags={"k": "v" * 257}), "tags: value of k must have 0 to 256 characters"),
        (sent(tags={"k": 1}), "tags: value of k must be a string"),
        (sent(tags={"k": None}), "tags: value of k must be a string"),
        (sent(tags={"k": "a\r\nx: y"}), "tags: value of k must not contain control characters"),
        (sent(tags={"a\0": ""}), r"tags: name a\\x00 must not contain control characters"),
        (b'{"tags": {"k": "\\udc00"}}', "tags: value of k must not contain lone surrogates"),
        (b'{"tags": {"\\ud800": ""}}', "must not contain lone surrogates"),
        (b'{"tags": {"k": "1", "k": "2"}}', "k: must occur once"),
        (sent(fileName=5, fileSize=0), "fileName: must be a string; fileSize: must be an integer"),
    ],
)
def test_a_malformed_body_is_refused_by_name(body: bytes, problem: str) -> None:
    """Each wrong field is named, with what it must be."""
    with pytest.raises(Problem, match=problem):
        CREATE_UPLOAD.parse_body(body)


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("fileSize", 5.0, 5),
        ("fileSize", 10**30, 10**30),
        ("fileType", "Text/Plain; charset=utf-8", "Text/Plain; charset=utf-8"),
        ("fileType", 'a/b+c;d="e f"', 'a/b+c;d="e f"'),
        ("sha256", "aB" * 32, "aB" * 32),
    ],
)
def test_a_good_field_is_read(field: str, value: object, read: object) -> None:
    """Everything that JSON and MIME allow is accepted."""
    assert read == CREATE_UPLOAD.parse_body(sent(**{field: value}))[field]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, {"limit": 20, "order": "desc"}),
        ({"limit": ["1"]}, {"limit": 1, "order": "desc"}),
        (
            {"limit": ["100"], "status": ["FAILED"]},
            {"limit": 100, "status": "FAILED", "order": "desc"},
        ),
        ({"cursor": ["abc"], "order": ["asc"]}, {"limit": 20, "cursor": "abc", "order": "asc"}),
    ],
)
def test_a_query_is_read(query: dict[str, list[str]], asked: dict[str, Any]) -> None:
    """Numbers become numbers, and what is not given has its default."""
    assert asked == LIST_DOCUMENTS.parse_query(query)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": ["0"]}, "limit: must be an integer from 1 to 100"),
        ({"limit": ["101"]}, "limit: must be an integer from 1 to 100"),
        ({"limit": ["-1"]}, "limit: must be an integer"),
        ({"limit": ["1.0"]}, "limit: must be an integer"),
        ({"limit": ["٥"]}, "limit: must be an integer"),
        ({"limit": ["9" * 5_000]}, "limit: must be an integer"),
        ({"limit": [""]}, "limit: must be an integer"),
        ({"limit": ["1", "2"]}, "limit: must occur once"),
        ({"status": ["PENDING"]}, "status: must be one of PROCESSED, FAILED"),
        ({"status": ["processed"]}, "status: must be one of"),
        ({"status": [""]}, "status: must be one of"),
        ({"cursor": [""]}, "cursor: must have 1 to"),
        ({"satus": ["FAILED"]}, "satus: unknown field; use status, uploadedAfter"),
    ],
)
def test_a_malformed_query_is_refused_by_name(query: dict[str, list[str]], problem: str) -> None:
    """Each wrong parameter is named, with what it must be."""
    with pytest.raises(Problem, match=problem):
        LIST_DOCUMENTS.parse_query(query)
