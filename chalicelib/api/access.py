"""What several routes need: records that the caller can use, deletion, and when URLs expire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib import runtime
from chalicelib.api.auth import Principal, can_read
from chalicelib.api.problems import Code, Problem
from chalicelib.api.uploads import tombstone_for
from chalicelib.documents import (
    FailureCode,
    Status,
    is_client_upload,
    is_document_id,
    is_expired,
    is_tombstone,
    object_key_for,
    to_iso8601,
)
from chalicelib.objects import (
    MultipartUpload,
    abort_multipart_upload,
    delete_object,
    presign_download,
)
from chalicelib.runtime import dynamodb, s3, settings
from chalicelib.store import get_record, put_tombstone, put_tombstone_of_pending

if settings.text_bucket:
    from chalicelib.texts import delete_texts


def get_record_or_404(
    caller: Principal, document_id: str, *, include_tombstones: bool = False
) -> dict[str, Any]:
    """The record; the same 404 whether it does not exist or belongs to somebody else.

    Only a deletion, which may be repeated, includes tombstones.
    """
    record = None
    if is_document_id(document_id):
        record = get_record(dynamodb, settings.documents_table, document_id)
    if (
        record is None
        or not can_read(caller, record)
        or is_expired(record, runtime.now().timestamp())
        or (is_tombstone(record) and not include_tombstones)
    ):
        raise Problem(Code.NOT_FOUND, "There is no such document")
    return record


def get_own_record(
    caller: Principal, document_id: str, *, include_tombstones: bool = False
) -> dict[str, Any]:
    """The record of the caller's own document; 403 for an operator, who can read all others."""
    record = get_record_or_404(caller, document_id, include_tombstones=include_tombstones)
    if record.get("owner") != caller.sub:
        raise Problem(Code.FORBIDDEN, "Only the owner of a document uploads its file")
    return record


def reject_stored(record: Mapping[str, Any]) -> None:
    """409 for a document that has its file."""
    if record["status"] != Status.PENDING:
        raise not_pending()


def not_pending() -> Problem:
    """The refusal of what is for PENDING documents only."""
    return Problem(Code.NOT_PENDING, "The document is not PENDING: its file is uploaded")


def removed() -> Problem:
    """410 for a document whose file was deleted outside the API."""
    return Problem(Code.REMOVED, "The file of the document was deleted from the bucket")


def multipart_upload_of(record: Mapping[str, Any]) -> MultipartUpload | None:
    """The multipart upload of a PENDING document, if it has one."""
    if "uploadId" not in record:
        return None
    key = object_key_for(record["documentId"])
    return MultipartUpload(
        bucket=settings.upload_bucket, key=key, upload_id=str(record["uploadId"])
    )


def delete_for_good(record: Mapping[str, Any]) -> None:
    """Delete record and object permanently, whatever requests and events are in flight.

    Every step can be repeated after an interruption: until the tombstone is there, the record has
    the multipart upload's id, and afterwards, the object's key. An upload that is completed while
    it is aborted leaves an object, which is deleted here or when its event arrives.
    """
    if upload := multipart_upload_of(record):
        abort_multipart_upload(s3, upload)
    tombstone = tombstone_for(record, runtime.now())
    replaced = put_tombstone(dynamodb, settings.documents_table, tombstone)
    delete_object(s3, settings.upload_bucket, tombstone.object_key)
    if settings.text_bucket:
        is_last = is_client_upload(tombstone.object_key, tombstone.document_id)
        until = None if is_last else replaced.get("sequencer")
        if is_last or until:
            delete_texts(s3, settings.text_bucket, tombstone.document_id, until)


def cancel_for_good(record: Mapping[str, Any]) -> None:
    """Delete a PENDING record likewise; 409 for one whose file was processed in the meantime."""
    if upload := multipart_upload_of(record):
        abort_multipart_upload(s3, upload)
    tombstone = tombstone_for(record, runtime.now())
    if not put_tombstone_of_pending(dynamodb, settings.documents_table, tombstone):
        raise not_pending()
    delete_object(s3, settings.upload_bucket, tombstone.object_key)


def reject_without_file(record: Mapping[str, Any]) -> None:
    """410 for a document whose file was deleted outside the API, 409 for one that has none yet.

    403 and 409 for a file that must not be opened: see `reject_unscanned`.
    """
    if "removedAt" in record:
        raise removed()
    if record["status"] == Status.PENDING:
        raise Problem(
            Code.DOCUMENT_PENDING, "The document is PENDING: its file is not uploaded yet"
        )
    reject_unscanned(record)


def reject_unscanned(record: Mapping[str, Any]) -> None:
    """409 for a file that is being scanned for malware, 403 for one that must not be opened.

    A stage that scans files hands out none that was not scanned, whatever its record shows: it may
    be older than the setting.
    """
    if record["status"] == Status.SCANNING:
        raise Problem(Code.SCANNING, "The document is SCANNING: its file is scanned for malware")
    failure = record.get("failure", {})
    if failure.get("code") in (FailureCode.INFECTED, FailureCode.NOT_SCANNED):
        raise Problem(Code(failure["code"]), failure["message"])
    if settings.scans_uploads and "scannedAt" not in record:
        raise Problem(Code.NOT_SCANNED, "The file was not scanned for malware")


def download(bucket: str, key: str, signed: Mapping[str, str]) -> dict[str, object]:
    """The response with a download URL.

    Args:
        bucket: of the object.
        key: of the object.
        signed: further arguments of GetObject, which set headers of the download.
    """
    expires = url_expiry()
    url = presign_download(s3, bucket, key, signed, settings.upload_url_seconds)
    return {"url": url, "expiresAt": to_iso8601(expires)}


def url_expiry() -> datetime:
    """When a URL that is signed now expires: SigV4 counts from whole seconds."""
    signed_at = runtime.now().replace(microsecond=0)
    return signed_at + timedelta(seconds=settings.upload_url_seconds)
