"""Ids, keys, names and the shape of a record."""

from __future__ import annotations

import sys
import unicodedata
import uuid

import pytest

from chalicelib.documents import (
    Document,
    Failure,
    FailureCode,
    Status,
    declared_type_from_header,
    document_id_for,
    escape_unprintable,
    file_name_from_metadata,
    is_document_id,
    object_key_for,
)

AN_ID = "7b97617e-1e6f-4ac2-ade3-6327693e6189"


def test_an_uploads_object_carries_its_id_in_its_key() -> None:
    """The object that a client puts is the document that it asked for."""
    assert f"uploads/{AN_ID}" == object_key_for(AN_ID)
    assert AN_ID == document_id_for("any", object_key_for(AN_ID))


@pytest.mark.parametrize(
    "key",
    [
        "report.pdf",
        f"uploads/{AN_ID}/x",
        f"uploads/{AN_ID.upper()}",
        "uploads/",
        f"Uploads/{AN_ID}",
    ],
)
def test_any_other_object_has_an_id_of_bucket_and_key(key: str) -> None:
    """The same object is always the same document, and no other is."""
    expected = str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://bucket/{key}"))
    assert expected == document_id_for("bucket", key)
    assert expected != document_id_for("other", key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (AN_ID, True),
        (AN_ID.upper(), False),
        (AN_ID.replace("-", ""), False),
        ("{" + AN_ID + "}", False),
        ("", False),
        ("x", False),
    ],
)
def test_an_id_is_a_uuid_in_canonical_form(text: str, expected: bool) -> None:
    """Only one spelling of a UUID is an id, so that one document has one id."""
    assert expected is is_document_id(text)


@pytest.mark.parametrize(
    ("key", "declared", "expected"),
    [
        ("a/b/report.pdf", None, "report.pdf"),
        ("report.pdf", "", "report.pdf"),
        ("a/b/", None, "b"),
        ("/", None, "/"),
        ("uploads/x", "r%C3%A9sum%C3%A9%20%2B.pdf", "résumé +.pdf"),
        ("uploads/x", "a+b", "a+b"),
        ("uploads/x", "%FF", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_the_file_name_is_the_declared_one_or_the_keys_last_segment(
    key: str, declared: str | None, expected: str
) -> None:
    """Object metadata is percent-encoded UTF-8; without it, the key gives the name."""
    assert expected == file_name_from_metadata(key, declared)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("text/plain", None),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("application/octet-stream", "application/octet-stream"),
        ("a/" + "b" * 253, "a/" + "b" * 253),
        ("a/" + "b" * 254, None),
        ("", None),
        ("text/é", None),
        ("text/\x1b[31m", None),
    ],
)
def test_a_declared_type_is_recorded_where_it_differs(declared: str, expected: str | None) -> None:
    """From the detected type, here text/plain; a direct upload may declare anything."""
    assert expected == declared_type_from_header(declared, "text/plain")
    assert declared_type_from_header("text/plain", None) == "text/plain"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é مرحبا 你好.txt", "plain é مرحبا 你好.txt"),
        ("a\nb\r\x1b[31m", "a\\nb\\r\\x1b[31m"),
        ("a\u2028b\u202ec", "a\\u2028b\\u202ec"),
    ],
)
def test_a_name_is_escaped_to_one_line(text: str, expected: str) -> None:
    """Whatever could break or turn a line is escaped; letters of every script stay."""
    assert expected == escape_unprintable(text)


BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Every character with the Unicode property Bidi_Control."""


def test_every_unprintable_character_is_escaped() -> None:
    """Of all of Unicode, only letters, marks, numbers, punctuation, symbols and the space stay."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        category = unicodedata.category(character)
        is_kept = category[0] not in "CZ" or character == " "
        escaped = escape_unprintable(character)
        assert (character == escaped) is is_kept, hex(code)
        assert escaped.isprintable(), hex(code)
    assert {"Cf"} == {unicodedata.category(character) for character in BIDI_CONTROLS}


def test_a_record_has_the_names_of_the_schema_and_nothing_that_is_none() -> None:
    """Fields become camelCase attributes; what a document has not is absent."""
    document = Document(
        document_id=AN_ID,
        file_name="a.pdf",
        status=Status.FAILED,
        file_size=3,
        e_tag="e",
        metadata={"pageCount": 2},
        failure=Failure(FailureCode.ENCRYPTED, "It is."),
    )
    assert {
        "documentId": AN_ID,
        "fileName": "a.pdf",
        "status": "FAILED",
        "fileSize": 3,
        "eTag": "e",
        "metadata": {"pageCount": 2},
        "failure": {"code": "encrypted", "message": "It is."},
    } == document.to_record()


def test_a_record_with_a_time_is_sorted_by_status_and_time() -> None:
    """An owner's index contains and sorts it by its attribute statusTime."""
    document = Document(
        document_id=AN_ID,
        file_name="a.pdf",
        status=Status.FAILED,
        file_size=3,
        uploaded_at="2026-11-22T12:00:00.000Z",
    )
    assert "FAILED#2026-11-22T12:00:00.000Z" == document.to_record()["statusTime"]


def test_the_failure_codes_are_the_closed_set() -> None:
    """Clients may switch on the codes: a new one is a decision."""
    assert {
        "too_large",
        "empty",
        "type_not_allowed",
        "type_mismatch",
        "encrypted",
        "unreadable",
        "extraction_timeout",
        "extraction_crashed",
        "processing_failed",
        "infected",
        "not_scanned",
    } == set(FailureCode)
