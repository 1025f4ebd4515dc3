"""Deploying a stage is idempotent and resumable, and destroying it deletes every resource.

The stage is on the same local AWS as the shared stack.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.aws.resources import existing_resources, mappings, rest_apis
from infra.aws.stage import ROOT, Account, Stage
from infra.build.chalice_project import copy_project, read_config
from infra.commands.deploy import check_python, deploy
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.stack import Stack
from tests.support.waiting import eventually


@pytest.fixture
def other(account: Account, tmp_path: Path) -> Iterator[Stage]:
    """A separate stage, destroyed after the test in any state."""
    stage = local_stage("other", account, copy_project(tmp_path / "project"))
    yield stage
    if existing_resources(stage):
        destroy(stage, confirmation_for(stage))


def everything_of(stage: Stage) -> dict[str, Any]:
    """Everything that a deployment could change, in AWS and in files."""
    account = stage.account
    functions = {
        name: account.lambda_.get_function_configuration(FunctionName=function)
        for name, function in stage.functions.items()
    }
    recorded = json.loads(stage.deployed_file.read_text(encoding="utf-8"))["resources"]
    return {
        "leftover": [
            what for what in sorted(existing_resources(stage)) if not what.startswith("REST API")
        ],
        "code": {name: config["CodeSha256"] for name, config in functions.items()},
        "settings": {name: config["Environment"] for name, config in functions.items()},
        "outputs": stage.outputs(),
        "notifications": [
            (notification["LambdaFunctionArn"], notification["Events"])
            for notification in account.s3.get_bucket_notification_configuration(
                Bucket=stage.outputs()["UploadBucketName"]
            )["LambdaFunctionConfigurations"]
        ],
        "config": read_config(stage.project),
        # The local AWS cannot update an API: each deployment creates Chalice's again.
        "recorded": [resource for resource in recorded if resource["resource_type"] != "rest_api"],
    }


def test_an_interrupted_deployment_resumes(other: Stage, stack: Stack) -> None:
    """A deployment is killed, completed, repeated, used and destroyed beside another stage."""
    deploy_until(other, "a mapping", lambda: bool(mappings(other)))
    assert {} == other.get_deployed("rest_api")
    # What a kill one second later would leave: Chalice creates the API last.
    other.account.apigateway.create_rest_api(name=other.stack_name)

    api_url = deploy(other)
    assert (1, 1) == (len(rest_apis(other)), len(mappings(other)))
    first = everything_of(other)
    assert api_url == deploy(other)
    assert (1, 1) == (len(rest_apis(other)), len(mappings(other)))
    assert first == everything_of(other)

    bucket = other.outputs()["UploadBucketName"]
    copy = Stack(other, "")
    copy.put("a.txt", b"one two three")
    assert "PROCESSED" == copy.record("a.txt")["status"]

    with pytest.raises(CommandError, match="holds files and records, and nothing was deleted"):
        destroy(other)
    with pytest.raises(CommandError, match="Confirmation does not match"):
        destroy(other, "yes")
    assert set(first["leftover"]) <= set(existing_resources(other))
    assert ["a.txt"] == [
        item["Key"] for item in other.account.s3.list_objects_v2(Bucket=bucket)["Contents"]
    ]

    destroy(other, confirmation_for(other))
    assert [] == existing_resources(other)
    assert [] == everything_in_the_account_named(other)
    assert {} == read_config(other.project)["stages"]
    assert not other.policies_folder.exists()
    assert not other.deployed_file.exists()

    key = stack.new_key()
    stack.put(key, b"one two three")
    assert "PROCESSED" == stack.record(key)["status"]


def deploy_until(stage: Stage, what: str, happened: Any) -> None:
    """Deploy in another process, and kill it when the condition is true."""
    program = (
        "import os, sys, pathlib\n"
        "from infra.commands.deploy import deploy\n"
        "from infra.aws.stage import Account\n"
        "from infra.local.workarounds import local_stage\n"
        "deploy(local_stage('other', Account(dict(os.environ)), pathlib.Path(sys.argv[1])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, stage.project],
        env=dict(stage.account.environment),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually(happened, what)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def everything_in_the_account_named(stage: Stage) -> list[str]:
    """The names of all resources in the account that contain the stage's name."""
    account = stage.account
    names = [
        *[stack["StackName"] for stack in account.cloudformation.describe_stacks()["Stacks"]],
        *[bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]],
        *account.dynamodb.list_tables()["TableNames"],
        *[role["RoleName"] for role in account.iam.list_roles()["Roles"]],
        *[item["FunctionName"] for item in account.lambda_.list_functions()["Functions"]],
        *[api["name"] for api in account.apigateway.get_rest_apis()["items"]],
        *[url.rpartition("/")[2] for url in account.sqs.list_queues().get("QueueUrls", [])],
        *[alarm["AlarmName"] for alarm in account.cloudwatch.describe_alarms()["MetricAlarms"]],
        *[
            dashboard["DashboardName"]
            for dashboard in account.cloudwatch.list_dashboards()["DashboardEntries"]
        ],
        *[topic["TopicArn"].rpartition(":")[2] for topic in account.sns.list_topics()["Topics"]],
        *[
            group["logGroupName"].removeprefix("/aws/lambda/")
            for group in account.logs.describe_log_groups()["logGroups"]
        ],
        *[
            mapping["FunctionArn"].rpartition(":")[2]
            for mapping in account.lambda_.list_event_source_mappings()["EventSourceMappings"]
        ],
    ]
    assert any(name.startswith("intake-test") for name in names)
    return [name for name in names if stage.stack_name in name]


def test_a_stage_that_does_not_exist_cannot_be_destroyed(account: Account, stack: Stack) -> None:
    """The message names the stage and the existing ones."""
    with pytest.raises(
        CommandError, match=r"Stage 'nowhere' does not exist.*; existing stages: .*test"
    ):
        destroy(local_stage("nowhere", account, stack.stage.project))


@pytest.mark.parametrize("name", ["", "Dev", "dev_1", "1dev", "a" * 21, "dev;ls"])
def test_an_invalid_stage_name_is_rejected(account: Account, name: str) -> None:
    """The message contains the allowed characters and length."""
    with pytest.raises(CommandError, match=r"Invalid stage name .*: pass STAGE= with 1 to 20"):
        Stage(name, account)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [((3, 10), False), ((3, 11), True), ((3, 14), True), ((3, 15), False)],
)
def test_deployment_requires_a_python_with_a_lambda_runtime(
    version: tuple[int, int], accepted: bool
) -> None:
    """Python 3.11 to 3.14 are accepted, other versions rejected."""
    if accepted:
        check_python(version)
        return
    with pytest.raises(CommandError, match=r"deploy with Python 3\.11 to 3\.14"):
        check_python(version)
