"""A CloudFormation with AWS's rules about states and parameters, which the local AWS lacks.

It answers inside botocore: arguments are checked against the service's model, and nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

from infra.aws.stage import Account

STACK_ID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/intake-dev/1"

SETTLES_AS = {
    "CREATE_IN_PROGRESS": "CREATE_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_COMPLETE",
    "IMPORT_IN_PROGRESS": "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS": "IMPORT_ROLLBACK_COMPLETE",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
}
"""How each running operation ends if nothing fails."""

RUNNING_DESCRIPTIONS = 5
"""A running operation ends with every fifth DescribeStacks."""

NEVER_UPDATED = {"DELETE_FAILED", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
"""Besides running operations and UPDATE_ROLLBACK_FAILED."""


@dataclass
class CloudFormation:
    """One stack; None if it does not exist."""

    status: str | None
    parameters: set[str] = field(default_factory=set)
    """The keys that the stack's template has."""
    tags: list[dict[str, str]] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    """Newest first."""
    ends_as: list[str] = field(default_factory=list)
    """The states after the next calls; the default is success."""
    described: int = 0
    """The number of DescribeStacks."""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Calls that change something."""
    named: list[str] = field(default_factory=list)
    """The stack's name or id in each DescribeStackEvents."""

    def account(self) -> Account:
        """The account of all doubles, which now has this CloudFormation."""
        account, current = _shared_account()
        current[:] = [self]
        return account

    def answer(self, operation: str, asked: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """What botocore has parsed of the service's answer, and its HTTP status."""
        answer = getattr(self, f"_{operation}")(asked)
        status = 400 if "Error" in answer else 200
        return SimpleNamespace(status_code=status), {"ResponseMetadata": {}, **answer}

    def _DescribeStacks(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        is_by_name = asked["StackName"] != STACK_ID
        if self.status is None or (is_by_name and self.status == "DELETE_COMPLETE"):
            return _refusal(f"Stack with id {asked['StackName']} does not exist")
        description = {
            "StackName": "intake-dev",
            "StackId": STACK_ID,
            "StackStatus": self.status,
            "Parameters": [{"ParameterKey": key} for key in sorted(self.parameters)],
            "Tags": self.tags,
        }
        self.described += 1
        if self.described % RUNNING_DESCRIPTIONS == 0:
            self.status = SETTLES_AS.get(self.status, self.status)
        return {"Stacks": [description]}

    def _CreateStack(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if self.status not in (None, "DELETE_COMPLETE"):
            return _refusal("Stack [intake-dev] already exists")
        self.parameters = {parameter["ParameterKey"] for parameter in asked["Parameters"]}
        return self._changed("CreateStack", asked, "CREATE_COMPLETE")

    def _UpdateStack(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        is_refused = self.status in {*SETTLES_AS, *NEVER_UPDATED, "UPDATE_ROLLBACK_FAILED"}
        if self.status in (None, "DELETE_COMPLETE") or is_refused:
            return _refusal(f"Stack is in {self.status} state and can not be updated")
        for parameter in asked["Parameters"]:
            key = parameter["ParameterKey"]
            if parameter.get("UsePreviousValue") and key not in self.parameters:
                return _refusal(f"Invalid input for parameter key {key}. Cannot specify "
                                "usePreviousValue as true for a parameter key not in the previous "
                                "template")  # fmt: skip
        return self._changed("UpdateStack", asked, "UPDATE_COMPLETE")

    def _DeleteStack(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._changed("DeleteStack", asked, "DELETE_COMPLETE")

    def _DescribeStackResources(self, _asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"StackResources": self.resources}

    def _DescribeStackEvents(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.named.append(asked["StackName"])
        return {"StackEvents": self.events}

    def _changed(self, call: str, asked: dict[str, Any], status: str) -> dict[str, Any]:
        self.calls.append((call, asked))
        self.status = self.ends_as.pop(0) if self.ends_as else status
        return {"StackId": STACK_ID}


@cache
def _shared_account() -> tuple[Account, list[CloudFormation]]:
    """One account, because a client takes longer than a test, and its current CloudFormation."""
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    account = Account({**keys, "AWS_DEFAULT_REGION": "eu-west-1"})
    events = account.cloudformation.meta.events
    asked: list[dict[str, Any]] = []
    current: list[CloudFormation] = []
    events.register(
        "before-parameter-build.cloudformation", lambda params, **_more: asked.append(params)
    )

    def answer(model: Any, **_more: Any) -> Any:
        return current[0].answer(model.name, asked[-1])

    events.register("before-call.cloudformation", answer)
    return account, current


def _refusal(message: str) -> dict[str, Any]:
    return {"Error": {"Code": "ValidationError", "Message": message}}
