"""Who calls a service of the local AWS, with whose permissions it acts: MiniStack's IAM.

AWS calls these forward access sessions and service principals.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from ministack.core import iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts

from infra.local.protocol import ServiceError, WireRequest


@dataclass(frozen=True)
class Credentials:
    """Temporary or permanent credentials of the local AWS."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    region: str

    def session(self) -> boto3.Session:
        """For clients with these permissions, at `endpoint()`."""
        return boto3.Session(
            self.access_key_id, self.secret_access_key, self.session_token, self.region
        )


@dataclass(frozen=True)
class Caller:
    """The principal of a request whose signature MiniStack has verified."""

    arn: str
    account: str
    region: str
    credentials: Credentials

    @classmethod
    def of(cls, request: WireRequest) -> Caller:
        """The caller of the request that this thread serves."""
        key = router.extract_access_key_id(request.headers, request.query)
        found = iam_evaluator.resolve_credential(key, get_account_id())
        credentials = Credentials(
            found.access_key_id, found.secret_access_key, found.session_token, get_region()
        )
        return cls(found.principal_arn, found.account_id, get_region(), credentials)

    def check(self, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Check a permission beyond the operation's own, in the thread of the request.

        Args:
            action: `iam:PassRole`.
            resource: ARN.
            context: condition keys of the service and their values.

        Raises:
            ServiceError: AccessDeniedException.
        """
        service = action.partition(":")[0]
        denied = iam_evaluator.enforce(
            self.credentials.access_key_id, action, service, self.region, resource, dict(context)
        )
        if denied is not None:
            raise ServiceError(
                "AccessDeniedException",
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource}",
            )


def endpoint() -> str:
    """The URL of this local AWS."""
    return f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"


def assume_role(role_arn: str, principal: str, caller: Caller) -> Credentials | None:
    """Credentials of a role for a service, or None if its trust policy does not allow that.

    Args:
        role_arn: of a role.
        principal: the service's, `textract.amazonaws.com`.
        caller: for whom the service acts; aws:SourceAccount and aws:SourceArn have its account.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)  # noqa: SLF001 - MiniStack has no API for it
    if role is None or not _trusts(role["AssumeRolePolicyDocument"], principal, caller):
        return None
    session_name = principal.partition(".")[0]
    key, secret, token = _keys()
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
        "UserId": f"{role['RoleId']}:{session_name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, session)
    return Credentials(key, secret, token, caller.region)


def _trusts(policy: Any, principal: str, caller: Caller) -> bool:
    service = principal.partition(".")[0]
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="Service",
        principal_account=caller.account,
        action="sts:AssumeRole",
        resource_arn="*",
        region=caller.region,
        service_context={
            "aws:sourceaccount": caller.account,
            "aws:sourcearn": f"arn:aws:{service}:{caller.region}:{caller.account}:*",
        },
    )
    result = iam_evaluator.evaluate_resource_policy(policy, context, principal)
    return bool(result.decision == "Allow")


def _keys() -> tuple[str, str, str]:
    return f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32)
