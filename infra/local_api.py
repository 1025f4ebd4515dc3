"""The REST API on the local AWS, whose import of an API leaves out the routes.

MiniStack's ImportRestApi (1.5.33), which Chalice calls, makes an API without routes; its
CloudFormation makes them. So the same OpenAPI document that Chalice generates is imported once
more, through CloudFormation. On AWS nothing of this runs.
"""

from __future__ import annotations

import json
import subprocess
import sys

from infra import cloudformation
from infra.console import Problem
from infra.stage import Stage

UNNAMED = "unnamed"
"""What MiniStack calls an API that was imported, until `import_routes` names it."""

_GENERATE = """
import json, os, sys
from chalice.cli.factory import CLIFactory
from chalice.deploy.swagger import SwaggerGenerator
stage, folder, region, arn = sys.argv[1:]
app = CLIFactory(folder, environ=os.environ).create_config_obj(stage).chalice_app
print(json.dumps(SwaggerGenerator(region, {"api_handler_arn": arn}).generate_swagger(app)))
"""
"""Runs in a process of its own: importing app.py needs the stage's settings in the environment."""


def import_routes(stage: Stage) -> tuple[str, str]:
    """Serve the routes of app.py by the deployed function.

    Returns:
        The API's id and its URL, with a final slash.
    """
    _name_chalice_api(stage)
    name = api_stack_of(stage)
    cloudformation.apply(stage.account, name, json.dumps(_template(stage)), {})
    stack = cloudformation.describe(stage.account, name)
    assert stack is not None
    api_id = cloudformation.outputs(stack)["ApiId"]
    return api_id, f"{stage.account.endpoint}/restapis/{api_id}/api/_user_request_/"


def forget_api(stage: Stage) -> None:
    """Let Chalice make its API anew: MiniStack has no PutRestApi to bring one up to date."""
    api_id = stage.noted("rest_api").get("rest_api_id")
    if api_id:
        stage.account.apigateway.delete_rest_api(restApiId=api_id)
        stage.forget("rest_api")


def apply_time_to_live(stage: Stage) -> None:
    """Let records expire: MiniStack's CloudFormation (1.5.33) passes over the template's TTL."""
    stage.account.dynamodb.update_time_to_live(
        TableName=stage.outputs()["DocumentsTableName"],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"},
    )


def _name_chalice_api(stage: Stage) -> None:
    """Give the API that Chalice made the name that MiniStack's import lost."""
    stage.account.apigateway.update_rest_api(
        restApiId=stage.noted("rest_api")["rest_api_id"],
        patchOperations=[{"op": "replace", "path": "/name", "value": stage.stack_name}],
    )


def api_stack_of(stage: Stage) -> str:
    """The name of the stack that holds the API on the local AWS."""
    return f"local-api-of-{stage.stack_name}"


def _template(stage: Stage) -> dict[str, object]:
    return {
        "Resources": {
            "Api": {
                "Type": "AWS::ApiGateway::RestApi",
                "Properties": {"Name": api_stack_of(stage), "Body": _openapi(stage)},
            },
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "api"},
            },
        },
        "Outputs": {"ApiId": {"Value": {"Ref": "Api"}}},
    }


def _openapi(stage: Stage) -> object:
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
        raise Problem(f"app.py cannot be imported:\n{finished.stderr.strip()}")
    return json.loads(finished.stdout)
