"""The control of the local scanner's faults, and a bucket that it protects."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from infra.aws.stage import Account
from infra.local.guardduty.faults import Fault
from infra.local.guardduty.scans import State
from infra.local.guardduty.verdicts import Result
from infra.local.server import control_url
from tests.support.principals import allow, make_role
from tests.support.waiting import eventually

RULE_ACTIONS = ("PutRule", "DeleteRule", "PutTargets", "RemoveTargets")


@dataclass(frozen=True)
class Scanner:
    """The scans of one bucket's objects under a prefix."""

    endpoint: str
    """`scannerEndpoint` of the stack's description."""
    bucket: str
    prefix: str = ""

    def under(self, prefix: str) -> Scanner:
        """The scans of fewer objects."""
        return Scanner(self.endpoint, self.bucket, self.prefix + prefix)

    def set(self, fault: Fault | None = None, result: Result | None = None) -> None:
        """Let the next scans fail like this, or have this result; without arguments none more."""
        self._call("PUT", "rules", fault=fault, result=result)

    def release(self, *, is_reversed: bool = False) -> int:
        """Complete the scans that wait, in the order of their start or the opposite."""
        answer = self._call("POST", "releases", reversed=is_reversed)
        return int(answer["released"])

    def publish(self, key: str, e_tag: str, result: Result, *threats: str) -> None:
        """Publish a result without a scan."""
        self._call("POST", "results", key=key, eTag=e_tag, result=result, threats=threats)

    def scans(self) -> list[dict[str, Any]]:
        """Key, eTag, state and result of each scan so far."""
        return list(self._call("POST", "scans")["scans"])

    def await_states(self, *states: State) -> None:
        """Wait until the scans have these states."""
        eventually(
            lambda: [scan["state"] for scan in self.scans()] == list(states),
            f"{len(states)} scans: {states}",
            self.scans,
        )

    def _call(self, method: str, path: str, **body: object) -> Any:
        request = urllib.request.Request(
            self.endpoint + path,
            json.dumps({"bucket": self.bucket, "prefix": self.prefix, **body}).encode(),
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)


MANAGED_RULE = "arn:aws:events:*:*:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"
PRINCIPAL = "malware-protection-plan.guardduty.amazonaws.com"


def plan_statements(bucket: str) -> list[Any]:
    """What AWS documents that the role of a plan with tags needs
    (https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html).
    """
    arn = f"arn:aws:s3:::{bucket}"
    return [
        {
            "Effect": "Allow",
            "Action": [f"events:{name}" for name in RULE_ACTIONS],
            "Resource": MANAGED_RULE,
            "Condition": {"StringLike": {"events:ManagedBy": PRINCIPAL}},
        },
        allow(["events:DescribeRule", "events:ListTargetsByRule"], MANAGED_RULE),
        allow(["s3:PutObjectTagging", "s3:GetObjectTagging"], f"{arn}/*"),
        allow(["s3:PutBucketNotification", "s3:GetBucketNotification"], arn),
        allow("s3:PutObject", f"{arn}/malware-protection-resource-validation-object"),
        allow("s3:ListBucket", arn),
        allow("s3:GetObject", f"{arn}/*"),
    ]


def plan_parameters(bucket: str, role: str) -> dict[str, Any]:
    """A plan that tags objects, in the properties of CloudFormation and the parameters of boto3."""
    return {
        "Role": role,
        "ProtectedResource": {"S3Bucket": {"BucketName": bucket}},
        "Actions": {"Tagging": {"Status": "ENABLED"}},
    }


def scanner_of(account: Account, bucket: str) -> Scanner:
    """The scanner of a bucket."""
    return Scanner(control_url(account, "guardduty"), bucket)


def protect(account: Account, bucket: str) -> Scanner:
    """A new bucket with a plan."""
    account.s3.create_bucket(Bucket=bucket)
    role = make_role(account, f"{bucket}-plan", {"Service": PRINCIPAL}, plan_statements(bucket))
    guardduty = account.guardduty
    guardduty.create_malware_protection_plan(**plan_parameters(bucket, role))
    return scanner_of(account, bucket)
