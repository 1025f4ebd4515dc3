"""Requests to Textract and its responses, checked against the SDK's model of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.documents import TextFailureCode
from chalicelib.ocr.forms import FormCollector
from chalicelib.ocr.lines import LineCollector
from chalicelib.ocr.textract import (
    REFUSALS,
    SECONDS_FOR_RESPONSE,
    Results,
    Source,
    Started,
    read_analysis,
    read_text_detection,
    start_analysis,
    start_text_detection,
)
from tests.support.textract import line
from tests.unit.test_ocr_jobs import JOB

SOURCE = Source(
    bucket="bucket",
    key="uploads/a b.png",
    topic_arn="arn:aws:sns:eu-west-1:123456789012:intake-test-ocr",
    role_arn="arn:aws:iam::123456789012:role/intake-test-ocr",
)
ARGUMENTS = {
    "DocumentLocation": {"S3Object": {"Bucket": "bucket", "Name": "uploads/a b.png"}},
    "ClientRequestToken": JOB.tag(),
    "JobTag": JOB.tag(),
    "NotificationChannel": {"SNSTopicArn": SOURCE.topic_arn, "RoleArn": SOURCE.role_arn},
}
PLENTY = 1_000.0


@pytest.fixture
def textract() -> Any:
    """A client that is never connected."""
    return boto3.client(
        "textract", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def plenty() -> float:
    """Time for everything."""
    return PLENTY


def without_time() -> float:
    """Time for nothing."""
    return 0.0


def response(text: str, token: str | None = None, **more: object) -> dict[str, Any]:
    """Results with one line, and more where there is a token."""
    found: dict[str, Any] = {
        "JobStatus": "SUCCEEDED",
        "DocumentMetadata": {"Pages": 2},
        "Blocks": line(text),
        **more,
    }
    return found | ({"NextToken": token} if token else {})


def test_text_detection_is_requested_with_token_tag_and_channel(textract: Any) -> None:
    """The document is read where it was uploaded."""
    with Stubber(textract) as stub:
        stub.add_response("start_document_text_detection", {"JobId": "job-1"}, ARGUMENTS)
        assert Started("job-1") == start_text_detection(textract, JOB, SOURCE, plenty)


def test_an_analysis_is_requested_with_forms_and_tables(textract: Any) -> None:
    """Otherwise likewise."""
    with Stubber(textract) as stub:
        expected = {**ARGUMENTS, "FeatureTypes": ["FORMS", "TABLES"]}
        stub.add_response("start_document_analysis", {"JobId": "job-1"}, expected)
        assert Started("job-1") == start_analysis(textract, JOB, SOURCE, plenty)


@pytest.mark.parametrize(
    ("start", "operation"),
    [
        (start_text_detection, "start_document_text_detection"),
        (start_analysis, "start_document_analysis"),
    ],
)
def test_errors_of_start_are_refusals_or_raised(
    textract: Any, start: Callable[..., Started], operation: str
) -> None:
    """Every error of the service's model is one of the two; throttling while there is no time."""
    model = textract.meta.service_model.operation_model(
        textract.meta.method_to_api_mapping[operation]
    )
    for shape in model.error_shapes:
        with Stubber(textract) as stub:
            stub.add_client_error(operation, shape.name)
            if shape.name in REFUSALS:
                assert REFUSALS[shape.name] == start(textract, JOB, SOURCE, without_time).refusal
            else:
                with pytest.raises(ClientError, match=shape.name):
                    start(textract, JOB, SOURCE, without_time)
    assert REFUSALS.keys() <= {shape.name for shape in model.error_shapes}


def test_a_refusal_names_the_error_for_logs(textract: Any) -> None:
    """Two errors have the same code."""
    with Stubber(textract) as stub:
        stub.add_client_error("start_document_text_detection", "InvalidS3ObjectException")
        started = start_text_detection(textract, JOB, SOURCE, plenty)
    assert Started(None, TextFailureCode.UNREADABLE, "InvalidS3ObjectException") == started


def test_results_are_read_to_their_end(textract: Any) -> None:
    """One request for each response."""
    lines = LineCollector(1_000)
    first = {"JobId": "job-1", "MaxResults": 1_000}
    with Stubber(textract) as stub:
        stub.add_response("get_document_text_detection", response("one", "more"), first)
        stub.add_response(
            "get_document_text_detection", response("two"), {**first, "NextToken": "more"}
        )
        results = read_text_detection(textract, "job-1", lines, plenty)
    assert Results("SUCCEEDED", "", 2, 0, is_complete=True) == results
    assert b"one\ntwo" == lines.text(is_complete=True).content


def test_reading_ends_when_the_time_is_up(textract: Any) -> None:
    """What is there is the result, which is not complete."""
    lines = LineCollector(1_000)
    with Stubber(textract) as stub:
        stub.add_response("get_document_text_detection", response("one", "more"))
        results = read_text_detection(textract, "job-1", lines, lambda: SECONDS_FOR_RESPONSE - 0.1)
    assert not results.is_complete


def test_reading_ends_when_the_text_is_full(textract: Any) -> None:
    """Of an analysis as well."""
    with Stubber(textract) as stub:
        stub.add_response("get_document_text_detection", response("one", "more"))
        stub.add_response("get_document_analysis", response("one", "more"))
        text = read_text_detection(textract, "job-1", LineCollector(2), plenty)
        analysis = read_analysis(textract, "job-1", LineCollector(2), FormCollector(9), plenty)
    assert not text.is_complete
    assert not analysis.is_complete


def test_pages_that_textract_could_not_read_are_counted(textract: Any) -> None:
    """Each once, whatever was wrong with it."""
    warnings = [{"ErrorCode": "a", "Pages": [2, 3]}, {"ErrorCode": "b", "Pages": [3]}]
    partial = response("one", JobStatus="PARTIAL_SUCCESS", Warnings=warnings)
    with Stubber(textract) as stub:
        stub.add_response("get_document_text_detection", partial)
        results = read_text_detection(textract, "job-1", LineCollector(1_000), plenty)
    assert ("PARTIAL_SUCCESS", 2) == (results.status, results.pages_not_read)


def test_a_failed_job_has_a_reason(textract: Any) -> None:
    """And no blocks."""
    with Stubber(textract) as stub:
        stub.add_response(
            "get_document_text_detection",
            {"JobStatus": "FAILED", "StatusMessage": "UNSUPPORTED_DOCUMENT"},
        )
        results = read_text_detection(textract, "job-1", LineCollector(1_000), plenty)
    assert ("FAILED", "UNSUPPORTED_DOCUMENT") == (results.status, results.message)
