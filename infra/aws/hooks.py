"""Deployment steps and properties in which an implementation of AWS's APIs may differ from AWS.

A stage holds one `DeploymentHooks`. The default is AWS itself, where nothing is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.build.calls import API_HANDLER

if TYPE_CHECKING:
    from infra.aws.stage import Stage


class Limitation(StrEnum):
    """What an implementation of AWS's APIs may lack, as far as `make verify` checks it."""

    THROTTLING = "throttling of API requests"
    REQUEST_SIZE = "limit of 10 MB for API requests"
    METRICS_FROM_LOGS = "metrics from log lines"
    SIMULATED_CONDITIONS = "conditions in IAM's policy simulator"


@dataclass(frozen=True, slots=True)
class DeployedApi:
    """The REST API that serves a stage."""

    api_id: str
    url: str
    """With a final slash."""


def deployed_api(api_id: str, region: str) -> DeployedApi:
    """A REST API with its invoke URL (API Gateway developer guide, "Invoke REST APIs")."""
    return DeployedApi(api_id, f"https://{api_id}.execute-api.{region}.amazonaws.com/api/")


class DeploymentHooks:
    """AWS: every step is a no-op, and every property is what Chalice and CloudFormation created."""

    queues_throttled_events = True
    """Whether Lambda retries throttled events for hours (developer guide, "Error handling for
    asynchronous invocations"), so that a function's concurrency can be limited."""
    lambda_usage_note = ""
    """Appended to the usage of Lambda in `make status`."""
    unmeasured = "nothing measured"
    """Shown by `make status` for a metric without values."""
    limitations: frozenset[Limitation] = frozenset()
    """What `make verify` cannot check."""

    def template(self, text: str) -> str:
        """The template of the stage's stack."""
        return text

    def before_chalice_deploy(self, stage: Stage) -> None:
        """Prepare the stage for `chalice deploy`."""

    def after_chalice_deploy(self, stage: Stage) -> DeployedApi:
        """Complete what `chalice deploy` created; the API that serves the stage."""
        recorded = stage.get_deployed("rest_api")
        return DeployedApi(str(recorded["rest_api_id"]), str(recorded["rest_api_url"]))

    def serving_api(self, stage: Stage, api_ids: Sequence[str]) -> DeployedApi | None:
        """The one of the stage's REST APIs that serves it; None if there is none."""
        return deployed_api(api_ids[0], stage.account.region) if api_ids else None

    def api_names(self, stage: Stage) -> set[str]:
        """Every name that the stage's REST API may have."""
        return {stage.stack_name}

    def is_own_api(self, stage: Stage, api_id: str) -> bool:
        """Whether an untagged REST API with the stage's name calls the stage's function."""
        pages = stage.account.apigateway.get_paginator("get_resources").paginate(
            restApiId=api_id, embed=["methods"]
        )
        methods = [
            method
            for page in pages
            for resource in page["items"]
            for method in resource.get("resourceMethods", {}).values()
        ]
        function = f":function:{stage.functions[API_HANDLER]}/"
        return any(
            function in method.get("methodIntegration", {}).get("uri", "") for method in methods
        )

    def extra_stacks(self, stage: Stage) -> Sequence[str]:  # noqa: ARG002 - for subclasses
        """CloudFormation stacks of the stage besides its own."""
        return ()


AWS = DeploymentHooks()
"""The hooks of a stage in an AWS account."""
