"""The local Textract: its control endpoint, waiting for jobs, and what they found."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import boto3

from infra.aws.stage import Account
from infra.local.scans import scan, scanned_pdf
from infra.local.server import control_url
from tests.support.waiting import eventually

Block = Mapping[str, Any]


class LocalTextract:
    """The control endpoint; a test's objects have a word of their own in their keys."""

    def __init__(self, account: Account) -> None:
        """Of a local AWS."""
        self._url = control_url(account, "textract")

    def plan(self, match: str, fault: str, *, times: int = 1) -> None:
        """Plan `held`, `twice`, `silent` or `failed` for the next jobs of these objects."""
        self._send("faults", match=match, fault=fault, times=times)

    def refuse(self, match: str, code: str, *, operation: str = "Start", times: int = 1) -> None:
        """Plan an error for the next calls about these objects; `operation` is Start or Get."""
        self._send(
            "faults", match=match, fault="refused", code=code, operation=operation, times=times
        )

    def release(self, match: str, *, newest_first: bool = False) -> list[str]:
        """End held jobs in the order of their start, or the other way round; their ids."""
        return list(self._send("release", match=match, newestFirst=newest_first))

    def jobs(self, match: str) -> list[dict[str, Any]]:
        """The jobs of these objects: jobId, objectKey, status, messages, publicationError."""
        return list(self._send("jobs", match=match))

    def ended(self, match: str) -> list[dict[str, Any]]:
        """The jobs of these objects, once all have ended and published."""

        def look() -> list[dict[str, Any]] | None:
            jobs = self.jobs(match)
            return jobs if jobs and all(job["isOver"] for job in jobs) else None

        return eventually(look, f"an end of the jobs of {match}")

    def _send(self, path: str, **body: object) -> Any:
        request = urllib.request.Request(self._url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def start_long_job(account: Account, bucket: str) -> None:
    """Start a job that lasts longer than a test waits."""
    content = scanned_pdf(*[scan(["One of many pages"] * 30)] * 40)
    account.s3.put_object(Bucket=bucket, Key="long.pdf", Body=content)
    client = boto3.client(
        "textract",
        account.region,
        endpoint_url=account.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.start_document_text_detection(
        DocumentLocation={"S3Object": {"Bucket": bucket, "Name": "long.pdf"}}
    )


def result_of(get: Callable[..., dict[str, Any]], job_id: str) -> dict[str, Any]:
    """The first part of a job's result, once the job has ended."""

    def look() -> dict[str, Any] | None:
        answer = get(JobId=job_id)
        return answer if answer["JobStatus"] != "IN_PROGRESS" else None

    return eventually(look, f"a result of job {job_id}")


def of_type(blocks: Iterable[Block], kind: str) -> list[Block]:
    """The blocks of this type."""
    return [block for block in blocks if block["BlockType"] == kind]


def texts(blocks: Iterable[Block], kind: str = "WORD") -> list[str]:
    """The texts of the blocks of this type."""
    return [block["Text"] for block in of_type(blocks, kind)]


def related(blocks: Iterable[Block], block: Block, kind: str) -> list[Block]:
    """The blocks that a block refers to by relationships of this type."""
    by_id = {each["Id"]: each for each in blocks}
    return [
        by_id[block_id]
        for relationship in block.get("Relationships", [])
        if relationship["Type"] == kind
        for block_id in relationship["Ids"]
    ]


def word_recall(known: Iterable[str], found: Iterable[str]) -> float:
    """The part of the known words that was found, each as often as it occurs; 0 to 1."""
    expected, actual = Counter(known), Counter(found)
    return (expected & actual).total() / expected.total()
