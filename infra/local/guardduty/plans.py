"""Malware protection plans: a bucket, and the role with which GuardDuty scans its objects.

AWS documents what the role needs
(https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html).
A plan whose role lacks a permission for the bucket or the managed rule is refused here; on AWS it
may also be created and get the status ERROR.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope
from ministack.services import eventbridge

from chalicelib.events import GUARDDUTY_OBJECT
from infra.local.identity import Caller, assume_role, endpoint
from infra.local.protocol import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PRINCIPAL = "malware-protection-plan.guardduty.amazonaws.com"
RULE_PREFIX = "DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3"

_RULE_ACTIONS = ("PutRule", "PutTargets", "DescribeRule", "ListTargetsByRule")


@dataclass(frozen=True)
class Plan:
    """A malware protection plan."""

    plan_id: str
    bucket: str
    prefixes: tuple[str, ...]
    """Of the keys that are scanned; () for all."""
    tags_objects: bool
    role: Caller
    """The plan's role, as GuardDuty has assumed it."""
    created_at: datetime
    tags: Mapping[str, str]

    @property
    def arn(self) -> str:
        """Which the events name."""
        path = f"malware-protection-plan/{self.plan_id}"
        return f"arn:aws:guardduty:{self.role.region}:{self.role.account}:{path}"

    @cached_property
    def s3(self) -> S3Client:
        """A client with the permissions of the plan's role."""
        config = Config(max_pool_connections=20)
        session = self.role.credentials.session()
        return session.client("s3", endpoint_url=endpoint(), config=config)

    def covers(self, key: str) -> bool:
        """Whether new objects with this key are scanned."""
        return not self.prefixes or key.startswith(self.prefixes)


def create_plan(parameters: Mapping[str, Any], caller: Caller) -> Plan:
    """A plan for a bucket, from the parameters of CreateMalwareProtectionPlan.

    Raises:
        ServiceError: the caller may not pass the role, or the role lacks a permission.
    """
    resource = parameters["ProtectedResource"]["S3Bucket"]
    plan = Plan(
        plan_id=uuid.uuid4().hex[:20],
        bucket=resource["BucketName"],
        prefixes=tuple(resource.get("ObjectPrefixes", ())),
        tags_objects=_tags_objects(parameters),
        role=_assumed(parameters["Role"], caller),
        created_at=datetime.now(UTC),
        tags=parameters.get("Tags", {}),
    )
    _activate(plan)
    return plan


def update_plan(plan: Plan, parameters: Mapping[str, Any], caller: Caller) -> Plan:
    """The plan after UpdateMalwareProtectionPlan.

    Raises:
        ServiceError: as for `create_plan`.
    """
    if "Role" in parameters:
        plan = replace(plan, role=_assumed(parameters["Role"], caller))
    if "Actions" in parameters:
        plan = replace(plan, tags_objects=_tags_objects(parameters))
    prefixes = parameters.get("ProtectedResource", {}).get("S3Bucket", {}).get("ObjectPrefixes")
    if prefixes is not None:
        plan = replace(plan, prefixes=tuple(prefixes))
    _activate(plan)
    return plan


def delete_rule(plan: Plan) -> None:
    """Delete the plan's managed rule: new objects are no longer scanned."""
    with request_scope(plan.role.account, plan.role.region):
        eventbridge._delete_rule({"Name": _rule_name(plan)})  # noqa: SLF001 - MiniStack's API


def _tags_objects(parameters: Mapping[str, Any]) -> bool:
    status = parameters.get("Actions", {}).get("Tagging", {}).get("Status")
    return bool(status == "ENABLED")


def _assumed(role_arn: str, caller: Caller) -> Caller:
    caller.check("iam:PassRole", role_arn, {"iam:PassedToService": PRINCIPAL})
    credentials = assume_role(role_arn, PRINCIPAL, caller)
    if credentials is None:
        raise ServiceError(
            "BadRequestException", f"{role_arn} does not exist or does not trust {PRINCIPAL}"
        )
    return replace(caller, arn=role_arn, credentials=credentials)


def _activate(plan: Plan) -> None:
    """Do what GuardDuty does in the account when a plan is created, with the plan's role."""
    try:
        for action in _RULE_ACTIONS:
            plan.role.check(f"events:{action}", _rule_arn(plan), {"events:ManagedBy": PRINCIPAL})
        plan.s3.head_bucket(Bucket=plan.bucket)
        plan.s3.put_object(Bucket=plan.bucket, Key=GUARDDUTY_OBJECT, Body=b"")
        _send_events_to_eventbridge(plan)
    except (ClientError, ServiceError) as error:
        raise ServiceError(
            "BadRequestException", f"The plan's role lacks a permission: {error}"
        ) from error
    _put_rule(plan)


def _send_events_to_eventbridge(plan: Plan) -> None:
    """Add EventBridge to the bucket's notifications, without changing the others."""
    configuration: Any = plan.s3.get_bucket_notification_configuration(Bucket=plan.bucket)
    configuration.pop("ResponseMetadata")
    configuration["EventBridgeConfiguration"] = {}
    plan.s3.put_bucket_notification_configuration(
        Bucket=plan.bucket, NotificationConfiguration=configuration
    )


def _put_rule(plan: Plan) -> None:
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [plan.bucket]}},
    }
    name = _rule_name(plan)
    with request_scope(plan.role.account, plan.role.region):
        eventbridge._ensure_default_bus()  # noqa: SLF001 - MiniStack's API
        eventbridge._put_rule({"Name": name, "EventPattern": json.dumps(pattern)})  # noqa: SLF001 - likewise
        # Its PutTargets refuses the target, which is a resource of GuardDuty's own account on AWS.
        key = eventbridge._rule_key(name, "default")  # noqa: SLF001 - likewise
        eventbridge._targets[key] = [{"Id": plan.plan_id, "Arn": plan.arn}]  # noqa: SLF001 - likewise


def _rule_name(plan: Plan) -> str:
    return f"{RULE_PREFIX}-{plan.plan_id}"


def _rule_arn(plan: Plan) -> str:
    return f"arn:aws:events:{plan.role.region}:{plan.role.account}:rule/{_rule_name(plan)}"
