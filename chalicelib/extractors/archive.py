"""zip, tar and gzip: what their directories claim. Nothing is unpacked, so nothing is verified.

The sizes are what whoever made the archive says they are; names of entries are not kept.
"""

from __future__ import annotations

import tarfile
import zlib
from datetime import UTC, datetime
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, containers, moments, package

_MOST_TAR_ENTRIES = 200_000
"""tarfile reads some 30,000 headers a second."""

_GZIP_SAMPLE_BYTES = 65_536
_GZIP_NAME = 8
_GZIP_EXTRA = 4
"""Bits of the flags: RFC 1952, 2.3.1."""


def extract(content: BinaryIO, file_type: str) -> Found:
    """What the archive says of itself.

    - entryCount: files, folders and links; not of gzip, which holds one stream.
    - claimedUnpackedSize: bytes; for gzip modulo 2^32, and of its last member only.
    - encrypted (zip): whether any entry is.
    - storedName, modifiedAt (gzip): of the file that was compressed.
    """
    match file_type:
        case containers.ZIP:
            return _zip(content)
        case "application/x-tar":
            return _tar(content)
        case _:
            return _gzip(content)


def _zip(content: BinaryIO) -> Found:
    with package.opened(content) as archive:
        entries = archive.infolist()
    return {
        "entryCount": len(entries),
        "claimedUnpackedSize": sum(entry.file_size for entry in entries),
        "encrypted": any(entry.flag_bits & 1 for entry in entries),
    }


def _tar(content: BinaryIO) -> Found:
    count = size = 0
    with tarfile.open(fileobj=content, mode="r:") as archive:
        while entry := archive.next():
            if entry.size < 0:  # which a tar can write, and no file can have
                raise Refused(FailureCode.UNREADABLE, "The archive has an entry of negative size.")
            count += 1
            size += entry.size
            archive.members.clear()  # type: ignore[attr-defined] # tarfile keeps a kilobyte of each
            if count > _MOST_TAR_ENTRIES:
                message = "The archive has more entries than are read of one file."
                raise Refused(FailureCode.UNREADABLE, message)
    return {"entryCount": count, "claimedUnpackedSize": size}


def _gzip(content: BinaryIO) -> Found:
    head = content.read(_GZIP_SAMPLE_BYTES)
    zlib.decompressobj(wbits=31).decompress(head, 1_024)  # raises where it is no gzip
    content.seek(-4, 2)
    size = int.from_bytes(content.read(4), "little")
    flags, modified = head[3], int.from_bytes(head[4:8], "little")
    name = None
    if flags & _GZIP_NAME and not flags & _GZIP_EXTRA:
        name = head[10:].partition(b"\0")[0].decode("latin-1")
    return {
        "claimedUnpackedSize": size,
        "storedName": name,
        "modifiedAt": moments.written(datetime.fromtimestamp(modified, UTC)) if modified else None,
    }
