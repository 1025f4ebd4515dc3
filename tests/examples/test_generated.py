"""Clients generated from a stage's own description pass type checkers and work end to end."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.api_client import Client
from tests.support.examples import BIN, FOLDER, npm_run, run, variables_for
from tests.support.stack import Stack

NAME = "type\u0301d.txt"
"""A name as macOS returns it: not in Unicode form NFC, which the API requires."""


@pytest.fixture(scope="module")
def typed(stack: Stack) -> Client:
    """The user of the clients."""
    return stack.sign_in("typed")


@pytest.fixture
def variables(stack: Stack, typed: Client) -> dict[str, str]:
    """The environment of a client."""
    assert typed.token
    return {**variables_for(stack, "typed"), "INTAKE_TOKEN": typed.token}


def copy_example(name: str, folder: Path) -> None:
    """Copy an example, so that nothing is generated into it, and make a file to upload."""
    shutil.copytree(
        FOLDER / name, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True
    )
    if (FOLDER / name / "node_modules").exists():
        (folder / "node_modules").symlink_to(FOLDER / name / "node_modules")
    (folder / NAME).write_text("one two three")


def expect_success(finished: subprocess.CompletedProcess[str]) -> str:
    """The output of a command that succeeded."""
    assert 0 == finished.returncode, finished.stdout + finished.stderr
    return finished.stdout


def expect_uploaded_and_deleted(typed: Client, output: str) -> None:
    """The client printed the record, and that the document was listed and deleted."""
    record, *rest = output.splitlines()
    assert ["listed", "204"] == rest
    uploaded = json.loads(record)
    assert ("typéd.txt", "PROCESSED", 3) == (
        uploaded["fileName"],
        uploaded["status"],
        uploaded["metadata"]["wordCount"],
    )
    assert 404 == typed.call("GET", f"documents/{uploaded['documentId']}").status


def test_openapi_python_client(typed: Client, variables: dict[str, str], tmp_path: Path) -> None:
    """The client of openapi-python-client passes mypy and works."""
    copy_example("openapi-python-client", tmp_path)
    url = f"{variables['INTAKE_API_URL']}openapi.json"
    generate = ["generate", "--url", url, "--config", "config.yml"]
    generate += ["--meta", "none", "--output-path", "intake_client"]
    assert "Warning" not in expect_success(
        run(BIN / "openapi-python-client", *generate, cwd=tmp_path)
    )
    expect_success(run(BIN / "mypy", "--strict", "main.py", cwd=tmp_path))
    expect_uploaded_and_deleted(
        typed,
        expect_success(
            run(
                BIN / "python",
                "main.py",
                NAME,
                "text/plain",
                cwd=tmp_path,
                environment=variables,
            )
        ),
    )


def test_openapi_typescript(typed: Client, variables: dict[str, str], tmp_path: Path) -> None:
    """The client of openapi-typescript and openapi-fetch passes tsc and works."""
    copy_example("openapi-typescript", tmp_path)
    for script in ("generate", "check"):
        expect_success(npm_run(script, cwd=tmp_path, environment=variables))
    expect_uploaded_and_deleted(
        typed,
        expect_success(npm_run("start", NAME, "text/plain", cwd=tmp_path, environment=variables)),
    )
