"""Archives: what they claim, and that nothing of them is unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.detection import candidate_types
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.types import ZIP
from tests.support import files_office
from tests.support.metadata import extract

TAR = "application/x-tar"
GZIP = "application/gzip"


def tar(sizes: list[int], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of files of these sizes."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as archive:
        for number, size in enumerate(sizes):
            entry = tarfile.TarInfo(f"{number}-é")
            entry.size = size
            archive.addfile(entry, io.BytesIO(bytes(size)))
    return content.getvalue()


def test_zip() -> None:
    """A zip's entries and claimed sizes are added up."""
    content = files_office.zip_of({"a": bytes(1_000_000), "b": b"xyz"})

    assert extract(io.BytesIO(content), ZIP) == {
        "entryCount": 2,
        "claimedUnpackedSize": 1_000_003,
        "encrypted": False,
    }


def test_encrypted_zip() -> None:
    """A zip with an entry that is encrypted is recorded as such, and read all the same."""
    content = bytearray(files_office.zip_of({"a": b"b"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1

    assert extract(io.BytesIO(content), ZIP)["encrypted"] is True


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_tar(form: int) -> None:
    """A tar's entries and sizes are added up, in each of its formats."""
    assert extract(io.BytesIO(tar([5, 1_000], form)), TAR) == {
        "entryCount": 2,
        "claimedUnpackedSize": 1_005,
    }


def test_tar_without_signature() -> None:
    """A tar as it was before POSIX is known by its checksum."""
    content = bytearray(tar([5], tarfile.USTAR_FORMAT))
    content[257:265] = bytes(8)
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * 32 + sum(content[156:512]))

    assert [TAR] == candidate_types(bytes(content[:8_192]), None, is_whole_file=False)


def test_tar_of_negative_size() -> None:
    """A tar whose entry has less than no bytes is unreadable."""
    content = bytearray(tar([0], tarfile.USTAR_FORMAT))
    content[124:136] = b"\xff" * 12
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * 32 + sum(content[156:512]))

    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), TAR)

    assert refusal.value.code is FailureCode.UNREADABLE


def test_gzip() -> None:
    """The uncompressed size and file name stored in a gzip file are extracted."""
    content = io.BytesIO()
    with gzip.GzipFile("name.txt", "wb", fileobj=content, mtime=86_400) as file:
        file.write(bytes(100_000))

    assert extract(content, GZIP) == {
        "claimedUnpackedSize": 100_000,
        "storedName": "name.txt",
        "modifiedAt": "1970-01-02T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("content", "size"),
    [
        pytest.param(gzip.compress(b"abc") + gzip.compress(b"de"), None, id="two members"),
        pytest.param(gzip.compress(bytes(2**20), 0) + gzip.compress(b""), None, id="far apart"),
        pytest.param(gzip.compress(b"\x1f\x8b\x08\x00" * 9, 0), 36, id="no member, only its begin"),
        pytest.param(
            gzip.compress(gzip.compress(b"abc"), 0), None, id="a gzip, which may be a member"
        ),
        pytest.param(gzip.compress(b"\x1f\x8b\x08\x00" * 1_001, 0), None, id="too many to try"),
    ],
)
def test_members_of_gzip(content: bytes, size: int | None) -> None:
    """The size is that of the last member, so it is recorded only if there is no other one."""
    assert size == extract(io.BytesIO(content), GZIP).get("claimedUnpackedSize")


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files_office.zip_of({"a": b"b"})[:30], ZIP, id="zip without a directory"),
        pytest.param(tar([5])[:300], TAR, id="tar cut in its header"),
        pytest.param(b"\x1f\x8b\x08" + b"\xff" * 99, GZIP, id="gzip of nothing"),
    ],
)
def test_unreadable(content: bytes, file_type: str) -> None:
    """An archive without what it begins with is unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), file_type)

    assert refusal.value.code is FailureCode.UNREADABLE
