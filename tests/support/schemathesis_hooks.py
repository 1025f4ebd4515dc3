"""What schemathesis must know besides the OpenAPI description; it loads this module."""

from __future__ import annotations

import unicodedata
from typing import Any

import schemathesis
from hypothesis import strategies

from chalicelib.api.schema import FILE_TYPE


def _in_nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


schemathesis.openapi.format(
    "file-name", strategies.text(min_size=1, max_size=200).map(_in_nfc).filter(bool)
)


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Of all the types that there could be, ask mostly for one that is allowed."""
    if not isinstance(body, dict) or FILE_TYPE.problem(body.get("fileType")):
        return body  # the type itself is what is wrong
    return {**body, "fileType": "text/plain"} if len(body) % 3 else body
