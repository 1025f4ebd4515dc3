"""The zip that `chalice deploy` builds: what ships, and how much."""

from __future__ import annotations

import zipfile
from pathlib import Path

from infra.chalice_project import PACKAGES
from infra.stage import ROOT
from tests.stack import Stack

LARGEST_ZIP_BYTES = 16 * 1024 * 1024


def package_of(stack: Stack) -> Path:
    """The zip that was deployed."""
    [package] = [
        path
        for path in (stack.stage.project / PACKAGES).glob("*.zip")
        if zipfile.ZipFile(path).read("app.py") == (ROOT / "app.py").read_bytes()
    ][-1:]
    return package


def top_level(package: Path) -> set[str]:
    """The first segments of the names in a zip."""
    with zipfile.ZipFile(package) as archive:
        return {name.partition("/")[0] for name in archive.namelist()}


def test_the_zip_is_small(stack: Stack) -> None:
    """What ships stays under 16 MB."""
    assert LARGEST_ZIP_BYTES > package_of(stack).stat().st_size


def test_only_what_requirements_name_ships(stack: Stack) -> None:
    """Each package in the zip is one that requirements.txt pins, and the tools are none of them."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [
        line.partition("==")[0].partition("[")[0].replace("-", "_")  # as wheels have it: PEP 427
        for line in lines
        if "==" in line
    ]
    shipped = {
        name.partition("-")[0]
        for name in top_level(package_of(stack))
        if name.endswith(".dist-info")
    }
    assert sorted(pinned) == sorted(shipped)
    assert not {"boto3", "botocore", "infra", "tests", "pytest"} & top_level(package_of(stack))


def test_every_requirement_says_what_it_is_for() -> None:
    """Each line of both requirements files pins one package and gives its reason."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                continue
            requirement, _, reason = line.partition("  # ")
            assert "==" in requirement, line
            assert len(reason.strip()) >= 5, line
