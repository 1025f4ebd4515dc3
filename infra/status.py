"""`make status`: how a stage is, in one page.

Asks with GetMetricStatistics and not with GetMetricData, which is in no free tier
(https://aws.amazon.com/cloudwatch/pricing/, November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from chalicelib.documents import Status, one_line
from chalicelib.telling import NAMESPACE
from infra.console import say, step, tick
from infra.free_tier import (
    ALARMS,
    API_CALLS,
    CUSTOM_METRICS,
    DASHBOARDS,
    LAMBDA_GB_SECONDS,
    LAMBDA_REQUESTS,
    LOG_BYTES,
    PUBLISHES,
    READ_UNITS,
    SQS_REQUESTS,
    TABLE_BYTES,
    WRITE_UNITS,
    Limit,
)
from infra.local_aws import is_local
from infra.stage import Stage

LAST_FAILURES = 10

Dimensions = dict[str, str]


@dataclass(frozen=True, slots=True)
class Use:
    """How much was used of something this month. None: nobody measured it."""

    limit: Limit
    used: float | None
    remark: str = ""


Row = tuple[str, str]


def status(stage: Stage) -> None:
    """Print documents by status, last failures, queues, alarms, and this month's use.

    Raises:
        Problem: there is no such stage.
    """
    outputs = stage.outputs()
    table = outputs["DocumentsTableName"]
    say(f"Asking about stage {stage.name}")
    with step("Documents by status"):
        documents = list(_documents(stage, table))
    with step("Last failures"):
        failures = list(_last_failures(stage, table))
    with step("Queues"):
        queues = list(_queues(stage, outputs))
    with step("Alarms"):
        alarms = list(_alarms(stage))
    with step("This month's use"):
        uses = [_row(use, is_local(stage.account)) for use in _uses(stage, outputs)]
    _print("Documents", documents)
    _print("Last failures", failures)
    _print("Messages in queues", queues)
    _print("Alarms", alarms)
    _print("This month, of what an account has for nothing", uses)


def _documents(stage: Stage, table: str) -> Iterator[Row]:
    for name in (Status.PROCESSED, Status.FAILED):
        yield f"{_count(stage, table, name):>17,}", name
    in_all = stage.account.dynamodb.describe_table(TableName=table)["Table"]["ItemCount"]
    yield (
        f"{f'about {in_all:,}':>17}",
        "in all, PENDING too, by DynamoDB's count of the last six hours",
    )


def _count(stage: Stage, table: str, name: Status) -> int:
    """How many documents have this status: reads the whole index, a dot a megabyte."""
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


def _last_failures(stage: Stage, table: str) -> Iterator[Row]:
    answer = stage.account.dynamodb.query(
        TableName=table,
        IndexName="byStatus",
        ScanIndexForward=False,
        Limit=LAST_FAILURES,
        KeyConditionExpression="#status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": Status.FAILED.value}},
    )
    deserialize = TypeDeserializer().deserialize
    for item in answer["Items"]:
        record = {name: deserialize(value) for name, value in item.items()}
        failure = record.get("failure", {})  # other programs may write records, too
        reason = f"{failure.get('code', 'no code')}: {failure.get('message', 'no reason')}"
        yield record["uploadedAt"], one_line(f"{record['fileName']}  {reason}")


def _queues(stage: Stage, outputs: dict[str, str]) -> Iterator[Row]:
    names = {
        "FailureQueueUrl": "failure queue: record_failure takes them",
        "UnrecordedFailureQueueUrl": "unrecorded failures: somebody must look",
    }
    for output, name in names.items():
        yield f"{_depth(stage, outputs[output]):>17,}", name


def _depth(stage: Stage, url: str) -> int:
    """Messages in a queue, those that somebody works on included."""
    counted = stage.account.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(map(int, counted.values()))


def _alarms(stage: Stage) -> Iterator[Row]:
    pages = stage.account.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stage.stack_name}/"
    )
    for page in pages:
        for alarm in page["MetricAlarms"]:
            name = alarm["AlarmName"].partition("/")[2]
            advice = alarm["AlarmDescription"] if alarm["StateValue"] == "ALARM" else ""
            yield f"{alarm['StateValue']:>17}", f"{name}  {advice}".rstrip()


def _uses(stage: Stage, outputs: dict[str, str]) -> Iterator[Use]:
    """What this stage used this month, and what it has."""
    month = _Month(stage)
    # MiniStack (1.5.33) counts no runs that events start.
    remark = ", without those that events started" if is_local(stage.account) else ""
    functions = list(stage.functions.values())
    table, topic = outputs["DocumentsTableName"], outputs["NotificationTopicArn"]
    yield Use(
        LAMBDA_REQUESTS,
        month.total("AWS/Lambda", ["Invocations"], [{"FunctionName": name} for name in functions]),
        remark,
    )
    yield Use(LAMBDA_GB_SECONDS, _gb_seconds(stage, month, functions), remark)
    yield from _table_use(stage, table)
    queues = [
        {"QueueName": outputs[name].rpartition("/")[2]}
        for name in ("FailureQueueUrl", "UnrecordedFailureQueueUrl")
    ]
    calls = ["Sent", "Received", "Deleted"]
    metrics = [f"NumberOfMessages{call}" for call in calls] + ["NumberOfEmptyReceives"]
    yield Use(SQS_REQUESTS, month.total("AWS/SQS", metrics, queues))
    groups = [{"LogGroupName": name} for name in stage.log_groups]
    yield Use(LOG_BYTES, month.total("AWS/Logs", ["IncomingBytes"], groups))
    yield Use(API_CALLS, month.total("AWS/ApiGateway", ["Count"], [{"ApiName": stage.stack_name}]))
    published = [{"TopicName": topic.rpartition(":")[2]}]
    yield Use(PUBLISHES, month.total("AWS/SNS", ["NumberOfMessagesPublished"], published))
    yield from _watching(stage)
    yield Use(
        Limit("S3: bytes stored", None, "bytes"),
        month.latest("AWS/S3", "BucketSizeBytes", outputs["UploadBucketName"]),
    )
    # One GET for each run; what clients PUT and GET is in S3's paid request metrics only.


def _gb_seconds(stage: Stage, month: _Month, functions: Iterable[str]) -> float | None:
    """By each function's memory of today."""
    used = None
    for function in functions:
        milliseconds = month.total("AWS/Lambda", ["Duration"], [{"FunctionName": function}])
        not_there = stage.account.lambda_.exceptions.ResourceNotFoundException
        with suppress(not_there):
            config = stage.account.lambda_.get_function_configuration(FunctionName=function)
            if milliseconds is not None:
                used = (used or 0.0) + milliseconds / 1_000 * config["MemorySize"] / 1_024
    return used


def _table_use(stage: Stage, table: str) -> Iterator[Use]:
    """Of DynamoDB, capacity is free and not requests: what is provisioned counts, used or not."""
    description = stage.account.dynamodb.describe_table(TableName=table)["Table"]
    tick()
    parts: list[Any] = [description, *description["GlobalSecondaryIndexes"]]
    for limit, unit in ((READ_UNITS, "ReadCapacityUnits"), (WRITE_UNITS, "WriteCapacityUnits")):
        yield Use(limit, sum(part.get("ProvisionedThroughput", {}).get(unit, 0) for part in parts))
    indexes = sum(index.get("IndexSizeBytes", 0) for index in description["GlobalSecondaryIndexes"])
    yield Use(TABLE_BYTES, description["TableSizeBytes"] + indexes)


def _watching(stage: Stage) -> Iterator[Use]:
    """What CloudWatch keeps for the stage."""
    cloudwatch = stage.account.cloudwatch
    metrics = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace=NAMESPACE, Dimensions=[{"Name": "stack", "Value": stage.stack_name}]
    )
    found = sum(len(page["Metrics"]) for page in metrics)
    yield Use(CUSTOM_METRICS, None if is_local(stage.account) and not found else found)
    yield Use(ALARMS, len(list(_alarms(stage))))
    dashboards = cloudwatch.list_dashboards(DashboardNamePrefix=stage.stack_name)
    yield Use(DASHBOARDS, len(dashboards["DashboardEntries"]))


class _Month:
    """CloudWatch's metrics of this month until now, by UTC as AWS bills."""

    def __init__(self, stage: Stage) -> None:
        self._cloudwatch = stage.account.cloudwatch
        self._now = datetime.now(UTC)
        self._start = self._now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    def total(
        self, namespace: str, metrics: Iterable[str], dimensions: Iterable[Dimensions]
    ) -> float | None:
        """The sum of these metrics, each with each of the dimensions; None when there is none."""
        dimensions = list(dimensions)
        points = [
            point["Sum"]
            for metric in metrics
            for each in dimensions
            for point in self._points(namespace, metric, each, "Sum", self._start)
        ]
        return sum(points) if points else None

    def latest(self, namespace: str, metric: str, bucket: str) -> float | None:
        """A bucket's metric that S3 gives once a day."""
        dimensions = {"BucketName": bucket, "StorageType": "StandardStorage"}
        since = self._now - timedelta(days=3)
        points = self._points(namespace, metric, dimensions, "Average", since)
        newest = max(points, key=lambda point: point["Timestamp"], default=None)
        return newest["Average"] if newest else None

    def _points(
        self, namespace: str, metric: str, dimensions: Dimensions, statistic: Any, since: datetime
    ) -> list[Any]:
        tick()
        answer = self._cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=since,
            EndTime=self._now,
            Period=24 * 60 * 60,
            Statistics=[statistic],
        )
        return list(answer["Datapoints"])


def _row(use: Use, is_local: bool) -> Row:
    limit = use.limit
    share = ""
    if use.used is None:
        shown = "not measured here" if is_local else "nothing measured"
    else:
        shown = f"{use.used:,.0f}"
        share = f" = {100 * use.used / limit.free:.1f} %" if limit.free else ""
    of = f"of {limit.free:,} {limit.unit}" if limit.free else limit.unit
    return f"{shown:>17}", f"{of}{share}  {limit.name}{use.remark}"


def _print(title: str, rows: list[Row]) -> None:
    say(f"\n{title}")
    for left, right in rows or [("none", "")]:
        say(f"  {left}  {right}".rstrip())
