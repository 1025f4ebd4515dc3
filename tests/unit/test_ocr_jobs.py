"""Which files are sent to Textract, and how an answer finds its record."""

from __future__ import annotations

import re

import pytest
from botocore.session import get_session

from chalicelib.documents import TextFailureCode
from chalicelib.ocr import states
from chalicelib.ocr.jobs import (
    DOCUMENT_BYTES,
    IMAGE_BYTES,
    Job,
    is_scan,
    parse_completion,
    parse_tag,
    refusal,
)
from tests.support.textract import completion_message

JOB = Job(
    "0b0f2c1e-9f5e-4c7e-8a53-3f2d1c0b9a87",
    "0055AED6DCD90281E5".ljust(32, "0"),
    "2026-11-25T12:00:00.123Z",
)
RAISED = "0055AED6DCD90281E500000000000001"
"""Of a version that `make reconcile` has found."""


@pytest.mark.parametrize(
    "sequencer", ["0055AED6DCD90281E5", "00555555555555550", "0", "A000", RAISED]
)
def test_a_tag_identifies_document_version_and_start(sequencer: str) -> None:
    """The job is the same after it was a tag."""
    job = Job(JOB.document_id, sequencer.ljust(32, "0"), JOB.started_at)
    assert job == parse_tag(job.tag())


@pytest.mark.parametrize("sequencer", [JOB.sequencer, RAISED, "F" * 32])
@pytest.mark.parametrize("shape", ["ClientRequestToken", "JobTag"])
def test_a_tag_is_a_valid_token_and_job_tag(sequencer: str, shape: str) -> None:
    """For any sequencer, within botocore's model of Textract."""
    tag = Job("ffffffff" + JOB.document_id[8:], sequencer, JOB.started_at).tag()
    model = get_session().get_service_model("textract").shape_for(shape)
    assert len(tag) <= model.metadata["max"]
    assert re.fullmatch(r"[a-zA-Z0-9-]+", tag)


def test_another_start_is_another_job() -> None:
    """A repetition that an operator requests is not taken for the job that has ended."""
    later = Job(JOB.document_id, JOB.sequencer, "2026-11-25T12:00:00.124Z")
    assert later.tag() != JOB.tag()


def test_a_message_names_the_job() -> None:
    """By its tag, and by Textract's own id."""
    completion = parse_completion(completion_message(JOB.tag(), job_id="job-1"))
    assert (JOB, "job-1") == (completion.job, completion.job_id)


def test_jobs_write_to_keys_of_their_own() -> None:
    """In the folder of the document; text and analysis apart."""
    later = Job(JOB.document_id, JOB.sequencer, "2026-11-25T12:00:00.124Z")
    keys = {JOB.text_key(), JOB.analysis_key(), later.text_key(), later.analysis_key()}
    assert 4 == len(keys)
    assert {JOB.document_id} == {key.partition("/")[0] for key in keys}


@pytest.mark.parametrize("message", ["", "[]", "{}", "null", completion_message("no-such-tag")])
def test_another_message_is_an_error(message: str) -> None:
    """It names the kind that was expected."""
    with pytest.raises(ValueError, match="Not a message of Amazon Textract"):
        parse_completion(message)


@pytest.mark.parametrize(
    ("file_type", "pages_without_text", "expected"),
    [
        ("image/jpeg", None, True),
        ("image/png", None, True),
        ("image/tiff", None, True),
        ("image/gif", None, False),
        ("application/pdf", 2, True),
        ("application/pdf", 0, False),
        ("application/pdf", None, False),
        ("text/plain", None, False),
        (None, None, False),
    ],
)
def test_scans_are_images_and_pdfs_with_pages_without_text(
    file_type: str | None, pages_without_text: int | None, expected: bool
) -> None:
    """Only formats that Textract reads; a PDF whose pages have text needs none."""
    assert expected is is_scan(file_type, pages_without_text)


@pytest.mark.parametrize(
    ("file_type", "size_bytes", "page_count", "expected"),
    [
        ("image/png", IMAGE_BYTES, None, None),
        ("image/png", IMAGE_BYTES + 1, None, TextFailureCode.TOO_LARGE),
        ("image/jpeg", IMAGE_BYTES + 1, None, TextFailureCode.TOO_LARGE),
        ("image/tiff", IMAGE_BYTES + 1, 20, None),
        ("application/pdf", DOCUMENT_BYTES + 1, 1, TextFailureCode.TOO_LARGE),
        ("application/pdf", 1, 20, None),
        ("application/pdf", 1, 21, TextFailureCode.TOO_MANY_PAGES),
        ("image/tiff", 1, 21, TextFailureCode.TOO_MANY_PAGES),
        ("image/tiff", 1, None, TextFailureCode.PAGES_UNKNOWN),
    ],
)
def test_what_is_too_large_or_has_too_many_pages_is_not_sent(
    file_type: str, size_bytes: int, page_count: int | None, expected: TextFailureCode | None
) -> None:
    """Textract's own limits by type, and the stage's limit of pages."""
    assert expected == refusal(file_type, size_bytes, page_count, max_pages=20)


def test_each_reason_is_a_sentence() -> None:
    """The web UI shows it after "Text was not recognized:"."""
    messages = {code: states.failure_of(code)["message"] for code in TextFailureCode}
    assert {"."} == {message[-1] for message in messages.values()}
