"""Uploads: the constraints that their URLs sign, and the PENDING records that go with them.

Standard library only.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from chalicelib.api.parts import MULTIPART_SECONDS
from chalicelib.api.problems import Code, FieldError, Problem
from chalicelib.documents import (
    FOREVER,
    TOMBSTONE_SECONDS,
    Document,
    Status,
    Tombstone,
    encode_file_name,
    is_client_upload,
    is_expired,
    is_tombstone,
    object_key_for,
    to_iso8601,
)
from chalicelib.tags import encode_tags

PENDING_SECONDS = 24 * 60 * 60
"""Time from the expiry of an upload URL until its PENDING record expires."""

MAX_USER_METADATA_BYTES = 2_048
"""S3's limit for the names and values of an object's metadata together:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""

RETRY_AFTER_SECONDS = "60"
"""Until a refused request may be repeated: most uploads are processed by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadConstraints:
    """What an upload URL accepts: exactly these bytes under this name and owner, once."""

    size_bytes: int
    content_type: str
    file_name: str
    owner: str
    sha256: str | None
    """Lower-case hex; None accepts any bytes of this size."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        """Headers that the client must send; HTTP clients add Content-Length themselves."""
        headers = {"Content-Type": self.content_type, "If-None-Match": "*"}
        headers |= {f"x-amz-meta-{name}": value for name, value in self._user_metadata.items()}
        if self._checksum:
            headers["x-amz-checksum-sha256"] = self._checksum
        return headers

    def put_object_arguments(self) -> dict[str, object]:
        """The arguments of PutObject that sign `headers` and Content-Length."""
        checksum = {"ChecksumSHA256": self._checksum} if self._checksum else {}
        signed = {"ContentLength": self.size_bytes, "IfNoneMatch": "*"}
        return signed | self.object_arguments() | checksum

    def object_arguments(self) -> dict[str, object]:
        """The type and metadata of the object, as PutObject and CreateMultipartUpload take them."""
        return {"ContentType": self.content_type, "Metadata": self._user_metadata}

    @property
    def excess_metadata_bytes(self) -> int:
        """By how much the object's metadata exceeds what S3 stores; 0 where it does not."""
        size = sum(len(name) + len(value) for name, value in self._user_metadata.items())
        return max(0, size - MAX_USER_METADATA_BYTES)

    @property
    def _user_metadata(self) -> dict[str, str]:
        metadata = {"file-name": encode_file_name(self.file_name), "owner": self.owner}
        return metadata | ({"tags": encode_tags(self.tags)} if self.tags else {})

    @property
    def _checksum(self) -> str | None:
        """The SHA-256 in Base64, as S3 requires it."""
        if self.sha256 is None:
            return None
        return base64.b64encode(bytes.fromhex(self.sha256)).decode("ascii")


def constraints_from(fields: Mapping[str, Any], owner: str) -> UploadConstraints:
    """The constraints for the body of a createUpload request."""
    sha256 = fields.get("sha256")
    return UploadConstraints(
        size_bytes=fields["fileSize"],
        content_type=fields["fileType"],
        file_name=fields["fileName"],
        owner=owner,
        sha256=sha256 and sha256.lower(),
        tags=fields.get("tags", {}),
    )


def pending_document(
    document_id: str, constraints: UploadConstraints, url_expires: datetime
) -> Document:
    """The record of a document that is not uploaded yet."""
    return Document(
        document_id=document_id,
        file_name=constraints.file_name,
        file_type=constraints.content_type,
        file_size=constraints.size_bytes,
        status=Status.PENDING,
        owner=constraints.owner,
        sha256=constraints.sha256,
        tags=constraints.tags or None,
        expires_at=int(url_expires.timestamp()) + PENDING_SECONDS,
    )


def pending_since(now: datetime, url_seconds: int) -> str:
    """The earliest time of a request whose PENDING record may not have expired."""
    longest = max(url_seconds + PENDING_SECONDS, MULTIPART_SECONDS)
    return to_iso8601(now - timedelta(seconds=longest))


def too_many_pending(quota: int) -> Problem:
    """The refusal of a further document, until the file of an earlier one is processed."""
    detail = (
        f"At most {quota} documents of a user may be PENDING at once: upload their files, delete "
        "them, or wait until they expire"
    )
    return Problem(Code.TOO_MANY_PENDING, detail, headers={"Retry-After": RETRY_AFTER_SECONDS})


class Repeat(Enum):
    """What a request is, compared with the record that has its documentId already."""

    NEW = "the first request: no record, or one that has expired"
    PENDING = "the same upload, whose file is not processed yet"
    STORED = "the same upload, whose file is processed"
    REMOVED = "the same upload, whose file was deleted outside the API"
    CONFLICT = "another upload"


def compare_with_record(
    document: Document, record: Mapping[str, Any], epoch_seconds: float
) -> Repeat:
    """What the request for a PENDING document is, compared with the record in the table."""
    if is_tombstone(record) or record.get("owner") != document.owner:
        return Repeat.CONFLICT
    if is_expired(record, epoch_seconds):
        return Repeat.NEW
    if differing_terms(document, record):
        return Repeat.CONFLICT
    if record["status"] == Status.PENDING:
        return Repeat.PENDING
    return Repeat.REMOVED if "removedAt" in record else Repeat.STORED


def differing_terms(document: Document, record: Mapping[str, Any]) -> list[str]:
    """The fields of the request for a PENDING document that differ from those of a record.

    A record of `processing_failed` has no type, and one whose file was not read no hash.
    """
    requested = document.to_record()
    recorded = {**record, "fileType": record.get("declaredType", record.get("fileType"))}
    differing = [
        name
        for name in ("fileName", "fileSize", "tags")
        if requested.get(name) != recorded.get(name)
    ]
    is_pending = record["status"] == Status.PENDING
    if is_pending and ("uploadId" in requested) != ("uploadId" in record):
        differing.append("multipart")
    return differing + [
        name
        for name in ("fileType", "sha256")
        if None not in (ours := requested.get(name), theirs := recorded.get(name))
        and ours != theirs
    ]


def conflict(document: Document, record: Mapping[str, Any]) -> Problem:
    """Why the documentId of a request cannot be used: nothing about documents of other users."""
    if is_tombstone(record) or record.get("owner") != document.owner:
        error = FieldError("documentId", "is in use or was deleted; choose another one")
        return Problem(Code.CONFLICT, errors=[error])
    message = "must be as in the first request with this documentId"
    errors = [FieldError(name, message) for name in differing_terms(document, record)]
    return Problem(Code.CONFLICT, errors=errors)


def tombstone_for(record: Mapping[str, Any], deleted_at: datetime) -> Tombstone:
    """The tombstone that replaces a record, or an earlier tombstone."""
    document_id = record["documentId"]
    key = record.get("objectKey", object_key_for(document_id))
    return Tombstone(
        document_id=document_id,
        owner=record.get("owner"),
        object_key=key,
        deleted_until=FOREVER if is_client_upload(key, document_id) else to_iso8601(deleted_at),
        expires_at=int(deleted_at.timestamp()) + TOMBSTONE_SECONDS,
        sequencer=record.get("sequencer"),
    )
