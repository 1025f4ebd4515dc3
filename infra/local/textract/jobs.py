"""Jobs: their state, their results in pages, and which request is a repetition.

https://docs.aws.amazon.com/textract/latest/dg/api-async.html
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local.identity import Caller
from infra.local.protocol import ServiceError
from infra.local.textract.blocks import Block
from infra.local.textract.faults import Fault

MOST_RESULTS = 1_000
"""Blocks in a response."""

MOST_CONCURRENT_JOBS = 100
"""The default quota of most regions, per operation:
https://docs.aws.amazon.com/general/latest/gr/textract.html
"""

IN_PROGRESS, SUCCEEDED, FAILED, PARTIAL = "IN_PROGRESS", "SUCCEEDED", "FAILED", "PARTIAL_SUCCESS"


@dataclass(frozen=True)
class Outcome:
    """How a job has ended."""

    status: str
    blocks: Sequence[Block] = ()
    page_count: int = 0
    message: str | None = None
    """If FAILED."""
    failed_pages: Sequence[int] = ()
    """Counted from 1; with PARTIAL_SUCCESS."""


@dataclass
class Job:
    """A job."""

    api: str
    """The operation that started it."""
    request: Mapping[str, Any]
    caller: Caller
    fault: Fault | None
    id: str = field(default_factory=lambda: secrets.token_hex(32))
    has_ended: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None
    """None until the caller may see it."""
    held: Outcome | None = None
    """The outcome until it is released."""
    messages: int = 0
    """Published ones."""
    publication_error: str | None = None
    """The code of the error that the last publication got."""

    @property
    def key(self) -> str:
        """Of the object."""
        return str(self.request["DocumentLocation"]["S3Object"]["Name"])

    @property
    def status(self) -> str:
        """As callers see it."""
        return self.outcome.status if self.outcome else IN_PROGRESS


class Jobs:
    """The jobs of all accounts; thread-safe."""

    def __init__(self) -> None:
        """There are none."""
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._by_token: dict[tuple[str, ...], Job] = {}

    def add(self, job: Job) -> Job:
        """Add a job; the one that an earlier request with the same token has started instead.

        Raises:
            ServiceError: IdempotentParameterMismatchException, LimitExceededException.
        """
        with self._lock:
            earlier = self._repeated(job.api, job.request, job.caller)
            if earlier:
                return earlier
            running = [each for each in self._jobs.values() if each.outcome is None]
            if len(running) >= MOST_CONCURRENT_JOBS:
                raise ServiceError("LimitExceededException", "Open jobs exceed maximum concurrency")
            self._jobs[job.id] = job
            token = job.request.get("ClientRequestToken")
            if token:
                self._by_token[_token_key(job.api, token, job.caller)] = job
            return job

    def repeated(self, api: str, request: Mapping[str, Any], caller: Caller) -> Job | None:
        """The job that an earlier request with the same token has started.

        Raises:
            ServiceError: IdempotentParameterMismatchException.
        """
        with self._lock:
            return self._repeated(api, request, caller)

    def find(self, job_id: str, api: str, caller: Caller) -> Job:
        """A job of the caller's account and region.

        Raises:
            ServiceError: InvalidJobIdException.
        """
        job = self._jobs.get(job_id)
        if job is None or (api, *_place(caller)) != (job.api, *_place(job.caller)):
            raise ServiceError("InvalidJobIdException", "Request has invalid Job Id")
        return job

    def of_key(self, match: str) -> list[Job]:
        """The jobs of objects with this in their key, in the order of their start."""
        with self._lock:
            return [job for job in self._jobs.values() if match in job.key]

    def _repeated(self, api: str, request: Mapping[str, Any], caller: Caller) -> Job | None:
        token = request.get("ClientRequestToken")
        job = self._by_token.get(_token_key(api, token, caller)) if token else None
        if job and job.request != request:
            raise ServiceError(
                "IdempotentParameterMismatchException",
                "The ClientRequestToken was used with other parameters",
            )
        return job


def page_of_results(outcome: Outcome, job: Job, request: Mapping[str, Any]) -> dict[str, Any]:
    """A part of the blocks, with the token of the next one if any.

    Raises:
        ServiceError: InvalidParameterException for a token that is not of this job.
    """
    start = _position(request["NextToken"], job) if "NextToken" in request else 0
    end = start + min(request.get("MaxResults", MOST_RESULTS), MOST_RESULTS)
    part: dict[str, Any] = {"Blocks": list(outcome.blocks[start:end])}
    if end < len(outcome.blocks):
        part["NextToken"] = base64.b64encode(f"{job.id}:{end}".encode()).decode()
    return part


def _position(token: str, job: Job) -> int:
    try:
        job_id, position = base64.b64decode(token, validate=True).decode().split(":")
        if job_id == job.id:
            return int(position)
    except ValueError:
        pass
    raise ServiceError("InvalidParameterException", "Request has invalid pagination token")


def _token_key(api: str, token: str, caller: Caller) -> tuple[str, ...]:
    return (api, token, *_place(caller))


def _place(caller: Caller) -> tuple[str, str]:
    return caller.account, caller.region
