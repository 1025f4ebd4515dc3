"""Cognito: looks up the e-mail address of a user."""

from __future__ import annotations

import boto3
from botocore.config import Config


def get_email(user_pool_id: str, sub: str) -> str | None:
    """The e-mail address of the user with this `sub`; None where there is none.

    Where e-mail addresses are aliases, the username of a user is its `sub` (Cognito API reference,
    AdminGetUser).
    """
    cognito = boto3.client(  # here, since few requests need it
        "cognito-idp",
        config=Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
    try:
        response = cognito.admin_get_user(UserPoolId=user_pool_id, Username=sub)
    except cognito.exceptions.UserNotFoundException:
        return None
    attributes = {item["Name"]: item.get("Value") for item in response["UserAttributes"]}
    return attributes.get("email")
