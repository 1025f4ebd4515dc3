"""The Chalice project: its configuration, copies of it, and Chalice's command line on it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.console import Problem
from infra.stage import ROOT, Stage

PACKAGES = Path(".chalice") / "deployments"
"""Where Chalice keeps the zips that it built, named by a hash of what is in them."""


def copy_project(destination: Path) -> Path:
    """A copy of what Chalice deploys, without any stage, so that a try leaves no trace here."""
    (destination / ".chalice").mkdir(parents=True)
    for name in ("app.py", "requirements.txt"):
        shutil.copy2(ROOT / name, destination / name)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "chalicelib", destination / "chalicelib", ignore=ignore)
    for path in (ROOT / ".chalice").glob("policy-*.json"):
        shutil.copy2(path, destination / ".chalice")
    write_config(destination, {**read_config(ROOT), "stages": {}})
    return destination


def read_config(project: Path) -> dict[str, Any]:
    """What .chalice/config.json says."""
    return dict(json.loads(_config_file(project).read_text(encoding="utf-8")))


def write_config(project: Path, config: dict[str, Any]) -> None:
    """Replace .chalice/config.json, whole or not at all."""
    path = _config_file(project)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def run_chalice(stage: Stage, command: str) -> None:
    """Run Chalice's own command line on the stage, quietly unless it fails.

    Raises:
        Problem: it fails; with all that it said.
    """
    packages, cached = stage.project / PACKAGES, ROOT / PACKAGES
    if packages != cached and cached.exists() and not packages.exists():
        shutil.copytree(cached, packages, ignore=shutil.ignore_patterns("*.tmp"))
    with tempfile.TemporaryFile("w+") as output:
        finished = subprocess.run(
            [_program(), "--project-dir", stage.project, command, "--stage", stage.name],
            env={
                **stage.account.environment,
                "AWS_DEFAULT_REGION": stage.account.region,
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        said = output.read().strip()
    # Chalice goes on without a dependency that it cannot get, and exits with 0.
    if finished.returncode or "Could not install dependencies" in said:
        raise Problem(f"`chalice {command} --stage {stage.name}` failed:\n{said}")
    if packages != cached and packages.exists():
        _keep(packages, cached)


def _keep(packages: Path, cached: Path) -> None:
    """Put the zips of a copied project where the next copy finds them; runs may overlap."""
    cached.mkdir(parents=True, exist_ok=True)
    for package in packages.glob("*.zip"):
        if not (cached / package.name).exists():
            with tempfile.NamedTemporaryFile(dir=cached, suffix=".tmp", delete=False) as copy:
                copy.write(package.read_bytes())
            Path(copy.name).replace(cached / package.name)


def _program() -> Path:
    return Path(sys.executable).with_name("chalice")


def _config_file(project: Path) -> Path:
    return project / ".chalice" / "config.json"
