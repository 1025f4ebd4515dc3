"""What the text bucket gets once a record was written."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.documents import Document, Status
from chalicelib.files.extracted_text import ExtractedText
from chalicelib.store import WriteOutcome, WriteResult
from chalicelib.texts import settle_text, text_attribute

TEXT = ExtractedText(content=b"one", character_count=3, is_truncated=False)
DOCUMENT = Document(
    document_id="0b0f2c1e-9f5e-4c7e-8a53-3f2d1c0b9a87",
    file_name="a.txt",
    file_size=3,
    status=Status.PROCESSED,
    uploaded_at="2026-11-25T12:00:00.000Z",
    processed_at="2026-11-25T12:00:01.000Z",
    object_key="uploads/0b0f2c1e-9f5e-4c7e-8a53-3f2d1c0b9a87",
    sequencer="1".ljust(32, "0"),
    text=text_attribute(TEXT),
)


@pytest.mark.parametrize(
    ("replaced", "is_put_again"),
    [
        ({"status": "SCANNING"}, False),
        ({"status": "FAILED", "failure": {"code": "processing_failed"}}, True),
        ({"status": "PROCESSED"}, True),
        ({"status": "PROCESSED", "text": text_attribute(TEXT)}, False),
    ],
)
def test_a_text_is_put_again_where_another_attempt_may_have_deleted_it(
    replaced: dict[str, Any], is_put_again: bool
) -> None:
    """It was put before the record was written: a scanned document costs one PUT, not two."""
    record = DOCUMENT.to_record()
    before = {"documentId": DOCUMENT.document_id, "sequencer": DOCUMENT.sequencer} | replaced
    client = boto3.client(
        "s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        if is_put_again:
            stubber.add_response("put_object", {})
        written = WriteResult(WriteOutcome.WRITTEN, record, before)
        settle_text(client, "texts", DOCUMENT, written, TEXT)
        stubber.assert_no_pending_responses()
