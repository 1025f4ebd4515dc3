"""Blocks and messages as Amazon Textract returns them."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from chalicelib.store import to_item
from tests.support.stack import Stack

Block = dict[str, Any]

_ids = count(1)


def block(kind: str, children: list[Block] | None = None, **fields: object) -> Block:
    """A block with an id of its own that refers to these children."""
    made: Block = {"Id": f"block-{next(_ids)}", "BlockType": kind, "Page": 1, "Confidence": 99.0}
    if children:
        made["Relationships"] = [relationship("CHILD", children)]
    return made | fields


def relationship(kind: str, blocks: list[Block]) -> dict[str, object]:
    """A relationship to these blocks."""
    return {"Type": kind, "Ids": [related["Id"] for related in blocks]}


def words(text: str, page: int = 1, confidence: float = 99.0) -> list[Block]:
    """The words of a line."""
    return [block("WORD", Text=word, Page=page, Confidence=confidence) for word in text.split()]


def line(text: str, page: int = 1, confidence: float = 99.0) -> list[Block]:
    """A line and its words."""
    found = words(text, page, confidence)
    return [block("LINE", found, Text=text, Page=page, Confidence=confidence), *found]


def sns_event(message: str) -> dict[str, object]:
    """An SNS event with this message (Lambda developer guide, "Using Lambda with Amazon SNS")."""
    notification = {"Type": "Notification", "Subject": None, "Message": message}
    record = {"EventSource": "aws:sns", "Sns": {**notification, "MessageAttributes": {}}}
    return {"Records": [record]}


def completion_message(tag: str, status: str = "SUCCEEDED", job_id: str = "job") -> str:
    """The message of a topic (Textract developer guide, "Amazon Textract Results Notification")."""
    return json.dumps(
        {
            "JobId": job_id,
            "Status": status,
            "API": "StartDocumentTextDetection",
            "JobTag": tag,
            "Timestamp": 1_795_600_000_000,
            "DocumentLocation": {"S3ObjectName": "uploads/a", "S3Bucket": "bucket"},
        }
    )


def await_text(stack: Stack, key: str) -> dict[str, Any]:
    """Let the record of an object wait for Textract, as if OCR had been on; the record before."""
    record = stack.record(key, "PROCESSED")
    running = {"source": "ocr", "status": "RUNNING", "startedAt": record["processedAt"]}
    stack.account.dynamodb.update_item(
        TableName=stack.table,
        Key={"documentId": {"S": record["documentId"]}},
        UpdateExpression="SET #text = :running",
        ExpressionAttributeNames={"#text": "text"},
        ExpressionAttributeValues=to_item({":running": running}),
    )
    return record
