"""`make status`: documents, failures, queues, alarms and this month's usage of a stage.

Uses GetMetricStatistics because GetMetricData is not in the Free Tier
(https://aws.amazon.com/cloudwatch/pricing/, November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.observability import NAMESPACE, SANDBOX_LEVEL, SANDBOX_LEVEL_MESSAGE
from infra.aws.free_tier import (
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
from infra.aws.logs import recent_lines
from infra.aws.queues import queue_depth
from infra.aws.recognitions import failed_recognitions, late_recognitions
from infra.aws.stage import Stage
from infra.build.features import Feature
from infra.commands.status_documents import Row, documents, latest_failures
from infra.console import echo, step, tick

_LEVEL_DAYS = 7
"""Processes of Lambda live for hours: a week without a new one is a week without files."""

Dimensions = dict[str, str]


@dataclass(frozen=True, slots=True)
class Use:
    """This month's usage of a resource; None if CloudWatch has no value."""

    limit: Limit
    used: float | None
    note: str = ""


def status(stage: Stage) -> None:
    """Print documents by status, latest failures, queues, alarms and this month's usage.

    Raises:
        CommandError: the stage does not exist.
    """
    outputs = stage.outputs()
    table = outputs["DocumentsTableName"]
    echo(f"Reading stage {stage.name}")
    with step("Documents by status"):
        counts = list(documents(stage, table))
    with step("Latest failures"):
        failures = list(latest_failures(stage, table))
    recognitions = []
    if Feature.OCR in stage.features:
        with step("Recognitions"):
            recognitions = list(_recognitions(stage, table))
    with step("Queues"):
        queues = list(_queues(stage, outputs))
    with step("Alarms"):
        alarms = list(_alarms(stage))
    with step("Sandbox level"):
        level = list(_sandbox_level(stage))
    with step("This month's usage"):
        uses = [_row(use, stage.hooks.unmeasured) for use in _uses(stage, outputs)]
    _print("Documents", counts)
    _print("Latest failures", failures)
    if recognitions:
        _print("Character recognition", recognitions)
    _print("Messages in queues", queues)
    _print("Alarms", alarms)
    _print("Sandbox level", level)
    _print("This month's usage, and the Free Tier of the account", uses)


def _recognitions(stage: Stage, table: str) -> Iterator[Row]:
    """Those that `make retry` takes up."""
    late = sum(1 for _ in late_recognitions(stage.account.dynamodb, table))
    failed = sum(1 for _ in failed_recognitions(stage.account.dynamodb, table))
    advice = f"run make retry STAGE={stage.name}"
    yield f"{late:>17,}", f"not answered by Textract for an hour: {advice}"
    yield f"{failed:>17,}", f"failed because of an AWS or internal error: {advice}"


def _queues(stage: Stage, outputs: dict[str, str]) -> Iterator[Row]:
    names = {
        "FailureQueueUrl": "failure queue: record_failure processes them",
        "UnrecordedFailureQueueUrl": f"unrecorded failures: run make retry STAGE={stage.name}",
    }
    for output, name in names.items():
        yield f"{queue_depth(stage.account.sqs, outputs[output]):>17,}", name


def _alarms(stage: Stage) -> Iterator[Row]:
    pages = stage.account.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stage.stack_name}/"
    )
    for page in pages:
        for alarm in page["MetricAlarms"]:
            name = alarm["AlarmName"].partition("/")[2]
            advice = alarm["AlarmDescription"] if alarm["StateValue"] == "ALARM" else ""
            yield f"{alarm['StateValue']:>17}", f"{name}  {advice}".rstrip()


def _sandbox_level(stage: Stage) -> Iterator[Row]:
    """The layers that confine the parsers, which a process logs with its first file."""
    since = datetime.now(UTC) - timedelta(days=_LEVEL_DAYS)
    lines = recent_lines(stage, "process_upload", SANDBOX_LEVEL_MESSAGE, since, tick)
    for line in [line for line in lines if SANDBOX_LEVEL in line][-1:]:
        yield line[SANDBOX_LEVEL], "the layers that confine the parsers, see docs/security.md"


def _uses(stage: Stage, outputs: dict[str, str]) -> Iterator[Use]:
    """The stage's usage this month, and its resources."""
    month = _Month(stage)
    note = stage.hooks.lambda_usage_note
    functions = list(stage.functions.values())
    table, topic = outputs["DocumentsTableName"], outputs["NotificationTopicArn"]
    yield Use(
        LAMBDA_REQUESTS,
        month.total("AWS/Lambda", ["Invocations"], [{"FunctionName": name} for name in functions]),
        note,
    )
    yield Use(LAMBDA_GB_SECONDS, _gb_seconds(stage, month, functions), note)
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
    yield from _monitoring(stage)
    yield Use(
        Limit("S3: bytes stored", 0, "bytes"),
        month.latest("AWS/S3", "BucketSizeBytes", outputs["UploadBucketName"]),
    )
    # Only S3's paid request metrics count the requests of clients.


def _gb_seconds(stage: Stage, month: _Month, functions: Iterable[str]) -> float | None:
    """Duration of each function times its current memory."""
    used = None
    for function in functions:
        milliseconds = month.total("AWS/Lambda", ["Duration"], [{"FunctionName": function}])
        missing = stage.account.lambda_.exceptions.ResourceNotFoundException
        with suppress(missing):
            config = stage.account.lambda_.get_function_configuration(FunctionName=function)
            if milliseconds is not None:
                used = (used or 0.0) + milliseconds / 1_000 * config["MemorySize"] / 1_024
    return used


def _table_use(stage: Stage, table: str) -> Iterator[Use]:
    """DynamoDB's Free Tier covers capacity, not requests: provisioned units count, used or not."""
    description = stage.account.dynamodb.describe_table(TableName=table)["Table"]
    tick()
    parts: list[Any] = [description, *description["GlobalSecondaryIndexes"]]
    for limit, unit in ((READ_UNITS, "ReadCapacityUnits"), (WRITE_UNITS, "WriteCapacityUnits")):
        yield Use(limit, sum(part.get("ProvisionedThroughput", {}).get(unit, 0) for part in parts))
    indexes = sum(index.get("IndexSizeBytes", 0) for index in description["GlobalSecondaryIndexes"])
    yield Use(TABLE_BYTES, description["TableSizeBytes"] + indexes)


def _monitoring(stage: Stage) -> Iterator[Use]:
    """The stage's metrics, alarms and dashboards in CloudWatch."""
    cloudwatch = stage.account.cloudwatch
    metrics = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace=NAMESPACE, Dimensions=[{"Name": "stack", "Value": stage.stack_name}]
    )
    found = sum(len(page["Metrics"]) for page in metrics)
    yield Use(CUSTOM_METRICS, found or None)
    yield Use(ALARMS, len(list(_alarms(stage))))
    dashboards = cloudwatch.list_dashboards(DashboardNamePrefix=stage.stack_name)
    yield Use(DASHBOARDS, len(dashboards["DashboardEntries"]))


class _Month:
    """CloudWatch's metrics of this month, in UTC as AWS bills."""

    def __init__(self, stage: Stage) -> None:
        self._cloudwatch = stage.account.cloudwatch
        self._now = datetime.now(UTC)
        self._start = self._now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    def total(
        self, namespace: str, metrics: Iterable[str], dimensions: Iterable[Dimensions]
    ) -> float | None:
        """The sum of these metrics over all the dimensions; None without any value."""
        dimensions = list(dimensions)
        points = [
            point["Sum"]
            for metric in metrics
            for each in dimensions
            for point in self._points(namespace, metric, each, "Sum", self._start)
        ]
        return sum(points) if points else None

    def latest(self, namespace: str, metric: str, bucket: str) -> float | None:
        """The latest value of a bucket's daily metric."""
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


def _row(use: Use, unmeasured: str) -> Row:
    limit = use.limit
    share = ""
    if use.used is None:
        shown = unmeasured
    else:
        shown = f"{use.used:,.0f}"
        share = f" = {100 * use.used / limit.free:.1f} %" if limit.free else ""
    of = f"of {limit.free:,} {limit.unit}" if limit.free else limit.unit
    return f"{shown:>17}", f"{of}{share}  {limit.name}{use.note}"


def _print(title: str, rows: list[Row]) -> None:
    echo(f"\n{title}")
    for left, right in rows or [("none", "")]:
        echo(f"  {left}  {right}".rstrip())
