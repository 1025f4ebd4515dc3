"""What a document takes of a deployed stage: calls, units, time, and from these money."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import cost, empty_lambda, text
from benchmarks.pdfs import corpus
from benchmarks.table import Row
from chalicelib.documents import document_id_for
from infra.aws.stage import ROOT
from infra.build.chalice_project import read_config
from infra.console import CommandError, echo, step
from infra.local.samples import pdf
from tests.support.stack import Stack

PART = cost.PART

DOCUMENTS = 200
"""That the local stack is fed with at once."""
WARMING_DOCUMENTS = 40
"""Before that: cold starts have a part of their own."""
_PUTS_AT_ONCE = 4
_PATIENCE_SECONDS = 300
_LOOK_SECONDS = 1

_LARGEST_ZIP_BYTES = 16 * 1_048_576

_Item = Mapping[str, Mapping[str, Any]]


def measure(stack: Stack) -> list[Row]:
    """Put documents into the stage's bucket and look at what came of it."""
    with step("One document, call by call"):
        key = stack.new_key("sample.pdf")
        stack.put(key, pdf(2, 200), "application/pdf")
        stack.record(key)
        calls = stack.calls(key)
        item = stack.account.dynamodb.get_item(
            TableName=stack.table, Key={"documentId": {"S": document_id_for(stack.bucket, key)}}
        )["Item"]
    writes, indexes = _write_units(stack, item)
    with step(f"{DOCUMENTS} documents through Intake"):
        speed = _documents_a_second(stack, stack.bucket, stack.stage.functions["process_upload"])
    empty_lambda.make(stack.account)
    with step(f"{DOCUMENTS} documents through an empty Lambda"):
        empty = _documents_a_second(stack, empty_lambda.BUCKET, empty_lambda.NAME)
    size = stack.package().stat().st_size
    what = "small PDFs, end to end on the local AWS"
    rows = [
        Row(PART, f"AWS calls a document: {', '.join(calls)}", str(len(calls)), len(calls) / 2,
            "one GET and one write"),
        Row(PART, f"DynamoDB write units a document (table and {indexes} index)", str(writes),
            writes / (1 + indexes), "one for each"),
        Row(PART, "zip", f"{size / 1_048_576:.1f} MiB", size / _LARGEST_ZIP_BYTES, "16 MiB"),
        Row(PART, f"Intake: {what}", f"{speed:.1f}/s", speed / empty, "an empty Lambda"),
        Row(PART, f"an empty Lambda: {what}", f"{empty:.1f}/s", 1.0, "an empty Lambda"),
    ]  # fmt: skip
    echo(f"  {cost.ASSUMPTIONS}")
    return rows + list(cost.rows(_usage(stack, item, writes)))


def _write_units(stack: Stack, item: _Item) -> tuple[int, int]:
    """What writing an item takes, of the table and of each index that it is in, and of how many.

    DynamoDB developer guide, "Capacity unit consumption": 1 kB a unit, names included.
    """
    table = stack.account.dynamodb.describe_table(TableName=stack.table)["Table"]
    indexes = [
        index
        for index in table.get("GlobalSecondaryIndexes", [])
        if all(key["AttributeName"] in item for key in index["KeySchema"])
    ]
    return math.ceil(_item_bytes(item) / 1_024) * (1 + len(indexes)), len(indexes)


def _item_bytes(value: object) -> int:
    """DynamoDB developer guide, "Item sizes and formats", rounded up for numbers."""
    match value:
        case dict():
            inner = value.get("M", value)
            return 3 + sum(len(name.encode()) + 1 + _item_bytes(inner[name]) for name in inner)
        case str():
            return len(value.encode())
        case _:
            return 1


def _documents_a_second(stack: Stack, bucket: str, function: str) -> float:
    content = pdf(1, 100)

    def put(number: int) -> None:
        stack.account.s3.put_object(Bucket=bucket, Key=f"{number}.pdf", Body=content)

    def seconds(numbers: range) -> float:
        before, started = _finished(stack, function), time.monotonic()
        with ThreadPoolExecutor(_PUTS_AT_ONCE) as threads:
            list(threads.map(put, numbers))
        _wait(lambda: _finished(stack, function) >= before + len(numbers))
        return time.monotonic() - started

    seconds(range(WARMING_DOCUMENTS))  # as many Lambdas as will run at once
    return DOCUMENTS / seconds(range(DOCUMENTS))


def _finished(stack: Stack, function: str) -> int:
    return len(_messages(stack, function, "REPORT"))


def _messages(stack: Stack, function: str, containing: str = "") -> list[str]:
    group = f"/aws/lambda/{function}"
    if not stack.account.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    pages = stack.account.logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern=containing
    )
    return [event["message"] for page in pages for event in page["events"]]


def _wait(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_done():
        if time.monotonic() > deadline:
            raise CommandError(f"the local AWS did not finish in {_PATIENCE_SECONDS} s")
        time.sleep(_LOOK_SECONDS)


def _usage(stack: Stack, item: _Item, write_units: int) -> cost.Usage:
    lines = _messages(stack, stack.stage.functions["process_upload"])
    with tempfile.TemporaryDirectory() as folder:
        paths = corpus(Path(folder))
        with step(f"CPU of Intake on {len(paths)} PDFs"):
            cpu_seconds = text.intake_cpu_seconds(paths)
        sizes = [path.stat().st_size for path in paths]
    documents = sum(line.startswith("REPORT") for line in lines)
    memory = read_config(ROOT)["lambda_functions"]["process_upload"]["lambda_memory_size"]
    return cost.Usage(
        cpu_seconds=cpu_seconds,
        memory_mebibytes=memory,
        file_bytes=statistics.mean(sizes),
        write_units=write_units,
        read_units=math.ceil(_item_bytes(item) / 4_096) / 2,
        log_bytes=sum(len(line.encode()) for line in lines) / documents,
    )
