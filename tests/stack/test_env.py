"""`make env` prints variables that a shell can evaluate."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from infra.commands.env import demo_user_variables, env, exports
from tests.support.stack import Stack


def evaluated(commands: str) -> dict[str, str]:
    """The variables that a shell exports after it has evaluated these commands."""
    finished = subprocess.run(
        ["sh", "-c", 'eval "$1" && env -0', "sh", commands],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [line.split("=", 1) for line in finished.stdout.split("\0") if line]
    return {name: value for name, value in pairs if name.startswith("INTAKE_")}


def test_a_shell_gets_what_a_client_needs(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Evaluating the output exports the stage's URLs and names."""
    env(stack.stage)
    assert {
        "INTAKE_API_URL": stack.api_url,
        "INTAKE_COGNITO_URL": stack.account.endpoint,
        "INTAKE_REGION": stack.account.region,
        "INTAKE_USER_POOL_ID": stack.outputs["UserPoolId"],
        "INTAKE_USER_POOL_CLIENT_ID": stack.outputs["UserPoolClientId"],
        "INTAKE_BUCKET": stack.bucket,
        "INTAKE_TABLE": stack.table,
        "INTAKE_TOPIC_ARN": stack.outputs["NotificationTopicArn"],
    } == evaluated(capsys.readouterr().out)


def test_values_are_quoted() -> None:
    """A value with every special character of a shell arrives as it is."""
    value = "a b'c\"d$HOME`id`\\e;f*g!&|\n#~"
    assert {"INTAKE_PASSWORD": value} == evaluated("\n".join(exports({"INTAKE_PASSWORD": value})))


def test_the_user_of_a_make_local_is_an_ordinary_one(tmp_path: Path) -> None:
    """Of the users in .local/stack.json, the first one, which is not an operator."""
    described = tmp_path / "stack.json"
    users = [{"username": "ada@example.com", "password": "secret"}, {"username": "operator"}]
    described.write_text(json.dumps({"users": users}), encoding="utf-8")
    assert {
        "INTAKE_EMAIL": "ada@example.com",
        "INTAKE_PASSWORD": "secret",
    } == demo_user_variables(described)
