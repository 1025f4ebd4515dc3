"""The printed result of a verification: one line per check, with what AWS answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.aws.hooks import Limitation
from infra.console import CommandError, echo

_MAX_SHOWN = 200
"""Characters of an answer on one line."""


@dataclass
class Report:
    """Counts and prints checks; the checks of one contract form a group."""

    limitations: frozenset[Limitation]
    """What the AWS that the stage runs on lacks."""
    passed: int = 0
    skipped: int = 0
    differences: list[str] = field(default_factory=list)
    """The titles of the current group's checks with another answer."""

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Run the checks of one contract.

        Raises:
            CommandError: a check has another answer than AWS documents.
        """
        echo(f"\n{title}")
        yield
        if self.differences:
            raise CommandError(
                f"{len(self.differences)} of the checks of {title!r} differ: "
                + "; ".join(self.differences)
            )

    def expect(self, title: str, expected: object, answered: object, detail: str = "") -> None:
        """Print a check; a difference fails its group.

        Args:
            title: what was done.
            expected: AWS's answer by the contract.
            answered: what AWS answered.
            detail: more of the answer, such as an error code.
        """
        shown = f"{answered} {detail}".strip()[:_MAX_SHOWN]
        if expected == answered:
            self.passed += 1
            echo(f"  ok         {title}: {shown}")
        else:
            self.differences.append(title)
            echo(f"  DIFFERENT  {title}: {shown}; expected {expected}")

    def unless(self, limitation: Limitation, title: str, check: Callable[[], None]) -> None:
        """Run a check, unless the stage runs on an implementation of AWS that cannot answer it."""
        if limitation in self.limitations:
            self.skipped += 1
            echo(f"  skipped    {title}: the local AWS has no {limitation}")
        else:
            check()
