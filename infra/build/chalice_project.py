"""The Chalice project: configuration, copies and Chalice's command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from infra.console import CommandError
from infra.paths import ROOT

if TYPE_CHECKING:
    from infra.aws.stage import Stage

T = TypeVar("T")

PACKAGES = Path(".chalice") / "deployments"
"""Chalice's folder of built zips, named by a hash of their content."""


def copy_project(destination: Path) -> Path:
    """Copy everything that Chalice deploys, without stages, to leave this project unchanged."""
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
    """The content of .chalice/config.json."""
    return dict(json.loads(_config_file(project).read_text(encoding="utf-8")))


def read_settings(project: Path, stage: str) -> dict[str, str]:
    """The settings (`environment_variables`) of a stage: its own, and those of all stages."""
    config = read_config(project)
    own = config["stages"].get(stage, {}).get("environment_variables", {})
    return {**config["environment_variables"], **own}


def parse_setting(
    settings: Mapping[str, str], stage: str, name: str, parse: Callable[[str], T]
) -> T:
    """One of a stage's settings.

    Args:
        settings: all of them.
        stage: the stage's name.
        name: the setting's name.
        parse: raises ValueError for a malformed one.

    Raises:
        CommandError: it is missing or malformed.
    """
    text = settings.get(name, "").strip()
    try:
        if text:
            return parse(text)
        problem = "is missing"
    except ValueError as error:
        problem = f"is malformed: {error}"
    raise CommandError(f"Stage {stage}: {name} {problem}. Set it in .chalice/config.json")


def write_config(project: Path, config: dict[str, Any]) -> None:
    """Replace .chalice/config.json atomically."""
    path = _config_file(project)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def configure(project: Path, **settings: str) -> None:
    """Set settings (`environment_variables`) of all stages of a copied project."""
    config = read_config(project)
    config["environment_variables"].update(settings)
    write_config(project, config)


def run_chalice(stage: Stage, command: str) -> None:
    """Run Chalice's command line on the stage without output.

    Raises:
        CommandError: it fails; with its output.
    """
    restore_packages(stage.project)
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
        printed = output.read().strip()
    # Chalice continues without a dependency that it cannot install, and exits with 0.
    if finished.returncode or "Could not install dependencies" in printed:
        raise CommandError(f"`chalice {command} --stage {stage.name}` failed:\n{printed}")
    cache_packages(stage.project)


def restore_packages(project: Path) -> None:
    """Copy the cached zips to a copied project that has none."""
    packages, cached = project / PACKAGES, ROOT / PACKAGES
    if packages != cached and cached.exists() and not packages.exists():
        shutil.copytree(cached, packages, ignore=shutil.ignore_patterns("*.tmp"))


def cache_packages(project: Path) -> None:
    """Cache the zips of a copied project for the next copy; safe for concurrent runs."""
    packages, cached = project / PACKAGES, ROOT / PACKAGES
    if packages == cached or not packages.exists():
        return
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
