"""A table with index byOwner of older versions gets byOwnerAndStatus while the stage serves.

The shared stack's table is brought into the old shape first. `make deploy` takes the same two
steps, with `chalice deploy` between them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.documents import document_id_for
from chalicelib.store import to_item
from infra.api_client import Client
from infra.aws import cloudformation
from infra.aws.cloudformation import KEEP, StackRequest
from infra.aws.owner_index import NEW_INDEX, OLD_INDEX, has_old_index, set_status_times
from infra.commands.deploy import (
    DEFAULT_OPTIONS,
    TEMPLATE,
    StackOptions,
    deploy_resources,
    remove_old_index,
)
from infra.console import CommandError
from tests.stack.test_api_documents import pages, sub_of
from tests.support.stack import Stack

NEW_INDEX_IN_TEMPLATE = rf"(?m)^        - IndexName: {NEW_INDEX}\n(?:          .*\n)*"


def apply_old_template(stack: Stack) -> None:
    """Give the table the indexes of older versions."""
    text = TEMPLATE.read_text(encoding="utf-8")
    old, count = re.subn(NEW_INDEX_IN_TEMPLATE, "", stack.stage.hooks.template(text))
    assert 1 == count
    described = cloudformation.describe(stack.account, stack.stage.stack_name)
    assert described is not None
    values: dict[str, object] = dict.fromkeys(cloudformation.parameters(described), KEEP)
    request = StackRequest(
        stack.stage.stack_name, old, values | {"OldOwnerIndex": "true"}, stack.stage.tags
    )
    cloudformation.apply(stack.account, request)


@pytest.fixture
def old_table(stack: Stack) -> Iterator[Stack]:
    """The shared stack with a table of the old shape; migrated after the test in any case."""
    apply_old_template(stack)
    yield stack
    deploy_resources(stack.stage, pause=no_pause)
    if has_old_index(stack.stage):
        remove_old_index(stack.stage, DEFAULT_OPTIONS, no_pause)


def no_pause(_seconds: float) -> None:
    """The local AWS has no capacity to wait for, and no old code runs."""


def indexes(stack: Stack) -> set[str]:
    """The names of the table's indexes."""
    table = stack.account.dynamodb.describe_table(TableName=stack.table)["Table"]
    return {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}


def put_old_record(stack: Stack, number: int, owner: str, **more: str) -> None:
    """Write a record as older versions do."""
    record = {
        "documentId": document_id_for(stack.bucket, f"old {number}"),
        "fileName": str(number),
        "fileSize": 1,
        "status": "PROCESSED" if number % 3 else "FAILED",
        "uploadedAt": f"2026-11-20T12:00:{number:02}.000Z",
        "owner": owner,
        **more,
    }
    stack.account.dynamodb.put_item(TableName=stack.table, Item=to_item(record))


def listed(client: Client, query: str = "limit=5") -> list[str]:
    """The names of all pages of a list."""
    return [name for page in pages(client, query) for name in page]


def queried_by_the_api(stack: Stack) -> set[str]:
    """The indexes that the policy of the API's role allows to query."""
    role = f"{stack.stage.stack_name}-api_handler"
    policy: Any = stack.account.iam.get_role_policy(RoleName=role, PolicyName=role)
    [resources] = [
        statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == ["dynamodb:Query"]
    ]
    return {arn.rpartition("/")[2] for arn in resources}


def test_an_old_table_is_migrated_while_it_serves(old_table: Stack) -> None:
    """No list is incomplete once the new code serves; what the old code wrote last is listed."""
    stack, client = old_table, old_table.sign_in("eve")
    owner = sub_of(client)
    for number in range(12):
        put_old_record(stack, number, owner)
    assert {"byStatus", OLD_INDEX} == indexes(stack)
    assert has_old_index(stack.stage)
    with pytest.raises(CommandError, match="still has index byOwner: deploy without BILLING=PAY"):
        deploy_resources(stack.stage, StackOptions(billing_mode="PAY_PER_REQUEST"))

    deploy_resources(stack.stage, pause=no_pause)
    assert {"byStatus", OLD_INDEX, NEW_INDEX} == indexes(stack)
    policy = stack.stage.policies_folder / "policy-api_handler.json"
    assert OLD_INDEX in {arn.rpartition("/")[2] for arn in arns(policy.read_text())}

    newest_first = [str(number) for number in range(11, -1, -1)]
    lists: list[list[str]] = []

    def serve(seconds: float) -> None:
        """While the migration waits: the old code fails a document, everybody lists."""
        if not lists:
            stale = {"status": "FAILED", "statusTime": "PROCESSED#2026-11-20T12:00:05.000Z"}
            put_old_record(stack, 5, owner, **stale)
            put_old_record(stack, 12, owner)
            assert seconds >= 60, "as long as an invocation of the old code may take"
        lists.append(listed(client))

    remove_old_index(stack.stage, DEFAULT_OPTIONS, serve)
    assert {"byStatus", NEW_INDEX} == indexes(stack) == queried_by_the_api(stack)
    assert not has_old_index(stack.stage)
    assert all(set(newest_first) <= set(found) for found in lists)
    assert ["12", *newest_first] == listed(client)
    assert ["12", "9", "6", "5", "3", "0"] == listed(client, "limit=5&status=FAILED")


def test_setting_times_again_changes_nothing(stack: Stack) -> None:
    """An interrupted run resumes: only what lacks a time, or has an outdated one, is written."""
    set_status_times(stack.stage, no_pause)
    put_old_record(stack, 20, "somebody")
    assert 1 == set_status_times(stack.stage, no_pause)
    assert 0 == set_status_times(stack.stage, no_pause)


def arns(policy_text: str) -> list[str]:
    """All resources of a policy."""
    statements = json.loads(policy_text)["Statement"]
    listed = [each["Resource"] for each in statements]
    return [arn for each in listed for arn in ([each] if isinstance(each, str) else each)]
