"""Errors as problem details."""

from __future__ import annotations

import pytest

from chalicelib.api.problems import STATUSES, Code, FieldError, Problem


@pytest.mark.parametrize("code", Code)
def test_every_code_is_an_error_with_a_phrase(code: Code) -> None:
    """RFC 9457, 4.2.1: with about:blank, the title is the phrase of the status."""
    body = Problem(code, "A sentence").body()
    assert {"type", "title", "status", "detail", "code"} == set(body)
    assert ("about:blank", "A sentence", code.value) == (body["type"], body["detail"], body["code"])
    assert 400 <= body["status"] < 600
    titles = {title for status, title in STATUSES.values() if status == body["status"]}
    assert {body["title"]} == titles


def test_wrong_fields_are_listed_and_summed_up() -> None:
    """Each for a program, all together for a person who sees only the detail."""
    errors = [FieldError("fileName", "is required"), FieldError("fileSize", "must be 1")]
    body = Problem(Code.INVALID_REQUEST, errors=errors).body()
    assert "fileName: is required; fileSize: must be 1" == body["detail"]
    assert [
        {"field": "fileName", "message": "is required"},
        {"field": "fileSize", "message": "must be 1"},
    ] == body["errors"]
