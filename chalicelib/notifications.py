"""What subscribers are told of a document that came to rest: one message to an SNS topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.documents import one_line

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

TOLD = (
    "documentId",
    "fileName",
    "fileType",
    "fileSize",
    "status",
    "uploadedAt",
    "processedAt",
    "owner",
    "objectKey",
    "sequencer",
    "sha256",
    "failure",
)
"""What a message holds of a record. Not what was found in the file: whoever may, reads it there."""

FILTERED = ("status", "fileType", "owner")
"""What subscription filters can go by. An attribute that a record has not is absent."""


class NotificationError(Exception):
    """SNS did not take a notification, or did not say that it has."""


def publish(sns: SNSClient, topic_arn: str, record: Mapping[str, object]) -> None:
    """Tell the topic's subscribers of a record.

    Raises:
        NotificationError: SNS did not say that it has taken it.
    """
    attributes: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": one_line(str(record[name]))}
        for name in FILTERED
        if record.get(name)
    }
    message = json.dumps({name: record[name] for name in TOLD if name in record})
    try:
        sns.publish(TopicArn=topic_arn, Message=message, MessageAttributes=attributes)
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise NotificationError(str(error)) from error
