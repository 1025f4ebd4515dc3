"""Services that MiniStack lacks, behind its endpoint with its IAM."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.aws.stage import Account
from tests.support.principals import Principal, allow


def error_code(client: object, job_id: str = "none") -> str:
    """The code of the error that a call gets."""
    with pytest.raises(ClientError) as raised:
        client.get_document_text_detection(JobId=job_id)  # type: ignore[attr-defined] # no stubs
    return str(raised.value.response["Error"]["Code"])


def test_a_permitted_call_reaches_the_service(account: Account) -> None:
    """A role with the permission gets the service's own answer."""
    role = Principal(account, "services-may", allow("textract:GetDocumentTextDetection"))
    assert "InvalidJobIdException" == error_code(role.client("textract"))


def test_a_call_without_permission(account: Account) -> None:
    """A role without the permission is refused."""
    role = Principal(account, "services-may-not", allow("textract:StartDocumentTextDetection"))
    assert "AccessDeniedException" == error_code(role.client("textract"))


def test_a_wrong_signature(account: Account) -> None:
    """A request that another secret has signed is refused."""
    account.iam.create_user(UserName="services-user")
    key = account.iam.create_access_key(UserName="services-user")["AccessKey"]["AccessKeyId"]
    client = boto3.client(
        "textract",
        account.region,
        endpoint_url=account.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key="wrong",
    )
    assert "InvalidSignatureException" == error_code(client)
