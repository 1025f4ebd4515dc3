"""`make local`: run the whole stack on this machine until Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.api.auth import OPERATORS
from infra.aws.stage import Account, Stage
from infra.aws.users import User, generate_password, get_or_create_user
from infra.build.chalice_project import configure, copy_project, read_config
from infra.build.features import FEATURE_SETTINGS
from infra.commands.deploy import deploy
from infra.console import CommandError, echo
from infra.local.server import client_environment, is_local, local_aws
from infra.local.stage_settings import control_urls, require_programs
from infra.local.workarounds import local_stage
from infra.paths import ROOT

NAME = "local"
FOLDER = ROOT / ".local"
STACK_FILE = FOLDER / "stack.json"
LOCK_FILE = FOLDER / "lock"
"""Locked while `make local` runs, however it ends."""


def local(port: int | None, settings: Mapping[str, str]) -> None:
    """Deploy to a local AWS, write .local/stack.json and wait for a signal.

    Args:
        port: of the local AWS; None for a free one.
        settings: of the stage, where they differ from those of all stages.

    Raises:
        CommandError: the port is in use, a setting is malformed, or another one runs here.
    """
    require_programs(NAME, settings)
    with local_aws(port) as account, only_one(LOCK_FILE):
        project = FOLDER / "project"
        shutil.rmtree(project, ignore_errors=True)
        stage = local_stage(NAME, account, copy_project(project))
        configure(project, **settings)
        try:
            description = description_of(stage, deploy(stage))
            _write(description)
            _print_credentials(description)
            signal.pause()
        finally:
            STACK_FILE.unlink(missing_ok=True)
            shutil.rmtree(project, ignore_errors=True)


@contextmanager
def only_one(lock_file: Path) -> Iterator[None]:
    """Run the block unless another process runs it with the same file.

    Raises:
        CommandError: one does.
    """
    lock_file.parent.mkdir(exist_ok=True)
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                "`make local` runs here already: end it with Ctrl-C, or use the stack that "
                f"{lock_file.parent.name}/{STACK_FILE.name} describes"
            ) from None
        yield


def running_local_stage(folder: Path = FOLDER) -> Stage:
    """The stage of the `make local` that runs in this folder.

    Raises:
        CommandError: none runs.
    """
    try:
        description = json.loads((folder / STACK_FILE.name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        description = {"endpoint": None, "region": None}
    account = Account(client_environment(description["endpoint"], description["region"]))
    if not is_local(account):  # it may have been killed, and left its description
        raise CommandError(
            'No `make local` is running here: wait for its line "Ready" in another terminal, '
            "or pass another STAGE="
        )
    return local_stage(NAME, account, folder / "project")


def create_demo_users(stage: Stage) -> list[User]:
    """Create two ordinary users and an operator."""
    return [
        get_or_create_user(stage, f"{name}@example.com", generate_password(), groups)
        for name, groups in (("ada", ()), ("bo", ()), ("operator", (OPERATORS,)))
    ]


def description_of(stage: Stage, api_url: str) -> dict[str, Any]:
    """Everything that a script needs to use the stage, demo users included."""
    outputs = stage.outputs()
    environment = read_config(stage.project)["environment_variables"]
    text_bucket = outputs.get("TextBucketName")
    return {
        "endpoint": stage.account.endpoint,
        "region": stage.account.region,
        "apiUrl": api_url,
        "bucket": outputs["UploadBucketName"],
        "table": outputs["DocumentsTableName"],
        "failureQueueUrl": outputs["FailureQueueUrl"],
        "userPoolId": outputs["UserPoolId"],
        "userPoolClientId": outputs["UserPoolClientId"],
        "settings": {name: environment[name] for name in FEATURE_SETTINGS},
        **({"textBucket": text_bucket} if text_bucket else {}),
        **control_urls(stage.account, stage.features),
        "users": [user.to_json() for user in create_demo_users(stage)],
    }


def _print_credentials(description: dict[str, Any]) -> None:
    """Print the URL of the web UI and a user's credentials."""
    user = description["users"][0]
    echo(f"\nReady. {STACK_FILE.relative_to(ROOT)} describes the stack. Ctrl-C stops it.")
    echo(f"Web UI: {description['apiUrl']}")
    echo(f"Sign in as {user['username']} with the password {user['password']}")


def _write(description: dict[str, object]) -> None:
    unfinished = STACK_FILE.with_suffix(".tmp")
    unfinished.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(STACK_FILE)  # readers never see a partial file
    echo(json.dumps(description, indent=2))
