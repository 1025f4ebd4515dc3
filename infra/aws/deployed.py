"""Chalice's record of deployed resources, rebuilt from the account before each deployment.

Chalice finds functions, roles and log groups by name, but its REST API, its event source mapping
and what the code no longer has only through `.chalice/deployed/STAGE.json`. With a missing or
outdated record, it would create a second API at another URL, fail to create the mapping
(ResourceConflictException), or fail on a bucket that no longer exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.aws.hooks import deployed_api
from infra.aws.resources import functions, is_own_function, mappings, rest_apis
from infra.aws.rules import rules
from infra.aws.stage import REGION_TAG, STAGE_TAG, Stage
from infra.build.calls import API_HANDLER
from infra.console import CommandError

Functions = Mapping[str, Mapping[str, Any]]
"""Functions as Lambda lists them, by name."""
Resource = dict[str, Any]
"""An entry of the record, as chalice.deploy.executor writes it."""


def rebuild_deployed(stage: Stage) -> None:
    """Write the record from what exists in the account.

    Raises:
        CommandError: the stage has several REST APIs, and nothing shows which one is in use.
    """
    outputs, found = stage.outputs(), functions(stage)
    stage.write_deployed(
        [
            *_functions(stage, found),
            *_notifications(stage, outputs["UploadBucketName"], found),
            *_mappings(stage, outputs["FailureQueueArn"]),
            *_rules(stage),
            *_rest_api(stage),
        ]
    )


def refuse_foreign_functions(stage: Stage) -> None:
    """Check that no function of another owner has the name of one of the stage's.

    Raises:
        CommandError: there is one.
    """
    lambda_ = stage.account.lambda_
    for name in stage.functions.values():
        try:
            function = lambda_.get_function_configuration(FunctionName=name)
        except lambda_.exceptions.ResourceNotFoundException:
            continue
        if not is_own_function(stage, function):
            raise CommandError(
                f"The function {name} exists and is not of stage {stage.name}, and nothing was "
                f"changed: pass another STAGE=, or tag it {STAGE_TAG}={stage.name} and "
                f"{REGION_TAG}={stage.account.region}"
            )


def tag_api(stage: Stage) -> None:
    """Tag the REST API that Chalice recorded: Chalice has no setting for it."""
    api_id = stage.get_deployed("rest_api")["rest_api_id"]
    stage.account.apigateway.tag_resource(resourceArn=stage.api_arn(api_id), tags=stage.tags)


def _functions(stage: Stage, found: Functions) -> Iterator[Resource]:
    """The functions; Chalice deletes those that the code no longer has."""
    for name, function in found.items():
        yield {
            "name": _name_in_code(stage, name),
            "resource_type": "lambda_function",
            "lambda_arn": function["FunctionArn"],
        }


def _notifications(stage: Stage, bucket: str, found: Functions) -> Iterator[Resource]:
    notifications = stage.account.s3.get_bucket_notification_configuration(Bucket=bucket)
    names = {function["FunctionArn"]: name for name, function in found.items()}
    for notification in notifications.get("LambdaFunctionConfigurations", []):
        arn = notification["LambdaFunctionArn"]
        if arn in names:
            yield {
                "name": f"{_name_in_code(stage, names[arn])}-s3event",
                "resource_type": "s3_event",
                "bucket": bucket,
                "lambda_arn": arn,
            }


def _mappings(stage: Stage, queue_arn: str) -> Iterator[Resource]:
    """The event source mappings; Chalice deletes those of another queue."""
    for mapping in mappings(stage):
        function = _name_in_code(stage, mapping["FunctionArn"].rpartition(":")[2])
        is_current = mapping["EventSourceArn"] == queue_arn
        suffix = "" if is_current else f"-{mapping['UUID']}"
        yield {
            "name": f"{function}-sqs-event-source{suffix}",
            "resource_type": "sqs_event",
            "event_uuid": mapping["UUID"],
            "queue_arn": mapping["EventSourceArn"],
            "queue": mapping["EventSourceArn"].rpartition(":")[2],
            "lambda_arn": mapping["FunctionArn"],
        }


def _rules(stage: Stage) -> Iterator[Resource]:
    """The rules; Chalice deletes those of functions that the code no longer has."""
    for name in rules(stage):
        function = _name_in_code(stage, name.removesuffix("-event"))
        yield {
            "name": f"{function}-event",
            "resource_type": "cloudwatch_event",
            "rule_name": name,
        }


def _rest_api(stage: Stage) -> Iterator[Resource]:
    found = rest_apis(stage)
    recorded = stage.get_deployed("rest_api").get("rest_api_id")
    if len(found) > 1 and recorded in found:
        found = [recorded]
    if len(found) > 1:
        raise CommandError(
            f"Stage {stage.name} has several REST APIs, {', '.join(found)}: delete all but the one "
            "in use with `aws apigateway delete-rest-api --rest-api-id ID`, then run this again"
        )
    for api_id in found:
        yield {
            "name": "rest_api",
            "resource_type": "rest_api",
            "rest_api_id": api_id,
            "rest_api_url": deployed_api(api_id, stage.account.region).url,
        }


def _name_in_code(stage: Stage, function: str) -> str:
    """A function's name in the code, which begins the names of its resources in the record."""
    return function.removeprefix(stage.stack_name).removeprefix("-") or API_HANDLER
