"""The main job from start to finish on a local AWS, with what it wrote and what it answers."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from chalicelib.documents import document_id_of
from infra.chalice_project import copy_project, read_config
from infra.console import Problem, say
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.logs import lines_of
from infra.samples import Sample, samples
from infra.stage import ROOT, Stage

RECORD_SECONDS = 60
"""How long a file may take to become a record; a second is usual."""


def demo() -> None:
    """Deploy to an empty local AWS, put the samples into the bucket, show what became of each.

    Raises:
        Problem: a record or a log line is not what it should be.
    """
    started = time.monotonic()
    largest = int(read_config(ROOT)["environment_variables"]["LARGEST_FILE_BYTES"])
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        stage = Stage("demo", account, copy_project(Path(folder) / "project"))
        api_url = deploy(stage)
        bucket = stage.outputs()["UploadBucketName"]
        wrong = [
            sample.file_name
            for sample in samples(largest)
            if not _show(stage, bucket, api_url, sample)
        ]
    say()
    if wrong:
        raise Problem(f"Not what they should be: {', '.join(wrong)}")
    say(f"Every record is what it should be. {time.monotonic() - started:.0f} s.")


def _show(stage: Stage, bucket: str, api_url: str, sample: Sample) -> bool:
    """Put one file, print its log line and its record; whether both are right."""
    say(f"\n{sample.file_name} ({len(sample.content):,} bytes, {sample.declared_type})")
    stage.account.s3.put_object(
        Bucket=bucket,
        Key=sample.file_name,
        Body=sample.content,
        ContentType=sample.declared_type,
    )
    record = _record(api_url + "documents/" + document_id_of(bucket, sample.file_name))
    line = _log_line(stage, f"File {sample.file_name} processed")
    say(f"  CloudWatch  {line}")
    say("  GET         " + json.dumps(record, ensure_ascii=False, indent=2).replace("\n", "\n  "))
    problems = list(_differences(sample, record, line))
    for problem in problems:
        say(f"  WRONG       {problem}")
    return not problems


def _differences(sample: Sample, record: dict[str, Any], line: str) -> list[str]:
    if sample.failure_code:
        ending = f"status FAILED, failure={sample.failure_code}"
    else:
        ending = f"status PROCESSED, words={sample.word_count}"
    checks = [
        ("fileName", sample.file_name, record.get("fileName")),
        ("fileSize", len(sample.content), record.get("fileSize")),
        ("status", sample.status, record.get("status")),
        ("failure", sample.failure_code, record.get("failure", {}).get("code")),
        ("words", sample.word_count, record.get("metadata", {}).get("wordCount", 0)),
        ("log line", ending, line[-len(ending) :]),
    ]
    return [
        f"{name} should be {expected!r}, is {actual!r}"
        for name, expected, actual in checks
        if expected != actual
    ]


def _record(url: str) -> dict[str, Any]:
    """The record, once the file has become one."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url) as answer:  # noqa: S310 - the API on this machine
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            if error.code != 404 or time.monotonic() > deadline:
                raise Problem(f"GET {url} answers {error.code}: {error.read().decode()}") from None
        time.sleep(0.2)


def _log_line(stage: Stage, beginning: str) -> str:
    """Level and message of the line in process_upload's log that begins so, once it is there."""
    deadline = time.monotonic() + RECORD_SECONDS
    while time.monotonic() < deadline:
        for line in lines_of(stage, "process_upload"):
            if str(line.get("message", "")).startswith(beginning):
                return f"{line['level']} {line['message']}"
        time.sleep(0.2)
    return "no line"
