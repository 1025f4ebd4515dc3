"""The main job from start to finish on a local AWS, as a client does it, with what it gets."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from chalicelib.documents import document_id_of
from infra.chalice_project import copy_project, read_config
from infra.client import Answer, Client, send
from infra.console import Problem, say
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.logs import lines_of
from infra.samples import Sample, samples
from infra.stage import ROOT, Stage
from infra.users import find_or_make_user, id_token

RECORD_SECONDS = 60
"""How long a file may take to become a record; a second is usual."""


def demo() -> None:
    """Deploy to an empty local AWS, put the samples there, show what became of each.

    Raises:
        Problem: an answer, a record or a log line is not what it should be.
    """
    started = time.monotonic()
    largest = int(read_config(ROOT)["environment_variables"]["LARGEST_FILE_BYTES"])
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        stage = Stage("demo", account, copy_project(Path(folder) / "project"))
        api_url = deploy(stage)
        user = _sign_in(stage, api_url, "somebody@example.com")
        operator = _sign_in(stage, api_url, "operator@example.com", "operators")
        tried = samples(largest)
        wrong = [
            sample.file_name
            for sample in tried
            if not (
                _put_directly(stage, user, operator, sample)
                if sample.failure_code == "too_large"
                else _upload(stage, user, sample)
            )
        ]
        wrong += _list(user, len(tried) - 1)
    say()
    if wrong:
        raise Problem(f"Not what they should be: {', '.join(wrong)}")
    say(f"Every record is what it should be. {time.monotonic() - started:.0f} s.")


def _sign_in(stage: Stage, api_url: str, email: str, *groups: str) -> Client:
    user = find_or_make_user(stage, email, None, groups)
    say(f"\n{email} signs in" + f" and is in {', '.join(groups)}" * bool(groups))
    return Client(api_url, id_token(stage, user))


def _upload(stage: Stage, user: Client, sample: Sample) -> bool:
    """Upload a file through the API, show what came of it, get it back; whether all is right."""
    _introduce(sample)
    asked = user.ask_to_upload(sample.file_name, sample.declared_type, len(sample.content))
    _tell("POST", asked, "/uploads")
    put = asked.body["upload"]
    _tell("PUT", send("PUT", put["url"], put["headers"], sample.content), "the upload URL")
    document_id = asked.body["documentId"]
    record = _record(user, document_id)
    problems = _show(stage, sample, record)
    answer = user.call("GET", f"documents/{document_id}/content")
    download = send("GET", answer.body["url"])
    _tell("GET", download, "the download URL", download.headers["Content-Disposition"])
    if download.content != sample.content:
        problems.append("the download is another file")
    return _no(problems)


def _put_directly(stage: Stage, user: Client, operator: Client, sample: Sample) -> bool:
    """What the API refuses can still be put into the bucket; whether it became what it must."""
    _introduce(sample)
    asked = user.ask_to_upload(sample.file_name, sample.declared_type, len(sample.content))
    _tell("POST", asked, "/uploads", asked.body["Message"])
    bucket = stage.outputs()["UploadBucketName"]
    stage.account.s3.put_object(
        Bucket=bucket,
        Key=sample.file_name,
        Body=sample.content,
        ContentType=sample.declared_type,
    )
    say("  S3          put into the bucket by somebody else; the operator sees it")
    record = _record(operator, document_id_of(bucket, sample.file_name))
    problems = _show(stage, sample, record)
    if asked.status != 413:
        problems.append(f"POST should answer 413, is {asked.status}")
    return _no(problems)


def _list(user: Client, expected: int) -> list[str]:
    say("\nThe list of all that is one's own, newest first")
    answer = user.call("GET", "documents")
    documents = answer.body["documents"]
    _tell("GET", answer, "/documents")
    for document in documents:
        say(f"              {document['status']:9}  {document['fileName']}")
    return [] if len(documents) == expected else ["the list"]


def _introduce(sample: Sample) -> None:
    say(f"\n{sample.file_name} ({len(sample.content):,} bytes, {sample.declared_type})")


def _tell(method: str, answer: Answer, *what: str) -> None:
    say(f"  {method:11} {answer.status} {', '.join(what)}")


def _no(problems: list[str]) -> bool:
    for problem in problems:
        say(f"  WRONG       {problem}")
    return not problems


def _show(stage: Stage, sample: Sample, record: dict[str, Any]) -> list[str]:
    """Print a file's log line and record; what is wrong with them."""
    line = _log_line(stage, f"File {sample.file_name} processed")
    say(f"  CloudWatch  {line}")
    say("  GET         " + json.dumps(record, ensure_ascii=False, indent=2).replace("\n", "\n  "))
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
    """The record, once the file has become one."""
    deadline = time.monotonic() + RECORD_SECONDS
    while time.monotonic() < deadline:
        answer = client.call("GET", f"documents/{document_id}")
        if answer.status == 200 and answer.body["status"] != "PENDING":
            return dict(answer.body)
        time.sleep(0.2)
    raise Problem(f"GET /documents/{document_id} still answers {answer.status}: {answer.body}")


def _log_line(stage: Stage, beginning: str) -> str:
    """Level and message of the line in process_upload's log that begins so, once it is there."""
    deadline = time.monotonic() + RECORD_SECONDS
    while time.monotonic() < deadline:
        for line in lines_of(stage, "process_upload"):
            if str(line.get("message", "")).startswith(beginning):
                return f"{line['level']} {line['message']}"
        time.sleep(0.2)
    return "no line"
