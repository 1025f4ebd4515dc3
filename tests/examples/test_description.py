"""The OpenAPI description of a deployed stage passes the linters that its users have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.api_client import Client
from tests.support.examples import TOOLS, run
from tests.support.stack import Stack

QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
"""Without requests of the linter to its maker."""


@pytest.fixture
def description(stack: Stack, tmp_path: Path) -> Path:
    """The description as a file."""
    answer = Client(stack.api_url, None).call("GET", "openapi.json")
    (tmp_path / "openapi.json").write_text(json.dumps(answer.body, indent=1))
    return tmp_path


def test_redocly_finds_nothing(description: Path) -> None:
    """Neither errors nor warnings of the recommended rules."""
    command = ["lint", "openapi.json", "--extends", "recommended-strict"]
    finished = run(TOOLS / "redocly", *command, cwd=description, environment=QUIET)
    assert 0 == finished.returncode, finished.stdout + finished.stderr


def test_spectral_finds_nothing(description: Path) -> None:
    """Not even hints of its rules for OpenAPI."""
    (description / ".spectral.yaml").write_text('extends: ["spectral:oas"]\n')
    command = ["lint", "openapi.json", "--fail-severity", "hint"]
    finished = run(TOOLS / "spectral", *command, cwd=description)
    assert 0 == finished.returncode, finished.stdout + finished.stderr


def test_both_linters_find_a_mistake(description: Path) -> None:
    """A description without its security schemes is wrong."""
    path = description / "openapi.json"
    broken = json.loads(path.read_text())
    del broken["components"]["securitySchemes"], broken["tags"]
    path.write_text(json.dumps(broken))
    for test in (test_redocly_finds_nothing, test_spectral_finds_nothing):
        with pytest.raises(AssertionError):
            test(description)
