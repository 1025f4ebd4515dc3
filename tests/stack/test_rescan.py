"""Documents without the result of a scan: reported, scanned again, and never lost."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.documents import document_id_for
from infra.commands.backfill import backfill
from infra.commands.retry import retry
from infra.console import CommandError
from tests.support.stack import Stack


def change_record(stack: Stack, key: str, **attributes: Any) -> None:
    """Set attributes of a record; None removes one."""
    table = stack.account.dynamodb
    for name, value in attributes.items():
        action: Any = {"Action": "PUT", "Value": value} if value else {"Action": "DELETE"}
        table.update_item(
            TableName=stack.table,
            Key={"documentId": {"S": document_id_for(stack.bucket, key)}},
            AttributeUpdates={name: action},
        )


def test_backfill_needs_the_feature(stack: Stack) -> None:
    """A stage that scans no uploads is told to switch it on, and a call without a selection how."""
    with pytest.raises(CommandError, match=r"SCAN=guardduty: set it .* run make deploy STAGE=test"):
        backfill(stack.stage, 1, ["scan"])
    with pytest.raises(CommandError, match="make backfill STAGE=test TEXT=missing or SCAN=missing"):
        backfill(stack.stage, 1, [])


def test_waiting_documents_of_a_stage_that_no_longer_scans(stack: Stack) -> None:
    """They are processed by the next retry."""
    key = stack.new_key("waiting.txt")
    stack.put(key, b"three small words", "text/plain")
    stack.record(key, "PROCESSED")
    change_record(stack, key, status={"S": "SCANNING"}, metadata=None, processedAt=None)
    retry(stack.stage, 1)
    assert 3 == stack.record(key, "PROCESSED")["metadata"]["wordCount"]
