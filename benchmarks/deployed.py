"""A stage on a local AWS for the parts that need one: deployed once a run, with calls recorded."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.chalice_project import PACKAGES, copy_project
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.stage import ROOT, Stage
from tests.stack import Stack


@dataclass(frozen=True)
class Deployed:
    """A running stage and the zip that its functions run from."""

    stack: Stack
    package: Path


@contextmanager
def deployed() -> Iterator[Deployed]:
    """A fresh stage that is gone when the block ends."""
    with (
        local_aws(settings={"CLOUDTRAIL_RECORDING": "1"}) as account,
        tempfile.TemporaryDirectory() as folder,
    ):
        stage = Stage("bench", account, copy_project(Path(folder) / "project"))
        stack = Stack(stage, deploy(stage))
        yield Deployed(stack, _newest_package(stage))


def _newest_package(stage: Stage) -> Path:
    sources = {
        name: (ROOT / name).read_bytes()
        for name in ("app.py", *(str(path.relative_to(ROOT)) for path in _library()))
    }
    for package in (stage.project / PACKAGES).glob("*.zip"):
        with zipfile.ZipFile(package) as archive:
            names = set(archive.namelist())
            if all(name in names and archive.read(name) == sources[name] for name in sources):
                return package
    raise AssertionError("chalice deploy leaves the zip that it deployed")


def _library() -> list[Path]:
    return sorted((ROOT / "chalicelib").rglob("*.py"))
