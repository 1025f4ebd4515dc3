"""Clients of the local AWS with the permissions of a role that a test makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from infra.aws.stage import Account

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})

Statement = Mapping[str, object]


class Principal:
    """A session of a role."""

    def __init__(self, account: Account, name: str, *statements: Statement) -> None:
        """Of a new role of this name with these statements."""
        self._endpoint = account.endpoint
        given = _credentials(account, name, statements)
        self._session = boto3.Session(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            account.region,
        )

    def client(self, service: str) -> Any:
        """A client of a service with the role's permissions, without retries."""
        return self._session.client(service, endpoint_url=self._endpoint, config=_ONE_ATTEMPT)  # type: ignore[call-overload] # services that have no stubs


def role_account(account: Account, name: str, statements: Sequence[Statement]) -> Account:
    """The account with the permissions of a new role of this name with these statements."""
    given = _credentials(account, name, statements)
    return Account(
        {
            **account.environment,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
    )


def make_role(
    account: Account,
    name: str,
    principal: Mapping[str, str],
    statements: Sequence[Statement],
    condition: Mapping[str, object] | None = None,
) -> str:
    """The ARN of a new role that a principal may assume, under a condition."""
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust |= {"Condition": condition} if condition else {}
    role = account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
    if statements:
        account.iam.put_role_policy(
            RoleName=name, PolicyName="allowed", PolicyDocument=_policy(*statements)
        )
    return role["Role"]["Arn"]


def allow(action: str | Sequence[str], resource: str = "*") -> Statement:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _credentials(
    account: Account, name: str, statements: Sequence[Statement]
) -> CredentialsTypeDef:
    arn = make_role(account, name, {"AWS": "*"}, statements)
    return account.sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]


def _policy(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
