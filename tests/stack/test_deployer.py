"""The deployer's policy allows what the commands call, and nothing else."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.documents import document_id_for
from chalicelib.scan_results import CLEAN
from chalicelib.setting_values import OcrMode
from infra.aws.stage import Account
from infra.build.chalice_project import configure, copy_project
from infra.commands.deploy import deploy
from infra.commands.destroy import confirmation_for, destroy
from infra.commands.env import env
from infra.commands.reconcile import reconcile
from infra.commands.retry import retry
from infra.commands.status import status
from infra.commands.user import user
from infra.commands.verify import verify
from infra.local.guardduty.verdicts import TAG
from infra.local.scans import scan
from infra.local.server import client_environment, local_aws
from infra.local.workarounds import local_stage
from tests.support.aws_operations import action_of
from tests.support.faults import Call, faulty_aws
from tests.support.local_textract import LocalTextract
from tests.support.stack import Stack
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
    "sns:GetSubscriptionAttributes": "the second deployment of a stage with OCR",
    "sns:Unsubscribe": "a deployment that switches OCR off",
    "sqs:DeleteMessage": "a failure that was recorded by a retry",
    "sqs:SendMessage": "a dead-letter message that fails again in a retry",
}
"""Allowed actions that an uneventful life of a stage does not call, with what calls them."""

RECOGNITIONS = {
    OcrMode.TEXT: "2026-01-01T00:00:00.000Z",
    OcrMode.ANALYSIS: "2026-01-02T00:00:00.000Z",
}
"""When recognitions started that Textract has not answered for; each is a job of its own."""


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
            stack = Stack(local_stage("deployer", account, project), "")  # records no calls
            deploy(stage)
            user(stage, "somebody@example.com", None, ("operators",))
            _leave_documents(stack)
            env(stage)
            verify(stage)
            retry(stage, 2)
            reconcile(stage, "", 2)
            configure(project, TEXT="on", OCR="text", SCAN="guardduty")
            deploy(stage)
            _set(stack, "kept.txt", "status", {"S": "SCANNING"})
            LocalTextract(account).plan("scan.png", "held", times=2)
            for mode, started_at in RECOGNITIONS.items():
                configure(project, OCR=mode)  # decides on the operation, deployed or not
                _set(stack, "scan.png", "text", _running(started_at))
                retry(stage, 2)
            stack.record("kept.txt", "PROCESSED")  # no function writes into its log any more
            status(stage)
            destroy(stage, confirmation_for(stage))
    return actions


def test_every_call_is_allowed(called: set[str]) -> None:
    """The commands call nothing that the policy does not allow."""
    assert set() == called - LOCAL_ONLY - ALWAYS_ALLOWED - ALLOWED


def test_every_allowed_action_is_called(called: set[str]) -> None:
    """The policy allows nothing that no command calls."""
    assert sorted(NOT_CALLED_HERE) == sorted(ALLOWED - called)


def _leave_documents(stack: Stack) -> None:
    """Two processed documents, and two whose objects are gone: one failed permanently."""
    put = partial(stack.account.s3.put_object, Bucket=stack.bucket)
    put(Key="kept.txt", Body=b"one")
    # Tagged while anybody may do so: Textract can read it once uploads are scanned.
    put(Key="scan.png", Body=scan(["One line"]).png(), Tagging=f"{TAG}={CLEAN}")
    for key in ("kept.txt", "scan.png"):
        stack.record(key, "PROCESSED")
    for key, code in (("failed.txt", "processing_failed"), ("rejected.txt", "empty")):
        stack.put_record(
            key,
            status="FAILED",
            uploadedAt="2026-01-01T00:00:00.000Z",
            objectKey=key,
            fileName=key,
            fileSize=1,
            eTag="0",
            sequencer="0",
            failure={"code": code, "message": "x"},
        )


def _running(started_at: str) -> dict[str, Any]:
    """The text of a document that Textract reads."""
    text = {"source": "ocr", "status": "RUNNING", "startedAt": started_at}
    return {"M": {name: {"S": value} for name, value in text.items()}}


def _set(stack: Stack, key: str, attribute: str, value: dict[str, Any]) -> None:
    """Set an attribute of a record."""
    stack.account.dynamodb.update_item(
        TableName=stack.table,
        Key={"documentId": {"S": document_id_for(stack.bucket, key)}},
        AttributeUpdates={attribute: {"Action": "PUT", "Value": value}},
    )
