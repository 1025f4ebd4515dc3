"""Create, update and delete CloudFormation stacks from any state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.console import CommandError

if TYPE_CHECKING:
    from infra.aws.account import Account

MAX_SECONDS = 900
"""Maximum duration of a stack operation; a minute or two is usual."""

DELAY_SECONDS = 2

KEEP = object()
"""The value of a parameter that keeps its current value."""

DELETED = "DELETE_COMPLETE"
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)
"""States in which CloudFormation accepts an update (CloudFormation user guide, "Understand
CloudFormation stack creation events", stack status codes)."""
ONLY_DELETABLE = frozenset(
    {"CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
)
"""States that a stack leaves only by its deletion. REVIEW_IN_PROGRESS: a change set was created for
a new stack and never executed, so there are no resources and nothing is in progress."""
_ACTIONS = {
    "UPDATE_ROLLBACK_FAILED": (
        "run `aws cloudformation continue-update-rollback --stack-name {name}`"
    )
}
"""What the operator has to do in a state that no call of this module leaves."""
STATEFUL = frozenset({"AWS::Cognito::UserPool", "AWS::DynamoDB::Table", "AWS::S3::Bucket"})
"""Resource types that hold data of users."""


@dataclass(frozen=True)
class StackRequest:
    """What a stack should be.

    Args:
        name: the name of the stack.
        template: the template's body.
        parameters: values; KEEP for the current one, or the default if the stack lacks it.
        tags: CloudFormation adds them to every resource that supports tags.
        while_creating: parameters with another value until every resource is created; an update
            then sets the value of `parameters`.
        role_arn: the role that CloudFormation assumes for this and all later operations on the
            stack; None for the current one, or the caller's permissions if it has none.
    """

    name: str
    template: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    while_creating: Mapping[str, str] = field(default_factory=dict)
    role_arn: str | None = None


def apply(
    account: Account, request: StackRequest, pause: Callable[[float], None] = time.sleep
) -> None:
    """Create a stack or update it if the template, a parameter or a tag changed.

    Args:
        account: the account.
        request: the stack.
        pause: waits for this many seconds.

    Raises:
        CommandError: the operation fails, with the first reason that CloudFormation reports; or
            the stack is in a state that needs the operator.
    """
    cloudformation = account.cloudformation
    stack = _updatable(account, request.name, pause)
    if stack is None:
        values = {**request.parameters, **request.while_creating}
        arguments = _arguments(request, values, {})
        stack_id = cloudformation.create_stack(**arguments, OnFailure="DELETE")["StackId"]
        stack = _finished(account, stack_id, "CREATE_COMPLETE", pause)
        if not request.while_creating:
            return
    try:
        cloudformation.update_stack(**_arguments(request, request.parameters, stack))
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    _finished(account, stack["StackId"], "UPDATE_COMPLETE", pause)


def remove(account: Account, name: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Delete a stack if it exists.

    Raises:
        CommandError: the deletion fails.
    """
    stack = _settled(account, name, pause)
    if stack is not None:
        account.cloudformation.delete_stack(StackName=stack["StackId"])
        _finished(account, stack["StackId"], DELETED, pause)


def describe(account: Account, name: str) -> dict[str, Any] | None:
    """CloudFormation's description of a stack by name or id; None if it does not exist."""
    try:
        [stack] = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == DELETED else dict(stack)


def outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    """The outputs of a described stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a described stack, defaults included."""
    return {
        parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]
    }


def _updatable(
    account: Account, name: str, pause: Callable[[float], None]
) -> dict[str, Any] | None:
    """The stack, ready for an update; None if it has to be created."""
    stack = _settled(account, name, pause)
    if stack is None or stack["StackStatus"] in UPDATABLE:
        return stack
    status = stack["StackStatus"]
    if status not in ONLY_DELETABLE:
        reason = _failure_reason(account, stack["StackId"], kind=status.partition("_")[0])
        action = _ACTIONS.get(status, "complete its operation in the CloudFormation console")
        raise CommandError(
            f"Stack {name} is {status}: {reason}; fix the cause, {action.format(name=name)}, then "
            "run this command again"
        )
    if stateful := _stateful_resources(account, stack["StackId"]):
        raise CommandError(
            f"Stack {name} is {status}, which CloudFormation cannot update, and still has "
            f"{', '.join(stateful)}: run make destroy for this stage first"
        )
    remove(account, name, pause)
    return None


def _settled(account: Account, name: str, pause: Callable[[float], None]) -> dict[str, Any] | None:
    """The stack once no operation is running; None if it does not exist then."""
    stack = describe(account, name)
    if stack is None:
        return None
    settled = _wait(account, stack["StackId"], pause)
    return None if settled["StackStatus"] == DELETED else settled


def _finished(
    account: Account, stack_id: str, status: str, pause: Callable[[float], None]
) -> dict[str, Any]:
    """The stack when its operation has ended with this status.

    Raises:
        CommandError: it ended with another one.
    """
    stack = _wait(account, stack_id, pause)
    if stack["StackStatus"] != status:
        reason = _failure_reason(account, stack_id, kind=status.partition("_")[0])
        raise CommandError(f"CloudFormation failed on stack {stack['StackName']}: {reason}")
    return stack


def _wait(account: Account, stack_id: str, pause: Callable[[float], None]) -> dict[str, Any]:
    """The stack when no operation is running. By id, because a deleted one has no name."""
    for _attempt in range(MAX_SECONDS // DELAY_SECONDS):
        [stack] = account.cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        if not _is_running(stack["StackStatus"]):
            return dict(stack)
        pause(DELAY_SECONDS)
    raise CommandError(
        f"Stack {stack['StackName']} is still {stack['StackStatus']} after {MAX_SECONDS} seconds: "
        "run this command again to wait for it"
    )


def _is_running(status: str) -> bool:
    return status.endswith("_IN_PROGRESS") and status not in ONLY_DELETABLE


def _arguments(
    request: StackRequest, values: Mapping[str, object], stack: Mapping[str, Any]
) -> Any:
    """Arguments of CreateStack and UpdateStack; what the stack has already is kept."""
    existing = [parameter["ParameterKey"] for parameter in stack.get("Parameters", [])]
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])} | dict(request.tags)
    parameters: list[dict[str, object]] = []
    for name, value in values.items():
        if value is not KEEP:
            parameters.append({"ParameterKey": name, "ParameterValue": str(value)})
        elif name in existing:
            parameters.append({"ParameterKey": name, "UsePreviousValue": True})
    role = {"RoleARN": request.role_arn} if request.role_arn else {}
    return {
        "StackName": request.name,
        "TemplateBody": request.template,
        "Parameters": parameters,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "Capabilities": ["CAPABILITY_IAM"],  # some features have a role for another service
        **role,
    }


def _stateful_resources(account: Account, stack_id: str) -> list[str]:
    """The stack's existing resources that hold data."""
    resources = account.cloudformation.describe_stack_resources(StackName=stack_id)
    return [
        f"{resource['LogicalResourceId']} {resource.get('PhysicalResourceId', '')}".rstrip()
        for resource in resources["StackResources"]
        if resource["ResourceType"] in STATEFUL
        and resource["ResourceStatus"] not in (DELETED, "CREATE_FAILED")
    ]


def _failure_reason(account: Account, stack_id: str, kind: str) -> str:
    """The reason of the first resource that failed in the stack's last operation of this kind."""
    failed = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in _last_operation(account, stack_id, kind)
        if event.get("ResourceStatus", "").endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return failed[-1] if failed else "no reason reported"


def _last_operation(account: Account, stack_id: str, kind: str) -> Iterator[Mapping[str, Any]]:
    """The events of the stack's last operation of this kind and its rollback, newest first."""
    pages = account.cloudformation.get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            yield event
            is_start = event.get("ResourceStatus") == f"{kind}_IN_PROGRESS"
            if event.get("PhysicalResourceId") == stack_id and is_start:
                return
