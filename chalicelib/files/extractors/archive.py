"""zip, tar and gzip: counts and sizes as their directories declare them.

Nothing is unpacked, so sizes are not verified. Names of entries are not stored.
"""

from __future__ import annotations

import tarfile
import zlib
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


def prepare() -> None:
    """Load what extraction would load lazily: the codecs of names in a zip and in a gzip."""
    text_codecs.load(["cp437", "latin-1"])


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Counts and sizes, as declared.

    - entryCount: files, folders and links; not of gzip, which holds one stream.
    - claimedUnpackedSize: bytes; for gzip modulo 2^32, and of its last member only.
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
        "claimedUnpackedSize": size,
        "storedName": name,
        "modifiedAt": dates.to_iso8601(datetime.fromtimestamp(modified, UTC)) if modified else None,
    }
