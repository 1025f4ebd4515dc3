"""Settings of the REST API and of its stage that Chalice does not have."""

from __future__ import annotations

from infra.aws.stage import Stage
from infra.build.chalice_project import read_config


def set_throttling(stage: Stage, api_id: str, rate_limit: int, burst_limit: int) -> None:
    """Limit the requests per second to all routes together, and how many may arrive at once.

    Effective at once, and kept by later deployments (API Gateway developer guide, "Throttle
    requests to your REST APIs").
    """
    limits = {"rateLimit": rate_limit, "burstLimit": burst_limit}
    stage.account.apigateway.update_stage(
        restApiId=api_id,
        stageName=str(read_config(stage.project)["api_gateway_stage"]),
        patchOperations=[
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(limit)}
            for name, limit in limits.items()
        ],
    )
