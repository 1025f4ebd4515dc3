"""How the API represents a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INTERNAL = frozenset({"statusTime"})
"""Attributes of records that the API does not return."""


def represent(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without its internal attributes."""
    return {name: value for name, value in record.items() if name not in INTERNAL}
