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


def principal_from_claims(claims: Mapping[str, Any], client_id: str) -> Principal | None:
    """The caller from the claims of an ID token; None for the claims of any other token.

    API Gateway accepts only ID tokens where a method requires no scopes (developer guide,
    "Integrate a REST API with an Amazon Cognito user pool"), but those of every app client of the
    pool. The audience of an ID token is its app client (Cognito developer guide, "Verifying JSON
    web tokens").
    """
    if claims.get("token_use") != "id" or claims.get("aud") != client_id or not claims.get("sub"):
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
