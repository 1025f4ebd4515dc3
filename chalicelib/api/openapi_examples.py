"""Examples in the OpenAPI description: a document from its upload on, and every error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.operation import Operation, Response
from chalicelib.api.problems import STATUSES, Code, Problem

_ID = "0198c5b5-3f6f-7c0a-9d4e-8a1d5a3b7c42"
_OWNER = "93a4c8d2-10f1-70a2-6d3b-2f8a4f6e1c55"
_BUCKET = "https://intake-dev-uploads.s3.eu-central-1.amazonaws.com"
_DOCUMENT = {
    "documentId": _ID,
    "fileName": "Résumé 2026.pdf",
    "fileType": "application/pdf",
    "fileSize": 12_345,
    "status": "PROCESSED",
    "uploadedAt": "2026-11-25T09:00:00.000Z",
    "processedAt": "2026-11-25T09:00:00.812Z",
    "owner": _OWNER,
    "objectKey": f"uploads/{_ID}",
    "eTag": "9e107d9d372bb6826bd81d3542a419d6",
    "sequencer": "006555AA0F2C6B1E9D00000000000000",
    "sha256": "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
    "metadata": {"pageCount": 2, "wordCount": 446, "title": "Résumé"},
}

EXAMPLES: Mapping[str, dict[str, Any]] = {
    "Document": _DOCUMENT,
    "CreatedUpload": {
        "documentId": _ID,
        "status": "PENDING",
        "upload": {
            "method": "PUT",
            "url": f"{_BUCKET}/uploads/{_ID}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0f5e",
            "headers": {
                "Content-Type": "application/pdf",
                "If-None-Match": "*",
                "x-amz-meta-file-name": "R%C3%A9sum%C3%A9%202026.pdf",
                "x-amz-meta-owner": _OWNER,
            },
            "expiresAt": "2026-11-25T09:15:00.000Z",
        },
    },
    "PartUrls": {
        "parts": [
            {
                "partNumber": 1,
                "url": f"{_BUCKET}/uploads/{_ID}?partNumber=1&uploadId=2~a8&X-Amz-Signature=31d9",
                "sizeBytes": 8_388_608,
            }
        ],
        "expiresAt": "2026-11-25T09:15:00.000Z",
    },
    "UploadedParts": {
        "parts": [
            {
                "partNumber": 1,
                "sizeBytes": 8_388_608,
                "eTag": "9e107d9d372bb6826bd81d3542a419d6",
            }
        ],
        "partSizeBytes": 8_388_608,
        "partCount": 25,
    },
    "CompletedUpload": {"documentId": _ID, "status": "PENDING"},
    "Page": {"documents": [_DOCUMENT], "cursor": "WyI0YzlkIiwgW251bGxdXQ=="},
    "Content": {
        "url": f"{_BUCKET}/uploads/{_ID}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=7c2a",
        "expiresAt": "2026-11-25T09:15:00.000Z",
    },
    "User": {"userId": _OWNER, "email": "ada@example.com"},
}
"""The body of a response by the name of its schema; schemas without a row have no example."""


def request_example(operation: Operation) -> dict[str, Any]:
    """The body of a request that succeeds."""
    return {item.name: item.example for item in operation.body if item.example is not None}


def problem_example(operation: Operation, status: int, response: Response) -> dict[str, Any]:
    """The body of an error response."""
    code = response.code or next(code for code in Code if STATUSES[code][0] == status)
    if code is Code.INVALID_REQUEST:
        return _invalid_request(operation).body()
    return Problem(code, response.description).body()


def _invalid_request(operation: Operation) -> Problem:
    """What the operation raises for a request that is empty, or has an unknown parameter."""
    try:
        if operation.body:
            operation.parse_body(b"{}")
        else:
            operation.parse_query({"unknown": ["1"]})
    except Problem as problem:
        return problem
    return Problem(Code.INVALID_REQUEST, "The request is malformed")
