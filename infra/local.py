"""`make local`: the whole stack on this machine until Ctrl-C."""

from __future__ import annotations

import json
import shutil
import signal
from typing import Any

from chalicelib.callers import OPERATORS
from infra.chalice_project import copy_project
from infra.console import Problem, say
from infra.deploy import deploy
from infra.local_aws import client_environment, local_aws
from infra.stage import ROOT, Account, Stage
from infra.users import User, find_or_make_user, new_password

NAME = "local"
FOLDER = ROOT / ".local"
STACK_FILE = FOLDER / "stack.json"


def local(port: int | None) -> None:
    """Deploy to a local AWS, describe it in .local/stack.json, and keep it until a signal.

    Raises:
        Problem: the port is in use, or another `make local` runs in this folder.
    """
    with local_aws(port) as account:
        project = FOLDER / "project"
        shutil.rmtree(project, ignore_errors=True)
        stage = Stage(NAME, account, copy_project(project))
        try:
            description = description_of(stage, deploy(stage))
            _write(description)
            _invite(description)
            signal.pause()
        finally:
            STACK_FILE.unlink(missing_ok=True)
            shutil.rmtree(project, ignore_errors=True)


def running_local_stage() -> Stage:
    """The stage of the `make local` that runs in this folder.

    Raises:
        Problem: there is none.
    """
    if not STACK_FILE.exists():
        raise Problem("No `make local` runs in this folder: start one, or say another STAGE=")
    endpoint = json.loads(STACK_FILE.read_text(encoding="utf-8"))["endpoint"]
    return Stage(NAME, Account(client_environment(endpoint)), FOLDER / "project")


def make_users(stage: Stage) -> list[User]:
    """Two ordinary users and an operator, to try things with."""
    return [
        find_or_make_user(stage, f"{name}@example.com", new_password(), groups)
        for name, groups in (("ada", ()), ("bo", ()), ("operator", (OPERATORS,)))
    ]


def description_of(stage: Stage, api_url: str) -> dict[str, Any]:
    """What any script needs to use a stage, users to try it with included."""
    outputs = stage.outputs()
    return {
        "endpoint": stage.account.endpoint,
        "region": stage.account.region,
        "apiUrl": api_url,
        "bucket": outputs["UploadBucketName"],
        "table": outputs["DocumentsTableName"],
        "failureQueueUrl": outputs["FailureQueueUrl"],
        "userPoolId": outputs["UserPoolId"],
        "userPoolClientId": outputs["UserPoolClientId"],
        "users": [user.to_json() for user in make_users(stage)],
    }


def _invite(description: dict[str, Any]) -> None:
    """Say where the page is and as whom to use it."""
    user = description["users"][0]
    say(f"\nReady. {STACK_FILE.relative_to(ROOT)} describes it. Ctrl-C ends it.")
    say(f"The page: {description['apiUrl']}")
    say(f"Sign in as {user['username']} with the password {user['password']}")


def _write(description: dict[str, object]) -> None:
    unfinished = STACK_FILE.with_suffix(".tmp")
    unfinished.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(STACK_FILE)  # whoever waits for the file never sees half of it
    say(json.dumps(description, indent=2))
