"""The record of a document: its states, failure codes, ids and keys.

Knows neither AWS nor HTTP: standard library only (a lint rule keeps it so).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from enum import StrEnum
from urllib.parse import unquote

UPLOADS_PREFIX = "uploads/"
"""Objects that clients put with an upload URL lie under this prefix, named by their documentId."""

LONGEST_OWNER_BYTES = 2_048
"""A partition key's, in UTF-8:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

MetadataValue = str | int | bool
Metadata = Mapping[str, MetadataValue]
"""What an extractor found: camelCase names; integers, booleans and text of bounded length."""


class Status(StrEnum):
    """Where a document stands. Every upload ends in exactly one of PROCESSED and FAILED."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


class FailureCode(StrEnum):
    """Why a document is FAILED. The set is closed: clients may switch on it."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    TYPE_MISMATCH = "type_mismatch"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    EXTRACTION_TIMEOUT = "extraction_timeout"
    EXTRACTION_CRASHED = "extraction_crashed"
    PROCESSING_FAILED = "processing_failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document is FAILED: a code for programs, a sentence for people.

    The message is shown to whoever may read the record: it quotes nothing of the file's content
    and nothing of the account's internals.
    """

    code: FailureCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One record; `to_record` gives it the names of the table's schema. None: not in the record."""

    document_id: str
    file_name: str
    status: Status
    file_size: int
    """Bytes."""
    file_type: str | None = None
    """MIME type found in the bytes; while PENDING, the declared one."""
    uploaded_at: str | None = None
    """ISO 8601 UTC with milliseconds, from the S3 event. None while PENDING."""
    processed_at: str | None = None
    """ISO 8601 UTC with milliseconds."""
    owner: str | None = None
    """Cognito `sub` of who uploaded it; None for other direct uploads."""
    object_key: str | None = None
    e_tag: str | None = None
    sequencer: str | None = None
    """Padded to a fixed width: later versions of the same key compare greater."""
    sha256: str | None = None
    """Hex, of the content; None when the content was not read to its end."""
    metadata: Metadata | None = None
    failure: Failure | None = None
    expires_at: int | None = None
    """Epoch seconds (DynamoDB TTL); only while PENDING."""

    def to_record(self) -> dict[str, object]:
        """This document under the schema's camelCase names, without what it has not."""
        record: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if isinstance(value, Failure):
                value = {"code": value.code.value, "message": value.message}
            elif isinstance(value, Status):
                value = value.value
            elif isinstance(value, Mapping):
                value = dict(value)
            record[_camel_case(field.name)] = value
        return record


def document_id_of(bucket: str, key: str) -> str:
    """The id of the object's document: the same object is always the same document."""
    if key.startswith(UPLOADS_PREFIX):
        name = key.removeprefix(UPLOADS_PREFIX)
        if is_document_id(name):
            return name
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{bucket}/{key}"))


def object_key_of(document_id: str) -> str:
    """The key under which a client's upload for this document lies."""
    return UPLOADS_PREFIX + document_id


def file_name_of(key: str, declared: str | None) -> str:
    """The document's original name; never empty, and never text that UTF-8 cannot write.

    Args:
        key: the object's key; its last segment is the name when none was declared.
        declared: object metadata `file-name`, percent-encoded UTF-8. Other uploaders than ours
            may have put anything there: what is not UTF-8 is replaced.
    """
    name = unquote(_unfolded(declared or ""), errors="replace")
    return _encodable(name) or key.rstrip("/").rpartition("/")[2] or key


def owner_of(declared: str | None) -> str | None:
    """Who uploaded it, from object metadata `owner`; None where that cannot be anybody's id.

    The owner is the key of an index, which DynamoDB wants between 1 and LONGEST_OWNER_BYTES long.
    """
    owner = _encodable(_unfolded(declared or ""))
    return owner if 0 < len(owner.encode()) <= LONGEST_OWNER_BYTES else None


def _unfolded(text: str) -> str:
    """Metadata as it was set: S3 sends what is not ASCII as RFC 2047 has it.

    (S3 user guide, "Working with object metadata", user-defined object metadata.)
    """
    if not text.startswith("=?"):
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _encodable(text: str) -> str:
    """The text with U+FFFD in place of lone surrogates, which UTF-8 does not have."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_document_id(text: str) -> bool:
    """Whether this is a UUID in its canonical form (lower case, with hyphens)."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def one_line(text: str) -> str:
    """The text with everything unprintable escaped, so that no file name can forge a log line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
