"""What the log tells of a file: the fields of its one line, and which of them are metrics.

The line is its own metric: CloudWatch reads the values that `_aws` names out of it, without any
call (CloudWatch user guide, "Embedded metric format specification").

A metric costs 0.30 USD a month for each combination of its dimensions' values, and an account has
ten for nothing (https://aws.amazon.com/cloudwatch/pricing/, November 2026). A stage has eight:
METRICS, and `documents` by status. By type and failure code, queries count the lines; `detailed`
makes metrics of those, too: one for each allowed type, and one for each of the nine codes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from chalicelib.documents import Document, one_line
from chalicelib.logs import Fields

NAMESPACE = "Intake"

OF_DOCUMENTS: Mapping[str, str] = {
    "fileSize": "Bytes",
    "words": "Count",
    "durationMs": "Milliseconds",
    "uploadToRecordMs": "Milliseconds",
}
OF_TROUBLE: Mapping[str, str] = {"troubles": "Count", "notificationsFailed": "Count"}
METRICS = {**OF_DOCUMENTS, **OF_TROUBLE}
"""Which fields are metrics of the stage, with their units; beside them `documents`, by status."""


class Stopwatch:
    """Adds up the time that each of several steps takes; a step within another is no part of it."""

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
        """Count the block's time as this step's."""
        outer = self._switch(name)
        try:
            yield
        finally:
            self._switch(outer)

    def milliseconds(self) -> dict[str, int]:
        """Of each step as `<step>Ms`, and of all as `durationMs`, so far."""
        steps = {f"{name}Ms": round(1_000 * taken) for name, taken in self._seconds.items() if name}
        return {**steps, "durationMs": round(1_000 * (self._clock() - self._started))}

    def _switch(self, step: str | None) -> str | None:
        now = self._clock()
        self._seconds[self._step] += now - self._since
        self._since = now
        left, self._step = self._step, step
        return left


def message_of(document: Document) -> str:
    """The sentence of a document's line."""
    line = f"File {one_line(document.file_name)} processed with status {document.status}"
    if document.failure:
        return f"{line}, failure={document.failure.code}"
    return f"{line}, words={_words(document)}"


def fields_of(document: Document, milliseconds: Mapping[str, int]) -> Fields:
    """The fields of a document that has come to rest."""
    found: dict[str, str | int | None] = {
        "documentId": document.document_id,
        "objectKey": document.object_key,
        "fileType": document.file_type,
        "fileSize": document.file_size,
        "status": document.status.value,
        "failureCode": document.failure.code.value if document.failure else None,
        "words": None if document.failure else _words(document),
        "uploadToRecordMs": _milliseconds_between(document.uploaded_at, document.processed_at),
        "documents": 1,
        **milliseconds,
    }
    return {name: value for name, value in found.items() if value is not None}


def metrics_of(fields: Fields, *, detailed: bool) -> list[dict[str, Any]]:
    """CloudWatch's directives for the metrics among these fields; none for a line without any."""
    if "documents" not in fields:
        return _directives([["stack"]], OF_TROUBLE, fields)
    by = ["status", "fileType", "failureCode"] if detailed else ["status"]
    dimensions = [["stack", name] for name in by if name in fields]
    counted = _directives(dimensions, {"documents": "Count"}, fields)
    return counted + _directives([["stack"]], OF_DOCUMENTS, fields)


def _directives(
    dimensions: Sequence[Sequence[str]], units: Mapping[str, str], fields: Fields
) -> list[dict[str, Any]]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items() if name in fields]
    if not metrics:
        return []
    return [{"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}]


def _words(document: Document) -> int:
    return int((document.metadata or {}).get("wordCount", 0))


def _milliseconds_between(start: str | None, end: str | None) -> int | None:
    """None where one is not known; 0 where S3's clock is ahead of this one."""
    if start is None or end is None:
        return None
    taken = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0, round(taken.total_seconds() * 1_000))
