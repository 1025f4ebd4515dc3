"""The documents that Textract takes, and its set quotas for asynchronous operations.

https://docs.aws.amazon.com/textract/latest/dg/limits-document.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from mmap import mmap
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local.identity import Caller, endpoint
from infra.local.protocol import ServiceError

LARGEST_IMAGE_BYTES = 10 * 1024**2
LARGEST_DOCUMENT_BYTES = 500 * 1024**2
MOST_PAGES = 3_000
MOST_PIXELS_A_SIDE = 10_000

DOTS_PER_INCH = 300
"""Of rendered pages: the resolution that Tesseract is trained for."""

_HEAD_BYTES = 1024
"""PDF readers accept the signature anywhere in these."""


class Format(Enum):
    """A format, with the largest size of a file in bytes."""

    JPEG = (b"\xff\xd8\xff",), LARGEST_IMAGE_BYTES
    PNG = (b"\x89PNG\r\n\x1a\n",), LARGEST_IMAGE_BYTES
    TIFF = (b"II*\0", b"MM\0*"), LARGEST_DOCUMENT_BYTES
    PDF = (b"%PDF-",), LARGEST_DOCUMENT_BYTES

    def __init__(self, signatures: tuple[bytes, ...], largest_bytes: int) -> None:
        """With what a file starts with."""
        self.signatures = signatures
        self.largest_bytes = largest_bytes


@dataclass(frozen=True)
class Document:
    """A document in a file of this machine."""

    path: Path
    format: Format


def download(location: Mapping[str, Any], caller: Caller, path: Path) -> Document:
    """Copy an object, with the caller's permissions, into a file.

    Args:
        location: `S3Object` of a request.
        caller: of the request.
        path: of the file.

    Raises:
        ServiceError: InvalidS3ObjectException, UnsupportedDocumentException,
            DocumentTooLargeException.
    """
    s3 = caller.credentials.session().client("s3", endpoint_url=endpoint())
    version = {"VersionId": location["Version"]} if "Version" in location else {}
    try:
        answer = s3.get_object(Bucket=location["Bucket"], Key=location["Name"], **version)
    except ClientError:
        raise ServiceError(
            "InvalidS3ObjectException",
            "Unable to get object metadata from S3. Check object key, region and/or access "
            "permissions.",
        ) from None
    body = answer["Body"]
    head = body.read(_HEAD_BYTES)
    found = format_of(head)
    if answer["ContentLength"] > found.largest_bytes:
        raise ServiceError(
            "DocumentTooLargeException",
            f"Document is too large: {found.name} has at most {found.largest_bytes:,} bytes",
        )
    with path.open("wb") as file:
        file.write(head)
        for chunk in body.iter_chunks(1024**2):
            file.write(chunk)
    return Document(path, found)


def format_of(head: bytes) -> Format:
    """The format of a document by its first bytes.

    Raises:
        ServiceError: UnsupportedDocumentException.
    """
    for candidate in Format:
        if head.startswith(candidate.signatures):
            return candidate
    if Format.PDF.signatures[0] in head:
        return Format.PDF
    raise ServiceError("UnsupportedDocumentException", "Request has unsupported document format")


def count_tiff_pages(content: bytes | mmap) -> int:
    """The number of image file directories of a TIFF (TIFF 6.0, section 2), at most one more than
    a document may have.
    """
    order = "<" if content[:2] == b"II" else ">"
    pages, position = 0, 4
    while pages <= MOST_PAGES and position + 4 <= len(content):
        (directory,) = struct.unpack_from(f"{order}I", content, position)
        if not directory or directory + 2 > len(content):
            break
        (entries,) = struct.unpack_from(f"{order}H", content, directory)
        pages, position = pages + 1, directory + 2 + 12 * entries
    return pages
