"""A sandbox's answer is accepted only as an extractor can have given it."""

from __future__ import annotations

import json

import pytest

from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.files import types
from chalicelib.files.analysis import Analysis
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


def validate(answer: bytes, *, may_be_unfinished: bool = True) -> Analysis:
    """What an answer on a file that may be a PDF or a PNG is accepted as."""
    return validated(answer, [types.PDF, "image/png"], may_be_unfinished=may_be_unfinished)


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
