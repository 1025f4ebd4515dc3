"""SQS queue depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

VISIBLE: QueueAttributeNameType = "ApproximateNumberOfMessages"
IN_FLIGHT: QueueAttributeNameType = "ApproximateNumberOfMessagesNotVisible"


def queue_depth(
    sqs: SQSClient, url: str, kinds: tuple[QueueAttributeNameType, ...] = (VISIBLE, IN_FLIGHT)
) -> int:
    """The approximate number of messages in a queue: visible, in flight, or both."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=kinds)["Attributes"]
    return sum(int(attributes[kind]) for kind in kinds)
