"""A stage by its name: what its parts are called, where its files lie, how to reach its account."""

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

from infra import cloudformation
from infra.console import Problem
from infra.policies import API_HANDLER, functions_of

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

APP_NAME = "intake"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Account:
    """An AWS account as one environment reaches it: credentials, region and endpoint.

    Args:
        environment: like os.environ. Programs that are started get it too, so that they and this
            process speak to the same account.
    """

    environment: Mapping[str, str]

    @cached_property
    def _session(self) -> boto3.Session:
        value = self.environment.get
        return boto3.Session(
            aws_access_key_id=value("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=value("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=value("AWS_SESSION_TOKEN"),
            region_name=value("AWS_REGION") or value("AWS_DEFAULT_REGION"),
            profile_name=value("AWS_PROFILE"),
        )

    def dynamodb_for(self, parallel: int) -> DynamoDBClient:
        """A client for so many threads."""
        config = Config(max_pool_connections=parallel)
        return self._session.client("dynamodb", endpoint_url=self.endpoint, config=config)

    def lambda_for(self, parallel: int, longest_seconds: int) -> LambdaClient:
        """A client for so many threads that each wait for a function that runs so long.

        A Lambda that is too busy is asked again, and after growing pauses, for some minutes.
        """
        config = Config(
            max_pool_connections=parallel,
            read_timeout=longest_seconds + 30,  # a cold start comes on top
            retries={"mode": "standard", "total_max_attempts": 12},
        )
        return self._session.client("lambda", endpoint_url=self.endpoint, config=config)

    @property
    def endpoint(self) -> str | None:
        """Where AWS is; None for AWS itself."""
        return self.environment.get("AWS_ENDPOINT_URL")

    @cached_property
    def region(self) -> str:
        """The region that everything is made in.

        Raises:
            Problem: none is configured.
        """
        if not self._session.region_name:
            raise Problem("No AWS region: set AWS_DEFAULT_REGION, such as eu-west-1")
        return self._session.region_name

    @cached_property
    def account_id(self) -> str:
        """The account's 12 digits.

        Raises:
            Problem: AWS does not accept the credentials, or there are none.
        """
        try:
            return self.sts.get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise Problem(
                f"AWS cannot be used: {error}. Try: aws sts get-caller-identity"
            ) from None

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        """Its client."""
        return self._session.client("apigateway", endpoint_url=self.endpoint)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Its client."""
        return self._session.client("cloudformation", endpoint_url=self.endpoint)

    @cached_property
    def cognito(self) -> CognitoIdentityProviderClient:
        """Its client."""
        return self._session.client("cognito-idp", endpoint_url=self.endpoint)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """Its client."""
        return self._session.client("cloudwatch", endpoint_url=self.endpoint)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Its client."""
        return self._session.client("dynamodb", endpoint_url=self.endpoint)

    @cached_property
    def iam(self) -> IAMClient:
        """Its client."""
        return self._session.client("iam", endpoint_url=self.endpoint)

    @cached_property
    def lambda_(self) -> LambdaClient:
        """Its client."""
        return self._session.client("lambda", endpoint_url=self.endpoint)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """Its client."""
        return self._session.client("logs", endpoint_url=self.endpoint)

    @cached_property
    def s3(self) -> S3Client:
        """Its client."""
        return self._session.client("s3", endpoint_url=self.endpoint)

    @cached_property
    def sns(self) -> SNSClient:
        """Its client."""
        return self._session.client("sns", endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> SQSClient:
        """Its client."""
        return self._session.client("sqs", endpoint_url=self.endpoint)

    @cached_property
    def sts(self) -> STSClient:
        """Its client."""
        return self._session.client("sts", endpoint_url=self.endpoint)


@dataclass(frozen=True)
class Stage:
    """One deployment of the app: the names that CloudFormation, Chalice and these tools agree on.

    Args:
        name: such as `dev`; lower-case letters, digits and hyphens, at most 20.
        account: where it is deployed.
        project: the folder with app.py and .chalice that it is deployed from.
    """

    name: str
    account: Account
    project: Path = ROOT

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", self.name):
            raise Problem(
                f"{self.name!r} cannot name a stage: say STAGE=name, 1 to 20 lower-case letters, "
                "digits or hyphens that begin with a letter, such as STAGE=dev"
            )

    @property
    def stack_name(self) -> str:
        """The CloudFormation stack of resources.yaml, and the name that the REST API carries."""
        return f"{APP_NAME}-{self.name}"

    @property
    def functions(self) -> dict[str, str]:
        """Lambda's names of the functions, by their names in the code."""
        names = functions_of((self.project / "app.py").read_text(encoding="utf-8"))
        return {
            name: self.stack_name if name == API_HANDLER else f"{self.stack_name}-{name}"
            for name in names
        }

    @property
    def roles(self) -> list[str]:
        """The functions' roles; Chalice names all of them after the function's name in the code."""
        return [f"{self.stack_name}-{name}" for name in self.functions]

    @property
    def log_groups(self) -> list[str]:
        """Where the functions write."""
        return [f"/aws/lambda/{function}" for function in self.functions.values()]

    @property
    def policies_folder(self) -> Path:
        """The policy files with this stage's resources filled in."""
        return self.project / ".chalice" / "stages" / self.name

    @property
    def deployed_file(self) -> Path:
        """Chalice's own note of what it deployed."""
        return self.project / ".chalice" / "deployed" / f"{self.name}.json"

    def noted(self, resource_type: str) -> dict[str, Any]:
        """What Chalice noted of its one resource of this type; empty when it noted none."""
        found = (item for item in self._notes() if item["resource_type"] == resource_type)
        return next(found, {})

    def note(self, resource: dict[str, Any]) -> None:
        """Add a resource to what Chalice noted, in place of what it noted by that name."""
        self._write_notes([*self._notes_but(resource["name"]), resource])

    def forget(self, name: str) -> None:
        """Take a resource out of what Chalice noted."""
        self._write_notes(self._notes_but(name))

    def _notes_but(self, name: str) -> list[dict[str, Any]]:
        return [item for item in self._notes() if item["name"] != name]

    def _notes(self) -> list[dict[str, Any]]:
        if not self.deployed_file.exists():
            return []
        return list(json.loads(self.deployed_file.read_text(encoding="utf-8"))["resources"])

    def _write_notes(self, resources: list[dict[str, Any]]) -> None:
        # As chalice.deploy.deployer.Deployer writes it.
        notes = {"resources": resources, "schema_version": "2.0", "backend": "api"}
        self.deployed_file.parent.mkdir(exist_ok=True)
        self.deployed_file.write_text(json.dumps(notes, indent=2) + "\n", encoding="utf-8")

    def outputs(self) -> dict[str, str]:
        """The outputs of the stage's stack.

        Raises:
            Problem: the stage does not exist.
        """
        stack = cloudformation.describe(self.account, self.stack_name)
        if stack is None:
            raise Problem(
                f"There is no stage {self.name!r} in this account and region{self._others()}"
            )
        return cloudformation.outputs(stack)

    def _others(self) -> str:
        stacks = self.account.cloudformation.describe_stacks()["Stacks"]
        prefix = f"{APP_NAME}-"
        names = sorted(
            stack["StackName"].removeprefix(prefix)
            for stack in stacks
            if stack["StackName"].startswith(prefix) and "DELETE" not in stack["StackStatus"]
        )
        return f"; there is {', '.join(names)}" if names else "; nor any other"
