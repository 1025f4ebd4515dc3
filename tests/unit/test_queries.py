"""Queries of an index, as the client of the functions sends and reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from chalicelib.queries import IndexQuery, QueryPage, keep_items_as_sent, query_index
from chalicelib.store import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVENT = "before-parse.dynamodb.Query"
RECORD = {"documentId": "1", "fileSize": 3, "tags": {"a": "b"}, "metadata": {"isEmpty": False}}
QUERY = IndexQuery(
    index="byStatus",
    key="status",
    value="PROCESSED",
    sort="uploadedAt",
    earliest="0",
    latest="~",
)


class Content:
    """A response's content, as urllib3 has it."""

    def __init__(self, content: bytes) -> None:
        """The content."""
        self._content = content

    def stream(self) -> list[bytes]:
        """All of it."""
        return [self._content]


def client(status: int, answer: object) -> DynamoDBClient:
    """A client whose every request is answered with this JSON."""
    dynamodb = boto3.client(
        "dynamodb", "eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    content = json.dumps(answer).encode()

    def respond(**_: object) -> AWSResponse:
        return AWSResponse("https://example.com", status, HTTPHeaders(), Content(content))

    dynamodb.meta.events.register("before-send.dynamodb", respond)  # type: ignore[arg-type] # returns a response
    return dynamodb


@pytest.mark.parametrize("key", [{}, {"LastEvaluatedKey": {"documentId": {"S": "1"}}}])
def test_items_kept_as_sent_are_those_that_the_sdk_parses(key: dict[str, object]) -> None:
    """The same page, and the client did not parse its items."""
    answer = {"Items": [to_item(RECORD)], "Count": 1, "ScannedCount": 1, **key}
    parsing, keeping = client(200, answer), client(200, answer)
    keeping.meta.events.register(EVENT, keep_items_as_sent)
    unknown = {"Items": [{"documentId": {"unknown": "type"}}]}
    kept = client(200, unknown)
    kept.meta.events.register(EVENT, keep_items_as_sent)

    expected = QueryPage([RECORD], has_more=bool(key))
    assert expected == query_index(parsing, "documents", QUERY)
    assert expected == query_index(keeping, "documents", QUERY)
    request = {"TableName": "documents", "KeyConditionExpression": "a = :a"}
    assert unknown["Items"] == kept.query(**request)["Items"]  # type: ignore[arg-type] # any


def test_an_error_of_a_query_keeps_its_code() -> None:
    """As its callers distinguish errors by code."""
    refusing = client(400, {"__type": "com.amazon#ResourceNotFoundException", "message": "no"})
    refusing.meta.events.register(EVENT, keep_items_as_sent)
    with pytest.raises(ClientError) as refused:
        query_index(refusing, "documents", QUERY)
    assert "ResourceNotFoundException" == refused.value.response["Error"]["Code"]


def test_a_count_has_no_items() -> None:
    """With Select=COUNT, DynamoDB sends none."""
    counting = client(200, {"Count": 7, "ScannedCount": 7})
    counting.meta.events.register(EVENT, keep_items_as_sent)
    answer = counting.query(TableName="documents", KeyConditionExpression="a = :a", Select="COUNT")
    assert 7 == answer["Count"]
    assert "Items" not in answer
