"""What runs the examples: Node.js and Python of .venv-examples, and no other of the machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.commands.env import stage_variables
from infra.paths import ROOT
from tests.support.stack import PASSWORD, Stack

FOLDER = ROOT / "examples"
BIN = ROOT / ".venv-examples" / "bin"
"""Has python, node and the commands of requirements-examples.txt."""
PYTHON_UPLOAD = (BIN / "python", FOLDER / "python" / "upload.py")
"""The command that uploads a file."""
TOOLS = ROOT / "tests" / "examples" / "node_modules" / ".bin"
"""Has the commands of tests/examples/package.json."""
SECONDS = 120
"""Maximum duration of one command; a few seconds are usual."""


def run(
    *command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command; its exit code and output."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment_with(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def environment_with(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: no variables of the machine but PATH, after `BIN`."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    return {"PATH": path, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **(variables or {})}


def variables_for(stack: Stack, name: str) -> dict[str, str]:
    """What `make env` prints, and the credentials of a user with this name."""
    stack.sign_in(name)
    user = {"INTAKE_EMAIL": f"{name}@example.com", "INTAKE_PASSWORD": PASSWORD}
    return {**stage_variables(stack.stage), **user}


def npm_run(
    script: str, *arguments: str, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script of a package.json, which prints nothing but its own output."""
    npm = (BIN / "node", BIN / "npm", "run", "--silent")
    return run(*npm, script, "--", *arguments, cwd=cwd, environment=environment)
