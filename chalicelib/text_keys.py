"""Keys of the text bucket: where the text of a version of a document is.

The keys follow from the record, which does not store them. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

TEXT, ANALYSIS = ".txt", ".json"
"""Ends of keys: the text, and the forms and tables."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_prefix(document_id: str) -> str:
    """What the keys of a document's texts begin with."""
    return f"{document_id}/"


def text_key(document_id: str, sequencer: str) -> str:
    """The key of the text that a version of a document has itself.

    Every attempt at the same version writes to it, so that an attempt that was killed leaves
    nothing behind, and no other version does.
    """
    return f"{text_prefix(document_id)}{sequencer}{TEXT}"


def recognized_key(document_id: str, sequencer: str, started_at: str, ending: str) -> str:
    """The key of what Amazon Textract recognized in a version of a document.

    No other job writes to it, so that a late result never replaces another.
    """
    return f"{text_prefix(document_id)}{sequencer}-{milliseconds(started_at):x}{ending}"


def milliseconds(time: str) -> int:
    """Milliseconds since the epoch of an ISO 8601 time."""
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)


def document_of(key: str) -> str:
    """The document id in a key."""
    return key.partition("/")[0]


def version_of(key: str) -> str:
    """The sequencer in a key; later versions of a document compare greater."""
    return key.partition("/")[2].partition(".")[0].partition("-")[0]


def readable_key(record: Mapping[str, Any]) -> str | None:
    """The key of the text that can be read now; None where there is none.

    A scan without words has no text, although it was recognized.
    """
    text = record.get("text", {})
    if not text.get("characterCount"):
        return None
    if text["source"] == "ocr":
        return recognized_key(record["documentId"], record["sequencer"], text["startedAt"], TEXT)
    return text_key(record["documentId"], record["sequencer"])


def used_keys(record: Mapping[str, Any]) -> frozenset[str]:
    """The keys of what a record points to, or waits for."""
    text = record.get("text", {})
    keys = {readable_key(record)}
    if "startedAt" in text:
        version = record["documentId"], record["sequencer"], text["startedAt"]
        keys |= {recognized_key(*version, ending) for ending in (TEXT, ANALYSIS)}
    return frozenset(key for key in keys if key)
