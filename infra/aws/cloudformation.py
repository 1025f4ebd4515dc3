"""Create, update and delete CloudFormation stacks from any state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from infra.console import CommandError

if TYPE_CHECKING:
    from infra.aws.stage import Account

MAX_SECONDS = 600
"""Maximum duration of a stack operation; a minute or two is usual."""

DELAY_SECONDS = 2

KEEP = object()
"""The value of a parameter that keeps its current value."""


def apply(account: Account, name: str, template: str, parameters: Mapping[str, object]) -> None:
    """Create a stack or update it if the template or a parameter changed.

    Args:
        account: the account.
        name: the name of the stack.
        template: the template's body.
        parameters: values; KEEP for the current one, or the default if the stack is new.

    Raises:
        CommandError: the operation fails; with the first reason that CloudFormation reports.
    """
    status = _settled_status(account, name)
    arguments: Any = {
        "StackName": name,
        "TemplateBody": template,
        "Parameters": _parameters(parameters, is_new=status is None),
    }
    if status is None:
        account.cloudformation.create_stack(**arguments, OnFailure="DELETE")
        _wait(account, name, "stack_create_complete")
        return
    try:
        account.cloudformation.update_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    _wait(account, name, "stack_update_complete")


def remove(account: Account, name: str) -> None:
    """Delete a stack if it exists.

    Raises:
        CommandError: the deletion fails.
    """
    account.cloudformation.delete_stack(StackName=name)
    _wait(account, name, "stack_delete_complete")


def describe(account: Account, name: str) -> dict[str, Any] | None:
    """CloudFormation's description of a stack; None if it does not exist."""
    try:
        [stack] = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else dict(stack)


def outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    """The outputs of a described stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _settled_status(account: Account, name: str) -> str | None:
    """The status after a running operation completes; None if the stack has to be created."""
    stack = describe(account, name)
    status = stack["StackStatus"] if stack else None
    if status == "CREATE_IN_PROGRESS":
        _wait(account, name, "stack_create_complete")
    elif status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"):
        _wait(account, name, "stack_update_complete")
    elif status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        remove(account, name)  # CloudFormation can only delete such a stack
        return None
    elif status == "DELETE_IN_PROGRESS":
        _wait(account, name, "stack_delete_complete")
        return None
    return status


def _parameters(parameters: Mapping[str, object], *, is_new: bool) -> list[dict[str, object]]:
    converted: list[dict[str, object]] = []
    for name, value in parameters.items():
        if value is not KEEP:
            converted.append({"ParameterKey": name, "ParameterValue": str(value)})
        elif not is_new:
            converted.append({"ParameterKey": name, "UsePreviousValue": True})
    return converted


def _wait(account: Account, name: str, waiter: Any) -> None:
    try:
        account.cloudformation.get_waiter(waiter).wait(
            StackName=name,
            WaiterConfig={"Delay": DELAY_SECONDS, "MaxAttempts": MAX_SECONDS // DELAY_SECONDS},
        )
    except WaiterError as error:
        raise CommandError(
            f"CloudFormation failed on stack {name}: {_failure_reason(account, name)}"
        ) from error


def _failure_reason(account: Account, name: str) -> str:
    """The first reason that CloudFormation reports for a failure."""
    try:
        events = account.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError as error:
        return str(error)
    reasons = [
        f"{event.get('LogicalResourceId')}: {event['ResourceStatusReason']}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "") and event.get("ResourceStatusReason")
    ]
    return reasons[-1] if reasons else "no reason reported"
