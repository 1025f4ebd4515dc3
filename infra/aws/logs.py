"""Log lines of a function from CloudWatch Logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from infra.aws.stage import Stage


def read_log_lines(stage: Stage, function: str) -> list[dict[str, Any]]:
    """All lines of a function's log; a line that is not a JSON object as its `message`."""
    pages = stage.account.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{stage.functions[function]}"
    )
    return [_parsed(event["message"]) for page in pages for event in page["events"]]


def recent_lines(
    stage: Stage,
    function: str,
    phrase: str,
    since: datetime,
    on_page: Callable[[], None] = lambda: None,
) -> list[dict[str, Any]]:
    """The lines of a function's log since then that contain this phrase, oldest first.

    `on_page` is called for each page of the answer, to show progress.
    """
    logs = stage.account.logs
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{stage.functions[function]}",
        filterPattern=f'"{phrase}"',
        startTime=int(since.timestamp() * 1_000),
    )
    lines = []
    with suppress(logs.exceptions.ResourceNotFoundException):  # it never ran
        for page in pages:
            on_page()
            lines += [_parsed(event["message"]) for event in page["events"]]
    return lines


def _parsed(message: str) -> dict[str, Any]:
    try:
        line = json.loads(message)
    except ValueError:
        line = None
    return line if isinstance(line, dict) else {"message": message}
