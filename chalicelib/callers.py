"""Who calls the API, by the claims of their ID token, and what they may see.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPERATORS = "operators"
"""The user pool's group whose members see every document."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is signed in."""

    sub: str
    """Cognito's lasting id of the user: what `owner` of a document holds."""
    is_operator: bool


def caller_of(claims: Mapping[str, Any]) -> Caller | None:
    """Whom an ID token speaks of; None for claims of any other token.

    API Gateway takes ID tokens only where a method asks for no scopes (developer guide, "Integrate
    a REST API with an Amazon Cognito user pool"); this keeps access tokens out wherever it runs.
    """
    if claims.get("token_use") != "id" or not claims.get("sub"):
        return None
    return Caller(str(claims["sub"]), OPERATORS in _groups_of(claims.get("cognito:groups")))


def may_see(caller: Caller, record: Mapping[str, Any]) -> bool:
    """Whether a record is this caller's business."""
    return caller.is_operator or record.get("owner") == caller.sub


def _groups_of(claim: object) -> list[str]:
    """The groups in the claim: a list in the token, and in API Gateway's hands a text.

    As text there were `a,b`, `a b` and `[a b]`. Cognito's group names hold no blanks.
    """
    if isinstance(claim, str):
        return re.split(r"[\s,]+", claim.strip().removeprefix("[").removesuffix("]"))
    return [str(group) for group in claim] if isinstance(claim, list) else []
