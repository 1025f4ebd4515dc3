"""The terms of upload URLs, and their PENDING records."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from chalicelib.api.uploads import (
    PENDING_SECONDS,
    Repeat,
    UploadConstraints,
    compare_with_record,
    conflict,
    constraints_from,
    differing_terms,
    pending_document,
    tombstone_for,
)
from chalicelib.documents import FOREVER, TOMBSTONE_SECONDS, Status, file_name_from_metadata

AN_ID = "7b97617e-1e6f-4ac2-ade3-6327693e6189"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def terms(**changes: str) -> UploadConstraints:
    """Some terms."""
    values = {"file_name": "a b.txt", "content_type": "text/plain", "owner": "ada", **changes}
    return UploadConstraints(
        size_bytes=5,
        sha256=values.get("sha256"),
        file_name=values["file_name"],
        content_type=values["content_type"],
        owner=values["owner"],
    )


def test_the_headers_are_the_terms() -> None:
    """The client sends type, name, owner and hash, and that nothing is to be there yet."""
    digest = hashlib.sha256(b"12345")
    assert {
        "Content-Type": "text/plain",
        "If-None-Match": "*",
        "x-amz-meta-file-name": "a%20b.txt",
        "x-amz-meta-owner": "ada",
        "x-amz-checksum-sha256": base64.b64encode(digest.digest()).decode(),
    } == terms(sha256=digest.hexdigest().upper()).headers()
    assert "x-amz-checksum-sha256" not in terms().headers()


@pytest.mark.parametrize("character", ["a", "%", "é", "你", "\N{GRINNING FACE}"])
def test_the_longest_name_fits_into_s3s_metadata(character: str) -> None:
    """255 characters of any script stay below the 2 KB that S3 takes, names included."""
    name = character * 255
    metadata = terms(file_name=name, owner=AN_ID).put_object_arguments()["Metadata"]
    assert isinstance(metadata, dict)
    assert sum(len(key) + len(value) for key, value in metadata.items()) < 2_048
    assert metadata["file-name"].isascii()
    assert name == file_name_from_metadata("any", metadata["file-name"])


def test_a_pending_record_outlives_its_url_by_a_day() -> None:
    """DynamoDB deletes it a day after the URL expired, if the file never comes."""
    document = pending_document(AN_ID, terms(), NOON)
    assert Status.PENDING is document.status
    assert int(NOON.timestamp()) + 86_400 == document.expires_at
    assert PENDING_SECONDS == 86_400
    assert "uploadedAt" not in document.to_record()


BEFORE_EXPIRY = NOON.timestamp() + PENDING_SECONDS - 1
A_HASH = "0f" * 32
REQUESTED = pending_document(AN_ID, terms(), NOON)
PENDING = REQUESTED.to_record()
PROCESSED = {
    "documentId": AN_ID,
    "fileName": "a b.txt",
    "fileSize": 5,
    "fileType": "text/plain",
    "sha256": A_HASH,
    "status": "PROCESSED",
    "owner": "ada",
}
TOMBSTONE = tombstone_for(PROCESSED, NOON).to_record()


def test_tags_travel_as_one_header_and_only_if_there_are_any() -> None:
    """Signed like the name; a request without tags signs no header for them."""
    fields = {"fileName": "a", "fileType": "text/plain", "fileSize": 5, "tags": {"a b": "é"}}
    constraints = constraints_from(fields, "ada")
    assert "a%20b=%C3%A9" == constraints.headers()["x-amz-meta-tags"]
    assert {"a b": "é"} == pending_document(AN_ID, constraints, NOON).to_record()["tags"]
    without = constraints_from({**fields, "tags": {}}, "ada")
    assert "x-amz-meta-tags" not in without.headers()
    assert "tags" not in pending_document(AN_ID, without, NOON).to_record()


def test_tags_that_s3_would_not_store_are_refused() -> None:
    """2,048 bytes with name and owner and the names of the three (file-name, owner, tags)."""
    fields = {"fileName": "a" * 255, "fileType": "text/plain", "fileSize": 5}
    room = 2_048 - len("file-name" + "a" * 255 + "owner" + "ada" + "tags" + "t=")
    sizes = {"x" * room: 0, "x" * (room + 1): 1, "x" * (room - 1) + "%": 2}
    for value, excess in sizes.items():
        constraints = constraints_from({**fields, "tags": {"t": value}}, "ada")
        assert excess == constraints.excess_metadata_bytes


def test_a_pending_record_has_the_declared_hash_in_lower_case() -> None:
    """As the record of a processed file has it, so that the two can be compared."""
    fields = {"fileName": "a", "fileType": "text/plain", "fileSize": 5, "sha256": A_HASH.upper()}
    document = pending_document(AN_ID, constraints_from(fields, "ada"), NOON)
    assert A_HASH == document.to_record()["sha256"]


@pytest.mark.parametrize(
    ("expected", "record"),
    [
        (Repeat.PENDING, PENDING),
        (Repeat.PENDING, {**PENDING, "sha256": A_HASH}),
        (Repeat.STORED, PROCESSED),
        (Repeat.STORED, {**PROCESSED, "fileType": "text/csv", "declaredType": "text/plain"}),
        (Repeat.STORED, {**PROCESSED, "status": "FAILED"}),
        (Repeat.REMOVED, {**PROCESSED, "removedAt": "2026-11-22T12:00:00.000Z"}),
        (Repeat.PENDING, {**PENDING, "removedAt": "2026-11-22T12:00:00.000Z"}),
        (Repeat.CONFLICT, {**PROCESSED, "removedAt": "2026-11-22T12:00:00.000Z", "fileSize": 6}),
        (Repeat.CONFLICT, {**PENDING, "fileName": "b.txt"}),
        (Repeat.CONFLICT, {**PENDING, "fileType": "text/csv"}),
        (Repeat.CONFLICT, {**PROCESSED, "fileSize": 6}),
        (Repeat.CONFLICT, {**PROCESSED, "declaredType": "text/csv"}),
        (Repeat.CONFLICT, {**PROCESSED, "tags": {"a": "1"}}),
        (Repeat.CONFLICT, {**PENDING, "owner": "bo"}),
        (Repeat.CONFLICT, {name: PROCESSED[name] for name in PROCESSED if name != "owner"}),
        (Repeat.CONFLICT, {**PENDING, "owner": "bo", "expiresAt": 1}),
        (Repeat.CONFLICT, TOMBSTONE),
        (Repeat.CONFLICT, {**TOMBSTONE, "expiresAt": 1}),
        (Repeat.CONFLICT, {}),
        (Repeat.NEW, {**PENDING, "expiresAt": int(BEFORE_EXPIRY)}),
        (Repeat.NEW, {**PENDING, "expiresAt": 1, "fileName": "b.txt"}),
    ],
)
def test_a_repeated_request_is_compared_with_the_record(
    expected: Repeat, record: dict[str, object]
) -> None:
    """The same owner and terms are the same upload; an expired record does not count."""
    assert expected is compare_with_record(REQUESTED, record, BEFORE_EXPIRY)


def test_a_hash_is_compared_where_both_have_one() -> None:
    """The record of a file that was not read has none, nor does a request need one."""
    requested = pending_document(AN_ID, terms(sha256="ab" * 32), NOON)
    assert ["sha256"] == differing_terms(requested, PROCESSED)
    without = {name: PROCESSED[name] for name in PROCESSED if name not in ("sha256", "fileType")}
    assert [] == differing_terms(requested, without)


def test_a_conflict_names_the_terms_of_ones_own_upload_only() -> None:
    """Nothing of another user's document is in the message."""
    other = {**PENDING, "fileName": "secret.txt", "fileSize": 6}
    ours = conflict(REQUESTED, other)
    assert ["fileName", "fileSize"] == [error.field for error in ours.errors]
    foreign = conflict(REQUESTED, {**other, "owner": "bo"})
    assert ["documentId"] == [error.field for error in foreign.errors]
    assert foreign.body() == conflict(REQUESTED, TOMBSTONE).body()


def test_a_clients_upload_is_deleted_for_ever() -> None:
    """No URL given out before brings it back: its key is for one use."""
    record = {"documentId": AN_ID, "owner": "ada", "objectKey": f"uploads/{AN_ID}"}
    assert {
        "documentId": AN_ID,
        "owner": "ada",
        "objectKey": f"uploads/{AN_ID}",
        "deletedUntil": FOREVER,
        "expiresAt": int(NOON.timestamp()) + TOMBSTONE_SECONDS,
    } == tombstone_for(record, NOON).to_record()


def test_a_direct_upload_is_deleted_until_now() -> None:
    """What is put under the same key later is a new document."""
    record = {"documentId": AN_ID, "objectKey": "report.pdf"}
    tombstone = tombstone_for(record, NOON).to_record()
    assert "2026-11-22T12:00:00.000Z" == tombstone["deletedUntil"]
    assert "owner" not in tombstone


def test_a_tombstone_outlives_every_event() -> None:
    """Six hours in Lambda, 14 days in each of two queues."""
    assert TOMBSTONE_SECONDS > 6 * 3_600 + 2 * 1_209_600
