"""What CloudWatch reads out of log lines (CloudWatch user guide, "Embedded metric format")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Metric = tuple[str, ...]
"""Namespace, name, and the values of the dimensions."""


def metrics_from(lines: Iterable[Mapping[str, Any]]) -> dict[Metric, list[float]]:
    """The values that lines give to each metric, in the order of the lines."""
    found = defaultdict(list)
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in directive["Dimensions"]:
                values = [str(line[name]) for name in dimensions]
                for metric in directive["Metrics"]:
                    name = metric["Name"]
                    found[directive["Namespace"], name, *values].append(line[name])
    return dict(found)
