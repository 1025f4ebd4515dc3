"""The local GuardDuty: objects are really scanned, with the permissions of the plan's role."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws import cloudformation
from infra.aws.stage import Account
from infra.console import CommandError
from infra.local.guardduty.eicar import THREAT, eicar
from infra.local.guardduty.faults import Fault
from infra.local.guardduty.scans import State
from infra.local.guardduty.verdicts import DETAIL_TYPE, TAG, Result
from tests.support.principals import Principal, allow, make_role
from tests.support.scanner import (
    PRINCIPAL,
    Scanner,
    plan_parameters,
    plan_statements,
    scanner_of,
)
from tests.support.waiting import eventually

BUCKET = "scanned-bucket"


@dataclass
class Protected:
    """A bucket with a plan, and a queue that gets the results of its scans."""

    account: Account
    scanner: Scanner
    queue: str
    """URL."""
    plan_id: str
    _received: list[dict[str, Any]] = field(default_factory=list)

    def put(self, key: str, content: bytes) -> str:
        """Put an object; its eTag."""
        answer = self.account.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return answer["ETag"].strip('"')

    def details(self, prefix: str, number: int) -> list[dict[str, Any]]:
        """The first results for keys with a prefix, in the order of their arrival."""

        def found() -> list[dict[str, Any]] | None:
            self._receive()
            details = [
                event["detail"]
                for event in self._received
                if event["detail"]["s3ObjectDetails"]["objectKey"].startswith(prefix)
            ]
            return details if len(details) >= number else None

        return eventually(found, f"{number} results of {prefix}", lambda: self._received)

    def results(self, prefix: str, number: int) -> list[tuple[str, str]]:
        """Key and result of each."""
        return [
            (
                detail["s3ObjectDetails"]["objectKey"],
                detail["scanResultDetails"]["scanResultStatus"],
            )
            for detail in self.details(prefix, number)
        ]

    def tag(self, key: str) -> str | None:
        """The result in the tag of an object."""
        tags = self.account.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in tags}.get(TAG)

    def _receive(self) -> None:
        sqs = self.account.sqs
        messages = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        for message in messages.get("Messages", []):
            self._received.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


def template(**resources: dict[str, Any]) -> str:
    """A CloudFormation template."""
    return json.dumps({"Resources": resources})


def plan_resources(bucket: str, role: str) -> dict[str, Any]:
    """A bucket with a plan, and a rule that sends its results to a queue."""
    pattern = {
        "source": ["aws.guardduty"],
        "detail-type": [DETAIL_TYPE],
        "detail": {"s3ObjectDetails": {"bucketName": [bucket]}},
    }
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}},
        "Plan": {
            "Type": "AWS::GuardDuty::MalwareProtectionPlan",
            "DependsOn": "Bucket",
            "Properties": plan_parameters(bucket, role),
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": pattern,
                "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            },
        },
    }


@pytest.fixture(scope="module")
def protected(account: Account) -> Protected:
    """A bucket that CloudFormation protects with a role as AWS documents it."""
    role = make_role(account, "scanned-plan", {"Service": PRINCIPAL}, plan_statements(BUCKET))
    request = cloudformation.StackRequest("scanned", template(**plan_resources(BUCKET, role)))
    cloudformation.apply(account, request)
    made = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in account.cloudformation.describe_stack_resources(StackName="scanned")[
            "StackResources"
        ]
    }
    scanner = scanner_of(account, BUCKET)
    return Protected(account, scanner, made["Queue"], made["Plan"])


def zipped(content: bytes, *, flags: int = 0) -> bytes:
    """A zip with one file; the flag 1 claims that it is encrypted."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("inner/file.txt", content)
    archive_bytes = bytearray(written.getvalue())
    archive_bytes[6] |= flags  # of the local header
    archive_bytes[archive_bytes.index(b"PK\1\2") + 8] |= flags  # and of the central directory
    return bytes(archive_bytes)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("clean é+.txt", b"clean", Result.NO_THREATS_FOUND),
        ("empty", b"", Result.NO_THREATS_FOUND),
        ("eicar", eicar(), Result.THREATS_FOUND),
        ("eicar.zip", zipped(eicar()), Result.THREATS_FOUND),
        ("locked.zip", zipped(b"secret", flags=1), Result.UNSUPPORTED),
    ],
    ids=["clean", "empty", "eicar", "eicar.zip", "locked.zip"],  # not the content
)
def test_results(protected: Protected, name: str, content: bytes, expected: Result) -> None:
    """A new object is scanned by ClamAV, tagged, and its result published."""
    key = f"results/{name}"
    e_tag = protected.put(key, content)
    [detail] = protected.details(key, 1)
    assert {
        "bucketName": BUCKET,
        "objectKey": key,
        "eTag": e_tag,
        "versionId": None,
        "s3Throttled": False,
    } == detail["s3ObjectDetails"]
    assert expected == detail["scanResultDetails"]["scanResultStatus"]
    assert expected == protected.tag(key)


def test_threats_are_named(protected: Protected) -> None:
    """A result with a threat has its name."""
    protected.put("named/eicar", eicar())
    [detail] = protected.details("named/", 1)
    assert [{"name": THREAT}] == detail["scanResultDetails"]["threats"]


def test_other_tags_stay(protected: Protected) -> None:
    """The result is added to the tags that an object has."""
    protected.account.s3.put_object(Bucket=BUCKET, Key="tags/a", Body=b"a", Tagging="mine=1")
    protected.results("tags/", 1)
    tags = protected.account.s3.get_object_tagging(Bucket=BUCKET, Key="tags/a")["TagSet"]
    assert {"mine": "1", TAG: "NO_THREATS_FOUND"} == {tag["Key"]: tag["Value"] for tag in tags}


def test_an_object_that_the_role_may_not_read(account: Account, protected: Protected) -> None:
    """A bucket policy that denies reading leads to ACCESS_DENIED."""
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/denied/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [denied]}
    account.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    protected.put("denied/a", b"a")
    assert [("denied/a", "ACCESS_DENIED")] == protected.results("denied/", 1)
    account.s3.delete_bucket_policy(Bucket=BUCKET)


def test_a_dead_scanner(protected: Protected) -> None:
    """It neither tags nor publishes; on-demand scans fail, and work once it is back."""
    scanner = protected.scanner.under("dead/")
    scanner.set(Fault.DEAD)
    protected.put("dead/a", b"a")
    scanner.await_states(State.LOST)
    requested: Any = {"Bucket": BUCKET, "Key": "dead/a"}
    with pytest.raises(ClientError, match="InternalServerErrorException"):
        protected.account.guardduty.send_object_malware_scan(S3Object=requested)
    assert protected.tag("dead/a") is None
    scanner.set()
    protected.account.guardduty.send_object_malware_scan(S3Object=requested)
    assert [("dead/a", "NO_THREATS_FOUND")] == protected.results("dead/", 1)


def test_a_slow_scanner(protected: Protected) -> None:
    """It waits for the release before it reads the object."""
    scanner = protected.scanner.under("slow/")
    scanner.set(Fault.SLOW)
    protected.put("slow/a", b"a")
    scanner.await_states(State.WAITING)
    assert protected.tag("slow/a") is None
    assert 1 == scanner.release()
    assert [("slow/a", "NO_THREATS_FOUND")] == protected.results("slow/", 1)


def test_results_out_of_order(protected: Protected) -> None:
    """Results that are held can be released in the opposite order."""
    scanner = protected.scanner.under("order/")
    scanner.set(Fault.HELD)
    protected.put("order/1", b"1")
    scanner.await_states(State.HELD)
    protected.put("order/2", eicar())
    scanner.await_states(State.HELD, State.HELD)
    assert "THREATS_FOUND" == protected.tag("order/2")
    scanner.release(is_reversed=True)
    assert [("order/2", "THREATS_FOUND"), ("order/1", "NO_THREATS_FOUND")] == protected.results(
        "order/", 2
    )


def test_a_result_twice(protected: Protected) -> None:
    """A result can be published twice."""
    protected.scanner.under("twice/").set(Fault.TWICE)
    protected.put("twice/a", b"a")
    assert [("twice/a", "NO_THREATS_FOUND")] * 2 == protected.results("twice/", 2)


def test_a_result_before_its_tag(protected: Protected) -> None:
    """A result can be published before the object is tagged."""
    scanner = protected.scanner.under("untagged/")
    scanner.set(Fault.UNTAGGED)
    protected.put("untagged/a", b"a")
    protected.results("untagged/", 1)
    assert protected.tag("untagged/a") is None
    scanner.await_states(State.HELD)
    scanner.release()
    assert "NO_THREATS_FOUND" == protected.tag("untagged/a")


def test_a_lost_result(protected: Protected) -> None:
    """An object can be tagged without a published result."""
    scanner = protected.scanner.under("lost/")
    scanner.set(Fault.LOST, Result.FAILED)
    protected.put("lost/a", b"a")
    scanner.await_states(State.LOST)
    assert "FAILED" == protected.tag("lost/a")


def test_an_object_that_is_deleted_first(protected: Protected) -> None:
    """An object that is gone when it is scanned has no result."""
    scanner = protected.scanner.under("gone/")
    scanner.set(Fault.SLOW)
    protected.put("gone/a", b"a")
    scanner.await_states(State.WAITING)
    protected.account.s3.delete_object(Bucket=BUCKET, Key="gone/a")
    scanner.release()
    scanner.await_states(State.GONE)


def test_a_result_without_a_scan(protected: Protected) -> None:
    """A test can publish any result, for example before the object exists."""
    protected.scanner.publish("future/a", "e", Result.THREATS_FOUND, "Worm")
    [detail] = protected.details("future/", 1)
    assert ("e", [{"name": "Worm"}]) == (
        detail["s3ObjectDetails"]["eTag"],
        detail["scanResultDetails"]["threats"],
    )


def test_the_plan_is_described(account: Account, protected: Protected) -> None:
    """CloudFormation's plan is one of GuardDuty's, with the documented description."""
    plan = account.guardduty.get_malware_protection_plan(MalwareProtectionPlanId=protected.plan_id)
    assert ("ACTIVE", BUCKET, "ENABLED") == (
        plan["Status"],
        plan["ProtectedResource"]["S3Bucket"]["BucketName"],
        plan["Actions"]["Tagging"]["Status"],
    )


@pytest.mark.usefixtures("protected")
def test_events_of_the_bucket_go_to_eventbridge(account: Account) -> None:
    """A plan adds EventBridge to the bucket's notifications."""
    configuration = account.s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert {} == configuration["EventBridgeConfiguration"]


def test_an_on_demand_scan_needs_a_permission_and_a_plan(
    account: Account, protected: Protected
) -> None:
    """Callers need guardduty:SendObjectMalwareScan, and buckets a plan."""
    may_not = Principal(account, "scan-may-not", allow("guardduty:ListMalwareProtectionPlans"))
    may = Principal(account, "scan-may", allow("guardduty:SendObjectMalwareScan"))
    for principal, bucket, code in (
        (may_not, BUCKET, "AccessDeniedException"),
        (may, "other-bucket", "BadRequestException"),
    ):
        with pytest.raises(ClientError, match=code):
            principal.client("guardduty").send_object_malware_scan(
                S3Object={"Bucket": bucket, "Key": "a"}
            )
    protected.put("demand/a", b"a")
    protected.results("demand/", 1)
    may.client("guardduty").send_object_malware_scan(S3Object={"Bucket": BUCKET, "Key": "demand/a"})
    assert 2 == len(protected.results("demand/", 2))


def refusal_without(account: Account, left_out: int) -> str | None:
    """The error of a plan whose role lacks one of the statements; None if there is none."""
    bucket = f"unprotected-{left_out}"
    account.s3.create_bucket(Bucket=bucket)
    statements = plan_statements(bucket)
    statements.pop(left_out)
    role = make_role(account, f"{bucket}-plan", {"Service": PRINCIPAL}, statements)
    try:
        account.guardduty.create_malware_protection_plan(**plan_parameters(bucket, role))
    except account.guardduty.exceptions.BadRequestException as error:
        return str(error)
    return None


def test_a_role_without_a_permission(account: Account) -> None:
    """A plan whose role lacks a permission is refused, except for those of single objects."""
    statements = plan_statements("any")
    refused = [refusal_without(account, number) for number in range(len(statements))]
    expected = [
        None if statement["Resource"].endswith("/*") else "The plan's role lacks a permission"
        for statement in statements
    ]
    assert expected == [error and re.findall(r"operation: (.*?):", error)[0] for error in refused]


def test_a_role_for_another_service(account: Account) -> None:
    """A stack fails whose role GuardDuty may not assume."""
    bucket = "untrusted"
    other = {"Service": "guardduty.amazonaws.com"}
    role = make_role(account, f"{bucket}-plan", other, plan_statements(bucket))
    request = cloudformation.StackRequest(bucket, template(**plan_resources(bucket, role)))
    with pytest.raises(CommandError, match=f"does not trust {PRINCIPAL}"):
        cloudformation.apply(account, request)


def test_a_deleted_plan_scans_nothing(account: Account) -> None:
    """A plan ends with its stack, and its managed rule with it."""
    bucket = "once-scanned"
    role = make_role(account, f"{bucket}-plan", {"Service": PRINCIPAL}, plan_statements(bucket))
    request = cloudformation.StackRequest(bucket, template(**plan_resources(bucket, role)))
    cloudformation.apply(account, request)
    account.s3.delete_object(Bucket=bucket, Key="malware-protection-resource-validation-object")
    account.cloudformation.delete_stack(StackName=bucket)
    with pytest.raises(ClientError, match="has no malware protection plan"):
        eventually(
            lambda: account.guardduty.send_object_malware_scan(
                S3Object={"Bucket": bucket, "Key": "a"}
            ),
            "a deleted plan",
        )
