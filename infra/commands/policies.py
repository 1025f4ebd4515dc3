"""`make policies`: write .chalice/policy-*.json from the code."""

from __future__ import annotations

from infra.build.policies import write
from infra.console import echo
from infra.paths import ROOT


def policies() -> None:
    """Write one IAM policy per function and print the paths.

    Raises:
        CommandError: the permissions of a call cannot be determined.
    """
    for path in write(ROOT):
        echo(f"wrote {path.relative_to(ROOT)}")
