"""Amazon Textract: starts jobs and reads their results.

Plain functions whose first argument is the client, a form that the policy generator can follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.capacity import attempts
from chalicelib.documents import TextFailureCode
from chalicelib.ocr.forms import FormCollector
from chalicelib.ocr.jobs import Job
from chalicelib.ocr.lines import LineCollector

if TYPE_CHECKING:
    from mypy_boto3_textract import TextractClient

MAX_RESULTS = 1_000
"""Blocks of a response; the most that Textract returns."""
SECONDS_FOR_RESPONSE = 10
"""Of one response of results, which is up to 1 MB; the rest of a result is left out when the
function has less time."""

REFUSALS: Mapping[str, TextFailureCode] = {
    "UnsupportedDocumentException": TextFailureCode.UNSUPPORTED,
    "DocumentTooLargeException": TextFailureCode.TOO_LARGE,
    "BadDocumentException": TextFailureCode.UNREADABLE,
    "InvalidS3ObjectException": TextFailureCode.UNREADABLE,
}
"""Errors of Start operations about the document, which another attempt does not change. All others
are raised: limits and errors of the service, and errors of the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where Textract reads the document of a job, and where it publishes that the job has ended."""

    bucket: str
    key: str
    topic_arn: str
    role_arn: str
    """Textract publishes with this role."""


@dataclass(frozen=True, slots=True)
class Started:
    """Textract's id of a job, or why there is none."""

    job_id: str | None
    refusal: TextFailureCode | None = None
    error: str = ""
    """Textract's name of the refusal, for logs."""


@dataclass(frozen=True, slots=True)
class Results:
    """What Textract returns about a job beside its blocks."""

    status: str
    """IN_PROGRESS, SUCCEEDED, PARTIAL_SUCCESS or FAILED."""
    message: str
    """Textract's reason for a failure, for logs."""
    page_count: int
    pages_not_read: int
    """Pages that Textract could not read, of a PARTIAL_SUCCESS."""
    is_complete: bool
    """Whether all blocks were read: not where the text is full or the time is up."""


def start_text_detection(
    textract: TextractClient, job: Job, source: Source, seconds_left: Callable[[], float]
) -> Started:
    """Start a job that reads the text; starting it again returns the same one.

    Raises:
        ClientError: the service is busy, or the call is not permitted.
    """
    for attempt in attempts(seconds_left):
        with attempt:
            try:
                response = textract.start_document_text_detection(**_start_arguments(job, source))
            except ClientError as error:
                return _refusal(error)
    return Started(response["JobId"])


def start_analysis(
    textract: TextractClient, job: Job, source: Source, seconds_left: Callable[[], float]
) -> Started:
    """Start a job that reads text, forms and tables; likewise."""
    for attempt in attempts(seconds_left):
        with attempt:
            try:
                response = textract.start_document_analysis(
                    FeatureTypes=["FORMS", "TABLES"], **_start_arguments(job, source)
                )
            except ClientError as error:
                return _refusal(error)
    return Started(response["JobId"])


def read_text_detection(
    textract: TextractClient,
    job_id: str,
    lines: LineCollector,
    seconds_left: Callable[[], float],
) -> Results:
    """Read the results of `start_text_detection`, as far as they fit into size and time."""
    token: dict[str, Any] = {}
    while True:
        for attempt in attempts(seconds_left):
            with attempt:
                response = textract.get_document_text_detection(
                    JobId=job_id, MaxResults=MAX_RESULTS, **token
                )
        lines.add(response.get("Blocks", ()))
        token = _next(response)
        if not token or lines.is_full or seconds_left() < SECONDS_FOR_RESPONSE:
            return _results(response, is_complete=not token)


def read_analysis(
    textract: TextractClient,
    job_id: str,
    lines: LineCollector,
    forms: FormCollector,
    seconds_left: Callable[[], float],
) -> Results:
    """Read the results of `start_analysis`; likewise."""
    token: dict[str, Any] = {}
    while True:
        for attempt in attempts(seconds_left):
            with attempt:
                response = textract.get_document_analysis(
                    JobId=job_id, MaxResults=MAX_RESULTS, **token
                )
        blocks = response.get("Blocks", ())
        lines.add(blocks)
        forms.add(blocks)
        token = _next(response)
        if not token or lines.is_full or seconds_left() < SECONDS_FOR_RESPONSE:
            return _results(response, is_complete=not token)


def _start_arguments(job: Job, source: Source) -> dict[str, Any]:
    return {
        "DocumentLocation": {"S3Object": {"Bucket": source.bucket, "Name": source.key}},
        "ClientRequestToken": job.tag(),
        "JobTag": job.tag(),
        "NotificationChannel": {"SNSTopicArn": source.topic_arn, "RoleArn": source.role_arn},
    }


def _refusal(error: ClientError) -> Started:
    code = error.response["Error"]["Code"]
    if code not in REFUSALS:
        raise error
    return Started(None, REFUSALS[code], code)


def _next(response: Mapping[str, Any]) -> dict[str, Any]:
    """The argument that requests the next response; empty after the last one."""
    return {"NextToken": response["NextToken"]} if response.get("NextToken") else {}


def _results(response: Mapping[str, Any], *, is_complete: bool) -> Results:
    warnings = response.get("Warnings", ())
    return Results(
        status=response["JobStatus"],
        message=response.get("StatusMessage", ""),
        page_count=response.get("DocumentMetadata", {}).get("Pages", 0),
        pages_not_read=len({page for warning in warnings for page in warning.get("Pages", ())}),
        is_complete=is_complete,
    )
