"""The document record: its fields, states, failure codes, ids and object keys.

Standard library only; an import contract in pyproject.toml enforces it. Larger modules are imported
where they are used: the sandbox's worker imports this one, and each fork copies what it has loaded.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

UPLOADS_PREFIX = "uploads/"
"""Key prefix of objects uploaded with an upload URL; the documentId follows."""

MAX_PERCENT_ENCODED_CHARACTERS = 1_024
"""S3 allows 2 KB of user metadata per object; 255 Chinese characters alone would take 2,295 bytes:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""
_BASE64_PREFIX = "utf-8;base64,"
"""Marks a Base64 file name: percent-encoding escapes both `;` and `,`."""

FOREVER = "9999-12-31T23:59:59.999Z"
"""Later than any timestamp in a record."""
TOMBSTONE_SECONDS = 30 * 24 * 60 * 60
"""Longer than an upload URL is valid, and than an event can be in flight: 6 hours in Lambda,
14 days each in the failure queue and its dead-letter queue."""
MAX_OWNER_BYTES = 2_048
"""Maximum length of a DynamoDB partition key, in UTF-8:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

MAX_DECLARED_TYPE_CHARACTERS = 255
"""Of a declared MIME type that is recorded; RFC 6838, 4.2 allows 127 each for type and subtype."""

MetadataValue = str | int | bool
Metadata = Mapping[str, MetadataValue]
"""Extracted metadata: camelCase names; integers, booleans and strings of bounded length."""


class Status(StrEnum):
    """Processing state of a document. Every upload ends as exactly one of PROCESSED and FAILED."""

    PENDING = "PENDING"
    SCANNING = "SCANNING"
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
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"


class TextStatus(StrEnum):
    """State of the character recognition of a document."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class TextFailureCode(StrEnum):
    """Why the characters of a document were not recognized. The set is closed."""

    TOO_MANY_PAGES = "too_many_pages"
    PAGES_UNKNOWN = "pages_unknown"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"
    RECOGNITION_FAILED = "recognition_failed"
    PROCESSING_FAILED = "processing_failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document is FAILED: a code for programs, a sentence for people.

    The message is part of the API's response: it contains neither file content nor internals of
    the AWS account.
    """

    code: FailureCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One record. `to_record` converts it to the attributes of the table; None means absent."""

    document_id: str
    file_name: str
    status: Status
    file_size: int
    """Bytes."""
    file_type: str | None = None
    """MIME type detected from the bytes; the declared type while PENDING."""
    declared_type: str | None = None
    """Declared MIME type, where the detected one differs or there is none."""
    uploaded_at: str | None = None
    """ISO 8601 UTC with milliseconds, from the S3 event. None while PENDING."""
    processed_at: str | None = None
    """ISO 8601 UTC with milliseconds. None while PENDING or SCANNING."""
    scanned_at: str | None = None
    """ISO 8601 UTC with milliseconds: when a malware scan of this version ended, with the result
    that the record reflects. None where it was not scanned."""
    owner: str | None = None
    """Cognito `sub` of the uploader; None for direct uploads without owner metadata."""
    tags: Mapping[str, str] | None = None
    """Chosen by the uploader; see tags.py."""
    object_key: str | None = None
    e_tag: str | None = None
    sequencer: str | None = None
    """Padded to a fixed width: later versions of the same key compare greater."""
    sha256: str | None = None
    """Hex digest of the content; None when the content was not read to its end. While PENDING, the
    declared digest."""
    metadata: Metadata | None = None
    text: Mapping[str, Any] | None = None
    """About the text in the text bucket; None where the document has none, or texts are not
    kept."""
    failure: Failure | None = None
    expires_at: int | None = None
    """Epoch seconds (DynamoDB TTL); only while PENDING."""
    upload_id: str | None = None
    """S3's id of the multipart upload; only while PENDING."""
    part_size_bytes: int | None = None
    """Of every part but the last; only while PENDING, with upload_id."""

    def to_record(self) -> dict[str, object]:
        """The attributes of the record in camelCase, without those that are None; statusTime."""
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
        if self.uploaded_at is not None:
            record["statusTime"] = status_time(self.status, self.uploaded_at)
        return record


def attribute_names() -> frozenset[str]:
    """The attributes that `Document.to_record` may return; `statusTime` follows from others."""
    return frozenset(_camel_case(field.name) for field in fields(Document))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Replaces the record of a deleted document while late events could still recreate it."""

    document_id: str
    owner: str | None
    """Owner of the deleted document, who may repeat an interrupted deletion."""
    object_key: str
    deleted_until: str
    """ISO 8601 UTC with milliseconds. Versions uploaded up to this time stay deleted, however late
    their events arrive. FOREVER for an upload through the API, whose URL may still accept a PUT; a
    direct upload to the same key after this time is a new document."""
    expires_at: int
    """Epoch seconds (DynamoDB TTL)."""
    sequencer: str | None = None
    """Of the deleted version; None for an upload that was not processed."""

    def to_record(self) -> dict[str, object]:
        """The attributes of the tombstone in camelCase; none is an index key."""
        values = {_camel_case(item.name): getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def status_time(status: str, time: str) -> str:
    """Attribute `statusTime`, which sorts an owner's documents by status and then by time.

    It is the sort key of index byOwnerAndStatus, which contains the records that have it.
    """
    return f"{status}#{time}"


def is_tombstone(record: Mapping[str, object]) -> bool:
    """Whether the item is not a document, but keeps late events from recreating one.

    Either a Tombstone, or the removal of an object that had no record (`removals.record_removal`).
    """
    return "status" not in record


def is_expired(record: Mapping[str, Any], epoch_seconds: float) -> bool:
    """Whether the record's TTL has passed; DynamoDB deletes expired items within days."""
    return "expiresAt" in record and bool(record["expiresAt"] <= epoch_seconds)


def document_id_for(bucket: str, key: str) -> str:
    """The id of the object's document; the same object always maps to the same id."""
    if key.startswith(UPLOADS_PREFIX):
        name = key.removeprefix(UPLOADS_PREFIX)
        if is_document_id(name):
            return name
    import uuid  # noqa: PLC0415 - see the top of the file

    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{bucket}/{key}"))


def object_key_for(document_id: str) -> str:
    """The key of the object that a client uploads for this document."""
    return UPLOADS_PREFIX + document_id


def is_client_upload(key: str, document_id: str) -> bool:
    """Whether the object was uploaded with an upload URL, which works once."""
    return key == object_key_for(document_id)


def encode_file_name(name: str) -> str:
    """Object metadata `file-name`: percent-encoded UTF-8, or Base64 where that is too long."""
    from urllib.parse import quote  # noqa: PLC0415 - see the top of the file

    encoded = quote(name, safe="")
    if len(encoded) <= MAX_PERCENT_ENCODED_CHARACTERS:
        return encoded
    return _BASE64_PREFIX + base64.b64encode(name.encode()).decode("ascii")


def file_name_from_metadata(key: str, declared: str | None) -> str:
    """The original file name; never empty and always encodable as UTF-8.

    Args:
        key: the object's key; its last segment is the fallback.
        declared: object metadata `file-name`, as `encode_file_name` produces it. Direct uploads may
            contain anything: bytes that are not UTF-8 are replaced.
    """
    name = _replace_surrogates(_decode_file_name(decode_rfc2047(declared or "")))
    return name or key.rstrip("/").rpartition("/")[2] or key


def _decode_file_name(declared: str) -> str:
    if declared.startswith(_BASE64_PREFIX):
        try:
            content = base64.b64decode(declared.removeprefix(_BASE64_PREFIX), validate=True)
        except binascii.Error:
            return declared  # a direct upload's own format
        return content.decode(errors="replace")
    from urllib.parse import unquote  # noqa: PLC0415 - see the top of the file

    return unquote(declared, errors="replace")


def owner_from_metadata(declared: str | None) -> str | None:
    """The uploader from object metadata `owner`; None where it cannot be an index key."""
    owner = _replace_surrogates(decode_rfc2047(declared or ""))
    return owner if 0 < len(owner.encode()) <= MAX_OWNER_BYTES else None


def declared_type_from_header(content_type: str, file_type: str | None) -> str | None:
    """The Content-Type of an object, where it differs from the detected type and can be recorded.

    Direct uploads may declare anything: what is too long or not ASCII is not a MIME type.
    """
    is_recorded = (
        content_type != file_type
        and 0 < len(content_type) <= MAX_DECLARED_TYPE_CHARACTERS
        and content_type.isascii()
        and content_type.isprintable()
    )
    return content_type if is_recorded else None


def decode_rfc2047(text: str) -> str:
    """The text with encoded words (`=?UTF-8?B?...?=`) decoded; unchanged where they are malformed.

    S3 returns user metadata outside ASCII in this form (S3 user guide, "Working with object
    metadata"), and mail header fields use it.
    """
    if "=?" not in text:
        return text
    from email.errors import HeaderParseError  # noqa: PLC0415 - see the top of the file
    from email.header import decode_header, make_header  # noqa: PLC0415 - see the top of the file

    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _replace_surrogates(text: str) -> str:
    """The text with U+FFFD in place of lone surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_document_id(text: str) -> bool:
    """Whether this is a UUID in canonical form (lower case, with hyphens)."""
    import uuid  # noqa: PLC0415 - see the top of the file

    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def to_iso8601(moment: datetime, timespec: str = "milliseconds") -> str:
    """ISO 8601 with `Z` for UTC; other offsets, and none at all, stay as they are."""
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def escape_unprintable(text: str) -> str:
    """The text with unprintable characters escaped, so that a file name cannot forge a log line.

    Unprintable are all control, format (such as U+202E, which reverses the text after it),
    surrogate, private and unassigned characters, and all separators but the space.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
