"""The operations of Textract that Intake uses, and the faults that tests plan for them."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local.identity import Caller
from infra.local.protocol import ServiceError
from infra.local.services import ControlRequest
from infra.local.textract.documents import Document, download
from infra.local.textract.faults import Fault, Faults
from infra.local.textract.jobs import (
    FAILED,
    PARTIAL,
    SUCCEEDED,
    Job,
    Jobs,
    Outcome,
    page_of_results,
)
from infra.local.textract.notifications import check_channel, message_of, publish
from infra.local.textract.processing import process

_LOGGER = logging.getLogger(__name__)

PARALLEL_JOBS = 2

RELEASE_SECONDS = 300
"""Maximum time for the processing of jobs that a test releases."""

_FEATURES = {"FORMS", "TABLES"}
_UNSUPPORTED = ("OutputConfig", "KMSKeyId", "QueriesConfig", "AdaptersConfig")
_VERSIONS = {
    "StartDocumentAnalysis": "AnalyzeDocumentModelVersion",
    "StartDocumentTextDetection": "DetectDocumentTextModelVersion",
}


class Textract:
    """Textract of one local AWS."""

    name = "textract"

    def __init__(self) -> None:
        """Without jobs."""
        self._jobs = Jobs()
        self._faults = Faults()
        self._slots = threading.BoundedSemaphore(PARALLEL_JOBS)

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """The response to an operation.

        Raises:
            ServiceError: an error of the operation.
        """
        if operation in _VERSIONS:
            return self._start(operation, parameters, caller)
        api = operation.replace("Get", "Start", 1)
        if api in _VERSIONS:
            return self._get(
                operation, self._jobs.find(parameters["JobId"], api, caller), parameters
            )
        raise ServiceError("InvalidParameterException", f"{operation} does not exist locally")

    def control(self, request: ControlRequest) -> Any:
        """Plan a fault (POST faults), list jobs (POST jobs) or release held ones (POST release).

        `faults` is described by `Faults.plan`. `jobs` and `release` take `match`, a part of the
        object's key. `release` ends held jobs in the order of their start, or with `newestFirst`
        the other way round, and returns when their messages are published.

        Raises:
            ServiceError: there is no such path.
        """
        match request.path:
            case "faults":
                self._faults.plan(request.body)
                return {}
            case "jobs":
                return [_described(job) for job in self._jobs.of_key(request.body["match"])]
            case "release":
                return self._release(request.body)
        raise ServiceError("UnknownRequest", request.path, 404)

    def _start(self, api: str, request: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        location = _location(request)
        self._faults.refuse(api, location["Name"])
        _check_features(request)
        repeated = self._jobs.repeated(api, request, caller)
        if repeated:
            return {"JobId": repeated.id}
        if "NotificationChannel" in request:
            check_channel(request["NotificationChannel"], caller)
        folder = Path(tempfile.mkdtemp(prefix="textract-"))
        try:
            document = download(location, caller, folder / "document")
            job = Job(api, request, caller, self._faults.of_job(location["Name"]))
            added = self._jobs.add(job)
            if added is job:
                run = threading.Thread(target=self._run, args=(job, document), daemon=True)
                run.start()
        except ServiceError:
            shutil.rmtree(folder)
            raise
        return {"JobId": added.id}

    def _get(self, operation: str, job: Job, request: Mapping[str, Any]) -> dict[str, Any]:
        self._faults.refuse(operation, job.key)
        answer: dict[str, Any] = {"JobStatus": job.status, _VERSIONS[job.api]: "1.0"}
        outcome = job.outcome
        if outcome is None:
            return answer
        if outcome.status == FAILED:
            return {**answer, "StatusMessage": outcome.message}
        answer["DocumentMetadata"] = {"Pages": outcome.page_count}
        if outcome.status == PARTIAL:
            answer["Warnings"] = [{"ErrorCode": "FAILED", "Pages": list(outcome.failed_pages)}]
        return {**answer, **page_of_results(outcome, job, request)}

    def _run(self, job: Job, document: Document) -> None:
        with self._slots:
            outcome = _process(job, document)
        shutil.rmtree(document.path.parent)
        if job.fault is Fault.FAILED:
            outcome = Outcome(FAILED, message="Planned by a test")
        if job.fault is Fault.HELD:
            job.held = outcome
        else:
            _end(job, outcome)
        job.has_ended.set()

    def _release(self, body: Mapping[str, Any]) -> list[str]:
        jobs = [job for job in self._jobs.of_key(body["match"]) if job.fault is Fault.HELD]
        held = [job for job in jobs if job.outcome is None]
        if body.get("newestFirst"):
            held.reverse()
        for job in held:
            if not job.has_ended.wait(RELEASE_SECONDS) or job.held is None:
                raise ServiceError("TooLate", f"Job {job.id} is still processed", 504)
            _end(job, job.held)
        return [job.id for job in held]


def _process(job: Job, document: Document) -> Outcome:
    try:
        return process(document, job.request.get("FeatureTypes", ()))
    except Exception:  # a defect of this server: the job still has to end
        _LOGGER.exception("Job %s", job.id)
        return Outcome(FAILED, message="InternalServerError")


def _end(job: Job, outcome: Outcome) -> None:
    """Let callers see the outcome, then publish the message."""
    job.outcome = outcome
    channel = job.request.get("NotificationChannel")
    if channel is None or job.fault is Fault.SILENT:
        return
    status = FAILED if outcome.status == FAILED else SUCCEEDED
    message = message_of(job.id, status, job.api, job.request)
    for _ in range(2 if job.fault is Fault.TWICE else 1):
        try:
            publish(channel, message, job.caller)
            job.messages += 1
        except ClientError as error:
            job.publication_error = error.response["Error"]["Code"]


def _location(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object of a request.

    Raises:
        ServiceError: InvalidParameterException.
    """
    location = request["DocumentLocation"].get("S3Object", {})
    if {"Bucket", "Name"} - set(location):
        raise ServiceError("InvalidParameterException", "Request has invalid parameters")
    return dict(location)


def _check_features(request: Mapping[str, Any]) -> None:
    """Refuse what this Textract lacks, and a list of features that is empty.

    Raises:
        ServiceError: InvalidParameterException.
    """
    features = request.get("FeatureTypes", ["TABLES"])
    other = sorted({*features} - _FEATURES) + [name for name in _UNSUPPORTED if name in request]
    if other or not features:
        raise ServiceError(
            "InvalidParameterException",
            f"Not available locally: {', '.join(other) or 'analysis without features'}",
        )


def _described(job: Job) -> dict[str, Any]:
    return {
        "jobId": job.id,
        "objectKey": job.key,
        "status": job.status,
        "isOver": job.outcome is not None and job.has_ended.is_set(),
        "messages": job.messages,
        "publicationError": job.publication_error,
    }
