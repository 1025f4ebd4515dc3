"""What schemathesis needs besides the OpenAPI description; it loads this module."""

from __future__ import annotations

import os
import unicodedata
from typing import Any

import schemathesis
from hypothesis import strategies

from chalicelib.api.request_fields import FILE_TYPE
from chalicelib.documents import is_document_id

READING = {"GET /documents/{document_id}", "GET /documents/{document_id}/content"}


def _in_nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


schemathesis.openapi.format(
    "file-name", strategies.text(min_size=1, max_size=200).map(_in_nfc).filter(bool)
)


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Read documents that are there, one of them still PENDING; others try what is not there."""
    document_id = (path_parameters or {}).get("document_id")
    if not isinstance(document_id, str) or not is_document_id(document_id):
        return path_parameters
    if context.operation.label not in READING:
        return path_parameters
    name = "PENDING_ID" if document_id[-1] in "01234567" else "PROCESSED_ID"
    return {**path_parameters, "document_id": os.environ[name]}


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Of all the types that there could be, ask mostly for one that is allowed."""
    if not isinstance(body, dict) or FILE_TYPE.problem(body.get("fileType")):
        return body  # the type itself is what is wrong
    return {**body, "fileType": "text/plain"} if len(body) % 3 else body
