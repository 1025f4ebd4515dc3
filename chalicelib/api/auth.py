"""Authentication and authorization: the caller from ID token claims, and what they can read.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPERATORS = "operators"
"""Cognito group whose members can read every document."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller."""

    sub: str
    """Cognito's permanent user id: `owner` of the user's documents."""
    is_operator: bool


def principal_from_claims(claims: Mapping[str, Any]) -> Principal | None:
    """The caller from the claims of an ID token; None for the claims of any other token.

    API Gateway accepts only ID tokens where a method requires no scopes (developer guide,
    "Integrate a REST API with an Amazon Cognito user pool"); this check does not rely on it.
    """
    if claims.get("token_use") != "id" or not claims.get("sub"):
        return None
    return Principal(str(claims["sub"]), OPERATORS in _groups(claims.get("cognito:groups")))


def can_read(principal: Principal, record: Mapping[str, Any]) -> bool:
    """Whether the principal owns the record or is an operator."""
    return principal.is_operator or record.get("owner") == principal.sub


def _groups(claim: object) -> list[str]:
    """The groups in the claim: a list in the token, a string where API Gateway passes it on.

    Observed strings are `a,b`, `a b` and `[a b]`. Cognito group names contain no spaces.
    """
    if isinstance(claim, str):
        return re.split(r"[\s,]+", claim.strip().removeprefix("[").removesuffix("]"))
    return [str(group) for group in claim] if isinstance(claim, list) else []
