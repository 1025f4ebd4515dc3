"""Claims say who calls."""

from __future__ import annotations

import pytest

from chalicelib.api.auth import Principal, can_read, principal_from_claims

CLAIMS = {"sub": "ada", "token_use": "id", "aud": "client"}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (None, False),
        ("", False),
        ("[]", False),
        ("operators", True),
        ("[operators]", True),
        ("admins,operators", True),
        ("admins operators", True),
        ("[admins operators]", True),
        (["operators"], True),
        ("[operators-of-cranes]", False),
        (["Operators"], False),
        ("cooperators", False),
    ],
)
def test_only_members_of_the_group_are_operators(groups: object, expected: bool) -> None:
    """The claim is a list in the token and a text in one of three forms behind API Gateway."""
    claims = CLAIMS if groups is None else {**CLAIMS, "cognito:groups": groups}
    assert Principal("ada", expected) == principal_from_claims(claims, "client")


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": "ada"},
        {**CLAIMS, "token_use": "access"},
        {**CLAIMS, "sub": ""},
        {**CLAIMS, "aud": "another client"},
        {"sub": "ada", "token_use": "id"},
    ],
)
def test_claims_of_another_token_are_nobodys(claims: dict[str, str]) -> None:
    """An access token, or one of another app client, is rejected, wherever the app runs."""
    assert principal_from_claims(claims, "client") is None


@pytest.mark.parametrize(
    ("caller", "record", "expected"),
    [
        (Principal("ada", is_operator=False), {"owner": "ada"}, True),
        (Principal("ada", is_operator=False), {"owner": "bo"}, False),
        (Principal("ada", is_operator=False), {}, False),
        (Principal("ada", is_operator=True), {"owner": "bo"}, True),
        (Principal("ada", is_operator=True), {}, True),
    ],
)
def test_a_record_is_for_its_owner_and_operators(
    caller: Principal, record: dict[str, str], expected: bool
) -> None:
    """What has no owner is for operators only."""
    assert expected is can_read(caller, record)
