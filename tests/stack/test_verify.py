"""`make verify` passes on a stage that is as documented, reports differences, and cleans up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.documents import document_id_for, object_key_for
from infra.aws.hooks import Limitation
from infra.commands.verify import run_checks
from infra.console import CommandError
from infra.verification import events, leftovers, monitoring, permissions
from infra.verification.report import Report
from infra.verification.session import Session
from tests.support.stack import Stack


def session_of(stack: Stack) -> Session:
    """A run that nothing cleans up."""
    return Session(stack.stage, stack.api_url, secrets.token_hex(6))


def left_of(session: Session) -> set[str]:
    """The users, objects and records of a run that stay in the stage.

    An item of a deleted object, which S3's event may create after the deletion, expires by itself.
    """
    account = session.stage.account
    users = account.cognito.list_users(
        UserPoolId=session.outputs["UserPoolId"],
        Filter=f'email ^= "intake-verify-{session.run_id}"',
    )["Users"]
    objects = account.s3.list_objects_v2(Bucket=session.bucket).get("Contents", [])
    keys = {item["Key"] for item in objects}
    failed = leftovers.unreadable_upload(session.run_id)
    documents = {*session.document_ids, document_id_for(failed.bucket, failed.key)}
    return {
        *(user["Username"] for user in users),
        *(key for key in keys if session.run_id in key),
        *({object_key_for(document_id) for document_id in documents} & keys),
        *(name for name in documents if (found := session.record(name)) and stays(found)),
    }


def stays(record: Mapping[str, Any]) -> bool:
    """Whether the record does not expire."""
    return "expiresAt" not in record


def test_a_deployed_stage_is_as_documented(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every check of a deployed stage passes, and nothing that it created stays."""
    session = session_of(stack)

    run_checks(session)

    printed = capsys.readouterr().out
    assert "DIFFERENT" not in printed
    assert "ok         the same PUT again: 412 PreconditionFailed" in printed
    assert "ok         failure code after three attempts: processing_failed" in printed
    assert len(session.document_ids) > 5
    assert set() == left_of(session)


def test_a_role_with_another_permission_is_a_difference(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A permission that no policy file lists fails the check, which names role and action."""
    iam, role = stack.account.iam, f"{stack.stage.stack_name}-process_upload"
    statement = '{"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}'
    iam.put_role_policy(
        RoleName=role,
        PolicyName="by-hand",
        PolicyDocument=f'{{"Version": "2012-10-17", "Statement": [{statement}]}}',
    )
    report = Report(frozenset())
    differs = pytest.raises(CommandError, match="'Permissions' differ: process_upload: all other")
    try:
        with differs, report.group("Permissions"):
            permissions.check_permissions(session_of(stack), report)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="by-hand")
    assert "DIFFERENT  process_upload: all other actions are denied: dynamodb:Scan" in (
        capsys.readouterr().out
    )


def test_the_next_run_can_delete_what_an_interrupted_run_left(stack: Stack) -> None:
    """Users, objects and records of a run are found by its id alone."""
    session = session_of(stack)
    put = session.request(session.user, "left.txt", b"one")
    put.send()
    session.result(put.document_id)
    document_id, e_tag = session.put_directly("left.txt", b"two")
    session.result(document_id, e_tag)
    assert 5 == len(left_of(session))

    leftovers.delete(stack.stage, session.run_id, ())

    assert set() == left_of(session)


def test_what_an_aws_cannot_answer_is_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    """A check of what the implementation of AWS lacks does not run, and is reported as skipped."""
    report = Report(frozenset({Limitation.THROTTLING}))
    ran: list[str] = []

    report.unless(Limitation.THROTTLING, "many requests", lambda: ran.append("skipped"))
    report.unless(Limitation.REQUEST_SIZE, "a large request", lambda: ran.append("run"))

    assert ["run"] == ran
    assert "skipped    many requests: the local AWS has no throttling" in capsys.readouterr().out


def test_a_stage_that_scans_uploads_is_verified(scan_stack: Stack) -> None:
    """The log line is that of the result, and the failing upload does not wait for a scan."""
    session = session_of(scan_stack)
    report = Report(session.stage.hooks.limitations)
    try:
        events.start_failure(session)
        with report.group("Monitoring"):
            monitoring.check_monitoring(session, report)
        with report.group("Failure path"):
            events.check_failure(session, report)
    finally:
        session.clean_up()
