"""Connects GuardDuty to MiniStack: S3 events, and CloudFormation's resource type.

MiniStack's EventBridge (1.5.33) invokes a function once; here it retries and sends the event to the
function's failure destination, as AWS does for every asynchronous invocation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, lambda_svc
from ministack.services.cloudformation import provisioners, stacks

from infra.local.guardduty.plans import Plan
from infra.local.guardduty.service import GuardDuty
from infra.local.identity import Caller, Credentials
from infra.local.services import add_service

RESOURCE_TYPE = "AWS::GuardDuty::MalwareProtectionPlan"
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-guardduty-malwareprotectionplan.html"""


def add_guardduty() -> None:
    """Add the service to this process's MiniStack."""
    guardduty = GuardDuty()
    add_service(guardduty)
    _add_event_target(guardduty)
    _add_resource_type(guardduty)
    eventbridge._dispatch_to_lambda = _invoke_with_retries  # noqa: SLF001 - see above


def _add_event_target(guardduty: GuardDuty) -> None:
    invoke: Callable[..., None] = eventbridge._invoke_target  # noqa: SLF001 - no public way

    def invoke_target(target: Mapping[str, Any], event: Any, *rest: Any) -> None:
        if ":malware-protection-plan/" not in target["Arn"]:
            invoke(target, event, *rest)
            return
        guardduty.receive(target["Arn"], {"detail": json.loads(event["Detail"])})

    eventbridge._invoke_target = invoke_target  # noqa: SLF001 - likewise


def _invoke_with_retries(arn: str, payload: str) -> None:
    function, config, _name = lambda_svc._get_func_record_for_ref(arn)  # noqa: SLF001 - no public way
    if function and config:
        record = lambda_svc._execution_record_for_config(function, config)  # noqa: SLF001 - likewise
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))


def _add_resource_type(guardduty: GuardDuty) -> None:
    def create(
        _logical_id: str, properties: Mapping[str, Any], _stack: str
    ) -> tuple[str, dict[str, str]]:
        plan = guardduty.create(_parameters(properties), _cloudformation())
        return plan.plan_id, _attributes(plan)

    def update(
        plan_id: str, _old: object, properties: Mapping[str, Any], _stack: str
    ) -> tuple[str, dict[str, str]]:
        return plan_id, _attributes(
            guardduty.update(plan_id, _parameters(properties), _cloudformation())
        )

    def delete(plan_id: str, _properties: object) -> None:
        guardduty.delete(plan_id)

    handlers = {"create": create, "update": update, "delete": delete}
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = handlers  # noqa: SLF001 - no public way
    on_thread = stacks._runs_on_worker_thread  # noqa: SLF001 - likewise
    # A plan calls S3 of this process.
    stacks._runs_on_worker_thread = lambda name: name == RESOURCE_TYPE or on_thread(name)  # noqa: SLF001 - likewise


def _cloudformation() -> Caller:
    """The account's root, with whose permissions MiniStack creates the resources of a stack."""
    account, region = get_account_id(), get_region()
    key = Credentials("test", "test", None, region)
    return Caller(f"arn:aws:iam::{account}:root", account, region, key)


def _parameters(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of CreateMalwareProtectionPlan, whose names are those of the properties."""
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    return {**properties, "Tags": tags}


def _attributes(plan: Plan) -> dict[str, str]:
    return {
        "Arn": plan.arn,
        "MalwareProtectionPlanId": plan.plan_id,
        "CreatedAt": plan.created_at.isoformat(),
        "Status": "ACTIVE",
    }
