"""MiniStack's differences from AWS, as the hooks of a stage that is deployed to it.

MiniStack's ImportRestApi (1.5.33), which Chalice calls, creates an API without routes; its
CloudFormation creates them. So the OpenAPI document that Chalice generates is imported a second
time, through CloudFormation.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.api.gateway import EXTENSION
from infra.aws import cloudformation
from infra.aws.hooks import AWS, DeployedApi, DeploymentHooks, Limitation
from infra.aws.stage import Account, Stage
from infra.console import CommandError, step
from infra.local.server import is_local

_UNNAMED = "unnamed"
"""MiniStack's name of an imported API until `_name_chalice_api` sets it."""

_BUDGET = r"(?m)^  \w+:\n    Type: AWS::Budgets::Budget\n(?:    .*\n|\n)*"
"""A resource in the template."""

_GENERATE = """
import json, os, sys
from chalice.cli.factory import CLIFactory
from chalice.deploy.swagger import SwaggerGenerator
stage, folder, region, arn = sys.argv[1:]
app = CLIFactory(folder, environ=os.environ).create_config_obj(stage).chalice_app
print(json.dumps(SwaggerGenerator(region, {"api_handler_arn": arn}).generate_swagger(app)))
"""
"""Runs in a subprocess: importing app.py requires the stage's settings in the environment."""


class LocalHooks(DeploymentHooks):
    """MiniStack: a workaround for each feature that it lacks."""

    queues_throttled_events = False  # MiniStack (1.5.33) counts them as failed attempts
    # MiniStack (1.5.33) does not count invocations by events.
    lambda_usage_note = ", without invocations by events"
    unmeasured = "not measured here"
    limitations = frozenset(Limitation)

    def template(self, text: str) -> str:
        """Without budgets: MiniStack's CloudFormation (1.5.33) has none."""
        return re.sub(_BUDGET, "", text)

    def before_chalice_deploy(self, stage: Stage) -> None:
        """Make Chalice create its API again: MiniStack has no PutRestApi to update one."""
        api_id = stage.get_deployed("rest_api").get("rest_api_id")
        if api_id:
            stage.account.apigateway.delete_rest_api(restApiId=api_id)
            stage.remove_deployed("rest_api")

    def after_chalice_deploy(self, stage: Stage) -> DeployedApi:
        """Enable the table's time to live and import the routes; the API that has them."""
        with step("Adding what the local AWS omits: time to live, routes"):
            _apply_time_to_live(stage)
            _name_chalice_api(stage)
            return _import_routes(stage)

    def serving_api(
        self,
        stage: Stage,
        api_ids: Sequence[str],  # noqa: ARG002 - has no routes
    ) -> DeployedApi | None:
        """The API that has the routes, by the output of its stack."""
        stack = cloudformation.describe(stage.account, _api_stack(stage))
        return _deployed_api(stage, cloudformation.outputs(stack)["ApiId"]) if stack else None

    def api_names(self, stage: Stage) -> set[str]:
        """MiniStack names an imported API only afterwards."""
        return {stage.stack_name, _UNNAMED}

    def is_own_api(self, stage: Stage, api_id: str) -> bool:  # noqa: ARG002 - of the interface
        """MiniStack imports no integrations; one stage at a time is deployed to it."""
        return True

    def extra_stacks(self, stage: Stage) -> Sequence[str]:
        """The stack of the API that has the routes."""
        return (_api_stack(stage),)


def local_stage(name: str, account: Account, project: Path) -> Stage:
    """A stage on the local AWS."""
    return Stage(name, account, project, LocalHooks())


def hooks_for(account: Account) -> DeploymentHooks:
    """The hooks for stages of this account, which may be a MiniStack by its endpoint."""
    return LocalHooks() if is_local(account) else AWS


def _import_routes(stage: Stage) -> DeployedApi:
    name = _api_stack(stage)
    openapi = _openapi(stage)
    template = json.dumps(_template(stage, openapi), separators=(",", ":"))
    request = cloudformation.StackRequest(name, template)
    cloudformation.apply(stage.account, request)
    stack = cloudformation.describe(stage.account, name)
    assert stack is not None
    api_id = cloudformation.outputs(stack)["ApiId"]
    _set_gateway_responses(stage, api_id, openapi[EXTENSION])
    deployed = _deployed_api(stage, api_id)
    _set_api_url(stage, deployed)
    return deployed


def _deployed_api(stage: Stage, api_id: str) -> DeployedApi:
    return DeployedApi(api_id, f"{stage.account.endpoint}/restapis/{api_id}/api/_user_request_/")


def _set_gateway_responses(stage: Stage, api_id: str, responses: Mapping[str, Any]) -> None:
    """Set those of the description: MiniStack's imports (1.5.33) ignore the extension."""
    gateway = stage.account.apigateway
    for kind, response in responses.items():
        arguments: Any = {"responseType": kind, **response}
        gateway.put_gateway_response(restApiId=api_id, **arguments)
    gateway.create_deployment(restApiId=api_id, stageName="api")


def _set_api_url(stage: Stage, api: DeployedApi) -> None:
    """Name the API's URL in a stage variable: MiniStack's requests (1.5.33) lack domainName."""
    stage.account.apigateway.update_stage(
        restApiId=api.api_id,
        stageName="api",
        patchOperations=[{"op": "replace", "path": "/variables/apiUrl", "value": api.url}],
    )


def _apply_time_to_live(stage: Stage) -> None:
    """Enable expiry: MiniStack's CloudFormation (1.5.33) ignores the template's TTL."""
    stage.account.dynamodb.update_time_to_live(
        TableName=stage.outputs()["DocumentsTableName"],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"},
    )


def _name_chalice_api(stage: Stage) -> None:
    """Set the name of Chalice's API, which MiniStack's import loses."""
    stage.account.apigateway.update_rest_api(
        restApiId=stage.get_deployed("rest_api")["rest_api_id"],
        patchOperations=[{"op": "replace", "path": "/name", "value": stage.stack_name}],
    )


def _api_stack(stage: Stage) -> str:
    return f"local-api-of-{stage.stack_name}"


def _template(stage: Stage, openapi: Mapping[str, Any]) -> dict[str, object]:
    body = {name: value for name, value in openapi.items() if name != EXTENSION}
    return {
        "Resources": {
            "Api": {
                "Type": "AWS::ApiGateway::RestApi",
                "Properties": {"Name": _api_stack(stage), "Body": body},
            },
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "api"},
            },
        },
        "Outputs": {"ApiId": {"Value": {"Ref": "Api"}}},
    }


def _openapi(stage: Stage) -> dict[str, Any]:
    function = stage.account.lambda_.get_function(FunctionName=stage.functions["api_handler"])
    arn = function["Configuration"]["FunctionArn"]
    finished = subprocess.run(
        [sys.executable, "-c", _GENERATE, stage.name, stage.project, stage.account.region, arn],
        env=dict(stage.account.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise CommandError(f"app.py cannot be imported:\n{finished.stderr.strip()}")
    return _without_documentation(json.loads(finished.stdout))


def _without_documentation(openapi: dict[str, Any]) -> dict[str, Any]:
    """The description as far as it has an effect: a template has at most 51,200 characters."""
    for methods in openapi["paths"].values():
        for method in methods.values():
            for name in ("summary", "description", "produces", "consumes", "responses"):
                method.pop(name, None)
            method["x-amazon-apigateway-integration"].pop("responses", None)  # of a proxy: none
    return openapi
