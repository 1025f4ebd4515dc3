"""Each document that reaches PROCESSED or FAILED is published; SNS errors change no record.

The shared stack is deployed with notifications off. This module switches them on as a deployment
would: by the setting of both functions, and by the policies rendered for a stage that has them on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest

from infra.aws.logs import recent_lines
from infra.aws.resources import existing_resources
from infra.aws.stage import ROOT, Account, Stage
from infra.build import policies
from infra.build.chalice_project import copy_project, read_config, write_config
from infra.build.features import Feature
from infra.commands.deploy import StackOptions, deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError
from infra.local.samples import pdf, png
from infra.local.workarounds import local_stage
from tests.stack.test_record_failure import fail_permanently, message
from tests.support.faults import Call, faulty_aws
from tests.support.metrics import metrics_from
from tests.support.queues import subscribe_queue
from tests.support.stack import Stack, created_event
from tests.support.waiting import eventually
from tests.unit.test_settings import GOOD

NOTIFIERS = ("process_upload", "record_failure")


@pytest.fixture(scope="module")
def notifying(stack: Stack) -> Iterator[Stack]:
    """The shared stack with notifications on."""
    with ExitStack() as restored:
        for function in NOTIFIERS:
            restored.enter_context(policy_of(stack, function, notifications=True))
            restored.enter_context(stack.environment(function, NOTIFICATIONS="on"))
        yield stack


@contextmanager
def policy_of(stack: Stack, function: str, *, notifications: bool) -> Iterator[None]:
    """Have a function's role the policy of a stage with notifications on or off."""
    iam, role = stack.account.iam, f"{stack.stage.stack_name}-{function}"
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    text = policies.policy_path(ROOT, function).read_text(encoding="utf-8")
    features = {Feature.NOTIFICATIONS} if notifications else set[Feature]()
    rendered = policies.render(text, stack.outputs, features)
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=rendered)
    try:
        yield
    finally:
        document = before if isinstance(before, str) else json.dumps(before)
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


class Subscriber:
    """A queue that is subscribed to the topic, and what came out of it so far."""

    def __init__(self, stack: Stack, **attributes: str) -> None:
        """Subscribe, with these attributes of a subscription."""
        self.stack = stack
        self.messages: list[dict[str, Any]] = []
        self.queue = subscribe_queue(
            stack.account,
            f"subscriber-{stack.new_key().partition('/')[0]}",
            stack.outputs["NotificationTopicArn"],
            **attributes,
        )

    def messages_for(self, *keys: str) -> list[dict[str, Any]]:
        """The messages received so far for objects with these keys."""
        self.receive()
        return [body for body in map(body_of, self.messages) if body["objectKey"] in keys]

    def wait_for_messages(self, times: int, *keys: str) -> list[dict[str, Any]]:
        """Wait for at least `times` messages for these keys, and return them."""

        def look() -> list[dict[str, Any]] | None:
            messages = self.messages_for(*keys)
            return messages if len(messages) >= times else None

        return eventually(look, f"{times} messages on {keys}")

    def receive(self) -> None:
        """Move what the queue has to `messages`."""
        sqs = self.stack.account.sqs
        while messages := sqs.receive_message(QueueUrl=self.queue.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for received in messages:
                self.messages.append(json.loads(received["Body"]))
                sqs.delete_message(QueueUrl=self.queue.url, ReceiptHandle=received["ReceiptHandle"])

    def close(self) -> None:
        """Unsubscribe."""
        self.stack.account.sns.unsubscribe(SubscriptionArn=self.queue.subscription_arn)
        self.stack.account.sqs.delete_queue(QueueUrl=self.queue.url)


def body_of(envelope: dict[str, Any]) -> dict[str, Any]:
    """What was published."""
    return dict(json.loads(envelope["Message"]))


@pytest.fixture
def subscriber(notifying: Stack) -> Iterator[Subscriber]:
    """A subscriber to everything."""
    subscriber = Subscriber(notifying)
    yield subscriber
    subscriber.close()


@contextmanager
def faulty_topic(stack: Stack, fault: Callable[[Call], int | None]) -> Iterator[None]:
    """Have SNS answer process_upload with faults while the block lasts."""
    assert stack.account.endpoint
    with (
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_SNS=url),
    ):
        yield


def lines_on(stack: Stack, function: str, key: str) -> list[dict[str, Any]]:
    """A function's lines on the object with this key."""
    lines = recent_lines(stack.stage, function, key, datetime.fromtimestamp(0, UTC))
    return [line for line in lines if line.get("objectKey") == key]


def failed_notifications(lines: list[dict[str, Any]]) -> int:
    """What these lines make of the metric."""
    return int(sum(metrics_from(lines).get(("Intake", "notificationsFailed", "intake-test"), [])))


def test_a_subscriber_to_failures_gets_exactly_those(
    notifying: Stack, subscriber: Subscriber
) -> None:
    """Of good and bad files, a filter on FAILED lets through the bad ones, each once."""
    failures = Subscriber(notifying, FilterPolicy=json.dumps({"status": ["FAILED"]}))
    good = {
        "good.pdf": pdf(1, 10),
        "good.txt": b"one two three",
        "good.png": png(8, 8),
        "good too.txt": b"four",
    }
    bad = {"empty.txt": b"", "broken.pdf": b"%PDF-1.7\nnothing", "program": b"\x7fELF\x02\x01\x01"}
    keys = {name: notifying.new_key(name) for name in [*good, *bad]}
    for name, content in {**good, **bad}.items():
        notifying.put(keys[name], content)
    everything = subscriber.wait_for_messages(len(keys), *keys.values())
    assert sorted(keys.values()) == sorted(body["objectKey"] for body in everything)
    failed = failures.messages_for(*keys.values())
    failures.close()
    assert sorted(keys[name] for name in bad) == sorted(body["objectKey"] for body in failed)
    for name, key in keys.items():
        record = notifying.record(key)
        assert ("PROCESSED" if name in good else "FAILED") == record["status"]


def test_a_message_has_the_record_and_filterable_attributes(
    notifying: Stack, subscriber: Subscriber
) -> None:
    """The body is the record without internals; status, type and owner are also attributes."""
    key = notifying.new_key("told.txt")
    notifying.put(key, b"one two", "text/x-log", owner="someone", tags="project=Apollo%2011")
    [body] = subscriber.wait_for_messages(1, key)
    record = notifying.record(key)
    unpublished = {"metadata", "eTag", "statusTime"}
    assert {name: record[name] for name in record if name not in unpublished} == body
    [envelope] = [sent for sent in subscriber.messages if body_of(sent) == body]
    assert {
        "status": {"Type": "String", "Value": "PROCESSED"},
        "fileType": {"Type": "String", "Value": "text/plain"},
        "owner": {"Type": "String", "Value": "someone"},
    } == envelope["MessageAttributes"]


def test_people_get_sentences_and_programs_get_json(
    notifying: Stack, subscriber: Subscriber
) -> None:
    """One call has a text for each protocol; a queue's envelope has JSON and the subject."""
    key = notifying.new_key("rejected.txt")
    calls: list[Call] = []
    with faulty_topic(notifying, calls.append):
        notifying.put(key, b"")
        [body] = subscriber.wait_for_messages(1, key)
    [published] = [parse_qs(call.body.decode()) for call in calls]
    assert ["json"] == published["MessageStructure"]
    messages = json.loads(published["Message"][0])
    assert {"default", "email", "sms"} == set(messages)
    assert body == json.loads(messages["default"])
    assert messages["email"].startswith("A file was rejected.\n\nFile: rejected.txt\nReason: ")
    assert "Rejected: rejected.txt - The file is empty." == messages["sms"]
    [envelope] = [sent for sent in subscriber.messages if body_of(sent) == body]
    assert "Rejected: rejected.txt (intake-test)" == envelope["Subject"]


def test_raw_delivery_is_the_record_alone(notifying: Stack) -> None:
    """A queue with raw message delivery gets the JSON without an envelope."""
    raw = Subscriber(notifying, RawMessageDelivery="true")
    key = notifying.new_key("raw.txt")
    notifying.put(key, b"one two three")

    def look() -> dict[str, Any] | None:
        raw.receive()
        return next((sent for sent in raw.messages if sent["objectKey"] == key), None)

    assert "PROCESSED" == eventually(look, "a message without envelope")["status"]
    raw.close()


def test_a_permanent_failure_is_published_with_its_owner(
    notifying: Stack, subscriber: Subscriber
) -> None:
    """record_failure publishes the stored record, including fields absent from the event."""
    key = notifying.new_key("key-name")
    pending = {"fileName": "asked for.txt", "owner": "someone", "status": "PENDING"}
    notifying.put_record(key, **pending)
    fail_permanently(notifying, created_event(notifying.bucket, key, "0" * 32))
    [body] = subscriber.wait_for_messages(1, key)
    assert ("asked for.txt", "someone") == (body["fileName"], body["owner"])
    assert ("FAILED", "processing_failed") == (body["status"], body["failure"]["code"])


def test_a_repeated_event_is_published_again(notifying: Stack, subscriber: Subscriber) -> None:
    """Every redelivery publishes; documentId and sequencer identify the duplicates."""
    key = notifying.new_key()
    e_tag = notifying.put(key, b"one two three")
    record = notifying.record(key)
    subscriber.wait_for_messages(1, key)
    event = created_event(notifying.bucket, key, e_tag, record["sequencer"])
    for _ in range(2):
        assert notifying.invoke("process_upload", event) == {}
    messages = subscriber.messages_for(key)
    assert 3 == len(messages)
    assert 1 == len({(message["documentId"], message["sequencer"]) for message in messages})
    newer = created_event(notifying.bucket, key, e_tag, "F" * 18)
    assert notifying.invoke("process_upload", newer) == {}
    assert 2 == len({message["sequencer"] for message in subscriber.messages_for(key)})


def test_a_request_that_replaces_nothing_publishes_nothing(
    notifying: Stack, subscriber: Subscriber
) -> None:
    """Of several requests to process a result again, the one that replaces it is published."""
    key = notifying.new_key()
    e_tag = notifying.put(key, b"one two three")
    record = notifying.record(key)
    subscriber.wait_for_messages(1, key)
    event = created_event(notifying.bucket, key, e_tag, record["sequencer"])
    event["Records"][0]["replaces"] = record["processedAt"]
    for _ in range(3):
        assert notifying.invoke("process_upload", event) == {}
    fail_permanently(notifying, event)
    assert 2 == len(subscriber.messages_for(key))


def test_an_overtaken_event_publishes_nothing(notifying: Stack, subscriber: Subscriber) -> None:
    """An event whose version is older than the record's is not published."""
    key = notifying.new_key()
    e_tag = notifying.put(key, b"one two three")
    subscriber.wait_for_messages(1, key)
    event = created_event(notifying.bucket, key, e_tag, "0000")
    assert notifying.invoke("process_upload", event) == {}
    fail_permanently(notifying, event)
    assert 1 == len(subscriber.messages_for(key))


@pytest.mark.parametrize("status", [429, 503])
def test_a_throttled_notification_is_published_by_the_next_attempt(
    notifying: Stack, subscriber: Subscriber, status: int
) -> None:
    """One throttled call: one failed notification in log and metric, one message, one document."""
    key = notifying.new_key("throttled.txt")
    refused: list[Call] = []

    def fault(call: Call) -> int | None:
        if refused:
            return None
        refused.append(call)
        return status

    with faulty_topic(notifying, fault):
        notifying.put(key, b"one two three")
        subscriber.wait_for_messages(1, key)
    lines = lines_on(notifying, "process_upload", key)
    assert 1 == len(subscriber.messages_for(key))
    assert "PROCESSED" == notifying.record(key)["status"]
    assert 1 == failed_notifications(lines)
    assert 1 == sum(line.get("documents", 0) for line in lines)


def test_a_denied_notification_is_published_by_record_failure(
    notifying: Stack, subscriber: Subscriber
) -> None:
    """process_upload without permission: the record is right, three errors, then the message."""
    key = notifying.new_key("denied.txt")
    with policy_of(notifying, "process_upload", notifications=False):
        notifying.put(key, b"one two three")
        [body] = subscriber.wait_for_messages(1, key)
    assert "PROCESSED" == body["status"] == notifying.record(key)["status"]
    failed = lines_on(notifying, "process_upload", key)
    assert 3 == failed_notifications(failed)
    assert any("AuthorizationError" in line.get("errorMessage", "") for line in failed)
    lines = eventually(lambda: lines_on(notifying, "record_failure", key), "lines of the failure")
    assert "File denied.txt failed permanently but has a record" == lines[0]["message"]


def test_a_deleted_topic_harms_no_record_and_loses_nothing_silently(notifying: Stack) -> None:
    """Every attempt is in log and metric, and the event is kept until the topic is back."""
    topic = notifying.outputs["NotificationTopicArn"]
    good, bad = notifying.new_key("good.txt"), notifying.new_key("bad.txt")
    policy = notifying.account.sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    notifying.account.sns.delete_topic(TopicArn=topic)
    try:
        e_tag = notifying.put(good, b"one two three")
        notifying.put(bad, b"")
        for key in (good, bad):
            [line, *_] = eventually(
                partial(failures_on, notifying, key), f"a failed notification of {key}"
            )
            assert "does not exist" in line["errorMessage"]
            assert 3 == failed_notifications(lines_on(notifying, "process_upload", key))
        assert "PROCESSED" == notifying.record(good)["status"]
        assert "empty" == notifying.record(bad)["failure"]["code"]
        error = redeliver_failure(notifying, good, e_tag)
        assert "does not exist" in error["errorMessage"]
    finally:
        name = topic.rpartition(":")[2]
        notifying.account.sns.create_topic(Name=name, Attributes={"Policy": policy})
    subscriber = Subscriber(notifying)
    assert {} == redeliver_failure(notifying, good, e_tag)
    assert 1 == len(subscriber.messages_for(good))
    subscriber.close()


def failures_on(stack: Stack, key: str) -> list[dict[str, Any]]:
    """record_failure's lines on notifications that failed for the object with this key."""
    lines = lines_on(stack, "record_failure", key)
    return [line for line in lines if "notificationsFailed" in line]


def redeliver_failure(stack: Stack, key: str, e_tag: str) -> dict[str, Any]:
    """Invoke record_failure again for an object's permanent failure; the error, or empty."""
    event = created_event(stack.bucket, key, e_tag, stack.record(key)["sequencer"])
    records = [{"body": message(event), "receiptHandle": "x"}]
    return stack.invoke("record_failure", {"Records": records})


@pytest.mark.parametrize("switch", ["on", "off"])
def test_a_stage_that_has_them_off_pays_nothing(switch: str) -> None:
    """Without notifications no SNS client is created, which would cost cold start time."""
    finished = subprocess.run(
        [sys.executable, "-c", "from chalicelib import runtime; print(hasattr(runtime, 'sns'))"],
        env={**GOOD, "NOTIFICATIONS": switch, "AWS_DEFAULT_REGION": "us-east-1"},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(switch == "on") == finished.stdout.strip()


@pytest.mark.parametrize("switch", ["on", "off"])
def test_one_setting_decides_on_the_permission(
    account: Account, tmp_path: Any, switch: str
) -> None:
    """What is rendered for a stage allows sns:Publish only with its setting."""
    stage = stage_with(account, tmp_path, switch)
    try:
        deploy_resources(stage)
        for function in NOTIFIERS:
            text = (stage.policies_folder / f"policy-{function}.json").read_text()
            assert (switch == "on") == ('"sns:Publish"' in text)
            assert (switch == "on") == (stage.outputs()["NotificationTopicArn"] in text)
    finally:
        destroy(stage, confirmation_for(stage))


def test_an_address_is_subscribed_kept_and_removed(account: Account, tmp_path: Any) -> None:
    """NOTIFY_EMAIL= subscribes an address; later deployments keep it; an empty one removes it."""
    stage = stage_with(account, tmp_path, "on")
    try:
        deploy_resources(stage, StackOptions(notify_email="office@example.org"))
        assert [("email", "office@example.org")] == subscriptions(stage)
        deploy_resources(stage)
        assert [("email", "office@example.org")] == subscriptions(stage)
        deploy_resources(stage, StackOptions(notify_email=""))
        assert [] == subscriptions(stage)
    finally:
        destroy(stage, confirmation_for(stage))


def test_an_address_without_notifications_is_an_error(account: Account, tmp_path: Any) -> None:
    """Nothing would be sent to it: the deployment stops before it creates anything."""
    stage = stage_with(account, tmp_path, "off")
    with pytest.raises(CommandError, match="NOTIFY_EMAIL requires NOTIFICATIONS=on"):
        deploy_resources(stage, StackOptions(notify_email="office@example.org"))
    assert [] == existing_resources(stage)


def subscriptions(stage: Stage) -> list[tuple[str, str]]:
    """Protocol and endpoint of each subscription to the stage's notifications."""
    topic = stage.outputs()["NotificationTopicArn"]
    answer = stage.account.sns.list_subscriptions_by_topic(TopicArn=topic)
    return [(found["Protocol"], found["Endpoint"]) for found in answer["Subscriptions"]]


def stage_with(account: Account, folder: Any, switch: str) -> Stage:
    """A stage that is not deployed, with notifications on or off."""
    stage = local_stage("switch", account, copy_project(folder / "project"))
    config = read_config(stage.project)
    config["stages"] = {stage.name: {"environment_variables": {"NOTIFICATIONS": switch}}}
    write_config(stage.project, config)
    return stage
