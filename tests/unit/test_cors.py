"""Answers name the pages that may read them."""

from __future__ import annotations

import pytest

from chalicelib.api.cors import cors_headers, preflight_headers

A, B = "https://a.example", "https://b.example"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.mark.parametrize(
    ("allowed", "origin", "expected", "varies"),
    [
        (["*"], None, "*", None),
        (["*"], A, "*", None),
        ([A], A, A, "Origin"),
        ([A, B], B, B, "Origin"),
        ([A, B], "https://c.example", None, "Origin"),
        ([A, B], None, None, "Origin"),
        ([A], "null", None, "Origin"),
    ],
)
def test_an_origin_is_named_when_it_is_allowed(
    allowed: list[str], origin: str | None, expected: str | None, varies: str | None
) -> None:
    """One origin at most, with `Vary` where it depends on the request."""
    headers = cors_headers(allowed, origin)
    assert (expected, varies) == (headers.get(ALLOWED), headers.get("Vary"))


def test_a_preflight_names_methods_and_headers() -> None:
    """A page may send its token and JSON."""
    headers = preflight_headers(["GET", "DELETE"])
    assert "GET,DELETE" == headers["Access-Control-Allow-Methods"]
    assert "Authorization,Content-Type,If-None-Match" == headers["Access-Control-Allow-Headers"]
