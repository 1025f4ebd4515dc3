"""A stage comes, changes only when something changed, and goes without a trace.

On the same local AWS as the shared stack, beside it.
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

from infra.chalice_project import copy_project, read_config
from infra.console import Problem
from infra.deploy import check_python, deploy, event_source_mappings, rest_apis
from infra.destroy import confirmation_for, destroy, remains
from infra.stage import ROOT, Account, Stage
from tests.stack import Stack
from tests.waiting import eventually


@pytest.fixture
def other(account: Account, tmp_path: Path) -> Iterator[Stage]:
    """A stage of its own, destroyed in the end whatever became of it."""
    stage = Stage("other", account, copy_project(tmp_path / "project"))
    yield stage
    if remains(stage):
        destroy(stage, confirmation_for(stage))


def everything_of(stage: Stage) -> dict[str, Any]:
    """All that a deployment could change, as AWS and the files tell it."""
    account = stage.account
    functions = {
        name: account.lambda_.get_function_configuration(FunctionName=function)
        for name, function in stage.functions.items()
    }
    noted = json.loads(stage.deployed_file.read_text(encoding="utf-8"))["resources"]
    return {
        "remains": [what for what in sorted(remains(stage)) if not what.startswith("REST API")],
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
        # The local AWS cannot update an API: Chalice's is made anew, and serves nothing there.
        "noted": [resource for resource in noted if resource["resource_type"] != "rest_api"],
    }


def test_a_broken_off_deployment_is_finished_by_the_next(other: Stage, stack: Stack) -> None:
    """Killed half-way, run again, run once more, used, and destroyed, beside a running stage."""
    deploy_until(other, "a mapping", lambda: bool(event_source_mappings(other)))
    assert not other.deployed_file.exists()
    # What a kill in the next second would leave: Chalice makes the API last.
    other.account.apigateway.create_rest_api(name=other.stack_name)

    api_url = deploy(other)
    assert (1, 1) == (len(rest_apis(other)), len(event_source_mappings(other)))
    first = everything_of(other)
    assert api_url == deploy(other)
    assert (1, 1) == (len(rest_apis(other)), len(event_source_mappings(other)))
    assert first == everything_of(other)

    bucket = other.outputs()["UploadBucketName"]
    copy = Stack(other, "")
    copy.put("a.txt", b"one two three")
    assert "PROCESSED" == copy.record("a.txt")["status"]

    with pytest.raises(Problem, match="holds files and records; nothing was deleted"):
        destroy(other)
    with pytest.raises(Problem, match="Those are not the words"):
        destroy(other, "yes")
    assert set(first["remains"]) <= set(remains(other))
    assert ["a.txt"] == [
        item["Key"] for item in other.account.s3.list_objects_v2(Bucket=bucket)["Contents"]
    ]

    destroy(other, confirmation_for(other))
    assert [] == remains(other)
    assert [] == everything_in_the_account_named(other)
    assert {} == read_config(other.project)["stages"]
    assert not other.policies_folder.exists()
    assert not other.deployed_file.exists()

    key = stack.new_key()
    stack.put(key, b"one two three")
    assert "PROCESSED" == stack.record(key)["status"]


def deploy_until(stage: Stage, what: str, happened: Any) -> None:
    """Deploy in another process and kill all of that as soon as something has happened."""
    program = (
        "import os, sys, pathlib\n"
        "from infra.deploy import deploy\n"
        "from infra.stage import Account, Stage\n"
        "deploy(Stage('other', Account(dict(os.environ)), pathlib.Path(sys.argv[1])))"
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
    """Names of all kinds in the account that begin as the stage's do."""
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
    """The message names the stage and the ones that there are."""
    with pytest.raises(Problem, match=r"There is no stage 'nowhere'.*; there is .*test"):
        destroy(Stage("nowhere", account, stack.stage.project))


@pytest.mark.parametrize("name", ["", "Dev", "dev_1", "1dev", "a" * 21, "dev;ls"])
def test_a_name_that_no_stage_can_have_is_refused(account: Account, name: str) -> None:
    """The message says what a name is made of."""
    with pytest.raises(Problem, match=r"cannot name a stage: say STAGE=name, 1 to 20"):
        Stage(name, account)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [((3, 10), False), ((3, 11), True), ((3, 14), True), ((3, 15), False)],
)
def test_only_a_python_that_lambda_has_deploys(version: tuple[int, int], accepted: bool) -> None:
    """Chalice takes the runtime from the Python that it runs on."""
    if accepted:
        check_python(version)
        return
    with pytest.raises(Problem, match=r"deploy with Python 3\.11 to 3\.14"):
        check_python(version)
