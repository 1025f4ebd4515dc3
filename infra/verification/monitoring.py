"""Checks of alarms, log lines and metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.documents import Status
from chalicelib.observability import NAMESPACE
from infra.aws.hooks import Limitation
from infra.aws.logs import recent_lines
from infra.verification.report import Report
from infra.verification.session import Session
from infra.verification.waiting import wait_for

_LOG_SECONDS = 120
_METRIC_SECONDS = 600
"""A new metric appears within minutes (CloudWatch user guide, "Concepts")."""


def check_monitoring(session: Session, report: Report) -> None:
    """The stage's alarms, and the log line and metric of one upload."""
    _check_alarms(session, report)
    started = datetime.now(UTC) - timedelta(minutes=1)
    put = session.request(session.user, f"logged-{session.run_id}.txt", b"one two three")
    put.send()
    session.result(put.document_id)
    name = f"logged-{session.run_id}.txt"

    def find_line() -> dict[str, Any] | None:
        found = recent_lines(session.stage, "process_upload", name, started)
        lines = (line for line in found if line.get("documentId") == put.document_id)
        return next((line for line in lines if line.get("status") != Status.SCANNING), None)

    line = wait_for("log line", find_line, _LOG_SECONDS)
    message = f"File {name} processed with status PROCESSED, words=3"
    report.expect("log line of an upload", f"INFO {message}", f"{line['level']} {line['message']}")
    report.unless(
        Limitation.METRICS_FROM_LOGS,
        "metric of PROCESSED documents",
        lambda: _check_metric(session, report, started),
    )


def _check_alarms(session: Session, report: Report) -> None:
    cloudformation = session.stage.account.cloudformation
    pages = cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=session.stage.stack_name
    )
    names = [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::CloudWatch::Alarm"
    ]
    answer = session.stage.account.cloudwatch.describe_alarms(AlarmNames=names)
    found = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    report.expect("alarms of the stack that exist", len(names), len(found))
    for name, alarm in sorted(found.items()):
        notifies = alarm["ActionsEnabled"] and bool(alarm["AlarmActions"])
        report.expect(f"alarm {name} notifies", True, notifies, alarm["StateValue"])


def _check_metric(session: Session, report: Report, started: datetime) -> None:
    dimensions = {"stack": session.stage.stack_name, "status": Status.PROCESSED.value}

    def look() -> list[Any]:
        answer = session.stage.account.cloudwatch.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="documents",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=started,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return list(answer["Datapoints"])

    points = wait_for("metric", look, _METRIC_SECONDS)
    total = sum(point["Sum"] for point in points)
    report.expect("metric of PROCESSED documents has a value", True, total >= 1, f"({total:.0f})")
