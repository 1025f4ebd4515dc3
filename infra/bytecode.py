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
for source, bytecode, name in json.load(sys.stdin):
    try:
        py_compile.compile(source, bytecode, name, doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    except py_compile.PyCompileError:
        pass  # written for another Python, as some packages have one
"""
"""In a process of its own: what is marshalled depends on what else a process has loaded."""

_HASH = slice(8, 16)
"""Where a bytecode file has its source's: PEP 552."""


def write_bytecode(project: Path) -> None:
    """Bring the bytecode in the project's `vendor` up to date with all sources that will ship.

    Raises:
        Problem: a package of requirements.txt is not installed here.
    """
    wanted = {_bytecode_of(project, name): (name, source) for name, source in _sources(project)}
    for path in _bytecode(project / LIBRARY):
        if path not in wanted:
            path.unlink()
    for path in _bytecode(project / VENDOR):
        if path not in wanted and not _source_of(path).exists():  # which a user has put there
            path.unlink()
    work = [
        (str(source), str(bytecode), f"/var/task/{name}")
        for bytecode, (name, source) in sorted(wanted.items())
        if not _is_of(bytecode, source)
    ]
    if work:
        environment = {"PYTHONHASHSEED": "0"}  # in whose order sets are marshalled
        command = [sys.executable, "-s", "-c", _COMPILE]
        subprocess.run(command, input=json.dumps(work), env=environment, text=True, check=True)


def _bytecode_of(project: Path, name: str) -> Path:
    """Where the bytecode of a module of the zip belongs; chalicelib has it beside its sources."""
    folder = project if Path(name).is_relative_to(LIBRARY) else project / VENDOR
    return Path(importlib.util.cache_from_source(str(folder / name)))


def _bytecode(folder: Path) -> Iterator[Path]:
    return folder.rglob("__pycache__/*.pyc")


def _source_of(bytecode: Path) -> Path:
    return Path(importlib.util.source_from_cache(str(bytecode)))


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


def _is_of(bytecode: Path, source: Path) -> bool:
    """Whether the bytecode is there, and was compiled from what the source holds now."""
    try:
        head = bytecode.read_bytes()[: _HASH.stop]
    except FileNotFoundError:
        return False
    return head.startswith(importlib.util.MAGIC_NUMBER) and head[
        _HASH
    ] == importlib.util.source_hash(source.read_bytes())
