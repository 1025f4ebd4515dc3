"""The documents of a stage by status, for `make status`."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.documents import Status, escape_unprintable
from chalicelib.store import Record, from_item
from infra.aws.stage import Stage
from infra.build.features import Feature
from infra.console import tick

LATEST_FAILURES = 10

Row = tuple[str, str]


def documents(stage: Stage, table: str) -> Iterator[Row]:
    """The number of documents by status."""
    for name in (Status.PROCESSED, Status.FAILED):
        yield f"{_count(stage, table, name):>17,}", name
    yield from _scanning(stage, table)
    in_all = stage.account.dynamodb.describe_table(TableName=table)["Table"]["ItemCount"]
    yield (
        f"{f'about {in_all:,}':>17}",
        "total, including PENDING; DynamoDB updates this count every six hours",
    )


def _scanning(stage: Stage, table: str) -> Iterator[Row]:
    """The documents that wait for their scan, where there are any or uploads are scanned."""
    count = _count(stage, table, Status.SCANNING)
    if not count and Feature.SCAN not in stage.features:
        return
    since = ""
    if count:
        [oldest] = _by_status(stage, table, Status.SCANNING, 1, is_newest_first=False)
        since = (
            f", the oldest since {oldest['uploadedAt']}; make retry STAGE={stage.name} scans again"
        )
    yield f"{count:>17,}", f"{Status.SCANNING}{since}"


def _count(stage: Stage, table: str, name: Status) -> int:
    """The number of documents with this status; reads the whole index, one tick per page."""
    pages = stage.account.dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="byStatus",
        Select="COUNT",
        KeyConditionExpression="#status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": name.value}},
    )
    total = 0
    for page in pages:
        total += page["Count"]
        tick()
    return total


def _by_status(
    stage: Stage, table: str, name: Status, limit: int, *, is_newest_first: bool
) -> Iterator[Record]:
    """The records with a status, by time of upload."""
    answer = stage.account.dynamodb.query(
        TableName=table,
        IndexName="byStatus",
        ScanIndexForward=not is_newest_first,
        Limit=limit,
        KeyConditionExpression="#status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": name.value}},
    )
    return map(from_item, answer["Items"])


def latest_failures(stage: Stage, table: str) -> Iterator[Row]:
    """Time, name and reason of each."""
    for record in _by_status(stage, table, Status.FAILED, LATEST_FAILURES, is_newest_first=True):
        failure = record.get("failure", {})  # other programs may write records as well
        reason = f"{failure.get('code', 'no code')}: {failure.get('message', 'no reason')}"
        yield record["uploadedAt"], escape_unprintable(f"{record['fileName']}  {reason}")
