"""Analyzes a file as process_upload does, without AWS; copied into the package of either version.

Older versions of `Sandbox` have no time limit of their own and do not prepare.
"""

from __future__ import annotations

import base64
import inspect
import time
from io import BytesIO
from typing import Any

from chalicelib.files.sandbox import Sandbox
from chalicelib.files.types import PDF, SUPPORTED_TYPES
from chalicelib.files.validation import Limits, validate

_PATIENCE_SECONDS = 45.0
_LIMITS = Limits(largest_file_bytes=2**30, allowed_types=frozenset(SUPPORTED_TYPES))


def _sandbox() -> Sandbox:
    arguments: dict[str, Any] = {}
    if "extraction_seconds" in inspect.signature(Sandbox).parameters:
        arguments["extraction_seconds"] = _PATIENCE_SECONDS
    return Sandbox({}, **arguments)


_sandbox_of_all = _sandbox()
_prepare = getattr(_sandbox_of_all, "prepare", lambda *_types: None)
_prepare([PDF])  # as chalicelib/runtime.py does
_content = b""


def process_upload(event: dict[str, Any], _context: object) -> str | None:
    """The type of a file; None if it is rejected.

    Args:
        event: `content` in Base64, or null for that of the last event; `declaredType`; `times`
            that the file is analyzed, one after the other.
    """
    global _content  # noqa: PLW0603 - decoding it is not measured
    if event["content"] is not None:
        _content = base64.b64decode(event["content"])
    for _ in range(event["times"]):
        file_type = _analyze(_content, event["declaredType"])
    return file_type


def _analyze(content: bytes, declared_type: str) -> str | None:
    end = time.monotonic() + _PATIENCE_SECONDS
    _prepare()
    found = validate(
        BytesIO(content),
        len(content),
        declared_type,
        _LIMITS,
        lambda file, types: _sandbox_of_all.analyze(file, types, lambda: end - time.monotonic()),
    )
    return None if found.failure else found.file_type
