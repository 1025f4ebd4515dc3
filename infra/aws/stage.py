"""A stage: the names of its resources, the paths of its files and the clients of its account."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws import cloudformation
from infra.aws.hooks import AWS, DeploymentHooks
from infra.build.calls import API_HANDLER, function_names
from infra.console import CommandError
from infra.paths import ROOT

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

__all__ = ["APP_NAME", "REGION_TAG", "ROOT", "STAGE_TAG", "Account", "Stage"]

APP_NAME = "intake"
STAGE_TAG, REGION_TAG = "intake:stage", "intake:region"
"""The keys of the tags that every resource of a stage carries."""


@dataclass(frozen=True)
class Account:
    """An AWS account with the credentials, region and endpoint of an environment.

    Args:
        environment: like os.environ. Subprocesses run with it too, so that they use this account.
    """

    environment: Mapping[str, str]

    @cached_property
    def _session(self) -> boto3.Session:
        value = self.environment.get
        try:
            return boto3.Session(
                aws_access_key_id=value("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=value("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=value("AWS_SESSION_TOKEN"),
                region_name=value("AWS_REGION") or value("AWS_DEFAULT_REGION"),
                profile_name=value("AWS_PROFILE"),
            )
        except BotoCoreError as error:
            raise CommandError(f"AWS is not accessible: {error}; check AWS_PROFILE") from None

    def check_access(self) -> None:
        """Check that a region is configured and that AWS accepts the credentials.

        Raises:
            CommandError: one of them is missing or rejected.
        """
        _ = self.region, self.account_id

    def dynamodb_for(self, parallel: int) -> DynamoDBClient:
        """A client for this many threads."""
        config = Config(max_pool_connections=parallel)
        return self._session.client("dynamodb", endpoint_url=self.endpoint, config=config)

    def lambda_for(self, parallel: int, longest_seconds: int) -> LambdaClient:
        """A client for this many threads, each of which invokes a function and awaits its result.

        Throttled invocations are retried with growing delays for several minutes.
        """
        config = Config(
            max_pool_connections=parallel,
            read_timeout=longest_seconds + 30,  # plus a cold start
            retries={"mode": "standard", "total_max_attempts": 12},
        )
        return self._session.client("lambda", endpoint_url=self.endpoint, config=config)

    @property
    def endpoint(self) -> str | None:
        """The endpoint URL of all services; None for AWS's own."""
        return self.environment.get("AWS_ENDPOINT_URL")

    @cached_property
    def region(self) -> str:
        """The configured region.

        Raises:
            CommandError: none is configured.
        """
        if not self._session.region_name:
            raise CommandError(
                "No AWS region is configured: set AWS_DEFAULT_REGION, for example to eu-west-1"
            )
        return self._session.region_name

    @property
    def partition(self) -> str:
        """The partition of the region, for ARNs: `aws`, `aws-cn` or `aws-us-gov`."""
        return self._session.get_partition_for_region(self.region)

    @cached_property
    def account_id(self) -> str:
        """The account's 12 digits.

        Raises:
            CommandError: AWS rejects the credentials, or there are none.
        """
        try:
            return self.sts.get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise CommandError(
                f"AWS is not accessible: {str(error).rstrip('.')}; "
                "check with: aws sts get-caller-identity"
            ) from None

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """API Gateway."""
        return self._session.client("apigateway", endpoint_url=self.endpoint)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """CloudFormation."""
        return self._session.client("cloudformation", endpoint_url=self.endpoint)

    @cached_property
    def cognito(self) -> CognitoIdentityProviderClient:
        """Cognito user pools."""
        return self._session.client("cognito-idp", endpoint_url=self.endpoint)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        return self._session.client("cloudwatch", endpoint_url=self.endpoint)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return self._session.client("dynamodb", endpoint_url=self.endpoint)

    @cached_property
    def iam(self) -> IAMClient:
        """IAM."""
        return self._session.client("iam", endpoint_url=self.endpoint)

    @cached_property
    def lambda_(self) -> LambdaClient:
        """Lambda."""
        return self._session.client("lambda", endpoint_url=self.endpoint)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        return self._session.client("logs", endpoint_url=self.endpoint)

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        return self._session.client("s3", endpoint_url=self.endpoint)

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        return self._session.client("sns", endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        return self._session.client("sqs", endpoint_url=self.endpoint)

    @cached_property
    def sts(self) -> STSClient:
        """STS."""
        return self._session.client("sts", endpoint_url=self.endpoint)


@dataclass(frozen=True)
class Stage:
    """One deployment of the app, with the names that CloudFormation, Chalice and these tools share.

    Args:
        name: for example `dev`; at most 20 lower-case letters, digits and hyphens.
        account: the account that it is deployed to.
        project: the folder with app.py and .chalice that it is deployed from.
        hooks: how the account differs from AWS.
    """

    name: str
    account: Account
    project: Path = ROOT
    hooks: DeploymentHooks = AWS

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", self.name):
            raise CommandError(
                f"Invalid stage name {self.name!r}: pass STAGE= with 1 to 20 lower-case letters, "
                "digits or hyphens, starting with a letter, for example STAGE=dev"
            )

    @property
    def stack_name(self) -> str:
        """The name of the CloudFormation stack of resources.yaml, and of the REST API."""
        return f"{APP_NAME}-{self.name}"

    @cached_property  # reads and links the code, which takes half a second
    def functions(self) -> dict[str, str]:
        """The functions' names in Lambda, by their names in the code."""
        names = function_names(self.project)
        return {
            name: self.stack_name if name == API_HANDLER else f"{self.stack_name}-{name}"
            for name in names
        }

    @property
    def roles(self) -> list[str]:
        """The functions' IAM roles; Chalice names each after the function's name in the code."""
        return [f"{self.stack_name}-{name}" for name in self.functions]

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every resource of the stage carries."""
        return {STAGE_TAG: self.name, REGION_TAG: self.account.region}

    def is_tagged(self, tags: Mapping[str, str] | None) -> bool:
        """Whether tags of a resource include the stage's."""
        return (tags or {}).items() >= self.tags.items()

    def api_arn(self, api_id: str) -> str:
        """The ARN of a REST API in the stage's region."""
        region = self.account.region
        return f"arn:{self.account.partition}:apigateway:{region}::/restapis/{api_id}"

    @property
    def log_groups(self) -> list[str]:
        """The functions' log groups."""
        return [f"/aws/lambda/{function}" for function in self.functions.values()]

    @property
    def policies_folder(self) -> Path:
        """The policy files with this stage's resources filled in."""
        return self.project / ".chalice" / "stages" / self.name

    @property
    def deployed_file(self) -> Path:
        """Chalice's record of the resources that it deployed."""
        return self.project / ".chalice" / "deployed" / f"{self.name}.json"

    def get_deployed(self, resource_type: str) -> dict[str, Any]:
        """Chalice's record of its only resource of this type; empty if there is none."""
        found = (item for item in self._recorded() if item["resource_type"] == resource_type)
        return next(found, {})

    def remove_deployed(self, name: str) -> None:
        """Remove a resource from Chalice's record."""
        self.write_deployed([item for item in self._recorded() if item["name"] != name])

    def _recorded(self) -> list[dict[str, Any]]:
        if not self.deployed_file.exists():
            return []
        return list(json.loads(self.deployed_file.read_text(encoding="utf-8"))["resources"])

    def write_deployed(self, resources: list[dict[str, Any]]) -> None:
        """Replace Chalice's record."""
        # As chalice.deploy.deployer.Deployer writes it.
        recorded = {"resources": resources, "schema_version": "2.0", "backend": "api"}
        self.deployed_file.parent.mkdir(parents=True, exist_ok=True)
        self.deployed_file.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")

    def outputs(self) -> dict[str, str]:
        """The outputs of the stage's stack.

        Raises:
            CommandError: the stage does not exist.
        """
        description = cloudformation.describe(self.account, self.stack_name)
        if description is None:
            raise CommandError(
                f"Stage {self.name!r} does not exist in this account and region{self._others()}"
            )
        return cloudformation.outputs(description)

    def _others(self) -> str:
        pages = self.account.cloudformation.get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
        prefix = f"{APP_NAME}-"
        names = sorted(
            stack["StackName"].removeprefix(prefix)
            for stack in stacks
            if stack["StackName"].startswith(prefix) and "DELETE" not in stack["StackStatus"]
        )
        return f"; existing stages: {', '.join(names)}" if names else "; there are no stages"
