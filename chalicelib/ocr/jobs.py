"""Which files are sent to Textract, and which version of a document a job is for.

A job is named after the document, the version of its object and the time at which its recognition
started. The name is both the request's idempotency token and the tag that Textract's answer
carries, so that nothing needs to be stored to find the record of an answer, and starting a job
again returns the same job.
"""

from __future__ import annotations

import json
import re
import string
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.documents import TextFailureCode, to_iso8601
from chalicelib.events import SEQUENCER_WIDTH
from chalicelib.files.types import PDF
from chalicelib.text_keys import ANALYSIS, TEXT, milliseconds, recognized_key

IMAGE_BYTES = 10 * 1_024**2
DOCUMENT_BYTES = 500 * 1_024**2
"""Of asynchronous operations (Textract developer guide, "Set Quotas in Amazon Textract"): 10 MB for
JPEG and PNG, 500 MB for PDF and TIFF."""

JPEG, PNG, TIFF = "image/jpeg", "image/png", "image/tiff"
MAX_BYTES = {JPEG: IMAGE_BYTES, PNG: IMAGE_BYTES, TIFF: DOCUMENT_BYTES, PDF: DOCUMENT_BYTES}
"""By file type; Textract reads no others."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BASE36 = string.digits + string.ascii_lowercase
"""The digits that int() reads in base 36: 25 for 128 bits."""
_TAG = re.compile(r"[0-9a-z]{25}-[0-9a-z]{25}-[0-9a-z]{1,9}")


@dataclass(frozen=True, slots=True)
class Job:
    """One recognition of one version of a document."""

    document_id: str
    sequencer: str
    """Of the object's version, padded as in the record."""
    started_at: str
    """ISO 8601 UTC with milliseconds: `text.startedAt` of the record."""

    def tag(self) -> str:
        """The job's name: letters, digits and hyphens, at most 64 characters for any sequencer.

        Textract API reference, StartDocumentTextDetection: ClientRequestToken and JobTag.
        """
        document, version = uuid.UUID(self.document_id).int, int(self.sequencer, 16)
        start = milliseconds(self.started_at)
        return f"{_to_base36(document):0>25}-{_to_base36(version):0>25}-{_to_base36(start)}"

    def text_key(self) -> str:
        """The key of the text in the text bucket."""
        return recognized_key(self.document_id, self.sequencer, self.started_at, TEXT)

    def analysis_key(self) -> str:
        """The key of the key-value pairs and tables."""
        return recognized_key(self.document_id, self.sequencer, self.started_at, ANALYSIS)


@dataclass(frozen=True, slots=True)
class Completion:
    """Textract's message that a job has ended."""

    job: Job
    job_id: str
    """Textract's own id of the job. Its status there decides, not the message's."""


def parse_tag(tag: str) -> Job:
    """The job with this name.

    Raises:
        ValueError: no job has it.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"Not the tag of a job: {tag}")
    document, version, start = (int(part, 36) for part in tag.split("-"))
    sequencer = f"{version:0{SEQUENCER_WIDTH}X}"
    started_at = _EPOCH + timedelta(milliseconds=start)
    return Job(str(uuid.UUID(int=document)), sequencer, to_iso8601(started_at))


def parse_completion(message: str) -> Completion:
    """Textract's message of a topic (developer guide, "Amazon Textract Results Notification").

    Raises:
        ValueError: it is not a message about a job of this application.
    """
    try:
        body: dict[str, Any] = json.loads(message)
        return Completion(parse_tag(body["JobTag"]), str(body["JobId"]))
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"Not a message of Amazon Textract: {error!r}") from error


def build_event(completion: Completion) -> dict[str, object]:
    """The SNS event of a completion, with what is read of it.

    Lambda developer guide, "Using Lambda with Amazon SNS".
    """
    message = {"JobId": completion.job_id, "JobTag": completion.job.tag()}
    notification: dict[str, object] = {
        "Subject": None,
        "Message": json.dumps(message),
        "MessageAttributes": {},
    }
    return {"Records": [{"EventSource": "aws:sns", "Sns": notification}]}


def is_scan(file_type: str | None, pages_without_text: int | None) -> bool:
    """Whether a file has text that only character recognition can read.

    Args:
        file_type: its MIME type.
        pages_without_text: of a PDF, those without a text layer; None where it is unknown.
    """
    if file_type == PDF:
        return bool(pages_without_text)
    return file_type in MAX_BYTES


def refusal(
    file_type: str, size_bytes: int, page_count: int | None, max_pages: int
) -> TextFailureCode | None:
    """Why a scan is not sent to Textract, which charges per page; None where it is.

    Args:
        file_type: a key of MAX_BYTES.
        size_bytes: of the file.
        page_count: of a PDF or TIFF; None where it is unknown.
        max_pages: the most that may be sent.
    """
    if size_bytes > MAX_BYTES[file_type]:
        return TextFailureCode.TOO_LARGE
    if file_type in (JPEG, PNG):
        return None  # one page for Textract, whatever is in it
    if page_count is None:
        return TextFailureCode.PAGES_UNKNOWN
    return TextFailureCode.TOO_MANY_PAGES if page_count > max_pages else None


def _to_base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits or "0"
