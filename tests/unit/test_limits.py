"""Files of a known type that exceed a limit of it: they are not taken for something else."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import Failure, FailureCode
from chalicelib.files import types, xml_events
from chalicelib.files.analysis import analyze
from chalicelib.files.detection import candidate_types
from chalicelib.files.extractors import markup

ELEMENTS = "The HTML has more elements than the limit."
DEPTH = "The nesting depth of the XML exceeds the limit."


@pytest.mark.parametrize(
    ("content", "declared", "file_type", "message"),
    [
        pytest.param(b"<p>" * 101, types.HTML, types.HTML, ELEMENTS, id="HTML"),
        pytest.param(
            b"<?xml version='1.0'?><html>" + b"<p/>" * 101 + b"</html>",
            None,
            types.HTML,
            ELEMENTS,
            id="XHTML",
        ),
        pytest.param(
            b"<list>" + b"<a/>" * 101 + b"</list>",
            None,
            types.XML,
            "The XML has more elements than the limit.",
            id="XML",
        ),
        pytest.param(b"<e>" * 1_001 + b"</e>" * 1_001, None, types.XML, DEPTH, id="deep XML"),
        pytest.param(
            b"[" * 10_001 + b"]" * 10_001,
            types.JSON,
            types.JSON,
            "The nesting depth of the JSON exceeds the limit.",
            id="JSON",
        ),
        pytest.param(
            b"From: a@example.com\nTo: b@example.com\nDate: now\n"
            b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 10_001,
            None,
            types.MAIL,
            "The mail has more parts or longer fields than the limit.",
            id="mail",
        ),
    ],
)
def test_limit(
    content: bytes,
    declared: str | None,
    file_type: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that exceeds a limit of its type is unreadable as that type, not plain text."""
    if b"<e>" not in content:
        monkeypatch.setattr(xml_events, "MAX_ELEMENTS", 100)
        monkeypatch.setattr(markup, "MAX_ELEMENTS", 100)
    analysis = analyze(io.BytesIO(content), candidate_types(content, declared, is_whole_file=True))

    assert (file_type, Failure(FailureCode.UNREADABLE, message)) == (
        analysis.file_type,
        analysis.failure,
    )


@pytest.mark.parametrize(
    ("content", "declared", "file_type"),
    [
        pytest.param(b"<ul>" + b"<li>one " * 1_001, types.HTML, types.HTML, id="unclosed HTML"),
        pytest.param(b"BEGIN:A\nX-A: 1\nX-B: 2\nX-C: 3\n" * 9_999, None, types.TEXT, id="calendar"),
        pytest.param(b'a,b,c\n1,2,3\n1,2,"' + b"\nx" * 999_999, None, types.TEXT, id="quote"),
    ],
)
def test_other_type(content: bytes, declared: str | None, file_type: str) -> None:
    """A text that is not of the type that its beginning resembles is still of another one."""
    analysis = analyze(
        io.BytesIO(content), candidate_types(content[:8_192], declared, is_whole_file=False)
    )

    assert (file_type, None) == (analysis.file_type, analysis.failure)


def test_large_html_table() -> None:
    """An HTML table of more than 500,000 elements is HTML."""
    content = b"<table>" + b"<tr><td>1<td>2" * 170_000
    analysis = analyze(io.BytesIO(content), [types.HTML, types.XML, types.TEXT])

    assert types.HTML == analysis.file_type
    assert 510_001 == (analysis.metadata or {})["elementCount"]
