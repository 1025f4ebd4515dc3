"""DynamoDB: queries of the indexes by status and time.

Each index has one partition per status: byStatus of all documents, byOwnerAndStatus of one owner's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.documents import FOREVER, Status, status_time
from chalicelib.store import Record, from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Position = tuple[str, str]
"""Of a document in an index: uploadedAt and documentId."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexQuery:
    """One query of the documents of one status."""

    index: str
    key: str
    """The index's partition key, an attribute of records."""
    value: str
    sort: str
    """The index's sort key, an attribute of records."""
    prefix: str = ""
    """Of the sort key's values; uploadedAt follows."""
    earliest: str
    """Least uploadedAt, inclusive; not empty."""
    latest: str
    """Greatest uploadedAt, inclusive; at least `earliest`."""
    is_ascending: bool = False
    """Whether the oldest document comes first."""
    limit: int = 1
    """Documents to read."""
    after: Position | None = None
    """The last document read before, within the times; None to start at the first."""

    def starting_at(self, time: str) -> IndexQuery:
        """The query from a time on, which is within its own, in the order of the list."""
        return replace(self, earliest=time) if self.is_ascending else replace(self, latest=time)


@dataclass(frozen=True, slots=True)
class QueryPage:
    """Result of one query."""

    records: Sequence[Record]
    has_more: bool
    """Whether more documents within the times may follow."""


def keep_items_as_sent(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Keep the items of a Query as DynamoDB's JSON has them: botocore's event before-parse.

    botocore would compare each value with its model, which takes more than half the time of a
    list; versions before 1.36 have no such event and still do. The one difference is that binary
    values, of which records have none, stay Base64.

    Args:
        response_dict: the response, not parsed yet; loses its items.
        customized_response_dict: what botocore adds to the parsed response; receives them.
    """
    if response_dict["status_code"] != HTTPStatus.OK:
        return
    body = json.loads(response_dict["body"])
    if "Items" in body:  # not with Select=COUNT
        customized_response_dict["Items"] = body.pop("Items")
        response_dict["body"] = json.dumps(body).encode()


def query_index(dynamodb: DynamoDBClient, table: str, query: IndexQuery) -> QueryPage:
    """The next documents: one Query, half a read unit per 4 KB."""
    response = dynamodb.query(TableName=table, **_arguments(query))
    return QueryPage(
        records=[from_item(item) for item in response["Items"]],
        has_more="LastEvaluatedKey" in response,
    )


def count_pending(
    dynamodb: DynamoDBClient, table: str, owner: str, since: str, alive_at: int, limit: int
) -> int:
    """An owner's PENDING documents that were requested after a time and have not expired.

    One Query, and another one for each `limit` records that are read while expired ones are among
    them: DynamoDB deletes those within days, and filters after it has applied Limit. The index
    contains PENDING records only while the stage has a quota for them, and a record a moment after
    it was written.

    Args:
        dynamodb: the client.
        table: name of the table.
        owner: whose documents.
        since: the earliest time of a request.
        alive_at: epoch seconds after which the records expire.
        limit: where counting ends.
    """
    arguments = _pending_arguments(owner, since, alive_at, limit)
    count = 0
    while True:
        response = dynamodb.query(TableName=table, **arguments)
        count += response["Count"]
        if count >= limit or "LastEvaluatedKey" not in response:
            return count
        arguments["ExclusiveStartKey"] = response["LastEvaluatedKey"]


def count_uploaded(
    dynamodb: DynamoDBClient, table: str, status: Status, latest: str, limit: int = 100
) -> int:
    """The documents of a status that were uploaded up to a time: one Query.

    Args:
        dynamodb: the client.
        table: name of the table.
        status: of the documents.
        latest: greatest uploadedAt, inclusive.
        limit: where counting ends.
    """
    response = dynamodb.query(
        TableName=table,
        IndexName="byStatus",
        Select="COUNT",
        Limit=limit,
        KeyConditionExpression="#status = :status AND #uploadedAt <= :latest",
        ExpressionAttributeNames={"#status": "status", "#uploadedAt": "uploadedAt"},
        ExpressionAttributeValues=to_item({":status": status.value, ":latest": latest}),
    )
    return response["Count"]


def _pending_arguments(owner: str, since: str, alive_at: int, limit: int) -> dict[str, Any]:
    names = ("owner", "statusTime", "expiresAt")
    return {
        "IndexName": "byOwnerAndStatus",
        "Select": "COUNT",
        "Limit": limit,
        "ScanIndexForward": False,  # most expired records are older than the others
        "KeyConditionExpression": "#owner = :owner AND #statusTime BETWEEN :since AND :end",
        "FilterExpression": "#expiresAt > :aliveAt",
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": to_item(
            {
                ":owner": owner,
                ":since": status_time(Status.PENDING, since),
                ":end": status_time(Status.PENDING, FOREVER),
                ":aliveAt": alive_at,
            }
        ),
    }


def _arguments(query: IndexQuery) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "IndexName": query.index,
        "KeyConditionExpression": "#key = :key AND #sort BETWEEN :earliest AND :latest",
        "ExpressionAttributeNames": {"#key": query.key, "#sort": query.sort},
        "ExpressionAttributeValues": to_item(
            {
                ":key": query.value,
                ":earliest": query.prefix + query.earliest,
                ":latest": query.prefix + query.latest,
            }
        ),
        "ScanIndexForward": query.is_ascending,
        "Limit": query.limit,
    }
    if query.after:
        uploaded_at, document_id = query.after
        arguments["ExclusiveStartKey"] = to_item(
            {
                query.key: query.value,
                query.sort: query.prefix + uploaded_at,
                "documentId": document_id,
            }
        )
    return arguments
