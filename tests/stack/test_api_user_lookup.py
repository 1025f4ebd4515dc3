"""GET /users/{userId}: operators see who owns a document."""

from __future__ import annotations

import pytest

from infra.api_client import Client
from tests.support.stack import Stack

UNKNOWN_ID = "4f5a2c3e-7d10-4b8e-9c61-0a1b2c3d4e5f"


def sub_of(stack: Stack, name: str) -> str:
    """The permanent id of a user of `Stack.sign_in`."""
    stack.sign_in(name)
    attributes = stack.account.cognito.admin_get_user(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{name}@example.com"
    )["UserAttributes"]
    return next(item["Value"] for item in attributes if item["Name"] == "sub")


def test_an_operator_looks_up_the_owner_of_a_document(stack: Stack, operator: Client) -> None:
    """By the `sub` that the record has, for the e-mail address."""
    sub = sub_of(stack, "ada")
    response = operator.call("GET", f"users/{sub}")
    assert (200, {"userId": sub, "email": "ada@example.com"}) == (response.status, response.body)
    assert "no-store" == response.headers["Cache-Control"]


def test_other_users_look_up_nobody(stack: Stack, ada: Client) -> None:
    """Not even themselves: 403."""
    response = ada.call("GET", f"users/{sub_of(stack, 'ada')}")
    assert (403, "forbidden") == (response.status, response.body["code"])


@pytest.mark.parametrize("user_id", [UNKNOWN_ID, "ada@example.com", "a%2Fb"])
def test_an_unknown_user_is_not_found(operator: Client, user_id: str) -> None:
    """Nor is an e-mail address, which Cognito accepts as well."""
    response = operator.call("GET", f"users/{user_id}")
    assert 404 == response.status
