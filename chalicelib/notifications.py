"""SNS: publishes each document that reaches PROCESSED or FAILED."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib import notification_texts
from chalicelib.documents import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

MESSAGE_FIELDS = (
    "documentId",
    "fileName",
    "fileType",
    "declaredType",
    "fileSize",
    "status",
    "uploadedAt",
    "processedAt",
    "owner",
    "tags",
    "objectKey",
    "sequencer",
    "sha256",
    "failure",
    "text",
)
"""Attributes of the record in a message. Metadata and text itself stay behind the API's sign-in."""

FILTER_ATTRIBUTES = ("status", "fileType", "owner")
"""Message attributes for subscription filter policies; absent where the record lacks them."""


class NotificationError(Exception):
    """SNS did not accept a message, or its response was lost."""


def publish(sns: SNSClient, topic_arn: str, record: Mapping[str, object]) -> None:
    """Publish a record to the topic: sentences for people, JSON for every other subscriber.

    Raises:
        NotificationError: SNS did not confirm the message.
    """
    attributes: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": escape_unprintable(str(record[name]))}
        for name in FILTER_ATTRIBUTES
        if record.get(name)
    }
    try:
        sns.publish(
            TopicArn=topic_arn,
            Subject=notification_texts.subject(topic_arn, record),
            Message=json.dumps(_messages(record)),
            MessageStructure="json",
            MessageAttributes=attributes,
        )
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise NotificationError(str(error)) from error


def _messages(record: Mapping[str, object]) -> dict[str, str]:
    """The message of each protocol; `default` is that of queues, functions, URLs and Firehose."""
    return {
        "default": json.dumps({name: record[name] for name in MESSAGE_FIELDS if name in record}),
        "email": notification_texts.email(record),
        "sms": notification_texts.sms(record),
    }
