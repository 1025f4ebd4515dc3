"""The record of a document: its states, failure codes, ids and keys.

Knows neither AWS nor HTTP: standard library only (a lint rule keeps it so).
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote

UPLOADS_PREFIX = "uploads/"
"""Objects that clients put with an upload URL lie under this prefix, named by their documentId."""

LONGEST_PERCENT_ENCODING = 1_024
"""Characters. S3 takes 2 KB of metadata an object, names included, and 255 characters of Chinese
alone would be 2,295: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""
_BASE64_MARK = "utf-8;base64,"
"""Begins what is not percent-encoded: neither `;` nor `,` is ever left in what is."""

FOREVER = "9999-12-31T23:59:59.999Z"
"""Later than any time in a record."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What stands in a deleted document's place while anything could still bring it back."""

    document_id: str
    owner: str | None
    """As the document had it: who may delete it again, where the first time broke off."""
    object_key: str
    deleted_until: str
    """ISO 8601 UTC with milliseconds: what was uploaded until then is deleted, however late its
    event comes. FOREVER for a client's upload, whose URL may still be good for a PUT; a direct
    upload to the same key after this time is a new document."""
    expires_at: int
    """Epoch seconds (DynamoDB TTL)."""

    def to_record(self) -> dict[str, object]:
        """This tombstone under the schema's camelCase names; no index takes it in."""
        values = {_camel_case(item.name): getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def is_tombstone(record: Mapping[str, object]) -> bool:
    """Whether a record is a tombstone's."""
    return "deletedUntil" in record


def is_expired(record: Mapping[str, Any], epoch_seconds: float) -> bool:
    """Whether a record is only there because DynamoDB deletes within days, not at once."""
    return "expiresAt" in record and bool(record["expiresAt"] <= epoch_seconds)


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


def is_client_upload(key: str, document_id: str) -> bool:
    """Whether an object was put with an upload URL: its key is this document's own, for one use."""
    return key == object_key_of(document_id)


def encoded_file_name(name: str) -> str:
    """Object metadata `file-name`: percent-encoded UTF-8, or Base64 where that were too long."""
    encoded = quote(name, safe="")
    if len(encoded) <= LONGEST_PERCENT_ENCODING:
        return encoded
    return _BASE64_MARK + base64.b64encode(name.encode()).decode("ascii")


def file_name_of(key: str, declared: str | None) -> str:
    """The document's original name; never empty, and never text that UTF-8 cannot write.

    Args:
        key: the object's key; its last segment is the name when none was declared.
        declared: object metadata `file-name`, as `encoded_file_name` makes it. Other uploaders
            than ours may have put anything there: what is not UTF-8 is replaced.
    """
    name = _encodable(_decoded_file_name(_unfolded(declared or "")))
    return name or key.rstrip("/").rpartition("/")[2] or key


def _decoded_file_name(declared: str) -> str:
    if declared.startswith(_BASE64_MARK):
        try:
            content = base64.b64decode(declared.removeprefix(_BASE64_MARK), validate=True)
        except binascii.Error:
            return declared  # somebody's own idea of a name
        return content.decode(errors="replace")
    return unquote(declared, errors="replace")


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


def time_text(moment: datetime) -> str:
    """A UTC time as records have it: ISO 8601 with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def one_line(text: str) -> str:
    """The text with everything unprintable escaped, so that no file name can forge a log line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
