"""Deploy a stage: CloudFormation creates stateful resources, `chalice deploy` functions and API.

Every step is idempotent and changes only what differs: a second run changes nothing, and an
interrupted deployment resumes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.settings import Settings
from infra.aws import cloudformation
from infra.aws.concurrency import kept_concurrency
from infra.aws.deployed import rebuild_deployed, refuse_foreign_functions, tag_api
from infra.aws.gateway import set_throttling
from infra.aws.lambda_settings import set_failure_destinations, set_log_format, set_tmp_size
from infra.aws.owner_index import (
    NEW_INDEX,
    OLD_INDEX,
    await_new_index,
    has_old_index,
    put_api_policy,
    set_status_times,
)
from infra.aws.resources import buckets, tables, user_pools
from infra.aws.roles import claim, refuse_elsewhere
from infra.aws.stage import Stage
from infra.aws.stage_files import write_policies, write_settings
from infra.aws.stage_settings import (
    LARGEST_FILE_PROCESSOR,
    allowed_origins,
    feature_parameters,
    function_timeout,
    function_tmp_mib,
)
from infra.aws.text_bucket import TEXT_PARAMETER, delete_unused_text_bucket, needs_text_bucket
from infra.aws.textract_regions import refuse_without_textract
from infra.aws.unused import delete_unused_functions
from infra.build.bytecode import write_bytecode
from infra.build.calls import API_HANDLER
from infra.build.chalice_project import run_chalice
from infra.build.features import Feature
from infra.console import CommandError, echo, step
from infra.paths import ROOT

TEMPLATE = ROOT / "infra" / "resources.yaml"
VISIBILITY_TIMEOUTS = 6
"""The queue's visibility timeout in timeouts of the function that reads it (Lambda developer
guide, "Using Lambda with Amazon SQS")."""
SLOW_MILLISECONDS = 850
"""Alarm threshold for an invocation's duration, per second of the function's timeout."""
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
"""The runtimes in which Lambda creates functions (Lambda developer guide, "Runtimes")."""


@dataclass(frozen=True)
class StackOptions:
    """The deployer's choices for the stage's stack; None keeps the current one."""

    billing_mode: str | None = None
    """PROVISIONED or PAY_PER_REQUEST; PROVISIONED for a new stage."""
    alarm_email: str | None = None
    """Recipient of alarms, none if empty."""
    budget: int | None = None
    """USD per month that the account may cost before the recipient gets a mail; 0 for no mail."""
    notify_email: str | None = None
    """Recipient of the notifications on documents, none if empty."""
    cloudformation_role: str | None = None
    """ARN of the role that CloudFormation assumes; the deployer's permissions for a new stage."""


DEFAULT_OPTIONS = StackOptions()


def deploy(
    stage: Stage,
    options: StackOptions = DEFAULT_OPTIONS,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Bring the stage up to date with the code and its settings; safe to re-run.

    Args:
        stage: the stage.
        options: the choices for its stack.
        pause: waits for this many seconds; only a migration of the table calls it.

    Returns:
        The URL of its API, with a final slash.

    Raises:
        CommandError: a step fails; running the command again resumes the deployment.
    """
    check_python(sys.version_info[:2])
    refuse_without_textract(stage)
    region, account_id = stage.account.region, stage.account.account_id
    where = stage.account.endpoint or f"account {account_id}, {region}"
    echo(f"Deploying stage {stage.name} to {where}")
    settings = deploy_resources(stage, options, pause)
    stage.hooks.before_chalice_deploy(stage)
    with kept_concurrency(stage, is_provisioned=_is_provisioned(stage)), step("chalice deploy"):
        write_bytecode(stage.project)
        run_chalice(stage, "deploy")
    with step("Setting retries and the failure queue"):
        set_failure_destinations(stage)
    with step("Setting the size of /tmp"):
        set_tmp_size(stage, LARGEST_FILE_PROCESSOR, function_tmp_mib(stage))
    with step("Setting the log format"):
        set_log_format(stage)
    api = stage.hooks.after_chalice_deploy(stage)
    tag_api(stage)
    delete_unused_functions(stage)
    with step("Setting the API's rate limit"):
        set_throttling(stage, api.api_id, settings.api_rate_limit, settings.api_burst_limit)
    if has_old_index(stage):
        remove_old_index(stage, options, pause)
    delete_unused_text_bucket(stage, _stack_request(stage, options, keeps_old_index=False))
    return api.url


def deploy_resources(
    stage: Stage,
    options: StackOptions = DEFAULT_OPTIONS,
    pause: Callable[[float], None] = time.sleep,
) -> Settings:
    """Deploy the CloudFormation stack and write the stage's settings and policies from its outputs.

    Afterwards, plain `chalice deploy --stage NAME` works.
    """
    refuse_elsewhere(stage)
    refuse_foreign_functions(stage)
    _refuse_half_destroyed(stage)
    _refuse_silent_recipient(stage, options)
    is_migrating = has_old_index(stage)
    if is_migrating:
        _refuse_new_billing(stage, options)
    request = _stack_request(stage, options, keeps_old_index=is_migrating)
    with step(f"CloudFormation stack {stage.stack_name}"):
        claim(stage)
        cloudformation.apply(stage.account, request)
    if is_migrating:
        await_new_index(stage, pause)
        echo(f"  Preparing the records for index {NEW_INDEX}")
        set_status_times(stage, pause)
    outputs = stage.outputs()
    settings = write_settings(stage, outputs)
    write_policies(stage, outputs, keeps_old_index=is_migrating)
    rebuild_deployed(stage)
    return settings


def remove_old_index(stage: Stage, options: StackOptions, pause: Callable[[float], None]) -> None:
    """Complete a migration: the new code serves, and the old code's last invocations end."""
    with step("Waiting for invocations of the old code"):
        pause(function_timeout(stage, LARGEST_FILE_PROCESSOR))
    echo(f"  Preparing records of the old code for index {NEW_INDEX}")
    set_status_times(stage, pause)
    with step(f"Removing index {OLD_INDEX}"):
        cloudformation.apply(stage.account, _stack_request(stage, options, keeps_old_index=False))
        write_policies(stage, stage.outputs(), keeps_old_index=False)
        policy = stage.policies_folder / f"policy-{API_HANDLER}.json"
        put_api_policy(stage, policy.read_text(encoding="utf-8"))


def _refuse_half_destroyed(stage: Stage) -> None:
    """Check that no data of the stage is outside its stack: a new one would have other resources.

    Raises:
        CommandError: `make destroy` was interrupted.
    """
    if cloudformation.describe(stage.account, stage.stack_name) is None:
        left = [*buckets(stage), *tables(stage), *user_pools(stage)]
        if left:
            raise CommandError(
                f"Stage {stage.name} is partly destroyed, {', '.join(left)} still exist: complete "
                f"it with make destroy STAGE={stage.name}, then deploy again"
            )


def _refuse_silent_recipient(stage: Stage, options: StackOptions) -> None:
    """Check that a new recipient of notifications will get some.

    Raises:
        CommandError: the stage has notifications off.
    """
    if options.notify_email and Feature.NOTIFICATIONS not in stage.features:
        raise CommandError(
            f"Stage {stage.name} publishes no notifications: NOTIFY_EMAIL requires "
            "NOTIFICATIONS=on in .chalice/config.json"
        )


def _refuse_new_billing(stage: Stage, options: StackOptions) -> None:
    """Check that the billing mode stays as it is while the table is migrated.

    Raises:
        CommandError: it would change in the same update of the table as its indexes.
    """
    chosen = options.billing_mode
    if chosen and (chosen == "PROVISIONED") != _is_provisioned(stage):
        raise CommandError(
            f"The table of stage {stage.name} still has index {OLD_INDEX}: deploy without "
            f"BILLING={chosen} until its migration is complete, see docs/deploying.md"
        )


def _stack_request(
    stage: Stage, options: StackOptions, *, keeps_old_index: bool
) -> cloudformation.StackRequest:
    return cloudformation.StackRequest(
        stage.stack_name,
        stage.hooks.template(TEMPLATE.read_text(encoding="utf-8")),
        {
            "Stage": stage.name,
            "BillingMode": _or_current(options.billing_mode),
            "AllowedOrigins": ",".join(allowed_origins(stage)),
            "FailureVisibilityTimeout": VISIBILITY_TIMEOUTS
            * function_timeout(stage, "record_failure"),
            "SlowMilliseconds": SLOW_MILLISECONDS * function_timeout(stage, LARGEST_FILE_PROCESSOR),
            "AlarmEmail": _or_current(options.alarm_email),
            "NotifyEmail": _or_current(options.notify_email),
            "MonthlyBudget": _or_current(options.budget),
            "DeletionProtection": "true",
            "OldOwnerIndex": str(keeps_old_index).lower(),
            **feature_parameters(stage),
            **({TEXT_PARAMETER: "on"} if needs_text_bucket(stage) else {}),
        },
        tags=stage.tags,
        while_creating={"DeletionProtection": "false"},
        role_arn=options.cloudformation_role,
    )


def _or_current(value: object) -> object:
    return cloudformation.KEEP if value is None else value


def _is_provisioned(stage: Stage) -> bool:
    """Whether the table's capacity is provisioned, and so limits how fast records are written."""
    stack = cloudformation.describe(stage.account, stage.stack_name)
    assert stack is not None  # deployed before
    return cloudformation.parameters(stack)["BillingMode"] == "PROVISIONED"


def check_python(version: tuple[int, int]) -> None:
    """Check that Lambda has a runtime for this Python, which Chalice gives to the functions.

    Raises:
        CommandError: Lambda has none.
    """
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        raise CommandError(
            f"Lambda has no runtime for Python {version[0]}.{version[1]}: deploy with Python 3.11 "
            "to 3.14, for example `make deploy STAGE=... PYTHON=python3.13`"
        )
