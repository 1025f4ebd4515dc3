"""infra/deployer.yaml: the policies of deployers and of CloudFormation fit IAM's limits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from infra.paths import ROOT

MAX_MANAGED_POLICY = 6_144
"""Characters without white space
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""

LONGEST = {"Partition": "aws-us-gov", "Region": "ap-southeast-2", "AccountId": "123456789012"}

PREFIXES = {
    "AWS::Budgets::Budget": "budgets",
    "AWS::CloudWatch::Alarm": "cloudwatch",
    "AWS::CloudWatch::Dashboard": "cloudwatch",
    "AWS::Cognito::UserPool": "cognito-idp",
    "AWS::Cognito::UserPoolClient": "cognito-idp",
    "AWS::Cognito::UserPoolGroup": "cognito-idp",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::GuardDuty::MalwareProtectionPlan": "guardduty",
    "AWS::IAM::Role": "iam",
    "AWS::Logs::LogGroup": "logs",
    "AWS::S3::Bucket": "s3",
    "AWS::S3::BucketPolicy": "s3",
    "AWS::SNS::Subscription": "sns",
    "AWS::SNS::Topic": "sns",
    "AWS::SNS::TopicPolicy": "sns",
    "AWS::SQS::Queue": "sqs",
}
"""The service of each resource type in the stages' stacks."""


def template(name: str) -> Any:
    """A template of infra."""
    return cfn_yaml.load(str(ROOT / "infra" / name))


def rendered(policy: Any) -> str:
    """A policy document with the longest values of its parameters, without white space."""
    text = json.dumps(policy)
    text = re.sub(r'\{"Fn::Sub": "([^"]*)"\}', r'"\1"', text)
    text = re.sub(r'\{"Fn::GetAtt": \[[^]]*\]\}', '"' + "x" * 90 + '"', text)
    text = re.sub(r"\$\{AWS::(\w+)\}", lambda found: LONGEST[found[1]], text)
    assert "Fn::" not in text
    return re.sub(r"\s", "", text)


RESOURCES = template("deployer.yaml")["Resources"]
DEPLOYER = RESOURCES["DeployerPolicy"]["Properties"]["PolicyDocument"]
STACK_ROLE = RESOURCES["StackRole"]["Properties"]["Policies"][0]["PolicyDocument"]


@pytest.mark.parametrize(
    ("policy", "limit"), [(DEPLOYER, MAX_MANAGED_POLICY), (STACK_ROLE, MAX_MANAGED_POLICY)]
)
def test_size(policy: Any, limit: int) -> None:
    """Each policy fits a managed policy, even with the longest names."""
    assert limit >= len(rendered(policy))


def test_roles_are_passed_to_one_service_each() -> None:
    """Deployers pass stages' roles to Lambda and Textract only, one role to CloudFormation only."""
    passing = [item for item in DEPLOYER["Statement"] if "iam:PassRole" in item["Action"]]

    assert [
        {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        {"StringEquals": {"iam:PassedToService": "textract.amazonaws.com"}},
    ] == [item["Condition"] for item in passing]


def test_scope() -> None:
    """Every statement is for resources of Intake, but those of services without names in ARNs."""
    unnamed = {
        item["Sid"]
        for policy in (DEPLOYER, STACK_ROLE)
        for item in policy["Statement"]
        if "intake-" not in json.dumps(item) and item["Sid"] != "StackRole"
    }

    assert {"Apis", "Lists", "ScanPlan", "UserPool", "Users"} == unnamed


def test_stack_role_covers_the_stack() -> None:
    """CloudFormation's role has actions of every service whose resources a stage's stack has."""
    types = {item["Type"] for item in template("resources.yaml")["Resources"].values()}
    services = {
        action.partition(":")[0] for item in STACK_ROLE["Statement"] for action in item["Action"]
    }

    assert {PREFIXES[name] for name in types} == services


def test_github_role_trusts_one_environment() -> None:
    """The role for GitHub Actions requires the repository and the environment."""
    [statement] = RESOURCES["GitHubRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    conditions = statement["Condition"]["StringEquals"]

    assert {"Fn::Sub": "repo:${GitHubRepository}:environment:${GitHubEnvironment}"} == conditions[
        "token.actions.githubusercontent.com:sub"
    ]
