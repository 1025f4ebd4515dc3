"""The upload and download URLs: what they are good for, and what their user must send.

Standard library only.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from chalicelib.documents import (
    FOREVER,
    Document,
    Status,
    Tombstone,
    encoded_file_name,
    is_client_upload,
    object_key_of,
    time_text,
)

PENDING_SECONDS = 24 * 60 * 60
"""How long the record of an upload outlives its URL when the file never comes."""

TOMBSTONE_SECONDS = 30 * 24 * 60 * 60
"""Longer than an event can be under way: 6 hours in Lambda, 14 days in the failure queue, 14 more
in the queue behind it. Longer also than any upload URL lives."""

_NO_FALLBACK = re.compile(r"[^A-Za-z0-9 !#$&+.^_`~()@,=-]+")
"""Not `%`, which some take for an encoding, nor quotes and backslash: RFC 6266, appendix D."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTerms:
    """What an upload URL is good for: exactly these bytes under this name and owner, once."""

    size_bytes: int
    content_type: str
    file_name: str
    owner: str
    sha256: str | None
    """Hex; None: any bytes of this size."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """The object's user metadata."""
        return {"file-name": encoded_file_name(self.file_name), "owner": self.owner}

    @property
    def checksum(self) -> str | None:
        """The SHA-256 as S3 wants it: in Base64."""
        if self.sha256 is None:
            return None
        return base64.b64encode(bytes.fromhex(self.sha256)).decode("ascii")

    def headers(self) -> dict[str, str]:
        """What the client must send; Content-Length, which every HTTP client sets, besides."""
        headers = {"Content-Type": self.content_type, "If-None-Match": "*"}
        headers |= {f"x-amz-meta-{name}": value for name, value in self.metadata.items()}
        if self.checksum:
            headers["x-amz-checksum-sha256"] = self.checksum
        return headers


def terms_of(asked: Mapping[str, Any], owner: str) -> UploadTerms:
    """The terms that these fields of api.CREATE_UPLOAD ask for."""
    return UploadTerms(
        size_bytes=asked["fileSize"],
        content_type=asked["fileType"],
        file_name=asked["fileName"],
        owner=owner,
        sha256=asked.get("sha256"),
    )


def pending_document(document_id: str, terms: UploadTerms, url_expires: datetime) -> Document:
    """The record of a document whose file is yet to come."""
    return Document(
        document_id=document_id,
        file_name=terms.file_name,
        file_type=terms.content_type,
        file_size=terms.size_bytes,
        status=Status.PENDING,
        owner=terms.owner,
        expires_at=int(url_expires.timestamp()) + PENDING_SECONDS,
    )


def tombstone_of(record: Mapping[str, Any], moment: datetime) -> Tombstone:
    """What takes the place of a record, or of an earlier tombstone, that is deleted now."""
    document_id = record["documentId"]
    key = record.get("objectKey", object_key_of(document_id))
    return Tombstone(
        document_id=document_id,
        owner=record.get("owner"),
        object_key=key,
        deleted_until=FOREVER if is_client_upload(key, document_id) else time_text(moment),
        expires_at=int(moment.timestamp()) + TOMBSTONE_SECONDS,
    )


def content_disposition(file_name: str) -> str:
    """The header that lets a browser save a file under its original name (RFC 6266, RFC 8187).

    The plain name is for programs that do not know the other: without accents, and with one `_`
    for all in a row that is no ASCII. It stays short, as S3 takes 8 KB of a request's headers.
    """
    name = re.sub(r"[/\\]", "_", file_name)
    letters = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    fallback = _NO_FALLBACK.sub("_", letters)
    encoded = quote(name, safe="!#$&+-.^_`|~", errors="replace")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"
