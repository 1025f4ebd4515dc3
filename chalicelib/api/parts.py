"""Multipart uploads: how a file is divided into parts, and how long they may be uploaded.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.documents import Document, to_iso8601
from chalicelib.lambda_limits import MIB

MULTIPART_ABOVE_BYTES = 100 * MIB
"""Files above this size are uploaded in parts unless the request requires otherwise."""
MAX_PUT_BYTES = 5 * 1_024 * MIB
"""Of a single PUT: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html"""

MIN_PART_BYTES = 8 * MIB
"""S3 requires 5 MiB of all parts but the last."""
MAX_PARTS = 1_000
"""S3 allows 10,000; one ListParts returns 1,000."""
MAX_PARTS_PER_REQUEST = 100

MULTIPART_SECONDS = 7 * 24 * 60 * 60
"""Time to upload all parts. The bucket's lifecycle rule aborts the upload no earlier."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The division of a file into parts of one size, the last one smaller."""

    file_size: int
    """Bytes."""
    part_size: int
    """Bytes, of all parts but the last."""

    @property
    def count(self) -> int:
        """The number of parts; they are numbered from 1."""
        return _divide_up(self.file_size, self.part_size)

    def size_of(self, number: int) -> int:
        """The size of a part in bytes."""
        return min(self.part_size, self.file_size - (number - 1) * self.part_size)

    def missing(self, sizes: Mapping[int, int]) -> Iterator[int]:
        """The numbers of parts that are not there or have another size.

        Args:
            sizes: bytes by part number.
        """
        return (number for number in self.numbers if sizes.get(number) != self.size_of(number))

    @property
    def numbers(self) -> range:
        """The numbers of all parts."""
        return range(1, self.count + 1)


def part_plan(file_size: int) -> PartPlan:
    """The plan for a new upload: whole MiB, as small as `MIN_PART_BYTES` and `MAX_PARTS` allow."""
    part_size = _divide_up(_divide_up(file_size, MAX_PARTS), MIB) * MIB
    return PartPlan(file_size, max(MIN_PART_BYTES, part_size))


def part_plan_of(record: Mapping[str, Any]) -> PartPlan:
    """The plan of a PENDING multipart upload."""
    return PartPlan(record["fileSize"], record["partSizeBytes"])


def is_multipart_requested(fields: Mapping[str, Any]) -> bool:
    """Whether a createUpload request is for a multipart upload.

    By default above 100 MiB, unless the client sent a hash: S3 checks it for a single PUT only.
    """
    is_large = fields["fileSize"] > MULTIPART_ABOVE_BYTES
    return bool(fields.get("multipart", is_large and "sha256" not in fields))


def multipart_document(document: Document, upload_id: str, requested_at: datetime) -> Document:
    """The record of a PENDING document that is uploaded in parts."""
    return replace(
        document,
        upload_id=upload_id,
        part_size_bytes=part_plan(document.file_size).part_size,
        expires_at=int(requested_at.timestamp()) + MULTIPART_SECONDS,
    )


def multipart_answer(record: Mapping[str, Any]) -> dict[str, object]:
    """What a client needs to upload a file in parts."""
    plan = part_plan_of(record)
    return {
        "method": "MULTIPART",
        "uploadId": record["uploadId"],
        "partSizeBytes": plan.part_size,
        "partCount": plan.count,
        "expiresAt": to_iso8601(datetime.fromtimestamp(record["expiresAt"], UTC)),
    }


def _divide_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
