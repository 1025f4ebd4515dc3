"""A stage on a local AWS for the parts that need one: deployed once a run, with calls recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.build.chalice_project import copy_project
from infra.commands.deploy import deploy
from infra.local.server import local_aws
from infra.local.workarounds import local_stage
from tests.support.stack import Stack


@contextmanager
def deployed() -> Iterator[Stack]:
    """A fresh stage that is gone when the block ends."""
    with (
        local_aws(settings={"CLOUDTRAIL_RECORDING": "1"}) as account,
        tempfile.TemporaryDirectory() as folder,
    ):
        stage = local_stage("bench", account, copy_project(Path(folder) / "project"))
        yield Stack(stage, deploy(stage))
