"""The attribute `text` of a record whose characters are recognized.

`source` is where the text comes from, `status` the state of the recognition. There is text to
download where `characterCount` is present: a PDF with a text layer on some of its pages has its own
until the recognition is DONE, and keeps it where that has FAILED.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.documents import TextFailureCode, TextStatus
from chalicelib.ocr.jobs import Job
from chalicelib.ocr.lines import RecognizedText

Text = Mapping[str, Any]

_OCR = {"source": "ocr"}

MESSAGES: Mapping[TextFailureCode, str] = {
    TextFailureCode.TOO_MANY_PAGES: "The document has more pages than the limit for OCR.",
    TextFailureCode.PAGES_UNKNOWN: "The number of pages could not be determined.",
    TextFailureCode.TOO_LARGE: "The file is larger than Amazon Textract accepts.",
    TextFailureCode.UNSUPPORTED: "Amazon Textract does not support the format of the file.",
    TextFailureCode.UNREADABLE: "Amazon Textract could not read the file.",
    TextFailureCode.RECOGNITION_FAILED: "Amazon Textract could not recognize the text.",
    TextFailureCode.PROCESSING_FAILED: (
        "The recognition failed because of an AWS or internal error, not the file. An operator can "
        "retry it."
    ),
}
"""Sentences for people, by code."""


def running(own: Text | None, started_at: str) -> Text:
    """Of a document that Textract reads.

    Args:
        own: of a document with some text of its own.
        started_at: ISO 8601 UTC with milliseconds.
    """
    return {**(own or _OCR), "status": TextStatus.RUNNING.value, "startedAt": started_at}


def refused(own: Text | None, code: TextFailureCode) -> Text:
    """Of a document that is not sent to Textract; likewise."""
    return {**(own or _OCR), "status": TextStatus.FAILED.value, "failure": failure_of(code)}


def failure_of(code: TextFailureCode) -> dict[str, str]:
    """Why the recognition has failed: a code for programs, a sentence for people."""
    return {"code": code.value, "message": MESSAGES[code]}


def done(job: Job, recognized: RecognizedText, pages_not_read: int, *, is_analyzed: bool) -> Text:
    """Of a document that Textract has read; words and confidence are those of its text."""
    found: dict[str, Any] = {
        **_OCR,
        "startedAt": job.started_at,
        "status": TextStatus.DONE.value,
        "characterCount": recognized.character_count,
        "wordCount": recognized.word_count,
        "truncated": recognized.is_truncated,
    }
    if recognized.mean_confidence is not None:
        found["meanConfidence"] = recognized.mean_confidence
    if is_analyzed:
        found["analyzed"] = True
    if pages_not_read:
        found["pagesNotRead"] = pages_not_read
    return found


def job_of(record: Mapping[str, Any]) -> Job | None:
    """The latest job of a record; None where nothing was sent to Textract."""
    text = record.get("text", {})
    if "startedAt" not in text:
        return None
    return Job(record["documentId"], record["sequencer"], text["startedAt"])


def is_running(record: Mapping[str, Any]) -> bool:
    """Whether Textract reads the document."""
    return bool(record.get("text", {}).get("status") == TextStatus.RUNNING)


def awaits(record: Mapping[str, Any], job: Job) -> bool:
    """Whether the result of a job belongs into the record.

    A result replaces `processing_failed` of the same job: it was late, or an operator has retried.
    """
    text = record.get("text", {})
    is_late = text.get("failure", {}).get("code") == TextFailureCode.PROCESSING_FAILED
    return job_of(record) == job and (is_running(record) or is_late)


def has_result_of(record: Mapping[str, Any], job: Job) -> bool:
    """Whether the record describes the result of a job, and so its objects."""
    status = record.get("text", {}).get("status")
    return job_of(record) == job and status == TextStatus.DONE
