"""`make status` reports a stage's state, and marks metrics without values as unmeasured."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from infra.aws.stage import Account
from infra.commands.status import status
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.commands import run
from tests.support.stack import Stack


def counted(output: str, name: str) -> int:
    """The number before a name in the output."""
    numbers = re.findall(rf"^ +([\d,]+)  {name}", output, re.MULTILINE)
    assert len(numbers) <= 1
    return int(numbers[0].replace(",", "")) if numbers else 0


def records_with(stack: Stack, status: str) -> int:
    """The number of records with a status, from a scan of the table."""
    pages = stack.account.dynamodb.get_paginator("scan").paginate(TableName=stack.table)
    items = [item for page in pages for item in page["Items"]]
    return sum("uploadedAt" in item and status == item["status"]["S"] for item in items)


def test_status_reports_the_stage(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """The output has documents, the latest failure with its reason, queues, alarms and usage."""
    good, bad = stack.new_key(), stack.new_key()
    stack.put(good, b"one two three")
    stack.put(bad, b"", **{"file-name": "bad%0Aname.txt"})
    for key in (good, bad):
        stack.record(key)
    capsys.readouterr()
    status(stack.stage)
    output = capsys.readouterr().out
    for name in ("PROCESSED", "FAILED"):
        assert records_with(stack, name) == counted(output, name) > 0
    assert "bad\\nname.txt  empty: The file is empty." in output
    assert re.search(r"^  limits\S*  the layers that confine the parsers", output, re.MULTILINE)
    assert "  unrecorded failures: run make retry STAGE=test" in output
    assert 9 == len(re.findall(r"^ +(?:OK|ALARM|INSUFFICIENT_DATA)  [a-z-]+", output, re.MULTILINE))
    for what in ("reading", "writing"):
        assert 25 == counted(output, f"of 25 units = 100.0 %  DynamoDB: provisioned for {what}")


def test_status_adds_up_this_months_metrics(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Usage is the sum over all functions, weighted by memory, without last month's values."""
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
    """Add a value to a function's metric."""
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


def test_unmeasured_usage_is_not_reported_as_zero(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Metrics that the local AWS does not measure are shown as `not measured here`."""
    status(stack.stage)
    output = capsys.readouterr().out
    for name in ("SQS: requests", "CloudWatch: log lines", "SNS: publishes", "S3: bytes stored"):
        [line] = [line for line in output.splitlines() if name in line]
        assert "not measured here" in line


def test_status_shows_its_progress(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """The title of each step is printed before its result, with a dot per request."""
    status(stack.stage)
    output = capsys.readouterr().out.splitlines()
    steps = [line.split(" ...")[0].strip() for line in output if " ..." in line]
    assert [
        "Documents by status",
        "Latest failures",
        "Queues",
        "Alarms",
        "Sandbox level",
        "This month's usage",
    ] == steps
    assert re.search(r"usage \.\.\.\.{10,} [\d.]+ s$", output[6])


def test_the_status_of_a_missing_stage_is_one_error_line(account: Account, stack: Stack) -> None:
    """The message names the existing stages, and the command exits with 1."""
    chosen = {name: text for name, text in account.environment.items() if name.startswith("AWS_")}
    answer = run("status", "--stage", "nowhere", **chosen)
    assert 1 == answer.returncode
    [line] = answer.stderr.splitlines()
    assert line.startswith("intake: Stage 'nowhere' does not exist in this account and region; ")
    with pytest.raises(CommandError, match="Stage 'nowhere' does not exist"):
        status(local_stage("nowhere", account, stack.stage.project))
