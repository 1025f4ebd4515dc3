"""The log of a function, as CloudWatch has it."""

from __future__ import annotations

import json
from typing import Any

from infra.stage import Stage


def lines_of(stage: Stage, function: str) -> list[dict[str, Any]]:
    """Every line of a function's log; of one that is no JSON object, only its `message`."""
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
