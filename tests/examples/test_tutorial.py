"""The commands of the tutorial work as they are printed there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from infra.aws.stage import ROOT
from tests.support.examples import run, variables_for
from tests.support.stack import Stack

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.M | re.S)
"""They are executed."""


def follow(
    stack: Stack, folder: Path, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The page's commands in one shell."""
    environment = {**variables_for(stack, "reader"), **variables}
    return run("bash", *options, "-c", "\n".join(BLOCKS), cwd=folder, environment=environment)


def test_the_commands_succeed_in_order(stack: Stack, tmp_path: Path) -> None:
    """They print what the page describes: the record, a list with it, and what is left of it."""
    finished = follow(stack, tmp_path, "-euo", "pipefail")
    assert (0, "") == (finished.returncode, finished.stderr)
    record, page, same, status = finished.stdout.splitlines()
    assert ("PROCESSED", "résumé.txt") == (
        json.loads(record)["status"],
        json.loads(record)["fileName"],
    )
    assert [json.loads(record)] == json.loads(page)["documents"]
    assert ("the same", "404") == (same, status)


def test_a_failed_sign_in_stops(stack: Stack, tmp_path: Path) -> None:
    """Cognito's reason is shown, and nothing is uploaded."""
    finished = follow(stack, tmp_path, INTAKE_PASSWORD="Wrong-Horse-7")
    assert 0 != finished.returncode
    assert "Incorrect username or password" in finished.stdout
    assert finished.stderr.endswith("TOKEN: sign-in failed\n")
    assert [] == list(tmp_path.iterdir())
