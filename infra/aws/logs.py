"""Log lines of a function from CloudWatch Logs."""

from __future__ import annotations

import json
from typing import Any

from infra.aws.stage import Stage


def read_log_lines(stage: Stage, function: str) -> list[dict[str, Any]]:
    """All lines of a function's log; a line that is not a JSON object as its `message`."""
    pages = stage.account.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{stage.functions[function]}"
    )
    return [_parsed(event["message"]) for page in pages for event in page["events"]]


def _parsed(message: str) -> dict[str, Any]:
    try:
        line = json.loads(message)
    except ValueError:
        line = None
    return line if isinstance(line, dict) else {"message": message}
