"""Migration of a table with index byOwner to byOwnerAndStatus, while the stage keeps serving.

CloudFormation creates or deletes one index per update, and records of older versions lack
statusTime. So `deploy` adds the new index beside the old one, sets statusTime of all records,
deploys the code, sets it again for records that the old code wrote meanwhile, and removes the old
index. Each step finds out what is left to do, so that an interrupted migration resumes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.capacity import attempts
from chalicelib.documents import Status, status_time
from chalicelib.store import from_item, to_item
from infra.aws import cloudformation
from infra.aws.stage import Stage
from infra.build.calls import API_HANDLER
from infra.progress import progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

OLD_INDEX, NEW_INDEX = "byOwner", "byOwnerAndStatus"
_STATUSES = (Status.PROCESSED, Status.FAILED)
_PAGE = 200
"""Records per Query."""
_INDEX_SECONDS = 2
"""Between two looks at an index that DynamoDB creates."""

Pause = Callable[[float], None]


def has_old_index(stage: Stage) -> bool:
    """Whether the stage's table is to be migrated."""
    stack = cloudformation.describe(stage.account, stage.stack_name)
    table = cloudformation.outputs(stack).get("DocumentsTableName") if stack else None
    return bool(table) and OLD_INDEX in _indexes(_described(stage, str(table)))


def await_new_index(stage: Stage, pause: Pause = time.sleep) -> None:
    """Wait until the new index can be queried."""
    table = stage.outputs()["DocumentsTableName"]
    while _indexes(_described(stage, table)).get(NEW_INDEX) != "ACTIVE":
        pause(_INDEX_SECONDS)


def set_status_times(stage: Stage, pause: Pause = time.sleep) -> int:
    """Set statusTime of every record that lacks it or has an outdated one.

    It takes at most half of the table's provisioned write units, and of the read units of index
    byStatus. A record that changes at the same moment is left to the code that changes it.

    Returns:
        The number of records that were changed.
    """
    table = stage.outputs()["DocumentsTableName"]
    description = _described(stage, table)
    wait = _pacing(description, pause)
    changed = 0
    with progress(description.get("ItemCount", 0)) as advance:
        for record in _records(stage, table, wait):
            expected = status_time(record["status"], record["uploadedAt"])
            if record.get("statusTime") != expected:
                changed += _set_status_time(stage, table, record, wait)
            advance()
    return changed


def allow_old_index(policy_text: str) -> str:
    """The API's policy with the queries of the old code, which serves until it is replaced."""
    policy = json.loads(policy_text)
    for statement in policy["Statement"]:
        if statement["Action"] == ["dynamodb:Query"]:
            arns = statement["Resource"]
            old = [arn.replace(NEW_INDEX, OLD_INDEX) for arn in arns if arn.endswith(NEW_INDEX)]
            statement["Resource"] = [*arns, *old]
    return json.dumps(policy, indent=2) + "\n"


def put_api_policy(stage: Stage, policy_text: str) -> None:
    """Replace the policy of the API's role, which has the role's name as Chalice creates it."""
    role = f"{stage.stack_name}-{API_HANDLER}"
    stage.account.iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=policy_text)


def _described(stage: Stage, table: str) -> TableDescriptionTypeDef:
    return stage.account.dynamodb.describe_table(TableName=table)["Table"]


def _indexes(description: TableDescriptionTypeDef) -> dict[str, str]:
    """The status of each index."""
    indexes = description.get("GlobalSecondaryIndexes", [])
    return {str(index["IndexName"]): str(index.get("IndexStatus", "")) for index in indexes}


def _pacing(description: TableDescriptionTypeDef, pause: Pause) -> Callable[[str, Any], None]:
    """A function that waits for consumed capacity, given `ReadCapacityUnits` or the other kind."""
    provisioned: Any = description.get("ProvisionedThroughput", {})
    billing = description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")

    def wait(kind: str, consumed: Any) -> None:
        units = consumed.get("CapacityUnits", 0.0)
        per_second = provisioned.get(kind, 0) / 2 if billing == "PROVISIONED" else math.inf
        if per_second:
            pause(units / per_second)

    return wait


def _records(
    stage: Stage, table: str, wait: Callable[[str, Any], None]
) -> Iterator[dict[str, Any]]:
    """The records with a time, as far as statusTime needs them."""
    paginator = stage.account.dynamodb.get_paginator("query")
    for status in _STATUSES:
        pages = paginator.paginate(
            TableName=table,
            IndexName="byStatus",
            KeyConditionExpression="#status = :status",
            ProjectionExpression="documentId, #status, uploadedAt, statusTime",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": status}},
            ScanIndexForward=False,
            ReturnConsumedCapacity="TOTAL",
            PaginationConfig={"PageSize": _PAGE},
        )
        for page in pages:
            yield from map(from_item, page["Items"])
            wait("ReadCapacityUnits", page.get("ConsumedCapacity", {}))


def _set_status_time(
    stage: Stage, table: str, record: dict[str, Any], wait: Callable[[str, Any], None]
) -> bool:
    """Whether the record was unchanged since it was read, and was written."""
    dynamodb = stage.account.dynamodb
    expected = status_time(record["status"], record["uploadedAt"])
    try:
        for attempt in attempts(lambda: math.inf):
            with attempt:
                answer = dynamodb.update_item(
                    TableName=table,
                    Key=to_item({"documentId": record["documentId"]}),
                    UpdateExpression="SET #statusTime = :statusTime",
                    ConditionExpression="#status = :status AND #uploadedAt = :uploadedAt",
                    ExpressionAttributeNames={
                        "#statusTime": "statusTime",
                        "#status": "status",
                        "#uploadedAt": "uploadedAt",
                    },
                    ExpressionAttributeValues=to_item(
                        {
                            ":statusTime": expected,
                            ":status": record["status"],
                            ":uploadedAt": record["uploadedAt"],
                        }
                    ),
                    ReturnConsumedCapacity="INDEXES",
                )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    wait("WriteCapacityUnits", answer.get("ConsumedCapacity", {}).get("Table", {}))
    return True
