"""`make demo`: upload sample files to a local AWS through the API and verify every response."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from chalicelib.documents import document_id_for
from infra.api_client import Client, Response, send
from infra.aws.logs import read_log_lines
from infra.aws.stage import Stage
from infra.aws.users import get_id_token, get_or_create_user
from infra.build.chalice_project import configure, copy_project, read_config
from infra.build.features import Feature
from infra.commands.deploy import deploy
from infra.console import CommandError, echo
from infra.local.samples import Sample, infected_sample, samples, scanned_sample
from infra.local.server import local_aws
from infra.local.stage_settings import require_programs
from infra.local.workarounds import local_stage

NAME = "demo"

RECORD_SECONDS = 60
"""Maximum time from upload to record; a second is usual."""

TEXT_LINES = 4
"""Lines of a document's text that are printed."""


def demo(settings: Mapping[str, str]) -> None:
    """Deploy to an empty local AWS, upload the samples and print the record of each.

    Args:
        settings: of the stage, where they differ from those of all stages.

    Raises:
        CommandError: a response, a record or a log line differs from the expected one.
    """
    started = time.monotonic()
    require_programs(NAME, settings)
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        stage = local_stage(NAME, account, copy_project(Path(folder) / "project"))
        configure(stage.project, **settings)
        wrong = _try_samples(stage)
    echo()
    if wrong:
        raise CommandError(f"Unexpected results: {', '.join(wrong)}")
    echo(f"All records are correct. {time.monotonic() - started:.0f} s.")


def _try_samples(stage: Stage) -> list[str]:
    """Deploy the stage and upload the samples; what is wrong."""
    api_url = deploy(stage)
    user = _sign_in(stage, api_url, "somebody@example.com")
    operator = _sign_in(stage, api_url, "operator@example.com", "operators")
    tried = _samples(stage)
    wrong = [
        sample.file_name
        for sample in tried
        if not (
            _put_directly(stage, user, operator, sample)
            if sample.failure_code == "too_large"
            else _upload(stage, user, sample)
        )
    ]
    return wrong + _list(user, len(tried) - 1)


def _samples(stage: Stage) -> list[Sample]:
    """Those of every stage, and those of its features."""
    tried = samples(int(read_config(stage.project)["environment_variables"]["LARGEST_FILE_BYTES"]))
    if Feature.SCAN in stage.features:
        tried.append(infected_sample())
    if Feature.OCR in stage.features:
        tried.append(scanned_sample())
    return tried


def _sign_in(stage: Stage, api_url: str, email: str, *groups: str) -> Client:
    user = get_or_create_user(stage, email, None, groups)
    echo(f"\n{email} signs in" + f" as a member of {', '.join(groups)}" * bool(groups))
    return Client(api_url, get_id_token(stage, user))


def _upload(stage: Stage, user: Client, sample: Sample) -> bool:
    """Upload a file through the API, print its record, download it; whether all is correct."""
    _print_sample(sample)
    requested = user.request_upload(sample.file_name, sample.declared_type, len(sample.content))
    _print_response("POST", requested, "/uploads")
    put = requested.body["upload"]
    _print_response(
        "PUT", send("PUT", put["url"], put["headers"], sample.content), "the upload URL"
    )
    document_id = requested.body["documentId"]
    record = _record(user, document_id)
    problems = _show(stage, sample, record)
    problems += _download(user, document_id, sample)
    problems += _read_text(user, document_id, sample)
    return _print_problems(problems)


def _download(user: Client, document_id: str, sample: Sample) -> list[str]:
    """Download a file, unless it is infected; what is wrong."""
    answer = user.call("GET", f"documents/{document_id}/content")
    if sample.failure_code == "infected":
        _print_response("GET", answer, "the content", answer.body["detail"])
        return [] if answer.status == 403 else ["the infected file can be downloaded"]
    download = send("GET", answer.body["url"])
    _print_response("GET", download, "the download URL", download.headers["Content-Disposition"])
    return [] if download.content == sample.content else ["the download differs from the upload"]


def _read_text(user: Client, document_id: str, sample: Sample) -> list[str]:
    """Print the beginning of a document's text as soon as it is there; what is wrong."""
    text = _kept_text(user, document_id)
    if not text:
        return ["the scan has no text"] if sample.scanned_text else []
    echo(f"  GET         text: {json.dumps(text)}")
    if text.get("status", "DONE") != "DONE":
        return ["the text should be DONE"]
    answer = user.call("GET", f"documents/{document_id}/text")
    if answer.status != 200:
        _print_response("GET", answer, "the text", answer.body["detail"])
        return ["the scan has no text"] if sample.scanned_text else []
    download = send("GET", answer.body["url"])
    _print_response("GET", download, "the text", download.headers["Content-Type"])
    content = download.content.decode()
    for line in content.split("\n")[:TEXT_LINES]:
        echo(f"              {line}")
    is_wrong = bool(sample.scanned_text) and sample.scanned_text.split() != content.split()
    return [f"the text should be {sample.scanned_text!r}"] if is_wrong else []


def _kept_text(user: Client, document_id: str) -> dict[str, Any]:
    """What the record has about the text, once it is recognized; empty without a text."""
    deadline = time.monotonic() + RECORD_SECONDS
    while time.monotonic() < deadline:
        text = user.call("GET", f"documents/{document_id}").body.get("text", {})
        if text.get("status") != "RUNNING":
            return dict(text)
        time.sleep(0.2)
    raise CommandError(f"The text of {document_id} is still {text}")


def _put_directly(stage: Stage, user: Client, operator: Client, sample: Sample) -> bool:
    """Put a file that the API rejects directly into the bucket; whether all is correct."""
    _print_sample(sample)
    requested = user.request_upload(sample.file_name, sample.declared_type, len(sample.content))
    _print_response("POST", requested, "/uploads", requested.body["detail"])
    bucket = stage.outputs()["UploadBucketName"]
    stage.account.s3.put_object(
        Bucket=bucket,
        Key=sample.file_name,
        Body=sample.content,
        ContentType=sample.declared_type,
    )
    echo("  S3          put directly into the bucket; an operator can read its record")
    record = _record(operator, document_id_for(bucket, sample.file_name))
    problems = _show(stage, sample, record)
    if requested.status != 413:
        problems.append(f"POST should return 413, returned {requested.status}")
    return _print_problems(problems)


def _list(user: Client, expected: int) -> list[str]:
    echo("\nThe user's documents, newest first")
    answer = user.call("GET", "documents")
    documents = answer.body["documents"]
    _print_response("GET", answer, "/documents")
    for document in documents:
        echo(f"              {document['status']:9}  {document['fileName']}")
    return [] if len(documents) == expected else ["the list"]


def _print_sample(sample: Sample) -> None:
    echo(f"\n{sample.file_name} ({len(sample.content):,} bytes, {sample.declared_type})")


def _print_response(method: str, answer: Response, *what: str) -> None:
    echo(f"  {method:11} {answer.status} {', '.join(what)}")


def _print_problems(problems: list[str]) -> bool:
    for problem in problems:
        echo(f"  WRONG       {problem}")
    return not problems


def _show(stage: Stage, sample: Sample, record: dict[str, Any]) -> list[str]:
    """Print a file's log line and record; their differences from the expected ones."""
    line = _log_line(stage, f"File {sample.file_name} processed")
    echo(f"  CloudWatch  {line}")
    echo("  GET         " + json.dumps(record, ensure_ascii=False, indent=2).replace("\n", "\n  "))
    return _differences(sample, record, line)


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


def _record(client: Client, document_id: str) -> dict[str, Any]:
    """The record, as soon as the file is scanned and processed."""
    deadline = time.monotonic() + RECORD_SECONDS
    while time.monotonic() < deadline:
        answer = client.call("GET", f"documents/{document_id}")
        if answer.status == 200 and answer.body["status"] not in {"PENDING", "SCANNING"}:
            return dict(answer.body)
        time.sleep(0.2)
    raise CommandError(f"GET /documents/{document_id} still returns {answer.status}: {answer.body}")


def _log_line(stage: Stage, beginning: str) -> str:
    """Level and message of the first log line with this beginning, once it exists."""
    deadline = time.monotonic() + RECORD_SECONDS
    functions = [name for name in ("process_upload", "record_scan") if name in stage.functions]
    while time.monotonic() < deadline:
        for line in chain.from_iterable(read_log_lines(stage, name) for name in functions):
            if str(line.get("message", "")).startswith(beginning):
                return f"{line['level']} {line['message']}"
        time.sleep(0.2)
    return "no log line"
