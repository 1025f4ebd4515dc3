"""Records as the API returns them.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.documents import to_iso8601

INTERNAL_ATTRIBUTES = frozenset({"statusTime", "uploadId", "partSizeBytes", "scanResults"})
"""Attributes of the table that clients do not see: an index's sort key, the state of an upload in
parts, and scan results that preceded their S3 event."""


def represent(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without internal attributes, and with every time in ISO 8601."""
    shown = {name: value for name, value in record.items() if name not in INTERNAL_ATTRIBUTES}
    if "expiresAt" in shown:
        shown["expiresAt"] = to_iso8601(datetime.fromtimestamp(shown["expiresAt"], UTC))
    return shown
