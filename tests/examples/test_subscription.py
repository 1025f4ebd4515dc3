"""The queue of the example in docs/operations.md receives failed documents, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from infra.paths import ROOT
from tests.support.commands import reaching
from tests.support.examples import run, variables_for
from tests.support.stack import Stack
from tests.support.waiting import eventually

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
[COMMANDS] = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def subscribe(stack: Stack, folder: Path) -> str:
    """Run the page's commands; the URL of the queue that they created."""
    environment = {**reaching(stack.account), **variables_for(stack, "subscriber")}
    # This AWS CLI does not read AWS_ENDPOINT_URL.
    reach = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'
    finished = run("bash", "-euc", reach + COMMANDS, cwd=folder, environment=environment)
    assert (0, "") == (finished.returncode, finished.stderr)
    return stack.account.sqs.get_queue_url(QueueName="failed-documents")["QueueUrl"]


def publish(stack: Stack, status: str) -> None:
    """Publish a message with the attribute that a document with this status has."""
    attributes: Any = {"status": {"DataType": "String", "StringValue": status}}
    stack.account.sns.publish(
        TopicArn=stack.outputs["NotificationTopicArn"], Message=status, MessageAttributes=attributes
    )


def test_the_queue_receives_failed_documents(stack: Stack, tmp_path: Path) -> None:
    """Of two messages, the queue has the one with the status FAILED."""
    url = subscribe(stack, tmp_path)
    publish(stack, "PROCESSED")
    publish(stack, "FAILED")
    receive = stack.account.sqs.receive_message
    messages = eventually(lambda: receive(QueueUrl=url).get("Messages"), "a message")
    assert ["FAILED"] == [json.loads(message["Body"])["Message"] for message in messages]


def test_only_the_topic_may_send(stack: Stack, tmp_path: Path) -> None:
    """The queue's policy allows SNS to send for this topic, as the SNS developer guide has it.

    https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    """
    url, sqs = subscribe(stack, tmp_path), stack.account.sqs
    wanted: Any = {"QueueUrl": url, "AttributeNames": ["Policy", "QueueArn"]}
    attributes = sqs.get_queue_attributes(**wanted)["Attributes"]
    assert [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": attributes["QueueArn"],
            "Condition": {"ArnEquals": {"aws:SourceArn": stack.outputs["NotificationTopicArn"]}},
        }
    ] == json.loads(attributes["Policy"])["Statement"]
