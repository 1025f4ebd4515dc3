"""Queues that are subscribed to topics."""

from __future__ import annotations

import json
from dataclasses import dataclass

from infra.aws.stage import Account


@dataclass(frozen=True)
class SubscribedQueue:
    """A queue and its subscription."""

    url: str
    subscription_arn: str


def subscribe_queue(
    account: Account, name: str, topic_arn: str, **attributes: str
) -> SubscribedQueue:
    """A new queue to which the topic may send, subscribed with these attributes."""
    url = account.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue = arn["Attributes"]["QueueArn"]
    grant = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = account.sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=queue,
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return SubscribedQueue(url, subscription["SubscriptionArn"])
