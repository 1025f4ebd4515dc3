"""CloudFormation stacks: made, brought up to date or taken away, whatever state they are in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from infra.console import Problem

if TYPE_CHECKING:
    from infra.stage import Account

LONGEST_SECONDS = 600
"""A stack of a bucket, a table and queues takes a minute or two."""

DELAY_SECONDS = 2

KEEP = object()
"""The value of a parameter that stays as it is."""


def apply(account: Account, name: str, template: str, parameters: Mapping[str, object]) -> None:
    """Make a stack what a template says; nothing changes when it is that already.

    Args:
        account: where.
        name: of the stack.
        template: its body.
        parameters: their values; KEEP for what the stack has, or the default of a new one.

    Raises:
        Problem: CloudFormation cannot; with the first reason that it gives.
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
    """Take a stack away; nothing happens when there is none.

    Raises:
        Problem: CloudFormation cannot.
    """
    account.cloudformation.delete_stack(StackName=name)
    _wait(account, name, "stack_delete_complete")


def describe(account: Account, name: str) -> dict[str, Any] | None:
    """CloudFormation's description of a stack; None where there is none."""
    try:
        [stack] = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else dict(stack)


def outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    """The outputs of a stack that was described."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _settled_status(account: Account, name: str) -> str | None:
    """The stack's status once nothing is going on and it can be updated; None for a new one."""
    stack = describe(account, name)
    status = stack["StackStatus"] if stack else None
    if status == "CREATE_IN_PROGRESS":
        _wait(account, name, "stack_create_complete")
    elif status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"):
        _wait(account, name, "stack_update_complete")
    elif status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        remove(account, name)  # it was never whole: CloudFormation can only delete it
        return None
    elif status == "DELETE_IN_PROGRESS":
        _wait(account, name, "stack_delete_complete")
        return None
    return status


def _parameters(parameters: Mapping[str, object], *, is_new: bool) -> list[dict[str, object]]:
    given: list[dict[str, object]] = []
    for name, value in parameters.items():
        if value is not KEEP:
            given.append({"ParameterKey": name, "ParameterValue": str(value)})
        elif not is_new:
            given.append({"ParameterKey": name, "UsePreviousValue": True})
    return given


def _wait(account: Account, name: str, waiter: Any) -> None:
    try:
        account.cloudformation.get_waiter(waiter).wait(
            StackName=name,
            WaiterConfig={"Delay": DELAY_SECONDS, "MaxAttempts": LONGEST_SECONDS // DELAY_SECONDS},
        )
    except WaiterError as error:
        raise Problem(
            f"CloudFormation could not finish stack {name}: {_why(account, name)}"
        ) from error


def _why(account: Account, name: str) -> str:
    """The first reason that CloudFormation gives for a failure."""
    try:
        events = account.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError as error:
        return str(error)
    reasons = [
        f"{event.get('LogicalResourceId')}: {event['ResourceStatusReason']}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "") and event.get("ResourceStatusReason")
    ]
    return reasons[-1] if reasons else "it gives no reason"
