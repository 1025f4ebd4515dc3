"""The deployer's policy allows what the commands call, and nothing else."""

from __future__ import annotations

import pytest

from chalicelib.documents import document_id_for
from infra.aws.stage import Account
from infra.build.chalice_project import copy_project
from infra.commands.deploy import deploy
from infra.commands.destroy import confirmation_for, destroy
from infra.commands.env import env
from infra.commands.reconcile import reconcile
from infra.commands.retry import retry
from infra.commands.status import status
from infra.commands.user import user
from infra.commands.verify import verify
from infra.local.server import client_environment, local_aws
from infra.local.workarounds import local_stage
from tests.support.aws_operations import action_of
from tests.support.faults import Call, faulty_aws
from tests.unit.test_deployer import DEPLOYER


def _actions(statement: dict[str, str | list[str]]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


LOCAL_ONLY = {"dynamodb:UpdateTimeToLive"}
"""Called for what the local AWS omits."""

ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
"""Needs no permission (STS API reference)."""

ALLOWED = {action for item in DEPLOYER["Statement"] for action in _actions(item)}

NOT_CALLED_HERE = {
    "cloudformation:DescribeStackEvents": "the reason of a failed operation",
    "cloudformation:DescribeStackResources": "a stack that can only be deleted",
    "cloudformation:TagResource": "CreateStack and UpdateStack with tags",
    "cloudformation:UntagResource": "UpdateStack without a tag",
    "dynamodb:ListTagsOfResource": "a table outside the stack, after an interrupted destroy",
    "guardduty:SendObjectMalwareScan": "retry and backfill of a stage that scans uploads",
    "events:DeleteRule": "a stage that scanned uploads",
    "events:PutRule": "a stage that scans uploads",
    "events:PutTargets": "likewise",
    "events:RemoveTargets": "a stage that scanned uploads",
    "iam:DetachRolePolicy": "a policy that was attached by hand",
    "iam:GetRolePolicy": "the region of a role without tags, of an older version",
    "iam:PassRole": "CreateFunction and CreateStack with a role",
    "iam:TagRole": "a role of an older version",
    "lambda:PutFunctionConcurrency": "the reservation, which the local AWS does not get",
    "lambda:RemovePermission": "plain `chalice delete`",
    "lambda:TagResource": "CreateFunction with tags",
    "lambda:UntagResource": "a tag that was removed from the stage's settings",
    "s3:AbortMultipartUpload": "an upload in parts that is not complete",
    "s3:DeleteObjectVersion": "DeleteObjects of a versioned bucket",
    "s3:GetBucketTagging": "a bucket outside the stack",
    "s3:GetObject": "HeadObject of an object that may be gone",
    "sqs:DeleteMessage": "a failure that was recorded by a retry",
    "sqs:SendMessage": "a dead-letter message that fails again in a retry",
}
"""Allowed actions that an uneventful life of a stage does not call, with what calls them."""


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The IAM actions of all commands in the life of a stage, verification included."""
    actions = set()

    def record(call: Call) -> None:
        if action := action_of(call):
            actions.add(action)

    with local_aws() as account:
        assert account.endpoint
        with faulty_aws(account.endpoint, record) as url:
            project = copy_project(tmp_path_factory.mktemp("deployer") / "project")
            stage = local_stage("deployer", Account(client_environment(url)), project)
            deploy(stage)
            user(stage, "somebody@example.com", None, ("operators",))
            _leave_documents(account, stage.outputs())
            env(stage)
            verify(stage)
            retry(stage, 2)
            reconcile(stage, "", 2)
            deploy(stage)
            status(stage)
            destroy(stage, confirmation_for(stage))
    return actions


def test_every_call_is_allowed(called: set[str]) -> None:
    """The commands call nothing that the policy does not allow."""
    assert set() == called - LOCAL_ONLY - ALWAYS_ALLOWED - ALLOWED


def test_every_allowed_action_is_called(called: set[str]) -> None:
    """The policy allows nothing that no command calls."""
    assert sorted(NOT_CALLED_HERE) == sorted(ALLOWED - called)


def _leave_documents(account: Account, outputs: dict[str, str]) -> None:
    """An object, and two documents whose objects are gone: one failed permanently."""
    bucket, table = outputs["UploadBucketName"], outputs["DocumentsTableName"]
    account.s3.put_object(Bucket=bucket, Key="kept.txt", Body=b"one")
    for key, code in (("failed.txt", "processing_failed"), ("rejected.txt", "empty")):
        account.dynamodb.put_item(
            TableName=table,
            Item={
                "documentId": {"S": document_id_for(bucket, key)},
                "status": {"S": "FAILED"},
                "uploadedAt": {"S": "2026-01-01T00:00:00.000Z"},
                "objectKey": {"S": key},
                "fileName": {"S": key},
                "fileSize": {"N": "1"},
                "eTag": {"S": "0"},
                "sequencer": {"S": "0"},
                "failure": {"M": {"code": {"S": code}, "message": {"S": "x"}}},
            },
        )
