"""A stage belongs to one account and region; nothing of another stage or owner is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.aws.cloudformation import describe
from infra.aws.deployed import refuse_foreign_functions
from infra.aws.resources import buckets, existing_resources, functions, rest_apis, tables
from infra.aws.roles import TRUST_POLICY
from infra.aws.stage import Account, Stage
from infra.build.chalice_project import copy_project, read_config
from infra.commands.deploy import deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.stack import Stack

ELSEWHERE = "eu-west-1"
"""The shared stack is in another region of the same account."""


@pytest.fixture(scope="session")
def elsewhere(account: Account) -> Account:
    """The same account in another region."""
    return Account({**account.environment, "AWS_DEFAULT_REGION": ELSEWHERE})


@pytest.fixture
def bare(account: Account, tmp_path: Path) -> Iterator[Stage]:
    """A stage with resources and roles only, destroyed after the test."""
    stage = local_stage("a", account, copy_project(tmp_path / "bare"))
    deploy_resources(stage)
    yield stage
    if existing_resources(stage):
        destroy(stage, confirmation_for(stage))


def snapshot(stage: Stage) -> dict[str, Any]:
    """Everything of a stage that another region's deployment used to change."""
    iam = stage.account.iam
    return {
        "resources": existing_resources(stage),
        "roles": [iam.get_role(RoleName=name)["Role"] for name in stage.roles],
        "policies": [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for name in stage.roles
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ],
        "stack": describe(stage.account, stage.stack_name),
        "functions": [
            (function["FunctionArn"], function["CodeSha256"], function["RevisionId"])
            for function in functions(stage).values()
        ],
    }


@pytest.mark.parametrize(
    "command", [deploy_resources, lambda stage: destroy(stage, confirmation_for(stage))]
)
def test_a_stage_of_another_region_is_not_touched(
    command: Callable[[Stage], object], stack: Stack, elsewhere: Account, tmp_path: Path
) -> None:
    """Deploying or destroying it from another checkout and region stops before any change."""
    before = snapshot(stack.stage)
    twin = local_stage("test", elsewhere, copy_project(tmp_path / "project"))
    with pytest.raises(
        CommandError,
        match="Stage test of this account lives in us-east-1, and nothing was changed: set "
        "AWS_DEFAULT_REGION=us-east-1 to use it, or pass another STAGE= for eu-west-1",
    ):
        command(twin)
    assert before == snapshot(stack.stage)
    assert None is describe(elsewhere, twin.stack_name)
    assert {} == read_config(twin.project)["stages"]
    key = stack.new_key()
    stack.put(key, b"one two three")
    assert "PROCESSED" == stack.record(key)["status"]


def test_a_destroyed_stage_may_move_to_another_region(
    bare: Stage, elsewhere: Account, tmp_path: Path
) -> None:
    """Its name is free again, and its tags name the new region."""
    destroy(bare, confirmation_for(bare))
    moved = local_stage("a", elsewhere, copy_project(tmp_path / "project"))
    deploy_resources(moved)
    role = elsewhere.iam.get_role(RoleName=moved.roles[0])["Role"]
    assert {"Key": "intake:region", "Value": ELSEWHERE} in role["Tags"]
    with pytest.raises(CommandError, match="lives in eu-west-1"):
        deploy_resources(bare)
    destroy(moved, confirmation_for(moved))


def test_a_role_of_an_older_version_names_its_region_in_its_policy(
    account: Account, elsewhere: Account, tmp_path: Path
) -> None:
    """An untagged role is adopted in the region of its policy, and refused in others."""
    stage = local_stage("older", account, copy_project(tmp_path / "here"))
    twin = local_stage("older", elsewhere, copy_project(tmp_path / "there"))
    role = "intake-older-record_failure"
    with_policy(account, role, "arn:aws:dynamodb:us-east-1:000000000000:table/intake-older-D")
    with pytest.raises(CommandError, match="lives in us-east-1"):
        deploy_resources(twin)
    deploy_resources(stage)
    tags = account.iam.get_role(RoleName=role)["Role"]["Tags"]
    assert {"Key": "intake:region", "Value": "us-east-1"} in tags
    destroy(stage, confirmation_for(stage))


def test_a_role_of_another_owner_is_not_taken(account: Account, tmp_path: Path) -> None:
    """A role with permissions that are not a stage's stops the deployment."""
    stage = local_stage("foreign", account, copy_project(tmp_path / "project"))
    role = "intake-foreign-api_handler"
    with_policy(account, role, "arn:aws:s3:::somebody-elses-bucket/*")
    with pytest.raises(CommandError, match=f"IAM role {role} exists and is not of an Intake stage"):
        deploy_resources(stage)
    assert None is describe(account, stage.stack_name)


def with_policy(account: Account, role: str, resource: str) -> None:
    """Create a role without tags, with a policy on this resource."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": resource}
    account.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST_POLICY))
    account.iam.put_role_policy(
        RoleName=role,
        PolicyName=role,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def test_resources_with_similar_names_are_not_the_stages(bare: Stage, elsewhere: Account) -> None:
    """Names only select candidates: the tags decide, the region included."""
    account = bare.account
    backup, twin = "intake-a-uploadbucket-backup", "intake-a-uploadbucket-elsewhere"
    account.s3.create_bucket(Bucket=backup)
    elsewhere.s3.create_bucket(
        Bucket=twin, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    twin_tags = {"intake:stage": "a", "intake:region": ELSEWHERE}
    elsewhere.s3.put_bucket_tagging(
        Bucket=twin,
        Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in twin_tags.items()]},
    )
    account.dynamodb.create_table(
        TableName="intake-a-DocumentsTable-backup",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    assert [bare.outputs()["UploadBucketName"]] == buckets(bare)
    assert [bare.outputs()["DocumentsTableName"]] == tables(bare)
    destroy(bare, confirmation_for(bare))
    assert {backup, twin} <= {found["Name"] for found in account.s3.list_buckets()["Buckets"]}
    assert "intake-a-DocumentsTable-backup" in account.dynamodb.list_tables()["TableNames"]


def test_a_stage_whose_name_begins_with_anothers_is_separate(
    bare: Stage, account: Account, tmp_path: Path
) -> None:
    """Stage `a-uploadbucket` survives the destruction of stage `a`."""
    longer = local_stage("a-uploadbucket", account, copy_project(tmp_path / "longer"))
    deploy_resources(longer)
    before = snapshot(longer)
    destroy(bare, confirmation_for(bare))
    assert before == snapshot(longer)
    destroy(longer, confirmation_for(longer))


def test_a_function_of_another_owner_is_not_overwritten(stack: Stack, tmp_path: Path) -> None:
    """A function with the name but neither the role nor the tags of the stage stops it."""
    stage, name = stack.stage, "intake-test"
    refuse_foreign_functions(stage)
    foreign = replace(stage, name="test2", project=copy_project(tmp_path / "project"))
    lambda_ = stage.account.lambda_
    code = stack.package().read_bytes()
    lambda_.create_function(
        FunctionName="intake-test2",
        Runtime="python3.12",
        Role=lambda_.get_function_configuration(FunctionName=name)["Role"],
        Handler="app.app",
        Code={"ZipFile": code},
    )
    with pytest.raises(CommandError, match="The function intake-test2 exists and is not of stage"):
        deploy_resources(foreign)
    assert {} == functions(foreign)
    lambda_.delete_function(FunctionName="intake-test2")


def test_an_untagged_api_is_adopted_if_it_calls_the_stages_function(stack: Stack) -> None:
    """On AWS, the integrations of an API that an interrupted deployment left show its owner."""
    gateway, stage = stack.account.apigateway, stack.stage
    in_aws = Stage(stage.name, stage.account, stage.project)
    served = stack.api_url.split("/restapis/")[1].split("/")[0]
    empty = gateway.create_rest_api(name=stage.stack_name)["id"]
    assert in_aws.hooks.is_own_api(in_aws, served)
    assert not in_aws.hooks.is_own_api(in_aws, empty)
    assert empty not in rest_apis(in_aws)
    gateway.delete_rest_api(restApiId=empty)
