"""Destroying a stage deletes everything in it after confirmation, and can be interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.aws.resources import existing_resources
from infra.aws.stage import Account, Stage
from infra.aws.stored import is_protected
from infra.aws.users import get_or_create_user
from infra.build.chalice_project import copy_project
from infra.commands.deploy import deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.stack import PASSWORD


class InterruptionError(Exception):
    """The command ends before a call."""


@pytest.fixture
def bare(account: Account, tmp_path: Path) -> Iterator[Stage]:
    """A stage with resources and roles only, destroyed after the test."""
    stage = local_stage("bare", account, copy_project(tmp_path / "bare"))
    deploy_resources(stage)
    yield stage
    if existing_resources(stage):
        destroy(stage, confirmation_for(stage))


def test_an_empty_stage_is_protected_too(bare: Stage) -> None:
    """Table and user pool are protected in the services; only a confirmation lifts it."""
    dynamodb, outputs = bare.account.dynamodb, bare.outputs()
    with pytest.raises(CommandError, match="Stage bare is protected from deletion, and nothing"):
        destroy(bare)
    with pytest.raises(dynamodb.exceptions.ClientError, match="protected against deletion"):
        dynamodb.delete_table(TableName=outputs["DocumentsTableName"])
    pool = bare.account.cognito.describe_user_pool(UserPoolId=outputs["UserPoolId"])["UserPool"]
    assert "ACTIVE" == pool["DeletionProtection"]
    deploy_resources(bare)
    assert is_protected(bare)


def test_users_are_data(bare: Stage) -> None:
    """A stage with users but without files is deleted after confirmation."""
    get_or_create_user(bare, "ada@example.com", PASSWORD)
    with pytest.raises(CommandError, match="Stage bare holds users, and nothing was deleted"):
        destroy(bare)


def test_a_versioned_bucket_is_emptied(bare: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Older versions and delete markers count as files; the number of versions is printed."""
    s3, bucket = bare.account.s3, bare.outputs()["UploadBucketName"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"one")
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"two")
    s3.delete_object(Bucket=bucket, Key="a.txt")
    s3.create_multipart_upload(Bucket=bucket, Key="unfinished")
    with pytest.raises(CommandError, match="Stage bare holds files, and nothing was deleted"):
        destroy(bare)
    destroy(bare, confirmation_for(bare))
    assert "is deleted, with 2 versions of files" in capsys.readouterr().out
    assert [] == existing_resources(bare)


@pytest.mark.parametrize(
    "call",
    [
        "logs.DeleteLogGroup",
        "s3.DeleteObjects",
        "cloudformation.DeleteStack",
        "s3.DeleteBucket",
        "dynamodb.DeleteTable",
        "cognito-identity-provider.DeleteUserPool",
        "iam.DeleteRole",
    ],
)
def test_an_interrupted_destruction_resumes(bare: Stage, call: str) -> None:
    """After an interruption before any call, the same command completes it."""
    bare.account.s3.put_object(Bucket=bare.outputs()["UploadBucketName"], Key="a", Body=b"1")
    with pytest.raises(InterruptionError):
        destroy(interrupted(bare, call), confirmation_for(bare))
    assert existing_resources(bare)
    destroy(bare, confirmation_for(bare))
    assert [] == existing_resources(bare)


def test_a_partly_destroyed_stage_is_not_deployed(bare: Stage) -> None:
    """A new stack would have another table; the message names the command to complete."""
    with pytest.raises(InterruptionError):
        destroy(interrupted(bare, "dynamodb.DeleteTable"), confirmation_for(bare))
    with pytest.raises(
        CommandError, match=r"partly destroyed, intake-bare-Documents.* make destroy"
    ):
        deploy_resources(bare)


def interrupted(stage: Stage, call: str) -> Stage:
    """The stage with clients that are interrupted before this call."""
    account = Account(dict(stage.account.environment))
    clients = {
        "cloudformation": account.cloudformation,
        "cognito-identity-provider": account.cognito,
        "dynamodb": account.dynamodb,
        "iam": account.iam,
        "logs": account.logs,
        "s3": account.s3,
    }

    def interrupt(**_call: object) -> None:
        raise InterruptionError

    clients[call.partition(".")[0]].meta.events.register(f"before-call.{call}", interrupt)
    return replace(stage, account=account)
