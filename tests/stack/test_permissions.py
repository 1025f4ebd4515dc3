"""Each role may do what its function does, and nothing else: the local AWS's IAM decides.

Each call is made with the credentials of a role that has the policy of a function's role and
nothing else.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.stage import ROOT, Account
from infra.build.calls import function_names
from infra.build.features import conditional_functions
from tests.support.principals import role_account
from tests.support.stack import Stack

FUNCTIONS = sorted(set(function_names(ROOT)) - conditional_functions(ROOT).keys())
"""Of the stage without features."""

REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


@dataclass(frozen=True)
class Attempt:
    """A call that somebody with a role's permissions may make or not."""

    name: str
    call: Callable[[Account], Any]


def deployed_policy(stack: Stack, function: str) -> dict[str, Any]:
    """The one inline policy of a function's role, as IAM has it."""
    role = f"{stack.stage.stack_name}-{function}"
    names = stack.account.iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert 1 == len(names)
    attached = stack.account.iam.list_attached_role_policies(RoleName=role)
    assert [] == attached["AttachedPolicies"]
    answer = stack.account.iam.get_role_policy(RoleName=role, PolicyName=names[0])
    document = answer["PolicyDocument"]
    return json.loads(document) if isinstance(document, str) else dict(document)


def with_policy(stack: Stack, policy: dict[str, Any]) -> Account:
    """The account as a role sees it that may do only what a policy says."""
    # A session policy, as of GetFederationToken, may have 2,048 characters only.
    name = f"permissions-{uuid.uuid4()}"
    return role_account(stack.account, name, policy["Statement"])


def is_allowed(attempt: Attempt, account: Account) -> bool:
    """Whether IAM lets the call through; what then becomes of it does not matter."""
    try:
        attempt.call(account)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return code not in REFUSALS
    return True


KEY = {"documentId": {"S": "permissions"}}


def attempts_of(stack: Stack, function: str) -> list[Attempt]:
    """The calls that a function makes, or Lambda with its role; at least one a statement."""
    bucket, table, queue = stack.bucket, stack.table, stack.outputs["FailureQueueUrl"]
    group = f"/aws/lambda/{stack.stage.functions[function]}"

    def open_log(account: Account) -> None:
        account.logs.create_log_stream(logGroupName=group, logStreamName=stack.new_key())

    def write_log(account: Account) -> None:
        stream = stack.new_key()
        stack.account.logs.create_log_stream(logGroupName=group, logStreamName=stream)
        account.logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": "permissions"}],
        )

    logs = [Attempt("CreateLogStream", open_log), Attempt("PutLogEvents", write_log)]
    put_item = Attempt(
        "PutItem", lambda account: account.dynamodb.put_item(TableName=table, Item=KEY)
    )
    get_object = Attempt(
        "GetObject", lambda account: account.s3.get_object(Bucket=bucket, Key="permissions")
    )
    get_item = Attempt(
        "GetItem", lambda account: account.dynamodb.get_item(TableName=table, Key=KEY)
    )
    update_item = Attempt(
        "UpdateItem", lambda account: account.dynamodb.update_item(TableName=table, Key=KEY)
    )
    delete_upload = Attempt(
        "DeleteObject of a client's upload",
        lambda account: account.s3.delete_object(Bucket=bucket, Key="uploads/permissions"),
    )
    own = {
        "process_upload": [
            get_object,
            delete_upload,
            get_item,
            put_item,
            update_item,
            Attempt("SendMessage", lambda account: send_and_take_back(stack, account)),
        ],
        "record_failure": [
            delete_upload,
            update_item,
            Attempt(
                "ReceiveMessage",
                lambda account: account.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0),
            ),
            Attempt(
                "DeleteMessage",
                lambda account: account.sqs.delete_message(QueueUrl=queue, ReceiptHandle="none"),
            ),
            Attempt(
                "GetQueueAttributes",
                lambda account: account.sqs.get_queue_attributes(QueueUrl=queue),
            ),
        ],
        "api_handler": [
            get_item,
            Attempt(
                "Query of byOwnerAndStatus", partial(query, stack, "byOwnerAndStatus", "owner")
            ),
            Attempt("Query of byStatus", partial(query, stack, "byStatus", "status")),
            put_item,
            get_object,
            Attempt(
                "AdminGetUser",
                lambda account: account.cognito.admin_get_user(
                    UserPoolId=stack.outputs["UserPoolId"], Username="permissions"
                ),
            ),
            Attempt(
                "Invoke process_upload",
                lambda account: account.lambda_.invoke(
                    FunctionName=stack.stage.functions["process_upload"], InvocationType="DryRun"
                ),
            ),
            Attempt(
                "PutObject of a client's upload",
                lambda account: account.s3.put_object(Bucket=bucket, Key="uploads/permissions"),
            ),
            Attempt("multipart upload of a client", partial(upload_in_parts, bucket)),
            Attempt(
                "AbortMultipartUpload",
                lambda account: account.s3.abort_multipart_upload(
                    Bucket=bucket, Key="uploads/permissions", UploadId="none"
                ),
            ),
            Attempt(
                "ListParts",
                lambda account: account.s3.list_parts(
                    Bucket=bucket, Key="uploads/permissions", UploadId="none"
                ),
            ),
            Attempt(
                "DeleteObject",
                lambda account: account.s3.delete_object(Bucket=bucket, Key="permissions"),
            ),
            delete_upload,
        ],
    }
    return own[function] + text_attempts(stack, function) + logs


def text_attempts(stack: Stack, function: str) -> list[Attempt]:
    """The calls that a function makes on the text bucket; none where texts are not kept."""
    bucket = stack.outputs.get("TextBucketName")
    if bucket is None:
        return []
    name = {"Bucket": bucket, "Key": "permissions"}
    attempts = {
        "PutObject of a text": lambda account: account.s3.put_object(**name),
        "GetObject of a text": lambda account: account.s3.get_object(**name),
        "DeleteObject of a text": lambda account: account.s3.delete_object(**name),
        "ListBucket of texts": lambda account: account.s3.list_objects_v2(Bucket=bucket),
    }
    missing = {
        "process_upload": "GetObject of a text",
        "api_handler": "PutObject of a text",
    }
    both = {"DeleteObject of a text", "ListBucket of texts"}
    return [
        Attempt(title, call)
        for title, call in attempts.items()
        if title in both or title != missing.get(function, title)
    ]


def upload_in_parts(bucket: str, account: Account) -> None:
    """Create a multipart upload, upload its only part and complete it."""
    key = "uploads/permissions"
    upload_id = account.s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = account.s3.upload_part(
        Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=b"permissions"
    )
    account.s3.complete_multipart_upload(
        Bucket=bucket,
        Key=key,
        UploadId=upload_id,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )


def query(stack: Stack, index: str, key: str, account: Account) -> None:
    """Query one index."""
    account.dynamodb.query(
        TableName=stack.table,
        IndexName=index,
        KeyConditionExpression="#key = :key",
        ExpressionAttributeNames={"#key": key},
        ExpressionAttributeValues={":key": {"S": "permissions"}},
    )


def send_and_take_back(stack: Stack, account: Account) -> None:
    """Send a message that record_failure reads as an event without records."""
    body = json.dumps({"requestContext": {}, "requestPayload": {"Records": []}})
    account.sqs.send_message(QueueUrl=stack.outputs["FailureQueueUrl"], MessageBody=body)


def foreign_attempts(stack: Stack, function: str) -> list[Attempt]:
    """What no function may: calls that none makes, and those of the other functions."""
    bucket, table = stack.bucket, stack.table
    other_bucket, other_table = "intake-somebody-elses", "SomebodyElses"
    everywhere = [
        Attempt(
            "GetObject of another bucket",
            lambda account: account.s3.get_object(Bucket=other_bucket, Key="any"),
        ),
        Attempt("ListBucket", lambda account: account.s3.list_objects_v2(Bucket=bucket)),
        Attempt(
            "DeleteObject",
            lambda account: account.s3.delete_object(Bucket=bucket, Key="permissions"),
        ),
        Attempt(
            "PutObject",
            lambda account: account.s3.put_object(Bucket=bucket, Key="permissions"),
        ),
        Attempt(
            "AbortMultipartUpload of a direct upload",
            lambda account: account.s3.abort_multipart_upload(
                Bucket=bucket, Key="permissions", UploadId="none"
            ),
        ),
        Attempt(
            "ListParts of a direct upload",
            lambda account: account.s3.list_parts(
                Bucket=bucket, Key="permissions", UploadId="none"
            ),
        ),
        Attempt(
            "ListMultipartUploads",
            lambda account: account.s3.list_multipart_uploads(Bucket=bucket),
        ),
        Attempt("Scan", lambda account: account.dynamodb.scan(TableName=table)),
        Attempt(
            "Query of the table",
            lambda account: account.dynamodb.query(
                TableName=table,
                KeyConditionExpression="documentId = :id",
                ExpressionAttributeValues={":id": {"S": "permissions"}},
            ),
        ),
        Attempt(
            "DeleteItem",
            lambda account: account.dynamodb.delete_item(TableName=table, Key=KEY),
        ),
        Attempt(
            "PutItem into another table",
            lambda account: account.dynamodb.put_item(TableName=other_table, Item=KEY),
        ),
        Attempt(
            "UpdateItem in another table",
            lambda account: account.dynamodb.update_item(TableName=other_table, Key=KEY),
        ),
        Attempt(
            "CreateLogGroup",
            lambda account: account.logs.create_log_group(logGroupName="/aws/lambda/other"),
        ),
        Attempt(
            "SendMessage to another queue",
            lambda account: account.sqs.send_message(
                QueueUrl=stack.outputs["FailureQueueUrl"].replace("Failure", "Other"),
                MessageBody="any",
            ),
        ),
    ]
    mine = {attempt.name for attempt in attempts_of(stack, function)}
    of_others = [
        attempt
        for other in FUNCTIONS
        if other != function
        for attempt in attempts_of(stack, other)
        if attempt.name not in mine
    ]
    other_logs = [
        Attempt(f"{attempt.name} for {other}", attempt.call)
        for other in FUNCTIONS
        if other != function
        for attempt in attempts_of(stack, other)
        if attempt.name in {"CreateLogStream", "PutLogEvents"}
    ]
    forbidden = [attempt for attempt in everywhere if attempt.name not in mine]
    return forbidden + of_others + other_logs


@pytest.fixture(scope="module", autouse=True)
def _somebody_elses(stack: Stack) -> Any:
    """Another bucket, table and queue in the account, so that refusals are IAM's."""
    account = stack.account
    account.s3.create_bucket(Bucket="intake-somebody-elses")
    account.s3.put_object(Bucket="intake-somebody-elses", Key="any", Body=b"any")
    account.dynamodb.create_table(
        TableName="SomebodyElses",
        KeySchema=[{"AttributeName": "documentId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "documentId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    url = account.sqs.create_queue(
        QueueName=stack.outputs["FailureQueueName"].replace("Failure", "Other")
    )["QueueUrl"]
    yield
    account.sqs.delete_queue(QueueUrl=url)
    account.dynamodb.delete_table(TableName="SomebodyElses")
    account.s3.delete_object(Bucket="intake-somebody-elses", Key="any")
    account.s3.delete_bucket(Bucket="intake-somebody-elses")


@pytest.fixture(params=["stack", "text_stack"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """A stage without features, and one with texts."""
    stack: Stack = request.getfixturevalue(request.param)
    return stack


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_make_its_calls(any_stack: Stack, function: str) -> None:
    """Every call that a function makes is allowed by the policy that is deployed for it."""
    account = with_policy(any_stack, deployed_policy(any_stack, function))
    refused = [
        attempt.name
        for attempt in attempts_of(any_stack, function)
        if not is_allowed(attempt, account)
    ]
    assert [] == refused


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_nothing_else(any_stack: Stack, function: str) -> None:
    """Other buckets, tables, queues and logs, listing, scanning and deleting are refused."""
    account = with_policy(any_stack, deployed_policy(any_stack, function))
    allowed = [
        attempt.name
        for attempt in foreign_attempts(any_stack, function)
        if is_allowed(attempt, account)
    ]
    assert [] == allowed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_statement_can_be_taken_away(any_stack: Stack, function: str) -> None:
    """Without any one statement of its policy, a function could not make all of its calls."""
    policy = deployed_policy(any_stack, function)
    for missing in range(len(policy["Statement"])):
        rest = [statement for n, statement in enumerate(policy["Statement"]) if n != missing]
        account = with_policy(any_stack, {**policy, "Statement": rest})
        attempts = attempts_of(any_stack, function)
        assert not all(map(partial(is_allowed, account=account), attempts)), policy["Statement"][
            missing
        ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_action_can_be_taken_away(any_stack: Stack, function: str) -> None:
    """Without any one action of its policy, a function could not make all of its calls."""
    policy = deployed_policy(any_stack, function)
    for number, statement in enumerate(policy["Statement"]):
        for action in statement["Action"]:
            rest = [other for other in statement["Action"] if other != action]
            statements = list(policy["Statement"])
            statements[number : number + 1] = [{**statement, "Action": rest}] if rest else []
            account = with_policy(any_stack, {**policy, "Statement": statements})
            attempts = attempts_of(any_stack, function)
            assert not all(map(partial(is_allowed, account=account), attempts)), action
