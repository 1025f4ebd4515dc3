"""Destroy a stage: delete all its resources; files and records only after confirmation."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from infra.aws import cloudformation
from infra.aws.stage import Stage
from infra.aws.unrecorded import event_source_mappings, rest_apis
from infra.build.chalice_project import read_config, run_chalice, write_config
from infra.console import CommandError, echo, step

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


def confirmation_for(stage: Stage) -> str:
    """The CONFIRM value that allows a stage's files and records to be deleted."""
    return f"delete all files and records of {stage.name}"


def destroy(stage: Stage, confirmation: str = "") -> None:
    """Delete a stage: functions, API, roles, logs, queues, users, table and bucket; safe to re-run.

    Args:
        stage: the stage.
        confirmation: the value of `confirmation_for`, required if it holds files or records.

    Raises:
        CommandError: the stage does not exist, it holds files or records and the confirmation does
            not match, or a resource could not be deleted.
    """
    if not leftover_resources(stage):
        stage.outputs()  # raises an error that lists the existing stages
    _refuse_to_lose_data(stage, confirmation)
    echo(f"Destroying stage {stage.name}")
    with step("Functions and API"):
        if stage.deployed_file.exists():
            run_chalice(stage, "delete")
        _delete_functions(stage)
    with step("CloudFormation stack"):  # retains bucket, table and users
        cloudformation.remove(stage.account, stage.stack_name)
    with step("Files, records and users"):
        for bucket in _buckets(stage):
            _empty(stage, bucket)
            stage.account.s3.delete_bucket(Bucket=bucket)
        for table in _tables(stage):
            stage.account.dynamodb.delete_table(TableName=table)
            stage.account.dynamodb.get_waiter("table_not_exists").wait(TableName=table)
        for pool in _user_pools(stage):
            stage.account.cognito.delete_user_pool(UserPoolId=pool)
    with step("Settings and policies of the stage"):
        _remove_settings(stage)
    left = leftover_resources(stage)
    if left:
        raise CommandError(
            f"Stage {stage.name} still has resources, run the command again: {', '.join(left)}"
        )
    echo(f"Stage {stage.name} is deleted.")


def leftover_resources(stage: Stage) -> list[str]:
    """The existing resources of a stage, found by name in each service."""
    found = [f"stack {name}" for name in _stacks(stage)]
    found += [f"bucket {name}" for name in _buckets(stage)]
    found += [f"table {name}" for name in _tables(stage)]
    found += [f"user pool {pool}" for pool in _user_pools(stage)]
    found += [f"function {name}" for name in stage.functions.values() if _has_function(stage, name)]
    found += [f"role {name}" for name in stage.roles if _has_role(stage, name)]
    found += [f"REST API {api_id}" for api_id in rest_apis(stage)]
    found += [f"event source mapping {uuid}" for uuid in event_source_mappings(stage)]
    found += [f"log group {name}" for name in _log_groups(stage)]
    found += [f"alarm {name}" for name in _alarms(stage)]
    found += [f"dashboard {name}" for name in _dashboards(stage)]
    found += [f"topic {arn}" for arn in _topics(stage)]
    return found + [f"queue {url}" for url in _queues(stage)]


def _refuse_to_lose_data(stage: Stage, confirmation: str) -> None:
    required = confirmation_for(stage)
    if confirmation == required:
        return
    if confirmation:
        raise CommandError(
            f'Confirmation does not match: to delete stage {stage.name}, pass CONFIRM="{required}"'
        )
    files = any(_holds_files(stage, bucket) for bucket in _buckets(stage))
    records = any(_holds_records(stage, table) for table in _tables(stage))
    if files or records:
        kept = " and ".join(["files"] * files + ["records"] * records)
        raise CommandError(
            f"Stage {stage.name} holds {kept}, and nothing was deleted: to delete them, "
            f'run make destroy STAGE={stage.name} CONFIRM="{required}"'
        )


def _delete_functions(stage: Stage) -> None:
    """Delete what Chalice leaves: everything that an interrupted deployment did not record."""
    account = stage.account
    for uuid in event_source_mappings(stage):
        account.lambda_.delete_event_source_mapping(UUID=uuid)
    for api_id in rest_apis(stage):
        account.apigateway.delete_rest_api(restApiId=api_id)
    for function in filter(partial(_has_function, stage), stage.functions.values()):
        account.lambda_.delete_function(FunctionName=function)
    for role in filter(partial(_has_role, stage), stage.roles):
        for policy in account.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            account.iam.delete_role_policy(RoleName=role, PolicyName=policy)
        account.iam.delete_role(RoleName=role)
    for group in _log_groups(stage):
        account.logs.delete_log_group(logGroupName=group)
    for stack in stage.hooks.extra_stacks(stage):
        cloudformation.remove(account, stack)


def _empty(stage: Stage, bucket: str) -> None:
    s3 = stage.account.s3
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys: list[ObjectIdentifierTypeDef] = [
            {"Key": item["Key"]} for item in page.get("Contents", [])
        ]
        if keys:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            if answer.get("Errors"):
                raise CommandError(f"S3 did not delete all of {bucket}: {answer['Errors'][0]}")
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _remove_settings(stage: Stage) -> None:
    config = read_config(stage.project)
    if config["stages"].pop(stage.name, None) is not None:
        write_config(stage.project, config)
    shutil.rmtree(stage.policies_folder, ignore_errors=True)
    stage.deployed_file.unlink(missing_ok=True)


def _stacks(stage: Stage) -> list[str]:
    names = (stage.stack_name, *stage.hooks.extra_stacks(stage))
    return [name for name in names if cloudformation.describe(stage.account, name)]


def _buckets(stage: Stage) -> list[str]:
    names = [bucket["Name"] for bucket in stage.account.s3.list_buckets().get("Buckets", [])]
    return [name for name in names if name.startswith(f"{stage.stack_name}-uploadbucket-")]


def _tables(stage: Stage) -> list[str]:
    pages = stage.account.dynamodb.get_paginator("list_tables").paginate()
    names = [name for page in pages for name in page["TableNames"]]
    return [name for name in names if name.startswith(f"{stage.stack_name}-DocumentsTable-")]


def _user_pools(stage: Stage) -> list[str]:
    pages = stage.account.cognito.get_paginator("list_user_pools").paginate(
        PaginationConfig={"PageSize": 60}
    )
    pools = [pool for page in pages for pool in page["UserPools"]]
    return [pool["Id"] for pool in pools if pool["Name"] == stage.stack_name]


def _queues(stage: Stage) -> list[str]:
    prefixes = [f"{stage.stack_name}-FailureQueue-", f"{stage.stack_name}-UnrecordedFailureQueue-"]
    return [
        url
        for prefix in prefixes
        for url in stage.account.sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    ]


def _alarms(stage: Stage) -> list[str]:
    pages = stage.account.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stage.stack_name}/"
    )
    return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def _dashboards(stage: Stage) -> list[str]:
    pages = stage.account.cloudwatch.get_paginator("list_dashboards").paginate(
        DashboardNamePrefix=stage.stack_name
    )
    names = [dashboard["DashboardName"] for page in pages for dashboard in page["DashboardEntries"]]
    return [name for name in names if name == stage.stack_name]


def _topics(stage: Stage) -> list[str]:
    names = {f"{stage.stack_name}-{kind}" for kind in ("documents", "alarms")}
    pages = stage.account.sns.get_paginator("list_topics").paginate()
    arns = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
    return [arn for arn in arns if arn.rpartition(":")[2] in names]


def _log_groups(stage: Stage) -> list[str]:
    describe = stage.account.logs.describe_log_groups
    return [
        group["logGroupName"]
        for name in stage.log_groups
        for group in describe(logGroupNamePrefix=name)["logGroups"]
        if group["logGroupName"] == name
    ]


def _has_function(stage: Stage, name: str) -> bool:
    try:
        stage.account.lambda_.get_function(FunctionName=name)
    except stage.account.lambda_.exceptions.ResourceNotFoundException:
        return False
    return True


def _has_role(stage: Stage, name: str) -> bool:
    try:
        stage.account.iam.get_role(RoleName=name)
    except stage.account.iam.exceptions.NoSuchEntityException:
        return False
    return True


def _holds_files(stage: Stage, bucket: str) -> bool:
    return bool(stage.account.s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents"))


def _holds_records(stage: Stage, table: str) -> bool:
    return bool(stage.account.dynamodb.scan(TableName=table, Limit=1)["Items"])
