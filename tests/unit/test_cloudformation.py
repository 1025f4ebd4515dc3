"""Stacks are created, updated or deleted from any state, with the arguments that AWS accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest

from infra.aws import cloudformation
from infra.aws.cloudformation import KEEP, MAX_SECONDS, StackRequest
from infra.console import CommandError
from tests.support.cloudformation import SETTLES_AS, STACK_ID, CloudFormation

REQUEST = StackRequest("intake-dev", "{}")
UPDATE = ["UpdateStack"]
CREATE = ["CreateStack"]
RECREATE = ["DeleteStack", "CreateStack"]
REFUSE = None

ACTIONS: dict[str, list[str] | None] = {
    "CREATE_COMPLETE": UPDATE,
    "CREATE_FAILED": RECREATE,
    "CREATE_IN_PROGRESS": UPDATE,
    "DELETE_COMPLETE": CREATE,
    "DELETE_FAILED": RECREATE,
    "DELETE_IN_PROGRESS": CREATE,
    "IMPORT_COMPLETE": UPDATE,
    "IMPORT_IN_PROGRESS": UPDATE,
    "IMPORT_ROLLBACK_COMPLETE": UPDATE,
    "IMPORT_ROLLBACK_FAILED": REFUSE,
    "IMPORT_ROLLBACK_IN_PROGRESS": UPDATE,
    "REVIEW_IN_PROGRESS": RECREATE,
    "ROLLBACK_COMPLETE": RECREATE,
    "ROLLBACK_FAILED": RECREATE,
    "ROLLBACK_IN_PROGRESS": RECREATE,
    "UPDATE_COMPLETE": UPDATE,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": UPDATE,
    "UPDATE_FAILED": UPDATE,
    "UPDATE_IN_PROGRESS": UPDATE,
    "UPDATE_ROLLBACK_COMPLETE": UPDATE,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": UPDATE,
    "UPDATE_ROLLBACK_FAILED": REFUSE,
    "UPDATE_ROLLBACK_IN_PROGRESS": UPDATE,
}
"""The calls in each state of a stack without data."""

DATA = [
    {
        "LogicalResourceId": "UploadBucket",
        "PhysicalResourceId": "intake-dev-uploadbucket-1",
        "ResourceType": "AWS::S3::Bucket",
        "ResourceStatus": "DELETE_SKIPPED",
    }
]


def no_pause(_seconds: float) -> None:
    """CloudFormation's double settles at once."""


def apply(aws: CloudFormation, request: StackRequest = REQUEST) -> None:
    """Apply the request without pauses."""
    cloudformation.apply(aws.account(), request, no_pause)


def made(aws: CloudFormation) -> list[str]:
    """The names of the calls that change something."""
    return [name for name, _asked in aws.calls]


def event(resource: str, status: str, reason: str) -> dict[str, str]:
    """An event of a stack; of the stack itself if the resource is its name."""
    return {
        "LogicalResourceId": resource,
        "PhysicalResourceId": STACK_ID if resource == "intake-dev" else f"{resource}-1",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_every_state_of_the_service_is_handled() -> None:
    """The table has every status of botocore's model of CloudFormation, and no other."""
    model = botocore.session.get_session().get_service_model("cloudformation")
    status: Any = model.shape_for("StackStatus")
    assert set(ACTIONS) == set(status.enum)


@pytest.mark.parametrize(("status", "action"), ACTIONS.items())
def test_a_stack_is_brought_up_to_date_from_any_state(
    status: str, action: list[str] | None
) -> None:
    """Running operations are awaited; what only a deletion resolves is deleted and created."""
    aws = CloudFormation(status)
    is_import = status.startswith("IMPORT")
    advice = "complete its operation in" if is_import else "run `aws .*continue-update-rollback"
    if action is None:
        with pytest.raises(CommandError, match=f"is {status}: .*; fix the cause, {advice}"):
            apply(aws)
        assert [] == made(aws)
    else:
        apply(aws)
        assert action == made(aws)


@pytest.mark.parametrize(
    "status", [status for status, action in ACTIONS.items() if action == RECREATE]
)
def test_a_stack_with_data_is_not_deleted_by_a_deployment(status: str) -> None:
    """The message names the resource that holds data, and the command that deletes it."""
    aws = CloudFormation(status, resources=DATA)
    with pytest.raises(CommandError, match=r"UploadBucket intake-dev-uploadbucket-1: run make des"):
        apply(aws)
    assert [] == made(aws)


@pytest.mark.parametrize("status", ACTIONS)
def test_a_stack_is_deleted_from_any_state(status: str) -> None:
    """Running operations are awaited; a stack that is deleted meanwhile needs no call."""
    aws = CloudFormation(status)
    cloudformation.remove(aws.account(), "intake-dev", no_pause)
    is_gone = SETTLES_AS.get(status, status) == "DELETE_COMPLETE"
    assert ([] if is_gone else ["DeleteStack"]) == made(aws)


def test_a_kept_parameter_is_sent_only_if_the_stack_has_it() -> None:
    """A stack of an older version keeps its values and gets the defaults of new parameters."""
    aws = CloudFormation("UPDATE_COMPLETE", parameters={"Stage", "BillingMode"})
    values: dict[str, object] = {"Stage": "dev", "BillingMode": KEEP, "AlarmEmail": KEEP}
    apply(aws, StackRequest("intake-dev", "{}", values))
    [(_name, asked)] = aws.calls
    assert [
        {"ParameterKey": "Stage", "ParameterValue": "dev"},
        {"ParameterKey": "BillingMode", "UsePreviousValue": True},
    ] == asked["Parameters"]


def test_a_new_stack_has_its_tags_and_gets_its_final_parameters_afterwards() -> None:
    """Deletion protection would prevent CloudFormation from rolling back a failed creation."""
    aws = CloudFormation(None)
    request = StackRequest(
        "intake-dev", "{}", {"P": "true"}, {"intake:stage": "dev"}, while_creating={"P": "false"}
    )
    apply(aws, request)
    (created, first), (updated, second) = aws.calls
    assert ("CreateStack", "UpdateStack") == (created, updated)
    assert [{"ParameterKey": "P", "ParameterValue": "false"}] == first["Parameters"]
    assert [{"ParameterKey": "P", "ParameterValue": "true"}] == second["Parameters"]
    for asked in (first, second):
        assert [{"Key": "intake:stage", "Value": "dev"}] == asked["Tags"]


def test_an_operators_own_tags_are_kept() -> None:
    """UpdateStack replaces all tags, those for cost allocation included."""
    own = {"Key": "cost-centre", "Value": "42"}
    aws = CloudFormation("UPDATE_COMPLETE", tags=[own])
    apply(aws, StackRequest("intake-dev", "{}", tags={"intake:stage": "dev"}))
    [(_name, asked)] = aws.calls
    assert [own, {"Key": "intake:stage", "Value": "dev"}] == asked["Tags"]


def test_a_failed_creation_shows_its_first_reason() -> None:
    """CloudFormation deletes the stack, and its events are available by id only."""
    aws = CloudFormation(None, ends_as=["DELETE_COMPLETE"])
    aws.events = [
        event("intake-dev", "DELETE_COMPLETE", ""),
        event("intake-dev", "DELETE_IN_PROGRESS", "Delete requested by user."),
        event("UserPool", "CREATE_FAILED", "Resource creation cancelled"),
        event("ApiLogGroup", "CREATE_FAILED", "/aws/lambda/intake-dev already exists"),
        event("intake-dev", "CREATE_IN_PROGRESS", "User Initiated"),
    ]
    with pytest.raises(CommandError, match="ApiLogGroup: /aws/lambda/intake-dev already exists"):
        apply(aws)
    assert [STACK_ID] == aws.named


def test_a_failed_update_shows_the_reason_of_this_update() -> None:
    """Failures of earlier updates are not reported."""
    aws = CloudFormation("UPDATE_COMPLETE", ends_as=["UPDATE_ROLLBACK_COMPLETE"])
    aws.events = [
        event("DocumentsTable", "UPDATE_FAILED", "the reason"),
        event("intake-dev", "UPDATE_IN_PROGRESS", "User Initiated"),
        event("AlarmTopic", "UPDATE_FAILED", "an earlier reason"),
        event("intake-dev", "UPDATE_IN_PROGRESS", "User Initiated"),
    ]
    with pytest.raises(CommandError, match="stack intake-dev: DocumentsTable: the reason"):
        apply(aws)


def test_a_failed_deletion_shows_its_reason() -> None:
    """A stack that remains is an error."""
    aws = CloudFormation("UPDATE_COMPLETE", ends_as=["DELETE_FAILED"])
    aws.events = [event("AlarmTopic", "DELETE_FAILED", "not authorized")]
    with pytest.raises(CommandError, match="AlarmTopic: not authorized"):
        cloudformation.remove(aws.account(), "intake-dev", no_pause)


def test_an_operation_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is limited; the message contains what to do."""
    monkeypatch.setitem(SETTLES_AS, "UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
    paused: list[float] = []
    aws = CloudFormation("UPDATE_IN_PROGRESS")
    with pytest.raises(CommandError, match=r"still UPDATE_IN_PROGRESS after .* run this command"):
        cloudformation.apply(aws.account(), REQUEST, paused.append)
    assert MAX_SECONDS == sum(paused)


def test_an_unchanged_stack_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation refuses an update without a change."""
    refusal: dict[str, Any] = {
        "Error": {"Code": "ValidationError", "Message": "No updates are to be performed."}
    }
    monkeypatch.setattr(CloudFormation, "_UpdateStack", lambda *_arguments: refusal)
    apply(CloudFormation("UPDATE_COMPLETE"))


def test_role() -> None:
    """A role is passed if given; else CloudFormation keeps the stack's."""
    role = "arn:aws:iam::123456789012:role/intake-cloudformation-eu-west-1"
    with_role, without = CloudFormation(None), CloudFormation("CREATE_COMPLETE")

    apply(with_role, replace(REQUEST, role_arn=role))
    apply(without)

    assert {role} == {asked["RoleARN"] for _name, asked in with_role.calls}
    assert not any("RoleARN" in asked for _name, asked in without.calls)
