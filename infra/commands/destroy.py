"""Destroy a stage: delete all its resources; files, records and users only after confirmation.

The order makes an interrupted run safe to repeat: requests and events stop first, then the files
are deleted while the stack still names their bucket, then the stack and the resources that it
retains, which carry the stage's tags. The roles, which record the stage's region, are deleted last.
"""

from __future__ import annotations

import shutil

from infra.aws import cloudformation
from infra.aws.resources import (
    buckets,
    existing_resources,
    functions,
    log_groups,
    mappings,
    rest_apis,
    tables,
    user_pools,
)
from infra.aws.roles import delete_policies, delete_role, refuse_elsewhere, tag_roles
from infra.aws.rules import delete_rule, rules
from infra.aws.stage import Stage
from infra.aws.stored import (
    delete_table,
    delete_user_pool,
    empty_bucket,
    is_protected,
    kinds_of_data,
    lift_protection,
)
from infra.build.chalice_project import read_config, write_config
from infra.console import CommandError, echo, step


def confirmation_for(stage: Stage) -> str:
    """The CONFIRM value that allows a stage's files, records and users to be deleted."""
    return f"delete all files and records of {stage.name}"


def destroy(stage: Stage, confirmation: str = "") -> None:
    """Delete a stage: functions, API, roles, logs, queues, users, table and bucket; safe to re-run.

    Args:
        stage: the stage.
        confirmation: the value of `confirmation_for`, required if it holds files, records or users
            or is protected from deletion.

    Raises:
        CommandError: the stage does not exist or lives in another region, the confirmation is
            required and does not match, or a resource could not be deleted.
    """
    refuse_elsewhere(stage)
    if not existing_resources(stage):
        stage.outputs()  # raises an error that lists the existing stages
    _refuse_to_lose_data(stage, confirmation)
    echo(f"Destroying stage {stage.name}")
    with step("Functions and API"):
        tag_roles(stage)
        _delete_functions(stage)
        delete_policies(stage)
    with step("Files"):
        files = sum(empty_bucket(stage, bucket) for bucket in buckets(stage))
    records, users = _delete_stack(stage)
    with step("Roles, settings and policies"):
        for role in stage.possible_roles:
            delete_role(stage, role)
        _remove_settings(stage)
    if left := existing_resources(stage):
        raise CommandError(
            f"Stage {stage.name} still has resources, run the command again: {', '.join(left)}"
        )
    echo(
        f"Stage {stage.name} is deleted, with {files:,} versions of files, about {records:,} "
        f"records and {users:,} users."
    )


def _refuse_to_lose_data(stage: Stage, confirmation: str) -> None:
    required = confirmation_for(stage)
    if confirmation == required:
        return
    if confirmation:
        raise CommandError(
            f'Confirmation does not match: to delete stage {stage.name}, pass CONFIRM="{required}"'
        )
    kinds = kinds_of_data(stage)
    if not kinds and not is_protected(stage):
        return
    reason = f"holds {' and '.join(kinds)}" if kinds else "is protected from deletion"
    raise CommandError(
        f"Stage {stage.name} {reason}, and nothing was deleted: to delete it with everything in "
        f'it, run make destroy STAGE={stage.name} CONFIRM="{required}"'
    )


def _delete_functions(stage: Stage) -> None:
    account = stage.account
    for rule in rules(stage):
        delete_rule(stage, rule)
    for mapping in mappings(stage):
        account.lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    for api_id in rest_apis(stage):
        account.apigateway.delete_rest_api(restApiId=api_id)
    for function in functions(stage):
        account.lambda_.delete_function(FunctionName=function)
    for group in log_groups(stage):
        account.logs.delete_log_group(logGroupName=group)
    for stack in stage.hooks.extra_stacks(stage):
        cloudformation.remove(account, stack)


def _delete_stack(stage: Stage) -> tuple[int, int]:
    """Delete the stack and what it retains; the number of records and users."""
    own_buckets, own_tables, own_pools = buckets(stage), tables(stage), user_pools(stage)
    lift_protection(stage)
    with step("CloudFormation stack"):  # retains bucket, table and users
        cloudformation.remove(stage.account, stage.stack_name)
    with step("Bucket, table and user pool"):
        for bucket in own_buckets:
            stage.account.s3.delete_bucket(Bucket=bucket)
        records = sum(delete_table(stage, table) for table in own_tables)
        users = sum(delete_user_pool(stage, pool) for pool in own_pools)
    return records, users


def _remove_settings(stage: Stage) -> None:
    config = read_config(stage.project)
    if config["stages"].pop(stage.name, None) is not None:
        write_config(stage.project, config)
    shutil.rmtree(stage.policies_folder, ignore_errors=True)
    stage.deployed_file.unlink(missing_ok=True)
