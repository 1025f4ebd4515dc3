"""Bytecode for the zip that `chalice deploy` builds.

Chalice ships sources only, and `/var/task` is read-only: without bytecode, Lambda compiles every
imported module at each cold start. Chalice adds the folder `vendor` to its zip, so bytecode is
written there; plain `chalice deploy` ships it too. Each file holds a hash of its source (PEP 552),
so that outdated bytecode is ignored.
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

from infra.console import CommandError

VENDOR = Path("vendor")
LIBRARY = Path("chalicelib")

_CHALICE_RUNTIME = ("__init__.py", "app.py")
"""The modules of Chalice in the zip."""

_COMPILE = """
import json, py_compile, sys
for bytecode, source, name in json.load(sys.stdin):
    try:
        py_compile.compile(source, bytecode, name, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    except py_compile.PyCompileError:
        pass  # some packages have modules for other Python versions
"""
"""Runs in a subprocess: marshalled bytecode depends on the modules loaded in the process."""


def write_bytecode(project: Path) -> None:
    """Write the bytecode of every shipped source into the project's `vendor` and chalicelib.

    Existing bytecode is replaced, because Python's own contains paths of this machine.

    Raises:
        CommandError: a package of requirements.txt is not installed.
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
    environment = {"PYTHONHASHSEED": "0"}  # determines the order of marshalled sets
    command = [sys.executable, "-s", "-c", _COMPILE]
    subprocess.run(command, input=json.dumps(work), env=environment, text=True, check=True)


def _is_of_a_source(bytecode: Path) -> bool:
    """Whether its source is in the same folder, which means that the user added it."""
    try:
        return Path(importlib.util.source_from_cache(str(bytecode))).exists()
    except ValueError:  # not a name that Python generates
        return True


def _bytecode_of(project: Path, name: str) -> Path:
    """The path for a module's bytecode: in `vendor`, for chalicelib beside the source."""
    folder = project if Path(name).is_relative_to(LIBRARY) else project / VENDOR
    return Path(importlib.util.cache_from_source(str(folder / name)))


def _sources(project: Path) -> Iterator[tuple[str, Path]]:
    """All modules of the zip: name in the zip and local path."""
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
        raise CommandError(
            f"Package {package} is not installed: run the make command again"
        ) from None
