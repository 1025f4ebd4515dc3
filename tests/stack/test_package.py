"""The zip that `chalice deploy` builds: what ships, and how much."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.aws.stage import ROOT
from infra.build.bytecode import write_bytecode
from infra.build.chalice_project import copy_project, read_config, write_config
from infra.build.package import build_package
from tests.support.stack import Stack

ELF_MACHINE_AARCH64 = 183
"""EM_AARCH64 (ELF for the Arm 64-bit Architecture, 4.1)."""
LARGEST_ZIP_BYTES = 16 * 1024 * 1024


def top_level(package: Path) -> set[str]:
    """The first segments of the names in a zip."""
    with zipfile.ZipFile(package) as archive:
        return {name.partition("/")[0] for name in archive.namelist()}


def test_the_zip_is_small(stack: Stack) -> None:
    """What ships stays under 16 MB."""
    assert LARGEST_ZIP_BYTES > stack.package().stat().st_size


def test_only_what_requirements_name_ships(stack: Stack) -> None:
    """Each package in the zip is pinned by requirements.txt, and no tool is among them."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [
        line.partition("==")[0].partition("[")[0].replace("-", "_")  # as wheels have it: PEP 427
        for line in lines
        if "==" in line
    ]
    shipped = {
        name.partition("-")[0] for name in top_level(stack.package()) if name.endswith(".dist-info")
    }
    assert sorted(pinned) == sorted(shipped)
    assert not {"boto3", "botocore", "infra", "tests", "pytest"} & top_level(stack.package())


def test_all_bytecode_ships(stack: Stack) -> None:
    """Each module in the zip that this Python compiles has its bytecode there, of this source."""
    with zipfile.ZipFile(stack.package()) as archive:
        names = archive.namelist()
        assert sorted(names) == sorted(set(names))
        for name in names:
            if name.endswith(".py") and is_compiled(source := archive.read(name)):
                bytecode = archive.read(importlib.util.cache_from_source(name))
                assert importlib.util.source_hash(source) == bytecode[8:16], name


def is_compiled(source: bytes) -> bool:
    """Whether it is written for this Python."""
    try:
        compile(source, "module", "exec")
    except SyntaxError:
        return False
    return True


def test_bytecode_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    """The same sources have the same bytecode, in another folder and after any use of it."""
    one, other = tmp_path / "one", tmp_path / "another" / "folder"
    for project in (one, other):
        copy_project(project)
        write_bytecode(project)
    made = bytecode_in(one)
    for name, bytecode in made.items():
        (one / name).write_bytes(bytecode.replace(b"/var/task/", b"/elsewhere/"))
    write_bytecode(one)

    assert "vendor/__pycache__/app.cpython" in "".join(made)
    assert made == bytecode_in(one)
    assert made == bytecode_in(other)


def test_bytecode_without_a_source_is_taken_away(tmp_path: Path) -> None:
    """What was there of a module that is gone does not ship; what a user vendors is kept."""
    project = copy_project(tmp_path / "project")
    write_bytecode(project)
    made = bytecode_in(project)
    own = importlib.util.cache_from_source("vendor/own/mine.py")
    odd = "vendor/own/__pycache__/odd.pyc"
    gone = [f"{folder}/__pycache__/gone.cpython-311.pyc" for folder in ("chalicelib", "vendor")]
    (project / own).parent.mkdir(parents=True)
    (project / "vendor/own/mine.py").touch()
    for name in (own, odd, *gone):
        (project / name).touch()
    write_bytecode(project)

    assert {**made, own: b"", odd: b""} == bytecode_in(project)


def bytecode_in(project: Path) -> dict[str, bytes]:
    """All that is in a project, by path."""
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in project.rglob("__pycache__/*.pyc")
    }


@pytest.mark.parametrize("handler", ["api_handler", "process_upload"])
def test_a_cold_start_imports_no_parser(stack: Stack, tmp_path: Path, handler: str) -> None:
    """What only some files, or features that are off, need is not imported."""
    with zipfile.ZipFile(stack.package()) as archive:
        archive.extractall(tmp_path)
    variables = stack.configuration(handler)["Environment"]["Variables"]
    script = "import sys; sys.path.insert(0, sys.argv[1]); import app; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        env={**variables, "AWS_DEFAULT_REGION": stack.account.region},
        capture_output=True,
        text=True,
        check=True,
    )
    parsers = {
        name.partition(".")[0]
        for name in top_level(stack.package())
        if (tmp_path / name).is_dir() and not name.endswith((".dist-info", ".libs"))
    } - {"__pycache__", "chalice", "chalicelib"}
    ours = {f"chalicelib.files.extraction.{family}" for family in ("image", "office", "pdf")}

    assert {"filetype", "pypdf", "pypdfium2"} <= parsers
    loaded = {*ran.stdout.split()}
    assert set() == loaded & {*parsers, *ours, "ctypes"}
    of_features = ("chalicelib.scan", "chalicelib.texts", "chalicelib.ocr")
    assert [] == [name for name in loaded if name.startswith(of_features)]


def test_every_requirement_says_what_it_is_for() -> None:
    """Each line of both requirements files pins one package and gives its reason."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                continue
            requirement, _, reason = line.partition("  # ")
            assert "==" in requirement, line
            assert len(reason.strip()) >= 5, line


def test_arm64(tmp_path: Path) -> None:
    """With `lambda_architecture` arm64, every library in the zip is for that processor."""
    project = copy_project(tmp_path / "project")
    write_config(project, {**read_config(project), "lambda_architecture": "arm64"})

    with zipfile.ZipFile(build_package(project)) as archive:
        libraries = [name for name in archive.namelist() if ".so" in Path(name).suffixes]
        heads = {name: archive.read(name)[:20] for name in libraries}

    assert len(libraries) > 5
    assert {ELF_MACHINE_AARCH64} == {
        int.from_bytes(head[18:20], "little") for head in heads.values()
    }
