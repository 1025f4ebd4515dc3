"""zip, tar and gzip: counts and sizes as their directories declare them.

Nothing is unpacked, so sizes are not verified. Names of entries are not stored.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import dates, text_codecs, types, zip_package
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.metadata import RawMetadata

_MAX_TAR_ENTRIES = 200_000
"""tarfile reads about 30,000 headers per second."""

_GZIP_SAMPLE_BYTES = 65_536
_GZIP_NAME = 8
_GZIP_EXTRA = 4
"""Bits of the flags: RFC 1952, 2.3.1."""


_GZIP_MEMBER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
"""Its first bytes: RFC 1952, 2.3.1. Flags that are not defined are 0."""
_CHUNK_BYTES = 1_048_576
_MAX_CANDIDATES = 1_000
_CANDIDATE_BYTES = 131_072
"""More than the extra field has, which precedes the data."""


def prepare() -> None:
    """Load what extraction would load lazily: the codecs of names in a zip and in a gzip."""
    text_codecs.load(["cp437", "latin-1"])


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Counts and sizes, as declared.

    - entryCount: files, folders and links; not of gzip, which holds one stream.
    - claimedUnpackedSize: bytes; for gzip modulo 2^32; absent if it may have several members.
    - encrypted (zip): whether any entry is.
    - storedName, modifiedAt (gzip): of the file that was compressed.
    """
    match file_type:
        case types.ZIP:
            return _zip(content)
        case "application/x-tar":
            return _tar(content)
        case _:
            return _gzip(content)


def _zip(content: BinaryIO) -> RawMetadata:
    with zip_package.opened(content) as archive:
        entries = archive.infolist()
    return {
        "entryCount": len(entries),
        "claimedUnpackedSize": sum(entry.file_size for entry in entries),
        "encrypted": any(entry.flag_bits & 1 for entry in entries),
    }


def _tar(content: BinaryIO) -> RawMetadata:
    count = size = 0
    with tarfile.open(fileobj=content, mode="r:") as archive:
        while entry := archive.next():
            if entry.size < 0:  # possible in base-256 encoding
                raise FileRejectedError(
                    FailureCode.UNREADABLE, "The archive has an entry of negative size."
                )
            count += 1
            size += entry.size
            archive.members.clear()  # type: ignore[attr-defined] # tarfile keeps a kilobyte of each
            if count > _MAX_TAR_ENTRIES:
                raise LimitExceededError("The archive has more entries than the limit.")
    return {"entryCount": count, "claimedUnpackedSize": size}


def _gzip(content: BinaryIO) -> RawMetadata:
    head = content.read(_GZIP_SAMPLE_BYTES)
    zlib.decompressobj(wbits=31).decompress(head, 1_024)  # raises for other formats
    content.seek(-4, 2)
    size = int.from_bytes(content.read(4), "little")
    flags, modified = head[3], int.from_bytes(head[4:8], "little")
    name = None
    if flags & _GZIP_NAME and not flags & _GZIP_EXTRA:
        name = head[10:].partition(b"\0")[0].decode("latin-1")
    return {
        "claimedUnpackedSize": size if _has_one_member(content) else None,
        "storedName": name,
        "modifiedAt": dates.to_iso8601(datetime.fromtimestamp(modified, UTC)) if modified else None,
    }


def _has_one_member(content: BinaryIO) -> bool:
    """Whether certainly no member follows the first one; each has the size of its own data only.

    Where the first one ends is unknown without unpacking it.
    """
    for count, position in enumerate(_candidates(content), 1):
        content.seek(position)
        if count > _MAX_CANDIDATES or _unpacks(content.read(_CANDIDATE_BYTES)):
            return False
    return True


def _candidates(content: BinaryIO) -> Iterator[int]:
    """Positions after the first member's begin at which another one may begin."""
    position = 1
    while True:
        content.seek(position)
        chunk = content.read(_CHUNK_BYTES)
        for match in _GZIP_MEMBER.finditer(chunk):
            yield position + match.start()
        if len(chunk) < _CHUNK_BYTES:
            return
        position += _CHUNK_BYTES - 3  # an identifier may lie across the end


def _unpacks(data: bytes) -> bool:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        return bool(unpacking.decompress(data, 1_024)) or unpacking.eof
    except zlib.error:
        return False
