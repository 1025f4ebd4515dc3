"""Where OCR is on, the roles may do what it takes, and no more: the local AWS's IAM decides."""

from __future__ import annotations

from functools import partial

import pytest

from infra.aws.stage import Account
from infra.verification.permissions import check_permissions
from infra.verification.report import Report
from infra.verification.session import Session
from tests.stack.test_permissions import (
    KEY,
    Attempt,
    deployed_policy,
    is_allowed,
    send_and_take_back,
    with_policy,
)
from tests.support.stack import Stack

RECORD_TEXT = "record_text"


@pytest.fixture(scope="module")
def attempts(ocr_stack: Stack) -> list[Attempt]:
    """The calls that record_text makes, or Lambda with its role, but for logs."""
    table, bucket = ocr_stack.table, ocr_stack.outputs["TextBucketName"]
    topic = ocr_stack.outputs["NotificationTopicArn"]
    return [
        Attempt("GetItem", lambda account: account.dynamodb.get_item(TableName=table, Key=KEY)),
        Attempt(
            "UpdateItem", lambda account: account.dynamodb.update_item(TableName=table, Key=KEY)
        ),
        Attempt("PutObject", lambda account: account.s3.put_object(Bucket=bucket, Key="a/b.txt")),
        Attempt(
            "DeleteObject", lambda account: account.s3.delete_object(Bucket=bucket, Key="a/b.txt")
        ),
        Attempt("Publish", lambda account: account.sns.publish(TopicArn=topic, Message="{}")),
        Attempt(
            "GetDocumentAnalysis",
            lambda account: account.textract.get_document_analysis(JobId="none"),
        ),
        Attempt("SendMessage", lambda account: send_and_take_back(ocr_stack, account)),
    ]


def test_record_text_may_make_its_calls(ocr_stack: Stack, attempts: list[Attempt]) -> None:
    """Every call is allowed by the policy that is deployed."""
    account = with_policy(ocr_stack, deployed_policy(ocr_stack, RECORD_TEXT))
    assert [] == [attempt.name for attempt in attempts if not is_allowed(attempt, account)]


def test_no_statement_of_record_text_can_be_taken_away(
    ocr_stack: Stack, attempts: list[Attempt]
) -> None:
    """Without any one but that of its log, it could not make all of its calls."""
    policy = deployed_policy(ocr_stack, RECORD_TEXT)
    for missing, statement in enumerate(policy["Statement"]):
        if statement["Action"] != ["logs:CreateLogStream", "logs:PutLogEvents"]:
            rest = [other for n, other in enumerate(policy["Statement"]) if n != missing]
            account = with_policy(ocr_stack, {**policy, "Statement": rest})
            assert not all(map(partial(is_allowed, account=account), attempts)), statement


def test_record_text_may_do_nothing_else(ocr_stack: Stack) -> None:
    """It reads no file, writes no other bucket and table, and starts no job."""
    account = with_policy(ocr_stack, deployed_policy(ocr_stack, RECORD_TEXT))
    table, uploads, texts = ocr_stack.table, ocr_stack.bucket, ocr_stack.outputs["TextBucketName"]
    document = {"S3Object": {"Bucket": uploads, "Name": "any"}}

    def start(account: Account) -> object:
        return account.textract.start_document_text_detection(DocumentLocation=document)  # type: ignore[arg-type] # a plain dict

    forbidden = [
        Attempt("GetObject", lambda account: account.s3.get_object(Bucket=uploads, Key="any")),
        Attempt("GetObject", lambda account: account.s3.get_object(Bucket=texts, Key="any")),
        Attempt("PutObject", lambda account: account.s3.put_object(Bucket=uploads, Key="any")),
        Attempt("ListBucket", lambda account: account.s3.list_objects_v2(Bucket=texts)),
        Attempt("PutItem", lambda account: account.dynamodb.put_item(TableName=table, Item=KEY)),
        Attempt("StartDocumentTextDetection", start),
        Attempt(
            "GetDocumentTextDetection, which OCR=analysis does not need",
            lambda account: account.textract.get_document_text_detection(JobId="none"),
        ),
    ]
    assert [] == [attempt.name for attempt in forbidden if is_allowed(attempt, account)]


def test_process_upload_passes_one_role_to_textract(ocr_stack: Stack) -> None:
    """And the role that Textract publishes with can publish to one topic."""
    policy = deployed_policy(ocr_stack, "process_upload")
    [passing] = [each for each in policy["Statement"] if each["Action"] == ["iam:PassRole"]]
    assert ocr_stack.outputs["OcrRoleArn"] == passing["Resource"]
    assert {"StringEquals": {"iam:PassedToService": "textract.amazonaws.com"}} == (
        passing["Condition"]
    )
    role = ocr_stack.outputs["OcrRoleArn"].rpartition("/")[2]
    [name] = ocr_stack.account.iam.list_role_policies(RoleName=role)["PolicyNames"]
    published = ocr_stack.account.iam.get_role_policy(RoleName=role, PolicyName=name)
    assert ocr_stack.outputs["OcrTopicArn"] in str(published["PolicyDocument"])
    assert "*" not in str(published["PolicyDocument"])


def test_verify_finds_the_roles_as_documented(ocr_stack: Stack) -> None:
    """`make verify` distinguishes actions without resource types, or with a condition."""
    session = Session(ocr_stack.stage, ocr_stack.api_url, "ocr")
    report = Report(ocr_stack.stage.hooks.limitations)
    with report.group("Permissions"):
        check_permissions(session, report)
    assert 1 == report.skipped
