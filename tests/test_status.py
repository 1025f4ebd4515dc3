"""`make status` tells how a stage is, and what it cannot know it does not make up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from infra.console import Problem
from infra.stage import Account, Stage
from infra.status import status
from tests.commands import run
from tests.stack import Stack


def counted(said: str, name: str) -> int:
    """The number before a name in what the command said."""
    numbers = re.findall(rf"^ +([\d,]+)  {name}", said, re.MULTILINE)
    assert len(numbers) <= 1
    return int(numbers[0].replace(",", "")) if numbers else 0


def records_with(stack: Stack, status: str) -> int:
    """How many records of a status the table holds, counted by reading all of it."""
    pages = stack.account.dynamodb.get_paginator("scan").paginate(TableName=stack.table)
    items = [item for page in pages for item in page["Items"]]
    return sum("uploadedAt" in item and status == item["status"]["S"] for item in items)


def test_status_tells_what_there_is(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Documents, the newest failure with its reason, queues, alarms and use are all there."""
    good, bad = stack.new_key(), stack.new_key()
    stack.put(good, b"one two three")
    stack.put(bad, b"", **{"file-name": "bad%0Aname.txt"})
    for key in (good, bad):
        stack.record(key)
    capsys.readouterr()
    status(stack.stage)
    said = capsys.readouterr().out
    for name in ("PROCESSED", "FAILED"):
        assert records_with(stack, name) == counted(said, name) > 0
    assert "bad\\nname.txt  empty: The file is empty." in said
    assert "  unrecorded failures: somebody must look" in said
    assert 8 == len(re.findall(r"^ +(?:OK|ALARM|INSUFFICIENT_DATA)  [a-z-]+", said, re.MULTILINE))
    for what in ("reading", "writing"):
        assert 25 == counted(said, f"of 25 units = 100.0 %  DynamoDB: provisioned for {what}")


def test_status_adds_up_this_months_metrics(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of this month's values of all functions, each counts by its memory; last month's do not."""
    memory = {"process_upload": 1_024, "record_failure": 256}
    now = datetime.now(UTC)
    last_month = now.replace(day=1, hour=0, minute=0, second=0) - timedelta(minutes=5)
    status(stack.stage)
    before = capsys.readouterr().out
    for function in memory:
        for time, milliseconds in ((now, 1_000_000), (last_month, 5_000_000)):
            put_metric(stack, "Duration", function, milliseconds, time)
            put_metric(stack, "Invocations", function, 200_000, time)
    status(stack.stage)
    after = capsys.readouterr().out
    expected = sum(1_000 * megabytes / 1_024 for megabytes in memory.values())
    name = r"of 400,000 GB-seconds = .* %  Lambda: memory"
    assert expected == pytest.approx(counted(after, name) - counted(before, name), abs=1)
    name = r"of 1,000,000 requests = .* %  Lambda: requests"
    assert 400_000 == counted(after, name) - counted(before, name)


def put_metric(stack: Stack, metric: str, function: str, value: float, time: datetime) -> None:
    """Have CloudWatch one more value of a function's metric."""
    name = stack.stage.functions[function]
    stack.account.cloudwatch.put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": name}],
                "Timestamp": time,
                "Value": value,
            }
        ],
    )


def test_status_makes_up_nothing(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """What the local AWS does not measure is told as such, never as 0."""
    status(stack.stage)
    said = capsys.readouterr().out
    for name in ("SQS: requests", "CloudWatch: log lines", "SNS: publishes", "S3: bytes stored"):
        [line] = [line for line in said.splitlines() if name in line]
        assert "not measured here" in line


def test_status_shows_what_it_asks(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step is named as it begins, and goes on visibly."""
    status(stack.stage)
    said = capsys.readouterr().out.splitlines()
    steps = [line.split(" ...")[0].strip() for line in said if " ..." in line]
    assert [
        "Documents by status",
        "Last failures",
        "Queues",
        "Alarms",
        "This month's use",
    ] == steps
    assert re.search(r"use \.\.\.\.{10,} [\d.]+ s$", said[5])


def test_the_status_of_no_stage_is_one_clear_line(account: Account, stack: Stack) -> None:
    """A stage that does not exist is told with those that do, and the command exits with 1."""
    chosen = {name: text for name, text in account.environment.items() if name.startswith("AWS_")}
    answer = run("status", "--stage", "nowhere", **chosen)
    assert 1 == answer.returncode
    [line] = answer.stderr.splitlines()
    assert line.startswith("intake: There is no stage 'nowhere' in this account and region; there")
    with pytest.raises(Problem, match="There is no stage 'nowhere'"):
        status(Stage("nowhere", account, stack.stage.project))
