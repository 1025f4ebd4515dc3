"""Structured logs and metrics: JSON lines, embedded metrics, timings.

CloudWatch extracts the metrics from the log lines, without a call (CloudWatch user guide, "Embedded
metric format specification"). An account has ten custom metrics free of charge; a stage uses eight,
`documents` by status and METRICS, and one that scans uploads ten
(https://aws.amazon.com/cloudwatch/pricing/, November 2026).
Standard library only: docs/decisions/no-powertools.md has the reason.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from chalicelib.documents import Document, escape_unprintable, to_iso8601

LogFields = dict[str, str | int]
"""Fields of a log line beside its message."""

NAMESPACE = "Intake"

SANDBOX_LEVEL = "sandboxLevel"
"""Log field of the layers that confine the parsers; `make status` reads it."""
SANDBOX_LEVEL_MESSAGE = "Sandbox level"
"""Beginning of the message of its line."""

DOCUMENT_METRICS: Mapping[str, str] = {
    "fileSize": "Bytes",
    "words": "Count",
    "durationMs": "Milliseconds",
    "uploadToRecordMs": "Milliseconds",
}
ERROR_METRICS: Mapping[str, str] = {"retryableErrors": "Count", "notificationsFailed": "Count"}
METRICS = {**DOCUMENT_METRICS, **ERROR_METRICS}
"""Log fields that are metrics with the dimension `stack`, and their units."""
SCAN_METRICS: Mapping[str, str] = {"uploadToScanMs": "Milliseconds", "scansOverdue": "Count"}
"""Two more, which only stages with a malware scan have."""


class JsonFormatter(logging.Formatter):
    """Formats each log record as one line of ASCII JSON, which no file name can break or forge.

    Unprintable characters are escaped in every value, so that programs that decode and print it
    are safe as well; only a traceback keeps its line breaks.

    `extra={"fields": ...}` adds fields, `extra={"metrics": ...}` metric directives.
    """

    def __init__(self, stack: str) -> None:
        """Args:
        stack: name of the stage's stack, part of every line.
        """
        super().__init__()
        self._stack = stack
        self.request_id: str | None = None
        """Lambda's id of the current invocation; None outside of one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, with Lambda's own names (timestamp, level, message) first."""
        line: dict[str, object] = {
            "timestamp": to_iso8601(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stack": self._stack,
            "requestId": self.request_id,
        }
        line |= getattr(record, "fields", {})
        line = {name: _escaped(value) for name, value in line.items() if value is not None}
        if record.exc_info:
            traceback = self.formatException(record.exc_info)
            line["exception"] = "\n".join(map(escape_unprintable, traceback.split("\n")))
        if directives := getattr(record, "metrics", None):
            milliseconds = int(record.created * 1_000)
            line["_aws"] = {"Timestamp": milliseconds, "CloudWatchMetrics": directives}
        return json.dumps(line)


def printable_error(error: Exception) -> Exception:
    """An error of the same name, traceback and message, with unprintable characters escaped.

    Lambda logs the name and the message of an error that leaves a function as they are, and sends
    them to the failure queue. AWS's own errors quote object keys.
    """
    kind = type(error)
    same_name = type(kind.__name__, (Exception,), {"__module__": kind.__module__})
    printable: Exception = same_name(escape_unprintable(str(error)))
    return printable.with_traceback(error.__traceback__)


def configure_json_logs(formatter: JsonFormatter, logger: logging.Logger) -> None:
    """Format the lines of this logger, of all libraries and of Python's warnings as JSON.

    Existing handlers are kept: Chalice's, and the one that Lambda gives the root logger.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in (*root.handlers, *logger.handlers):
        handler.setFormatter(formatter)
    logging.captureWarnings(capture=True)


class Stopwatch:
    """Measures the duration of named steps; an inner step does not count toward the outer one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Starts at once.

        Args:
            clock: seconds, such as time.perf_counter.
        """
        self._clock = clock
        self._started = self._since = clock()
        self._step: str | None = None
        self._seconds: defaultdict[str | None, float] = defaultdict(float)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the duration of the block to this step."""
        outer = self._switch(name)
        try:
            yield
        finally:
            self._switch(outer)

    def milliseconds(self) -> dict[str, int]:
        """Durations so far: each step as `<step>Ms`, the total as `durationMs`."""
        steps = {f"{name}Ms": round(1_000 * taken) for name, taken in self._seconds.items() if name}
        return {**steps, "durationMs": round(1_000 * (self._clock() - self._started))}

    def _switch(self, step: str | None) -> str | None:
        now = self._clock()
        self._seconds[self._step] += now - self._since
        self._since = now
        previous, self._step = self._step, step
        return previous


def log_message(document: Document) -> str:
    """The message of a processed file's log line."""
    line = f"File {document.file_name} processed with status {document.status}"
    if document.failure:
        return f"{line}, failure={document.failure.code}"
    return f"{line}, words={_word_count(document)}"


def log_fields(
    document: Document, milliseconds: Mapping[str, int], *, is_first: bool = True
) -> LogFields:
    """The fields of a processed file's log line.

    Without uploadToRecordMs unless it is the first result: the time until a requested repetition
    would distort the percentiles.
    """
    started = document.uploaded_at if is_first else None
    fields: dict[str, str | int | None] = {
        "documentId": document.document_id,
        "objectKey": document.object_key,
        "fileType": document.file_type,
        "fileSize": document.file_size,
        "status": document.status.value,
        "failureCode": document.failure.code.value if document.failure else None,
        "words": None if document.failure else _word_count(document),
        "uploadToRecordMs": _milliseconds_between(started, document.processed_at),
        "documents": 1,
        **milliseconds,
    }
    return {name: value for name, value in fields.items() if value is not None}


def metric_directives(fields: LogFields) -> list[dict[str, Any]]:
    """The embedded metric directives for the metrics among these fields; may be empty."""
    if "documents" not in fields:
        return _directives([["stack"]], {**ERROR_METRICS, **SCAN_METRICS}, fields)
    counted = _directives([["stack", "status"]], {"documents": "Count"}, fields)
    return counted + _directives([["stack"]], DOCUMENT_METRICS, fields)


def _directives(
    dimensions: Sequence[Sequence[str]], units: Mapping[str, str], fields: LogFields
) -> list[dict[str, Any]]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items() if name in fields]
    if not metrics:
        return []
    return [{"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}]


def _escaped(value: object) -> object:
    return escape_unprintable(value) if isinstance(value, str) else value


def _word_count(document: Document) -> int:
    return int((document.metadata or {}).get("wordCount", 0))


def _milliseconds_between(start: str | None, end: str | None) -> int | None:
    """None where one is unknown; 0 where S3's clock is ahead of this one."""
    if start is None or end is None:
        return None
    taken = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0, round(taken.total_seconds() * 1_000))
