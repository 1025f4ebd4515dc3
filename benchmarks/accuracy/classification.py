"""Disagreements that are the reference's fault: classified.toml, one sentence of reason each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy.comparison import Compared

CLASSIFIED = Path(__file__).with_name("classified.toml")

_KEYS = {"family", "facts", "reason", "files", "types", "ours", "theirs"}


@dataclass(frozen=True, slots=True)
class Classified:
    """Disagreements in which the reference is wrong, or answers another question."""

    family: str
    facts: frozenset[str]
    reason: str
    """One sentence."""
    files: frozenset[str]
    """The first 12 digits of the SHA-256 of the files; empty: a rule, for any file."""
    types: frozenset[str]
    """MIME types; empty: any."""
    ours: str
    """Regular expression for Intake's value."""
    theirs: str
    """Regular expression for each of the references' values."""

    def covers(self, found: Compared) -> bool:
        """Whether this explains the disagreement."""
        return (
            found.family == self.family
            and found.fact in self.facts
            and (not self.files or found.recorded.sha256[:12] in self.files)
            and (not self.types or found.recorded.file_type in self.types)
            and re.fullmatch(self.ours, str(found.ours), re.S) is not None
            and all(re.fullmatch(self.theirs, str(value), re.S) for value in found.theirs.values())
        )


def load(path: Path = CLASSIFIED) -> list[Classified]:
    """The entries of the file.

    Raises:
        ValueError: an entry has an unknown key, no reason, or covers any value of any file.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("classified", [])
    return [_entry(entry) for entry in entries]


def _entry(entry: dict[str, str | list[str]]) -> Classified:
    if unknown := entry.keys() - _KEYS:
        raise ValueError(f"{CLASSIFIED.name}: unknown keys {sorted(unknown)} in {entry}")
    if not entry.get("reason") or not entry.keys() & {"files", "types", "ours", "theirs"}:
        raise ValueError(f"{CLASSIFIED.name}: an entry needs a reason and a condition: {entry}")
    return Classified(
        str(entry["family"]),
        frozenset(entry["facts"]),
        str(entry["reason"]),
        frozenset(entry.get("files", ())),
        frozenset(entry.get("types", ())),
        str(entry.get("ours", ".*")),
        str(entry.get("theirs", ".*")),
    )


def reason_for(found: Compared, entries: Iterable[Classified]) -> str | None:
    """Why the reference is at fault; None if the disagreement is not classified."""
    return next((entry.reason for entry in entries if entry.covers(found)), None)
