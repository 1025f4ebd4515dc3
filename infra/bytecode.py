"""Bytecode for the zip that `chalice deploy` builds.

Chalice ships bare sources, and `/var/task` is read-only: without bytecode a Lambda compiles all
that it imports at every cold start. Whatever is in `vendor` Chalice adds to its zip, so that is
where it is put; a plain `chalice deploy` ships it too. Each file holds a hash of its source (PEP
552), so that bytecode which has grown old costs time and is never run.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.console import Problem

VENDOR = Path("vendor")
LIBRARY = Path("chalicelib")

_CHALICE_RUNTIME = ("__init__.py", "app.py")
"""All of Chalice that it ships."""

_COMPILE = """
import json, py_compile, sys
for bytecode, source, name in json.load(sys.stdin):
    try:
        py_compile.compile(source, bytecode, name, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    except py_compile.PyCompileError:
        pass  # written for another Python, as some packages have one
"""
"""In a process of its own: what is marshalled depends on what else a process has loaded."""


def write_bytecode(project: Path) -> None:
    """Write into the project's `vendor` and chalicelib the bytecode of all sources that will ship.

    All of it, whatever is there: Python keeps a changed module's bytecode up to date by itself, but
    with a path of this machine in it.

    Raises:
        Problem: a package of requirements.txt is not installed here.
    """
    work = sorted(
        (str(_bytecode_of(project, name)), str(source), f"/var/task/{name}")
        for name, source in _sources(project)
    )
    for path in (project / LIBRARY).rglob("__pycache__/*.pyc"):
        path.unlink()
    for path in (project / VENDOR).rglob("__pycache__/*.pyc"):
        if not _is_of_a_source(path):
            path.unlink()
    environment = {"PYTHONHASHSEED": "0"}  # in whose order sets are marshalled
    command = [sys.executable, "-s", "-c", _COMPILE]
    subprocess.run(command, input=json.dumps(work), env=environment, text=True, check=True)


def _is_of_a_source(bytecode: Path) -> bool:
    """Whether its source is in the same folder: then a user has put it there."""
    try:
        return Path(importlib.util.source_from_cache(str(bytecode))).exists()
    except ValueError:  # no name that Python gives
        return True


def _bytecode_of(project: Path, name: str) -> Path:
    """Where the bytecode of a module of the zip belongs; chalicelib has it beside its sources."""
    folder = project if Path(name).is_relative_to(LIBRARY) else project / VENDOR
    return Path(importlib.util.cache_from_source(str(folder / name)))


def _sources(project: Path) -> Iterator[tuple[str, Path]]:
    """All modules in the zip: their names in it, and where they are here."""
    yield "app.py", project / "app.py"
    for source in (project / LIBRARY).rglob("*.py"):
        yield str(source.relative_to(project)), source
    chalice = _distribution("chalice")
    for name in _CHALICE_RUNTIME:
        yield f"chalice/{name}", Path(str(chalice.locate_file(f"chalice/{name}")))
    for line in (project / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if package := re.match(r"[\w.-]+", line):
            yield from _modules(_distribution(package.group()))


def _modules(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    for file in distribution.files or []:
        if file.suffix == ".py" and ".." not in file.parts:
            yield str(file), Path(str(file.locate()))


def _distribution(package: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise Problem(f"{package} is not installed here; run `make` again") from None
