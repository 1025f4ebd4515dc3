"""The protocol of the local services, by botocore's models."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.protocol import ServiceError, ServiceProtocol, WireRequest
from infra.local.shapes import InvalidValueError

TEXTRACT = ServiceProtocol("textract")
GUARDDUTY = ServiceProtocol("guardduty")
S3_OBJECT = {"S3Object": {"Bucket": "uploads", "Name": "a.png"}}


def textract(operation: str, body: Any) -> WireRequest:
    """A request with X-Amz-Target."""
    return WireRequest(
        "POST", "/", {"x-amz-target": f"Textract.{operation}"}, json.dumps(body).encode(), {}
    )


def test_parameters_of_an_operation() -> None:
    """The target header names the operation, the body has its parameters."""
    body = {"DocumentLocation": S3_OBJECT}
    assert ("StartDocumentTextDetection", body) == TEXTRACT.parse(
        textract("StartDocumentTextDetection", body)
    )


@pytest.mark.parametrize(
    ("operation", "body", "code", "named"),
    [
        ("Start", {}, "UnknownOperationException", "operation"),
        ("StartDocumentTextDetection", {}, "ValidationException", "DocumentLocation"),
        (
            "StartDocumentTextDetection",
            {"DocumentLocation": S3_OBJECT, "Pages": 1},
            "SerializationException",
            "Pages",
        ),
        ("GetDocumentTextDetection", {"JobId": 1}, "SerializationException", "JobId"),
        ("GetDocumentTextDetection", {"JobId": "a b"}, "ValidationException", "JobId"),
        ("GetDocumentTextDetection", {"JobId": "a" * 65}, "ValidationException", "JobId"),
        (
            "GetDocumentTextDetection",
            {"JobId": "a", "MaxResults": 0},
            "ValidationException",
            "MaxResults",
        ),
        (
            "GetDocumentTextDetection",
            {"JobId": "a", "MaxResults": True},
            "SerializationException",
            "MaxResults",
        ),
        (
            "StartDocumentAnalysis",
            {"DocumentLocation": S3_OBJECT, "FeatureTypes": ["ALL"]},
            "ValidationException",
            "FeatureTypes.1",
        ),
        (
            "StartDocumentTextDetection",
            {"DocumentLocation": {"S3Object": {"Bucket": "a"}}},
            "ValidationException",
            "DocumentLocation.S3Object.Bucket",
        ),
    ],
)
def test_wrong_parameters(operation: str, body: Any, code: str, named: str) -> None:
    """A request that violates the model gets an error that names the parameter."""
    with pytest.raises(ServiceError, match=named) as raised:
        TEXTRACT.parse(textract(operation, body))
    assert code == raised.value.code


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object(body: bytes) -> None:
    """It is a SerializationException."""
    request = WireRequest("POST", "/", {"x-amz-target": "Textract.GetDocumentAnalysis"}, body, {})
    with pytest.raises(ServiceError, match="SerializationException"):
        TEXTRACT.parse(request)


def test_a_response_that_violates_the_model() -> None:
    """A result with an unknown status is a bug that raises."""
    with pytest.raises(InvalidValueError, match="JobStatus"):
        TEXTRACT.response("GetDocumentAnalysis", {"JobStatus": "DONE"})


def test_parameters_in_the_path_and_in_the_body() -> None:
    """REST: the path has the id, the body has the rest by its names on the wire."""
    body = {"actions": {"tagging": {"status": "ENABLED"}}}
    request = WireRequest(
        "PATCH", "/malware-protection-plan/abc", {}, json.dumps(body).encode(), {}
    )
    assert (
        "UpdateMalwareProtectionPlan",
        {"MalwareProtectionPlanId": "abc", "Actions": {"Tagging": {"Status": "ENABLED"}}},
    ) == GUARDDUTY.parse(request)


def test_a_parameter_in_the_query() -> None:
    """REST: the query has the token of the next page."""
    request = WireRequest("GET", "/malware-protection-plan", {}, b"", {"nextToken": ["abc"]})
    assert ("ListMalwareProtectionPlans", {"NextToken": "abc"}) == GUARDDUTY.parse(request)


def test_names_of_a_response() -> None:
    """A response has the names of the wire."""
    plans = [{"MalwareProtectionPlanId": "abc"}]
    status, headers, body = GUARDDUTY.response(
        "ListMalwareProtectionPlans", {"MalwareProtectionPlans": plans}
    )
    assert (200, "application/json") == (status, headers["Content-Type"])
    assert {"malwareProtectionPlans": [{"malwareProtectionPlanId": "abc"}]} == json.loads(body)


def test_a_time_in_a_response() -> None:
    """It is in seconds since the epoch."""
    created = datetime(2026, 11, 25, tzinfo=UTC)
    _, _, body = GUARDDUTY.response("GetMalwareProtectionPlan", {"CreatedAt": created})
    assert {"createdAt": 1_795_564_800} == json.loads(body)
