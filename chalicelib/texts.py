"""S3: the texts of documents in the text bucket.

Imported only where the stage keeps texts. A text is written before the record that points to it,
and deleted after the record that no longer does, so that no record points to nothing. What an
invocation leaves behind when it is killed is deleted as follows:

- between PUT and write: the event's next attempt writes to the same key, or deletes it where the
  object or the document is gone; after the last attempt, record_failure deletes it;
- between write and deletion of a replaced version's text: the next attempt finds the record as it
  wrote it, PROCESSED, FAILED or SCANNING, and deletes the texts of earlier versions;
- during a deletion: the event or the client repeats it.

`make reconcile` deletes what is left where all of that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import TYPE_CHECKING, Any

from chalicelib.documents import Document, FailureCode, Status, is_client_upload
from chalicelib.files.extracted_text import ExtractedText
from chalicelib.objects import delete_object, list_keys, put_object
from chalicelib.store import WriteOutcome, WriteResult
from chalicelib.text_keys import text_key, text_prefix, used_keys, version_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONTENT_TYPE = "text/plain; charset=utf-8"

_UNCERTAIN = (FailureCode.EXTRACTION_TIMEOUT, FailureCode.EXTRACTION_CRASHED)
"""Failures that another attempt at the same bytes may not have had."""


def text_attribute(text: ExtractedText) -> dict[str, Any]:
    """The record's attribute `text` for the text of a file."""
    return {
        "source": "document",
        "characterCount": text.character_count,
        "truncated": text.is_truncated,
    }


def put_text(s3: S3Client, bucket: str, document: Document, text: ExtractedText) -> None:
    """Store the text of a version of a document."""
    put_object(s3, bucket, key_of(document), text.content, CONTENT_TYPE)


def delete_text(s3: S3Client, bucket: str, document_id: str, sequencer: str) -> None:
    """Delete the text of a version of a document that was deleted or replaced."""
    delete_object(s3, bucket, text_key(document_id, sequencer))


def delete_texts(
    s3: S3Client,
    bucket: str,
    document_id: str,
    until: str | None,
    kept: Set[str] = frozenset(),
) -> None:
    """Delete the texts of a document up to a version.

    Args:
        s3: the client.
        bucket: the text bucket.
        document_id: of the document.
        until: sequencer of the last version whose texts are deleted; None for all versions.
        kept: keys that are kept nevertheless.
    """
    for key in list_keys(s3, bucket, text_prefix(document_id)):
        if key not in kept and (until is None or version_of(key) <= until):
            delete_object(s3, bucket, key)


def settle_text(
    s3: S3Client,
    bucket: str,
    document: Document,
    result: WriteResult,
    text: ExtractedText | None,
) -> None:
    """Let the text bucket have what the record points to, after the result was written or not."""
    used, own = used_keys(result.record), key_of(document)
    if result.outcome is not WriteOutcome.WRITTEN:
        if own not in used:
            delete_object(s3, bucket, own)
        if result.outcome is WriteOutcome.DUPLICATE:
            delete_earlier(s3, bucket, document, used)
        return
    replaced = result.replaced or {}
    is_same_version = replaced.get("sequencer") == document.sequencer
    was_settled = is_same_version and replaced.get("status") != Status.SCANNING
    if text and was_settled and own not in used_keys(replaced):
        # Another attempt, which found this result without a text, may have deleted it.
        put_text(s3, bucket, document, text)
    unused = used_keys(replaced) - used
    if document.failure and document.failure.code in _UNCERTAIN:
        unused |= {own}
    _delete_objects(s3, bucket, unused)
    if was_settled:  # what precedes SCANNING was deleted with it
        delete_earlier(s3, bucket, document, used)


def key_of(document: Document) -> str:
    """The key of the text of a document with its file."""
    return text_key(document.document_id, document.sequencer or "")


def delete_earlier(s3: S3Client, bucket: str, document: Document, used: Set[str]) -> None:
    """Delete the texts of earlier versions, where an upload can have any: not with a URL."""
    if not is_client_upload(document.object_key or "", document.document_id):
        delete_texts(s3, bucket, document.document_id, document.sequencer, used)


def _delete_objects(s3: S3Client, bucket: str, keys: Iterable[str]) -> None:
    for key in keys:
        delete_object(s3, bucket, key)
