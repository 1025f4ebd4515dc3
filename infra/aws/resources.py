"""The existing resources of a stage.

A resource is the stage's if it carries the stage's tags or is an output of its stack. A name only
selects the candidates. Log groups have no tags: their names follow from the functions' names, which
belong to the stage in its region.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.aws import cloudformation
from infra.aws.roles import get_role
from infra.aws.rules import rules
from infra.aws.stage import STAGE_TAG, Stage
from infra.console import CommandError


def existing_resources(stage: Stage) -> list[str]:
    """A description of each existing resource; the stack stands for what it deletes itself."""
    found = [f"stack {name}" for name in stacks(stage)]
    found += [f"bucket {name}" for name in buckets(stage)]
    found += [f"table {name}" for name in tables(stage)]
    found += [f"user pool {pool}" for pool in user_pools(stage)]
    found += [f"function {name}" for name in functions(stage)]
    found += [f"role {name}" for name in stage.possible_roles if get_role(stage, name)]
    found += [f"REST API {api_id}" for api_id in rest_apis(stage)]
    found += [f"event source mapping {mapping['UUID']}" for mapping in mappings(stage)]
    found += [f"rule {name}" for name in rules(stage)]
    return found + [f"log group {name}" for name in log_groups(stage)]


def stacks(stage: Stage) -> list[str]:
    """The names of the stage's stacks."""
    names = (stage.stack_name, *stage.hooks.extra_stacks(stage))
    return [name for name in names if cloudformation.describe(stage.account, name)]


def buckets(stage: Stage) -> list[str]:
    """The stage's buckets."""
    outputs = _outputs(stage)
    own = {outputs.get("UploadBucketName"), outputs.get("TextBucketName")}
    listed = stage.account.s3.list_buckets().get("Buckets", [])  # of every region
    candidates = [bucket["Name"] for bucket in listed if _is_candidate(stage, bucket["Name"])]
    return [
        name for name in candidates if name in own or stage.is_tagged(_bucket_tags(stage, name))
    ]


def tables(stage: Stage) -> list[str]:
    """The stage's tables."""
    output = _outputs(stage).get("DocumentsTableName")
    pages = stage.account.dynamodb.get_paginator("list_tables").paginate()
    listed = [name for page in pages for name in page["TableNames"]]
    return [
        name
        for name in listed
        if _is_candidate(stage, name)
        and (name == output or stage.is_tagged(_table_tags(stage, name)))
    ]


def user_pools(stage: Stage) -> list[str]:
    """The ids of the stage's user pools."""
    output = _outputs(stage).get("UserPoolId")
    cognito = stage.account.cognito
    pages = cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 60})
    listed = [pool for page in pages for pool in page["UserPools"]]
    return [
        pool["Id"]
        for pool in listed
        if pool["Name"] == stage.stack_name
        and (
            pool["Id"] == output
            or stage.is_tagged(
                cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"].get("UserPoolTags")
            )
        )
    ]


def functions(stage: Stage) -> dict[str, Mapping[str, Any]]:
    """The stage's functions by name in Lambda; those that the code no longer has included."""
    pages = stage.account.lambda_.get_paginator("list_functions").paginate()
    listed = [function for page in pages for function in page["Functions"]]
    return {
        function["FunctionName"]: function
        for function in listed
        if _is_candidate(stage, function["FunctionName"]) and is_own_function(stage, function)
    }


def is_own_function(stage: Stage, function: Mapping[str, Any]) -> bool:
    """Whether a function is the stage's: by its tags, or by its name and role."""
    has_own_role = function["Role"].rpartition("/")[2] in stage.possible_roles
    if has_own_role and function["FunctionName"] in stage.possible_functions.values():
        return True
    return stage.is_tagged(
        stage.account.lambda_.list_tags(Resource=function["FunctionArn"])["Tags"]
    )


def rest_apis(stage: Stage) -> list[str]:
    """The ids of the stage's REST APIs. An untagged one is of an unfinished deployment."""
    pages = stage.account.apigateway.get_paginator("get_rest_apis").paginate()
    names = stage.hooks.api_names(stage)
    found = []
    for api in (api for page in pages for api in page["items"] if api["name"] in names):
        tags = stage.account.apigateway.get_tags(resourceArn=stage.api_arn(api["id"]))["tags"]
        is_untagged = STAGE_TAG not in tags
        if stage.is_tagged(tags) or (is_untagged and stage.hooks.is_own_api(stage, api["id"])):
            found.append(api["id"])
    return found


def api_url(stage: Stage) -> str:
    """The URL of the API that serves the stage, with its final slash.

    Raises:
        CommandError: the stage has no API.
    """
    serving = stage.hooks.serving_api(stage, rest_apis(stage))
    if serving is None:
        raise CommandError(f"Stage {stage.name} has no API: run make deploy STAGE={stage.name}")
    return serving.url


def mappings(stage: Stage) -> list[Any]:
    """The event source mappings of the stage's functions."""
    pages = stage.account.lambda_.get_paginator("list_event_source_mappings")
    return [
        mapping
        for function in functions(stage)
        for page in pages.paginate(FunctionName=function)
        for mapping in page["EventSourceMappings"]
        if mapping.get("State") != "Deleting"
    ]


def log_groups(stage: Stage) -> list[str]:
    """The log groups of the stage's functions; those of features switched off included."""
    describe = stage.account.logs.describe_log_groups
    return [
        group["logGroupName"]
        for name in stage.possible_log_groups
        for group in describe(logGroupNamePrefix=name)["logGroups"]
        if group["logGroupName"] == name
    ]


def _outputs(stage: Stage) -> dict[str, str]:
    """The outputs of the stage's stack; empty if it does not exist."""
    stack = cloudformation.describe(stage.account, stage.stack_name)
    return cloudformation.outputs(stack) if stack else {}


def _is_candidate(stage: Stage, name: str) -> bool:
    return name == stage.stack_name or name.startswith(f"{stage.stack_name}-")


def _bucket_tags(stage: Stage, name: str) -> Mapping[str, str]:
    try:
        tags = stage.account.s3.get_bucket_tagging(Bucket=name)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchTagSet", "NoSuchBucket"):
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in tags}


def _table_tags(stage: Stage, name: str) -> Mapping[str, str]:
    dynamodb = stage.account.dynamodb
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    pages = dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
