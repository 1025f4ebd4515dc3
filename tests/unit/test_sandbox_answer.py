"""A sandbox's answer is accepted only as an extractor can have given it."""

from __future__ import annotations

import json

import pytest

from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.files import types
from chalicelib.files.analysis import Analysis
from chalicelib.files.extracted_text import MAX_TEXT_BYTES, ExtractedText
from chalicelib.files.metadata import MAX_NUMBER, MAX_TEXT_CHARACTERS
from chalicelib.files.sandbox_answer import validated
from chalicelib.files.sandbox_protocol import MAX_MESSAGE_BYTES

METADATA: Metadata = {
    "title": "x" * MAX_TEXT_CHARACTERS,
    "pageCount": MAX_NUMBER,
    "wordCount": 0,
    "encrypted": True,
    "truncated": "title",
}


def validate(answer: bytes, *, may_be_unfinished: bool = True, with_text: bool = False) -> Analysis:
    """What an answer on a file that may be a PDF or a PNG is accepted as."""
    return validated(
        answer,
        [types.PDF, "image/png"],
        may_be_unfinished=may_be_unfinished,
        with_text=with_text,
    )


def test_metadata_is_accepted() -> None:
    """Metadata of an extractor is accepted unchanged."""
    answer = {"fileType": types.PDF, "metadata": METADATA}

    assert Analysis(types.PDF, METADATA) == validate(json.dumps(answer).encode())


def test_rejection_is_accepted() -> None:
    """A rejection is accepted, for a container as well."""
    answer = {"fileType": types.ZIP, "rejected": ["encrypted", "A sentence."]}
    failure = Failure(FailureCode.ENCRYPTED, "A sentence.")

    assert Analysis(types.ZIP, failure=failure) == validate(json.dumps(answer).encode())


def test_other_type_is_accepted() -> None:
    """A type that is not a candidate is accepted without metadata."""
    assert Analysis("application/epub+zip") == validate(b'{"fileType": "application/epub+zip"}')


def test_unfinished_analysis_is_accepted_from_an_extractor_only() -> None:
    """What an extractor found before it handed over is accepted; a fallback finishes."""
    found = {"pageCount": 1, "wordCount": 2, "encrypted": False}
    answer = json.dumps({"fileType": types.PDF, "unfinished": found}).encode()

    assert Analysis(types.PDF, unfinished=found) == validate(answer)
    with pytest.raises(ValueError, match="neither"):
        validate(answer, may_be_unfinished=False)


def pdf(metadata: bytes, key: bytes = b"metadata") -> bytes:
    """An answer on a PDF."""
    return b'{"fileType": "application/pdf", "%s": %s}' % (key, metadata)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'"metadata"',
        b"NaN",
        pdf(b"{}")[:-1],
        pdf(b"{}") + b" {}",
        pdf(b"[]"),
        pdf(b'{}, "rejected": ["encrypted", ""]'),
        pdf(b'{}, "unfinished": {}'),
        pdf(b'{"title": null}'),
        pdf(b'{"title": 1}'),
        pdf(b'{"pageCount": "1"}'),
        pdf(b'{"pageCount": true}'),
        pdf(b'{"pageCount": 1.0}'),
        pdf(b'{"pageCount": NaN}'),
        pdf(b'{"pageCount": []}'),
        pdf(b'{"pageCount": {}}'),
        pdf(b'{"pageCount": -1}'),
        pdf(b'{"pageCount": -1%s}' % (b"0" * 38)),
        pdf(b'{"pageCount": %d}' % (MAX_NUMBER + 1)),
        pdf(b'{"pageCount": 1%s}' % (b"0" * 9_999)),
        pdf(b'{"encrypted": 1}'),
        pdf(b'{"title": ""}'),
        pdf(b'{"title": " b"}'),
        pdf(b'{"title": "b\\nc"}'),
        pdf(b'{"title": "\\ud800"}'),
        pdf(b'{"title": "\xff"}'),
        pdf(b'{"title": "%s"}' % (b"x" * (MAX_TEXT_CHARACTERS + 1))),
        pdf(b'{"": 1}'),
        pdf(b'{"a": 1}'),
        pdf(b'{"width": 1}'),
        pdf(b'{"title\\n": "b"}'),
        pdf(b'{"truncated": 1}'),
        pdf(
            b"{%s}"
            % b",".join(
                b'"%s": "%s"' % (name, b"x" * MAX_TEXT_CHARACTERS)
                for name in (b"title", b"author", b"subject", b"keywords")
            )
        ),
        pdf(b'{%s"pageCount": 1}' % (b" " * MAX_MESSAGE_BYTES)),
        pdf(b'["processing_failed", "A sentence."]', b"rejected"),
        pdf(b'["too_large", "A sentence."]', b"rejected"),
        pdf(b'["encrypted"]', b"rejected"),
        pdf(b'["encrypted", 1]', b"rejected"),
        pdf(b'["encrypted", "a\\nb"]', b"rejected"),
        pdf(b'["encrypted", "%s"]' % (b"x" * 201), b"rejected"),
        pdf(b'{"pageCount": -1}', b"unfinished"),
        pdf(b'{"other": 1}', b"unfinished"),
        b'{"fileType": "application/pdf"}',
        b'{"fileType": "image/gif", "metadata": {}}',
        b'{"fileType": "image/gif", "unfinished": {}}',
        b'{"fileType": "image/png", "unfinished": {}}',
        b'{"fileType": "image/gif", "rejected": ["encrypted", "A sentence."]}',
        b'{"fileType": "image/gif", "other": 1}',
        b'{"fileType": "Image/gif"}',
        b'{"fileType": "image/gif\\n"}',
        b'{"fileType": "image/%s"}' % (b"x" * 101),
        b'{"fileType": 1, "metadata": {}}',
        b'{"metadata": {}}',
        b"[" * 100_000,
    ],
    ids=lambda answer: ascii(answer)[:50],
)
def test_no_other_answer_is_accepted(answer: bytes) -> None:
    """An answer that no extractor gives raises, which makes the file extraction_crashed."""
    with pytest.raises((ValueError, RecursionError)):
        validate(answer)


def with_text(
    content: bytes, found: bytes = b'"metadata": {}', flag: bytes = b"false", missing: int = 0
) -> bytes:
    """An answer on a PDF, with its text."""
    described = b'"text": [%d, %s]' % (len(content) + missing, flag)
    return b'{"fileType": "application/pdf", %s, %s}\n%s' % (found, described, content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("two\nlines\f\u00e9".encode(), ExtractedText("two\nlines\f\u00e9".encode(), 11, False)),
        (b"x" * MAX_TEXT_BYTES, ExtractedText(b"x" * MAX_TEXT_BYTES, MAX_TEXT_BYTES, False)),
    ],
    ids=["short", "longest"],
)
def test_text_is_accepted(content: bytes, text: ExtractedText) -> None:
    """A text that was asked for is accepted unchanged, and its characters are counted."""
    assert Analysis(types.PDF, {}, text=text) == validate(with_text(content), with_text=True)


def test_text_of_an_unfinished_analysis_is_accepted() -> None:
    """What the extractor has read of the text, its fallback does not read again."""
    answer = with_text(b"text", b'"unfinished": {}', b"true")
    text = ExtractedText(b"text", 4, is_truncated=True)

    assert Analysis(types.PDF, unfinished={}, text=text) == validate(answer, with_text=True)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(with_text(b"\xff"), id="no UTF-8"),
        pytest.param(with_text(b"\xc3"), id="half a character"),
        pytest.param(with_text(b"\xed\xa0\x80"), id="surrogate"),
        pytest.param(with_text(b"x" * (MAX_TEXT_BYTES + 1)), id="too long"),
        pytest.param(with_text(b"x", flag=b"0"), id="number as the flag"),
        pytest.param(with_text(b"x", missing=1), id="a part"),
        pytest.param(pdf(b"{}") + b"\ntext", id="not described"),
        pytest.param(with_text(b"x").partition(b"\n")[0], id="no text"),
        pytest.param(with_text(b"x", b'"rejected": ["encrypted", ""]'), id="of a rejected file"),
        pytest.param(b'{"fileType": "image/gif", "text": [4, false]}\ntext', id="of another type"),
        pytest.param(
            b'{"fileType": "image/png", "metadata": {}, "text": [4, false]}\ntext',
            id="of a type without text",
        ),
        pytest.param(b"[]\ntext", id="no object"),
        pytest.param(with_text(b"x", b'"metadata": {"pageCount": -1}'), id="false metadata"),
        pytest.param(b" " * MAX_MESSAGE_BYTES + with_text(b"x"), id="long message before it"),
    ],
)
def test_no_other_text_is_accepted(answer: bytes) -> None:
    """A text that no extractor can have collected raises."""
    with pytest.raises(ValueError, match=r"."):
        validate(answer, with_text=True)


def test_text_that_was_not_asked_for() -> None:
    """A text is accepted only if it was asked for."""
    with pytest.raises(ValueError, match="not asked for"):
        validate(with_text(b"text"))
