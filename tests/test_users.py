"""Users are made, found and signed in by one command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.chalice_project import copy_project
from infra.console import Problem
from infra.deploy import deploy_resources
from infra.destroy import destroy, remains
from infra.local import description_of
from infra.stage import ROOT, Account, Stage
from infra.users import User, find_or_make_user, id_token, new_password
from tests.stack import PASSWORD, Stack


def run(stack: Stack, *arguments: str, password: str | None = None) -> tuple[int, str, str]:
    """Code and output of `python -m infra user` on the stack's stage."""
    environment = dict(stack.account.environment)
    if password is not None:
        environment["INTAKE_PASSWORD"] = password
    finished = subprocess.run(
        [sys.executable, "-m", "infra", "user", "--stage", stack.stage.name, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stdout, finished.stderr


def test_a_user_is_made_once_and_found_again(stack: Stack) -> None:
    """The token alone is on standard output; the new password is told once, on standard error."""
    code, token, told = run(stack, "--email", "dot@example.com")
    assert 0 == code, told
    assert 3 == len(token.strip().split("."))
    password = told.split()[-1]
    code, again, told = run(stack, "--email", "dot@example.com", password=password)
    assert (0, "") == (code, told)
    assert 3 == len(again.strip().split("."))


@pytest.mark.parametrize(
    ("arguments", "password", "problem"),
    [
        (["--email", "ada@example.com"], None, "There is a user ada@example.com already"),
        (["--email", "ada@example.com"], "Wrong-Horse-77", "ada@example.com cannot sign in"),
        (["--email", "ed@example.com"], "short", "That password will not do"),
        (["--email", "ed@example.com"], "no-digits-No-Digits", "That password will not do"),
        (["--email", "ed"], None, "'ed' cannot be a user"),
        (["--email", "ed@example.com", "--group", "x"], None, "no group 'x'; there is operators"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    stack: Stack, arguments: list[str], password: str | None, problem: str
) -> None:
    """And nobody is left behind half-made."""
    stack.sign_in("ada")
    code, output, told = run(stack, *arguments, password=password)
    assert (1, "") == (code, output)
    assert problem in told
    assert 1 == len(told.splitlines())
    users = stack.account.cognito.list_users(UserPoolId=stack.outputs["UserPoolId"])["Users"]
    emails = [
        attribute["Value"]
        for user in users
        for attribute in user["Attributes"]
        if attribute["Name"] == "email"
    ]
    assert "ada@example.com" in emails
    assert not any(email.startswith("ed") for email in emails)


def test_a_local_stack_has_users_to_try_with(account: Account, tmp_path: Path) -> None:
    """Two ordinary ones and an operator, who can all sign in; they go with the stage."""
    stage = Stage("pool", account, copy_project(tmp_path / "project"))
    deploy_resources(stage)
    description = json.loads(json.dumps(description_of(stage, "http://api/")))
    assert stage.outputs()["UserPoolId"] == description["userPoolId"]
    assert stage.outputs()["UserPoolClientId"] == description["userPoolClientId"]
    users = description["users"]
    assert [[], [], ["operators"]] == [user["groups"] for user in users]
    for user in users:
        assert id_token(stage, User(user["username"], user["password"]))
    assert any(left.startswith("user pool ") for left in remains(stage))
    destroy(stage)
    assert [] == remains(stage)


def test_a_new_password_is_one_that_the_pool_takes(stack: Stack) -> None:
    """Every time, and never the same."""
    passwords = {new_password() for _ in range(20)}
    assert 20 == len(passwords)
    for number, password in enumerate(passwords):
        user = find_or_make_user(stack.stage, f"fay{number}@example.com", password)
        assert id_token(stack.stage, user)


def test_only_administrators_make_users(stack: Stack) -> None:
    """Nobody signs up by themselves: the pool says so, and AWS keeps to it."""
    pool = stack.account.cognito.describe_user_pool(UserPoolId=stack.outputs["UserPoolId"])
    assert pool["UserPool"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]


def test_a_stranger_is_no_user(stack: Stack) -> None:
    """The pool does not tell an unknown name from a wrong password."""
    with pytest.raises(Problem, match="Incorrect username or password"):
        id_token(stack.stage, User("nobody@example.com", PASSWORD))
