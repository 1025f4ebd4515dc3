"""Resources that `chalice deploy` created but did not record because it was interrupted.

Chalice finds functions, roles and log groups by name, but its REST API and its event source mapping
only through its record. Without the record it would create a second API at another URL, and fail to
create the mapping.
"""

from __future__ import annotations

from infra.aws.stage import Stage


def rest_apis(stage: Stage) -> list[str]:
    """The ids of the stage's REST APIs, which are found by name."""
    names = stage.hooks.api_names(stage)
    pages = stage.account.apigateway.get_paginator("get_rest_apis").paginate()
    return [api["id"] for page in pages for api in page["items"] if api["name"] in names]


def event_source_mappings(stage: Stage) -> list[str]:
    """The ids of the event source mappings of the stage's functions."""
    found = []
    for function in stage.functions.values():
        try:
            pages = stage.account.lambda_.get_paginator("list_event_source_mappings")
            for page in pages.paginate(FunctionName=function):
                found += [mapping["UUID"] for mapping in page["EventSourceMappings"]]
        except stage.account.lambda_.exceptions.ResourceNotFoundException:
            continue
    return found


def adopt_unrecorded(stage: Stage) -> None:
    """Add the stage's REST API and event source mapping to Chalice's record if it lacks them."""
    apis, mappings = rest_apis(stage), event_source_mappings(stage)
    if apis and not stage.get_deployed("rest_api"):
        _adopt_api(stage, apis[0])
    if mappings and not stage.get_deployed("sqs_event"):
        _adopt_mapping(stage, mappings[0])


def _adopt_api(stage: Stage, api_id: str) -> None:
    region = stage.account.region
    stage.put_deployed(
        {
            "name": "rest_api",
            "resource_type": "rest_api",
            "rest_api_id": api_id,
            "rest_api_url": f"https://{api_id}.execute-api.{region}.amazonaws.com/api/",
        }
    )


def _adopt_mapping(stage: Stage, uuid: str) -> None:
    mapping = stage.account.lambda_.get_event_source_mapping(UUID=uuid)
    stage.put_deployed(
        {
            "name": "record_failure-sqs-event-source",
            "resource_type": "sqs_event",
            "event_uuid": uuid,
            "queue_arn": mapping["EventSourceArn"],
            "queue": mapping["EventSourceArn"].rpartition(":")[2],
            "lambda_arn": mapping["FunctionArn"],
        }
    )
