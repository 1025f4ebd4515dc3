"""A family of files: those that the same readers read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.accuracy.rules import Rule


@dataclass(frozen=True, slots=True)
class Family:
    """Files that the same readers read."""

    name: str
    types: tuple[str, ...]
    """MIME types as Intake records them; one that ends in `/` stands for all that begin so."""
    extensions: tuple[str, ...]
    """Of files whose type Intake does not recognize."""
    module: str
    """In `readers/`."""
    readers: tuple[str, ...]
    """Of that module, the most trusted one first."""
    facts: Mapping[str, Rule] = field(default_factory=dict)
    """Names in a record's `metadata`."""
