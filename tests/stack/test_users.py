"""`make user` creates, finds and signs in users."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.aws.resources import existing_resources
from infra.aws.stage import ROOT, Account
from infra.aws.users import User, generate_password, get_id_token, get_or_create_user
from infra.build.chalice_project import copy_project
from infra.commands.deploy import deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.commands.local import description_of
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.stack import PASSWORD, Stack


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


def test_a_user_is_created_once_and_found_again(stack: Stack) -> None:
    """Standard output holds only the token; standard error holds the password of a new user."""
    code, token, stderr = run(stack, "--email", "dot@example.com")
    assert 0 == code, stderr
    assert 3 == len(token.strip().split("."))
    password = stderr.split()[-1]
    code, again, stderr = run(stack, "--email", "dot@example.com", password=password)
    assert (0, "") == (code, stderr)
    assert 3 == len(again.strip().split("."))


@pytest.mark.parametrize(
    ("arguments", "password", "problem"),
    [
        (["--email", "ada@example.com"], None, "User ada@example.com exists"),
        (["--email", "ada@example.com"], "Wrong-Horse-77", "ada@example.com cannot sign in"),
        (["--email", "ed@example.com"], "short", "Invalid password"),
        (["--email", "ed@example.com"], "no-digits-No-Digits", "Invalid password"),
        (["--email", "ed"], None, "Invalid user 'ed'"),
        (
            ["--email", "ed@example.com", "--group", "x"],
            None,
            "no group 'x'; existing groups: operators",
        ),
    ],
)
def test_an_invalid_user_is_one_error_line(
    stack: Stack, arguments: list[str], password: str | None, problem: str
) -> None:
    """The command exits with 1 and creates no user."""
    stack.sign_in("ada")
    code, output, stderr = run(stack, *arguments, password=password)
    assert (1, "") == (code, output)
    assert problem in stderr
    assert 1 == len(stderr.splitlines())
    users = stack.account.cognito.list_users(UserPoolId=stack.outputs["UserPoolId"])["Users"]
    emails = [
        attribute["Value"]
        for user in users
        for attribute in user["Attributes"]
        if attribute["Name"] == "email"
    ]
    assert "ada@example.com" in emails
    assert not any(email.startswith("ed") for email in emails)


def test_a_local_stack_has_demo_users(account: Account, tmp_path: Path) -> None:
    """Two ordinary users and an operator can sign in; destroying the stage deletes them."""
    stage = local_stage("pool", account, copy_project(tmp_path / "project"))
    deploy_resources(stage)
    description = json.loads(json.dumps(description_of(stage, "http://api/")))
    assert stage.outputs()["UserPoolId"] == description["userPoolId"]
    assert stage.outputs()["UserPoolClientId"] == description["userPoolClientId"]
    users = description["users"]
    assert [[], [], ["operators"]] == [user["groups"] for user in users]
    for user in users:
        assert get_id_token(stage, User(user["username"], user["password"]))
    assert any(left.startswith("user pool ") for left in existing_resources(stage))
    destroy(stage, confirmation_for(stage))
    assert [] == existing_resources(stage)


def test_a_generated_password_satisfies_the_pool(stack: Stack) -> None:
    """Twenty generated passwords are distinct and accepted."""
    passwords = {generate_password() for _ in range(20)}
    assert 20 == len(passwords)
    for number, password in enumerate(passwords):
        user = get_or_create_user(stack.stage, f"fay{number}@example.com", password)
        assert get_id_token(stack.stage, user)


def test_only_administrators_create_users(stack: Stack) -> None:
    """The pool has self-registration disabled."""
    pool = stack.account.cognito.describe_user_pool(UserPoolId=stack.outputs["UserPoolId"])
    assert pool["UserPool"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]


def test_an_unknown_user_cannot_sign_in(stack: Stack) -> None:
    """The error is the same as for a wrong password."""
    with pytest.raises(CommandError, match="Incorrect username or password"):
        get_id_token(stack.stage, User("nobody@example.com", PASSWORD))
