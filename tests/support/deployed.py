"""Deploy stages for tests."""

from __future__ import annotations

from pathlib import Path

from infra.aws.stage import Account
from infra.build.chalice_project import configure, copy_project
from infra.commands.deploy import deploy
from infra.local.workarounds import local_stage
from tests.support.stack import Stack


def deployed(account: Account, name: str, project: Path, **settings: str) -> Stack:
    """A stage with these settings, deployed from a copy of the project in a folder to create."""
    stage = local_stage(name, account, copy_project(project))
    # Tests call more often than clients may.
    configure(project, API_RATE_LIMIT="10000", API_BURST_LIMIT="5000", **settings)
    return Stack(stage, deploy(stage))
