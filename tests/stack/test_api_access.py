"""Access control: sign-in, ownership, and what other users can infer."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable

import pytest

from chalicelib.documents import document_id_for
from infra.api_client import Client, Response
from infra.aws.stage import Account
from infra.aws.users import User, get_id_token
from infra.console import CommandError
from tests.support.stack import PASSWORD, Stack

CONTENT = b"one two three"
ROUTES = [
    ("POST", "uploads"),
    ("POST", "uploads/{}/parts"),
    ("GET", "uploads/{}/parts"),
    ("POST", "uploads/{}/complete"),
    ("DELETE", "uploads/{}"),
    ("GET", "documents"),
    ("GET", "documents/{}"),
    ("HEAD", "documents/{}"),
    ("POST", "documents/{}/reprocess"),
    ("GET", "documents/{}/content"),
    ("DELETE", "documents/{}"),
]


@pytest.fixture(scope="module")
def adas(stack: Stack, ada: Client) -> str:
    """A PROCESSED document of ada's."""
    document_id = ada.upload("hers.txt", "text/plain", CONTENT)
    stack.settled(ada, document_id)
    return document_id


def token_of(account: Account, auth_flow: str, client_id: str, kind: str) -> str:
    """One of the tokens that ada gets when she signs in somewhere."""
    answer = account.cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow=auth_flow,  # type: ignore[arg-type] # one of those that the client allows
        AuthParameters={"USERNAME": "ada@example.com", "PASSWORD": PASSWORD},
    )
    return str(answer["AuthenticationResult"][kind])  # type: ignore[literal-required] # as said


def token_of_another_pool(account: Account) -> str:
    """An ID token of a user by the same name in a pool of somebody else's."""
    pool = account.cognito.create_user_pool(PoolName="other", UsernameAttributes=["email"])
    pool_id = pool["UserPool"]["Id"]
    client = account.cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="c", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    account.cognito.admin_create_user(
        UserPoolId=pool_id, Username="ada@example.com", MessageAction="SUPPRESS"
    )
    account.cognito.admin_set_user_password(
        UserPoolId=pool_id, Username="ada@example.com", Password=PASSWORD, Permanent=True
    )
    client_id = client["UserPoolClient"]["ClientId"]
    token = token_of(account, "USER_PASSWORD_AUTH", client_id, "IdToken")
    account.cognito.delete_user_pool(UserPoolId=pool_id)
    return token


def token_of_another_client(stack: Stack) -> str:
    """An ID token of ada's that a second app client of the same pool got."""
    cognito, pool_id = stack.account.cognito, stack.outputs["UserPoolId"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="second", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    client_id = client["UserPoolClient"]["ClientId"]
    token = token_of(stack.account, "USER_PASSWORD_AUTH", client_id, "IdToken")
    cognito.delete_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
    return token


def with_claims(token: str, **claims: object) -> str:
    """The token with other claims, and its old signature."""
    header, payload, signature = token.split(".")
    old = json.loads(base64.urlsafe_b64decode(payload + "=="))
    new = base64.urlsafe_b64encode(json.dumps({**old, **claims}).encode()).decode().rstrip("=")
    return f"{header}.{new}.{signature}"


TOKENS: dict[str, Callable[[Stack, str], str | None]] = {
    "none": lambda _stack, _token: None,
    "empty": lambda _stack, _token: "",
    "broken": lambda _stack, _token: "broken",
    "cut": lambda _stack, token: token[:-10],
    "made an operator": lambda _stack, token: with_claims(token, **{"cognito:groups": "operators"}),
    "unsigned": lambda _stack, token: token.rpartition(".")[0] + ".",
    "of another pool": lambda stack, _token: token_of_another_pool(stack.account),
    "of another client": lambda stack, _token: token_of_another_client(stack),
    "for access": lambda stack, _token: token_of(
        stack.account, "USER_PASSWORD_AUTH", stack.outputs["UserPoolClientId"], "AccessToken"
    ),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_nobody_gets_in_without_a_token_of_this_app_client(
    stack: Stack, ada: Client, adas: str, kind: str
) -> None:
    """Every route but the description answers 401, in the API's error shape, and does nothing."""
    stranger = Client(stack.api_url, TOKENS[kind](stack, ada.token or ""))
    for method, path in ROUTES:
        answer = stranger.call(method, path.format(adas))
        assert 401 == answer.status, (method, path)
        assert method == "HEAD" or "unauthorized" == answer.body["code"], (method, path)
        assert "*" == answer.headers["Access-Control-Allow-Origin"]
    assert 200 == ada.call("GET", f"documents/{adas}").status
    assert 200 == stranger.call("GET", "openapi.json").status


UNLIKE = {"date", "x-amzn-requestid", "x-amz-request-id"}
"""Headers that no two answers share."""


def distinguishable_parts(answer: Response) -> object:
    """All parts of an answer that could distinguish one 404 from another."""
    headers = sorted((n.lower(), v) for n, v in answer.headers.items() if n.lower() not in UNLIKE)
    return answer.status, headers, answer.content


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "documents/{}"),
        ("GET", "documents/{}/content"),
        ("DELETE", "documents/{}"),
    ],
)
def test_a_foreign_document_looks_like_a_missing_one(
    stack: Stack, ada: Client, bo: Client, adas: str, method: str, path: str
) -> None:
    """Status, headers and body are the same, whatever state the foreign document is in."""
    missing = distinguishable_parts(bo.call(method, path.format(uuid.uuid4())))
    pending = ada.request_upload("a.txt", "text/plain", 5).body["documentId"]
    deleted = ada.request_upload("a.txt", "text/plain", 5).body["documentId"]
    ada.call("DELETE", f"documents/{deleted}")
    key = stack.new_key()
    stack.put(key, CONTENT)
    stack.record(key)
    direct = document_id_for(stack.bucket, key)
    for foreign in (adas, pending, deleted, direct, "no-id", adas.upper()):
        assert missing == distinguishable_parts(bo.call(method, path.format(foreign))), foreign
    assert missing[0] == 404  # type: ignore[index] # the status
    assert 200 == ada.call("GET", f"documents/{adas}").status


def test_a_cursor_of_one_user_is_worth_nothing_to_another(
    stack: Stack, ada: Client, bo: Client, operator: Client, adas: str
) -> None:
    """Refused as a made-up one is."""
    second = ada.upload("second.txt", "text/plain", CONTENT)
    stack.settled(ada, second)
    cursor = ada.call("GET", "documents?limit=1").body["cursor"]
    made_up = distinguishable_parts(bo.call("GET", "documents?cursor=abcd"))
    assert made_up == distinguishable_parts(bo.call("GET", f"documents?cursor={cursor}"))
    assert 400 == operator.call("GET", f"documents?cursor={cursor}").status
    assert adas in ids_of(ada.call("GET", f"documents?cursor={cursor}"))


def ids_of(answer: Response) -> list[str]:
    """Of the documents in a page."""
    assert 200 == answer.status, answer.content
    return [document["documentId"] for document in answer.body["documents"]]


def test_users_see_their_own_and_operators_everything(
    stack: Stack, ada: Client, bo: Client, operator: Client
) -> None:
    """A direct upload without an owner is for operators only."""
    hers = ada.upload("hers.txt", "text/plain", CONTENT)
    his = bo.upload("his.txt", "text/plain", CONTENT)
    key = stack.new_key("nobody's.txt")
    stack.put(key, CONTENT)
    nobodys = document_id_for(stack.bucket, key)
    stack.settled(ada, hers)
    stack.settled(bo, his)
    stack.record(key)
    seen = {
        who: {document for document in (hers, his, nobodys) if document in ids}
        for who, ids in {
            "ada": ids_of(ada.call("GET", "documents?limit=100")),
            "bo": ids_of(bo.call("GET", "documents?limit=100")),
            "operator": ids_of(operator.call("GET", "documents?limit=100")),
        }.items()
    }
    assert {"ada": {hers}, "bo": {his}, "operator": {hers, his, nobodys}} == seen
    for document in (hers, his, nobodys):
        assert 200 == operator.call("GET", f"documents/{document}").status
        assert 200 == operator.call("GET", f"documents/{document}/content").status


def test_a_direct_upload_may_name_its_owner(stack: Stack, ada: Client) -> None:
    """A system that has a user's `sub` can put files into the bucket for them."""
    record = ada.call("GET", "documents?limit=1").body["documents"][0]
    key = stack.new_key("for ada.txt")
    stack.put(key, CONTENT, owner=record["owner"])
    stack.record(key)
    assert 200 == ada.call("GET", f"documents/{document_id_for(stack.bucket, key)}").status


def test_a_pending_document_has_no_content(ada: Client) -> None:
    """Its owner gets 409; there is nothing to download yet."""
    document_id = ada.request_upload("a.txt", "text/plain", 5).body["documentId"]
    answer = ada.call("GET", f"documents/{document_id}/content")
    assert (409, "document_pending") == (answer.status, answer.body["code"])


def test_the_password_of_another_signs_nobody_in(stack: Stack) -> None:
    """The pool refuses, without saying whether there is such a user."""
    with pytest.raises(CommandError, match="cannot sign in"):
        get_id_token(stack.stage, User("ada@example.com", "Wrong-Horse-77"))
