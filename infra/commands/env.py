"""`make env`: print a stage's URLs and names as variables of a POSIX shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.aws.resources import api_url
from infra.aws.stage import Stage
from infra.commands.local import NAME as LOCAL
from infra.commands.local import STACK_FILE
from infra.console import echo


def env(stage: Stage) -> None:
    """Print one `export` per variable, for `eval`; for the stage of `make local`, a user as well.

    Raises:
        CommandError: the stage is not deployed.
    """
    user = demo_user_variables() if stage.name == LOCAL else {}
    for line in exports({**stage_variables(stage), **user}):
        echo(line)


def exports(variables: Mapping[str, str]) -> Iterator[str]:
    """Commands of a POSIX shell that set and export variables."""
    return (f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def stage_variables(stage: Stage) -> Mapping[str, str]:
    """What a client needs to use a stage.

    Raises:
        CommandError: the stage is not deployed.
    """
    outputs, account = stage.outputs(), stage.account
    return {
        "INTAKE_API_URL": api_url(stage),
        "INTAKE_COGNITO_URL": account.cognito.meta.endpoint_url,
        "INTAKE_REGION": account.region,
        "INTAKE_USER_POOL_ID": outputs["UserPoolId"],
        "INTAKE_USER_POOL_CLIENT_ID": outputs["UserPoolClientId"],
        "INTAKE_BUCKET": outputs["UploadBucketName"],
        "INTAKE_TABLE": outputs["DocumentsTableName"],
        "INTAKE_TOPIC_ARN": outputs["NotificationTopicArn"],
    }


def demo_user_variables(stack_file: Path = STACK_FILE) -> Mapping[str, str]:
    """The first user of `make local`, an ordinary one, with the password."""
    user = json.loads(stack_file.read_text(encoding="utf-8"))["users"][0]
    return {"INTAKE_EMAIL": user["username"], "INTAKE_PASSWORD": user["password"]}
