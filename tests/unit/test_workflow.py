"""The GitHub Actions workflow of the examples runs commands that exist, without stored keys."""

from __future__ import annotations

import re
from typing import Any

from cfnlint.decode import cfn_yaml

from infra.paths import ROOT

WORKFLOW: Any = cfn_yaml.load(str(ROOT / "examples" / "github-actions" / "deploy.yml"))
STEPS = WORKFLOW["jobs"]["deploy"]["steps"]


def test_commands() -> None:
    """Each command is a target of the Makefile, and its variables are those of the target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = [step["run"].split() for step in STEPS if "run" in step]

    assert [["check", "test"], ["deploy"], ["verify"]] == [
        [word for word in words[1:] if "=" not in word and word[0].isalpha()][:2]
        for words in (re.sub(r'"[^"]*"', "x", " ".join(command)).split() for command in commands)
    ]
    for command in commands:
        for variable in re.findall(r"\b([A-Z_]+)=", " ".join(command)):
            assert f"{variable} ?=" in makefile


def test_credentials() -> None:
    """The job assumes a role with its OIDC token."""
    assert {"contents": "read", "id-token": "write"} == WORKFLOW["permissions"]
    [credentials] = [step["with"] for step in STEPS if "credentials" in step.get("uses", "")]
    assert {"role-to-assume", "aws-region"} == set(credentials)
