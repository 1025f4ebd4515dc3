"""An AWS account: access to it, and one client per service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.console import CommandError

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_guardduty import GuardDutyClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_textract import TextractClient


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
    def events(self) -> EventBridgeClient:
        """EventBridge."""
        return self._session.client("events", endpoint_url=self.endpoint)

    @cached_property
    def guardduty(self) -> GuardDutyClient:
        """GuardDuty."""
        config = Config(retries={"mode": "standard"})
        return self._session.client("guardduty", endpoint_url=self.endpoint, config=config)

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
        """S3; presigns with SigV4 in every region."""
        config = Config(signature_version="s3v4")
        return self._session.client("s3", endpoint_url=self.endpoint, config=config)

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        return self._session.client("sns", endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        return self._session.client("sqs", endpoint_url=self.endpoint)

    @cached_property
    def textract(self) -> TextractClient:
        """Textract."""
        return self._session.client("textract", endpoint_url=self.endpoint)

    @cached_property
    def sts(self) -> STSClient:
        """STS."""
        return self._session.client("sts", endpoint_url=self.endpoint)
