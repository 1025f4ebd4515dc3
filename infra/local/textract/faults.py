"""Faults on demand: what a test plans for the jobs of certain objects."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.local.protocol import ServiceError


class Fault(StrEnum):
    """A fault."""

    REFUSED = "refused"
    """The call gets an error, such as ProvisionedThroughputExceededException."""
    HELD = "held"
    """The job stays IN_PROGRESS until it is released."""
    TWICE = "twice"
    """Two messages."""
    SILENT = "silent"
    """The job ends, without a message."""
    FAILED = "failed"
    """The job ends as FAILED."""


@dataclass
class _Plan:
    match: str
    """In the object's key."""
    fault: Fault
    times: int
    code: str
    operation: str
    """Beginning of the operation's name; for REFUSED."""


class Faults:
    """What is planned; thread-safe."""

    def __init__(self) -> None:
        """Nothing is planned."""
        self._lock = threading.Lock()
        self._plans: list[_Plan] = []

    def plan(self, body: Mapping[str, Any]) -> None:
        """Plan `fault` for the next `times` (1) calls for objects with `match` in their key.

        `refused` has `code` and `operation` (`Start` or `Get`), the others count Start calls.
        """
        plan = _Plan(
            body["match"],
            Fault(body["fault"]),
            int(body.get("times", 1)),
            str(body.get("code", "")),
            str(body.get("operation", "Start")),
        )
        with self._lock:
            self._plans.append(plan)

    def refuse(self, operation: str, key: str) -> None:
        """Raise the error that is planned for this call, if any.

        Raises:
            ServiceError: the planned one.
        """
        plan = self._take(key, {Fault.REFUSED}, operation)
        if plan:
            raise ServiceError(plan.code, "Planned by a test")

    def of_job(self, key: str) -> Fault | None:
        """What is planned for the next job of this object."""
        plan = self._take(key, set(Fault) - {Fault.REFUSED}, "Start")
        return plan.fault if plan else None

    def _take(self, key: str, faults: set[Fault], operation: str) -> _Plan | None:
        with self._lock:
            for plan in self._plans:
                is_meant = plan.match in key and operation.startswith(plan.operation)
                if is_meant and plan.fault in faults and plan.times:
                    plan.times -= 1
                    return plan
        return None
