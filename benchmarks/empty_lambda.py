"""A Lambda that does nothing, started by a bucket as process_upload is."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from typing import Any

from infra.aws.stage import Account

NAME = "empty"
BUCKET = "intake-bench-empty"

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_LOGS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
}


def make(account: Account) -> None:
    """Create the bucket, the function and the notification between them."""
    role = account.iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(_TRUST))
    account.iam.put_role_policy(RoleName=NAME, PolicyName=NAME, PolicyDocument=json.dumps(_LOGS))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("empty.py", "def handler(event, context):\n    pass\n")
    runtime: Any = f"python{sys.version_info.major}.{sys.version_info.minor}"
    function = account.lambda_.create_function(
        FunctionName=NAME,
        Runtime=runtime,
        Role=role["Role"]["Arn"],
        Handler="empty.handler",
        Code={"ZipFile": content.getvalue()},
        MemorySize=1024,
    )
    account.lambda_.get_waiter("function_active_v2").wait(FunctionName=NAME)
    account.s3.create_bucket(Bucket=BUCKET)
    account.lambda_.add_permission(
        FunctionName=NAME,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{BUCKET}",
    )
    account.s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": function["FunctionArn"],
                    "Events": ["s3:ObjectCreated:*"],
                }
            ]
        },
    )
