"""What CloudWatch holds of a run of mixed files equals what was uploaded, exactly.

The filters are those that the README has for Logs Insights, over the real lines of the functions.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.documents import document_id_for
from infra.api_client import Client
from infra.aws.logs import recent_lines
from infra.local.samples import pdf, png
from tests.support.faults import Call, faulty_aws
from tests.support.metrics import metrics_from
from tests.support.stack import Stack
from tests.support.waiting import eventually

SECRET = "Rumpelstilzchen"
"""Stands in files, and nowhere else, as does the title of the PDFs, `A sample`."""

LAMBDAS_OWN = re.compile(r"(START|END|REPORT) RequestId: ")
"""Lines that the local AWS writes as text whatever a function's log format is."""


@dataclass(frozen=True)
class File:
    """A file to upload and what must come of it."""

    content: bytes
    file_type: str | None
    words: int = 0
    failure: str | None = None
    declared: str = ""


FILES = {
    "a.pdf": File(pdf(2, 50), "application/pdf", 100),
    "b.pdf": File(pdf(1, 446), "application/pdf", 446),
    "c.txt": File(f"{SECRET} two three".encode(), "text/plain", 3),
    "d.png": File(png(64, 48), "image/png"),
    "empty": File(b"", None, failure="empty"),
    "also empty": File(b"", None, failure="empty"),
    "no.pdf": File(png(8, 8), "image/png", failure="type_mismatch", declared="application/pdf"),
    "program": File(
        b"\x7fELF\x02\x01\x01" + SECRET.encode(), "application/octet-stream",
        failure="type_not_allowed",
    ),
    "torn.pdf": File(b"%PDF-1.7\n" + SECRET.encode(), "application/pdf", failure="unreadable"),
}  # fmt: skip

TROUBLED = "troubled.txt"
ATTEMPTS = 3
"""That Lambda makes; the lines of record_failure are added."""


@dataclass(frozen=True)
class Run:
    """The lines of both functions on a run's files, with the name of each file's object."""

    lines: list[dict[str, Any]]
    keys: dict[str, str]

    def where(self, **values: object) -> list[dict[str, Any]]:
        """`filter a = 1 and b = 2` of Logs Insights."""
        return [line for line in self.lines if values.items() <= line.items()]

    def sums(self, name: str, by: str) -> dict[str | None, int]:
        """`stats sum(name) by by` of Logs Insights."""
        sums: Counter[str | None] = Counter()
        for line in self.lines:
            if name in line:
                sums[line.get(by)] += line[name]
        return dict(sums)


@pytest.fixture(scope="module")
def run(stack: Stack) -> Iterator[Run]:
    """Upload all files, and one for which every AWS call fails."""
    folder = stack.new_key().partition("/")[0]
    keys = {name: f"{folder}/{name}" for name in [*FILES, TROUBLED]}
    log = Log(stack, folder, keys, datetime.now(UTC))

    def fault(call: Call) -> int | None:
        return 503 if TROUBLED in call.path else None

    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        for name, file in FILES.items():
            stack.put(keys[name], file.content, file.declared)
        stack.put(keys[TROUBLED], SECRET.encode())
        yield eventually(lambda: completed(log.run()), "a line of each file", log.state)


@dataclass(frozen=True)
class Log:
    """The log of both functions on the files of a folder, from a time on."""

    stack: Stack
    folder: str
    keys: dict[str, str]
    since: datetime

    def run(self) -> Run:
        """The run so far."""
        lines = [
            line
            for function in ("process_upload", "record_failure")
            for line in recent_lines(self.stack.stage, function, self.folder, self.since)
            if "objectKey" in line
        ]
        return Run(lines, self.keys)

    def state(self) -> dict[str, tuple[str | None, list[str]]]:
        """The status of each file's record and the messages of its lines."""
        run = self.run()
        return {
            name: (
                (self.stack.record_now(key) or {}).get("status"),
                [line["message"] for line in run.where(objectKey=key)],
            )
            for name, key in self.keys.items()
        }


def completed(run: Run) -> Run | None:
    """The run, once it has a line on every file as PROCESSED or FAILED."""
    # An attempt's lines may come after those of what followed it.
    is_whole = len(run.where(objectKey=run.keys[TROUBLED])) > ATTEMPTS
    return run if is_whole and len(run.where(documents=1)) == len(run.keys) else None


def test_filters_by_status_type_and_code_find_exactly_what_was_uploaded(run: Run) -> None:
    """Each file has one line, found by its status, its type and its failure code."""
    processed = {name for name, file in FILES.items() if not file.failure}
    assert {run.keys[name] for name in processed} == {
        line["objectKey"] for line in run.where(status="PROCESSED")
    }
    assert {run.keys[name] for name in run.keys if name not in processed} == {
        line["objectKey"] for line in run.where(status="FAILED")
    }
    expected: Counter[str | None] = Counter(file.failure for file in FILES.values() if file.failure)
    expected.update({"processing_failed": 1, None: len(processed)})
    assert expected == run.sums("documents", by="failureCode")
    types = Counter(file.file_type for file in FILES.values())
    types[None] += 1  # the file whose AWS calls fail: its type is not determined
    assert types == run.sums("documents", by="fileType")


def test_every_file_has_its_line(stack: Stack, run: Run) -> None:
    """Level, ids, size, words and durations of each file are right."""
    for name, file in FILES.items():
        [line] = run.where(objectKey=run.keys[name])
        assert ("ERROR" if file.failure else "INFO") == line["level"]
        assert document_id_for(stack.bucket, run.keys[name]) == line["documentId"]
        assert len(file.content) == line["fileSize"]
        assert (None if file.failure else file.words) == line.get("words")
        assert line["message"].startswith(f"File {name} processed with status {line['status']}, ")
        steps = line["downloadMs"] + line.get("analysisMs", 0) + line["writeMs"]
        assert 0 <= steps <= line["durationMs"] + 2  # each is rounded
        assert ("analysisMs" in line) == (file.failure in (None, "unreadable"))
        assert line["uploadToRecordMs"] >= 0
        assert re.fullmatch("[0-9a-f-]{36}", line["requestId"])


def test_the_metrics_of_a_run_equal_what_was_uploaded(run: Run) -> None:
    """What CloudWatch reads out of the lines adds up to the files, their bytes and their words."""
    metrics = metrics_from(run.lines)
    stack = "intake-test"
    failed = [file for file in FILES.values() if file.failure]
    assert len(FILES) - len(failed) == sum(metrics["Intake", "documents", stack, "PROCESSED"])
    assert len(failed) + 1 == sum(metrics["Intake", "documents", stack, "FAILED"])
    sizes = [len(file.content) for file in FILES.values()] + [len(SECRET)]
    assert sorted(sizes) == sorted(metrics["Intake", "fileSize", stack])
    assert sum(file.words for file in FILES.values()) == sum(metrics["Intake", "words", stack])
    assert len(run.keys) == len(metrics["Intake", "durationMs", stack])
    assert len(run.keys) == len(metrics["Intake", "uploadToRecordMs", stack])
    assert ATTEMPTS == sum(metrics["Intake", "retryableErrors", stack])


def test_a_lasting_error_has_a_line_for_each_attempt_and_a_result(run: Run) -> None:
    """Each of three attempts logs its error, and record_failure logs the last one."""
    *attempts, last = run.where(objectKey=run.keys[TROUBLED])
    assert ATTEMPTS == len(attempts)
    for line in attempts:
        assert ("ERROR", 1, "ClientError") == (
            line["level"],
            line["retryableErrors"],
            line["errorType"],
        )
        assert "503" in line["message"]
    assert "processing_failed" == last["failureCode"]
    assert "503" in last["errorMessage"]


def test_every_line_of_a_run_is_json(stack: Stack, run: Run) -> None:
    """In the log streams of successful runs, all but Lambda's own lines are JSON objects."""
    group = f"/aws/lambda/{stack.stage.functions['process_upload']}"
    pages = stack.account.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    events = [event for page in pages for event in page["events"]]
    requests = {line["requestId"] for line in run.lines if "retryableErrors" not in line}
    streams = {
        event["logStreamName"]
        for event in events
        if any(request in event["message"] for request in requests)
    }
    lines = [event["message"] for event in events if event["logStreamName"] in streams]
    own = [line for line in lines if not LAMBDAS_OWN.match(line)]
    assert len(FILES) <= len(own)
    for line in own:
        assert isinstance(json.loads(line), dict)


@pytest.mark.usefixtures("run")
def test_each_process_logs_its_sandbox_once(stack: Stack) -> None:
    """The first file of each process, and no other, has a line with the layers in effect."""
    group = f"/aws/lambda/{stack.stage.functions['process_upload']}"
    pages = stack.account.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    streams: defaultdict[str, list[str]] = defaultdict(list)
    for page in pages:
        for event in page["events"]:
            if "Sandbox level" in event["message"]:
                streams[event["logStreamName"]].append(event["message"])
    assert {1} == {len(lines) for lines in streams.values()}
    for [line] in streams.values():
        assert json.loads(line)["sandboxLevel"].startswith("limits+")


def test_no_line_of_any_function_has_a_secret(stack: Stack, run: Run, ada: Client) -> None:
    """Not a word of a file, no credentials, no token and no signed URL is in any log."""
    assert run.lines
    document_id = ada.upload("secret.txt", "text/plain", SECRET.encode())
    stack.settled(ada, document_id)
    assert 200 == ada.call("GET", f"documents/{document_id}/content").status
    assert 400 == ada.call("GET", "documents?X-Amz-Signature=abc").status
    forbidden = re.compile(
        rf"{SECRET}|A sample|AKIA[0-9A-Z]{{12}}|ASIA[0-9A-Z]{{12}}|AWS4-HMAC-SHA256|X-Amz-Sig"
        r"|X-Amz-Security|Bearer |eyJ[\w-]+\.eyJ",
        re.IGNORECASE,
    )
    for group in stack.stage.log_groups:
        pages = stack.account.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for page in pages:
            for event in page["events"]:
                assert not forbidden.search(event["message"]), event["message"]
