"""Faults of the scanner, which tests switch on for objects with a key prefix."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum

from infra.local.guardduty.verdicts import Result


class Fault(StrEnum):
    """What goes wrong with a scan."""

    DEAD = "dead"
    """Nothing happens, and on-demand scans are refused."""
    SLOW = "slow"
    """Nothing happens before the release."""
    HELD = "held"
    """The object is scanned and tagged; the result is published with the release."""
    LOST = "lost"
    """The object is scanned and tagged; the result is never published."""
    UNTAGGED = "untagged"
    """The result is published; the object is tagged with the release."""
    TWICE = "twice"
    """The result is published twice."""


@dataclass(frozen=True)
class Rule:
    """What happens to the objects of a bucket under a prefix."""

    bucket: str
    prefix: str
    fault: Fault | None = None
    result: Result | None = None
    """Instead of ClamAV's; None for a real scan."""

    def covers(self, bucket: str, key: str) -> bool:
        """Whether it is for this object."""
        return self.bucket == bucket and key.startswith(self.prefix)


@dataclass
class Rules:
    """The rules in force; the latest one that covers an object decides."""

    _rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rule: Rule) -> None:
        """Replace the rule for the same prefix; one without fault and result ends all under it."""
        is_new = bool(rule.fault or rule.result)
        with self._lock:
            self._rules = [
                kept
                for kept in self._rules
                if not (
                    kept.prefix == rule.prefix if is_new else kept.prefix.startswith(rule.prefix)
                )
                or kept.bucket != rule.bucket
            ]
            if is_new:
                self._rules.append(rule)

    def of(self, bucket: str, key: str) -> Rule:
        """The rule for an object."""
        with self._lock:
            matching = [rule for rule in self._rules if rule.covers(bucket, key)]
        return matching[-1] if matching else Rule(bucket, "")
