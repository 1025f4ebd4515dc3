"""The message about a job that has ended.

https://docs.aws.amazon.com/textract/latest/dg/async-notification-payload.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from infra.local.identity import Caller, Credentials, assume_role, endpoint
from infra.local.protocol import ServiceError

PRINCIPAL = "textract.amazonaws.com"


def check_channel(channel: Mapping[str, Any], caller: Caller) -> None:
    """Check that the caller may pass the role to Textract, and that Textract may assume it.

    Raises:
        ServiceError: AccessDeniedException, or InvalidParameterException.
    """
    role = channel["RoleArn"]
    caller.check("iam:PassRole", role, {"iam:PassedToService": PRINCIPAL})
    region = channel["SNSTopicArn"].split(":")[3]
    if region != caller.region or assume_role(role, PRINCIPAL, caller) is None:
        raise ServiceError(
            "InvalidParameterException",
            f"The topic must be in {caller.region}, and {role} must trust {PRINCIPAL}",
        )


def publish(channel: Mapping[str, Any], message: Mapping[str, Any], caller: Caller) -> None:
    """Publish a message with the permissions of the channel's role.

    Raises:
        botocore.exceptions.ClientError: the role lacks the permission, or there is no such topic.
    """
    role = assume_role(channel["RoleArn"], PRINCIPAL, caller)
    assert isinstance(role, Credentials), "checked when the job started"
    sns = role.session().client("sns", endpoint_url=endpoint())
    sns.publish(TopicArn=channel["SNSTopicArn"], Message=json.dumps(message))


def message_of(job_id: str, status: str, api: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The message about a job with these parameters."""
    location = request["DocumentLocation"]["S3Object"]
    tag = {"JobTag": request["JobTag"]} if "JobTag" in request else {}
    return {
        "JobId": job_id,
        "Status": status,
        "API": api,
        **tag,
        "Timestamp": int(time.time() * 1000),
        "DocumentLocation": {"S3ObjectName": location["Name"], "S3Bucket": location["Bucket"]},
    }
