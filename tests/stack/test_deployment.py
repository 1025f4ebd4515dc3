"""Deploying a stage is idempotent and resumable, and destroying it deletes every resource.

The stage is on the same local AWS as the shared stack.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.aws.cloudformation import describe
from infra.aws.deployed import rebuild_deployed
from infra.aws.resources import existing_resources, mappings, rest_apis
from infra.aws.stage import ROOT, Account, Stage
from infra.build.chalice_project import PACKAGES, copy_project, read_config
from infra.commands.deploy import StackOptions, check_python, deploy
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.faults import Call, ConnectionFault, faulty_aws
from tests.support.stack import Stack

LOCAL_API_STACK = "local-api-of-intake-other"
"""Created by the last step before the settings of the API."""


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


def test_an_interrupted_deployment_resumes(other: Stage, stack: Stack, tmp_path: Path) -> None:
    """A deployment is killed in each step, completed from another checkout, used and destroyed.

    Another stage is beside it.
    """
    deploy_until(other, is_function)
    created = other.outputs()
    assert not other.get_deployed("api_handler")
    deploy_until(other, is_api)
    assert mappings(other)
    assert {} == other.get_deployed("rest_api")
    leave_behind(other)
    deploy_until(other, is_rate_limit)
    assert describe(other.account, LOCAL_API_STACK)
    # As an operator may, to protect other functions of the account.
    function = other.functions["record_failure"]
    other.account.lambda_.put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=3
    )
    first = everything_of(other)

    other = replace(other, project=copy_project(tmp_path / "another checkout"))
    deploy(other, StackOptions(alarm_email="ops@example.org"))
    kept = other.account.lambda_.get_function_concurrency(FunctionName=function)
    assert 3 == kept["ReservedConcurrentExecutions"]
    assert (1, 1) == (len(rest_apis(other)), len(mappings(other)))
    assert first == everything_of(other)
    assert created == other.outputs()

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


def leave_behind(stage: Stage) -> None:
    """Leave what breaks a deployment that believes Chalice's record, and what it must delete.

    The record names a bucket, a mapping and an API that do not exist; a mapping belongs to another
    queue, an API is what a kill one second later would leave, and a function of the stage is no
    longer in the code.
    """
    account, arn = stage.account, "arn:aws:lambda:us-east-1:000000000000:function:"
    function = stage.functions["record_failure"]
    queue_url = account.sqs.create_queue(QueueName="outdated")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:outdated"
    account.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    account.sqs.delete_queue(QueueUrl=queue_url)
    account.apigateway.create_rest_api(name=stage.stack_name)
    account.lambda_.create_function(
        FunctionName=f"{stage.stack_name}-old",
        Runtime="python3.12",
        Role=account.lambda_.get_function_configuration(FunctionName=function)["Role"],
        Handler="app.app",
        Code={"ZipFile": next((stage.project / PACKAGES).glob("*.zip")).read_bytes()},
        Tags=stage.tags,
    )
    stage.write_deployed(
        [
            {
                "name": "process_upload-s3event",
                "resource_type": "s3_event",
                "bucket": "a-bucket-that-does-not-exist",
                "lambda_arn": f"{arn}{stage.functions['process_upload']}",
            },
            {
                "name": "record_failure-sqs-event-source",
                "resource_type": "sqs_event",
                "event_uuid": "00000000-0000-0000-0000-000000000000",
                "queue_arn": queue,
                "queue": "outdated",
                "lambda_arn": f"{arn}{function}",
            },
            {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": "none"},
        ]
    )


def test_the_rebuilt_record_is_chalices(stack: Stack) -> None:
    """A checkout without a record finds what Chalice recorded, the API's id and URL included."""
    stage = stack.stage
    recorded = json.loads(stage.deployed_file.read_text(encoding="utf-8"))
    stage.deployed_file.unlink()
    rebuild_deployed(stage)
    rebuilt = json.loads(stage.deployed_file.read_text(encoding="utf-8"))
    stage.write_deployed(recorded.pop("resources"))
    resources = {resource["name"]: resource for resource in rebuilt.pop("resources")}
    assert recorded == rebuilt
    by_name = {
        resource["name"]: resource
        for resource in json.loads(stage.deployed_file.read_text(encoding="utf-8"))["resources"]
        if resource["resource_type"] not in ("iam_role", "log_group")  # Chalice looks them up
    }
    assert by_name == resources


def is_function(call: Call) -> bool:
    """Chalice's first call that creates something: stack, roles and policies exist."""
    return call.method == "POST" and call.path.endswith("/functions")


def is_api(call: Call) -> bool:
    """Chalice's last call that creates something: functions, events and mapping exist."""
    return call.method == "POST" and call.path.startswith("/restapis?")


def is_rate_limit(call: Call) -> bool:
    """The deployment's last call that changes something."""
    return call.method == "PATCH" and "/stages/" in call.path


def deploy_until(stage: Stage, is_next: Callable[[Call], bool]) -> None:
    """Deploy in another process, and kill it before this call reaches AWS."""
    program = (
        "import os, sys, pathlib\n"
        "from infra.commands.deploy import deploy\n"
        "from infra.aws.stage import Account\n"
        "from infra.local.workarounds import local_stage\n"
        "deploy(local_stage('other', Account(dict(os.environ)), pathlib.Path(sys.argv[1])))"
    )
    reached = threading.Event()

    def fault(call: Call) -> ConnectionFault | None:
        if reached.is_set() or is_next(call):
            reached.set()
            return ConnectionFault.HUNG
        return None

    with faulty_aws(stage.account.endpoint or "", fault) as url:
        process = subprocess.Popen(
            [sys.executable, "-c", program, stage.project],
            env={**stage.account.environment, "AWS_ENDPOINT_URL": url},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert reached.wait(120), "the deployment did not make the call"
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
