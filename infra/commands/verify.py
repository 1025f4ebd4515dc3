"""`make verify`: check the contracts of a deployed stage on the AWS that it runs on."""

from __future__ import annotations

import secrets

from infra.aws.resources import api_url
from infra.aws.stage import Stage
from infra.console import echo, step
from infra.verification import (
    api,
    events,
    leftovers,
    monitoring,
    parts,
    permissions,
    records,
    uploads,
)
from infra.verification.report import Report
from infra.verification.session import Session

_CHECKS = (
    ("Access", api.check_access),
    ("Statuses", api.check_statuses),
    ("CORS", api.check_cors),
    ("Upload contract", uploads.check_uploads),
    ("Uploads in parts", parts.check_parts),
    ("Records", records.check_records),
    ("Events", events.check_events),
    ("Permissions", permissions.check_permissions),
    ("Monitoring", monitoring.check_monitoring),
    ("Failure path", events.check_failure),
    ("Throttling", api.check_throttling),
)
"""Groups in the order in which they run. Throttling last: it delays every later request."""


def verify(stage: Stage) -> None:
    """Run all checks as temporary users, print one line per check and delete what they created.

    Raises:
        CommandError: an answer of AWS differs from the documented one, or there is no such stage.
    """
    session = _new_session(stage)
    echo(f"Verifying stage {stage.name} at {session.api_url}")
    leftovers.delete_interrupted(stage)
    run_checks(session)


def run_checks(session: Session) -> None:
    """Run all checks in one session, and delete what it created.

    Raises:
        CommandError: a group of checks has differences, after which no other group runs.
    """
    report = Report(session.stage.hooks.limitations)
    try:
        events.start_failure(session)
        for title, check in _CHECKS:
            with report.group(title):
                check(session, report)
    finally:
        with step("Deleting what the verification created"):
            session.clean_up()
    skipped = f", {report.skipped} not possible here" if report.skipped else ""
    echo(f"\nAll {report.passed} checks are as documented{skipped}.")


def _new_session(stage: Stage) -> Session:
    stage.outputs()
    return Session(stage, api_url(stage), secrets.token_hex(6))
