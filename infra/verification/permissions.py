"""Checks of the functions' roles: they may do what their policies list, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from infra.build import policies
from infra.verification.report import Report
from infra.verification.session import Session

Access = tuple[str, str]
"""An action and the ARN of a resource."""

_ALLOWED = "allowed"
_AS_LISTED = "as listed"


def check_permissions(session: Session, report: Report) -> None:
    """Simulate each role's own actions, and those of others, with IAM's policy simulator."""
    granted = {name: set(_granted(session, name)) for name in session.stage.functions}
    everything = set().union(*granted.values(), _dangerous(session))
    for function, own in granted.items():
        own_actions = {action for action, _ in own}
        foreign = {access for access in everything if access[0] not in own_actions}
        foreign |= {(action, _elsewhere(resource)) for action, resource in own}
        for title, expected, checked in (
            ("its policy's actions are allowed", True, own),
            ("all other actions are denied", False, foreign - own),
        ):
            wrong = sorted(_simulated(session, function, checked, expected))
            answered = ", ".join(wrong) or _AS_LISTED
            report.expect(f"{function}: {title}", _AS_LISTED, answered, f"({len(checked)})")


def _granted(session: Session, function: str) -> Iterator[Access]:
    """What the function's policy lists, each resource as one that its pattern matches."""
    path = policies.policy_path(session.stage.project, function)
    text = path.read_text(encoding="utf-8")
    policy = json.loads(policies.render(text, session.outputs, session.stage.features))
    for statement in policy["Statement"]:
        resources = statement["Resource"]
        for action in statement["Action"]:
            for resource in [resources] if isinstance(resources, str) else resources:
                yield action, resource.replace("*", "verify")


def _dangerous(session: Session) -> set[Access]:
    """Actions that no function needs."""
    outputs = session.outputs
    return {
        ("s3:ListBucket", outputs["UploadBucketArn"]),
        ("s3:PutBucketPolicy", outputs["UploadBucketArn"]),
        ("s3:PutObjectAcl", f"{outputs['UploadBucketArn']}/verify"),
        ("dynamodb:Scan", outputs["DocumentsTableArn"]),
        ("dynamodb:DeleteItem", outputs["DocumentsTableArn"]),
        ("sqs:PurgeQueue", outputs["FailureQueueArn"]),
        ("cognito-idp:AdminCreateUser", outputs["UserPoolArn"]),
        *(("lambda:InvokeFunction", arn) for arn in _functions(session).values()),
        *(("iam:PassRole", arn) for arn in _roles(session).values()),
    }


def _elsewhere(resource: str) -> str:
    """A resource of the same kind that belongs to no stage."""
    head, separator, _ = resource.partition("intake-")
    return f"{head}{separator}verify-elsewhere" if separator else f"{resource}-elsewhere"


def _simulated(
    session: Session, function: str, accesses: set[Access], expected: bool
) -> Iterator[str]:
    """Those accesses for which IAM's decision differs from the expected one."""
    role = _roles(session)[function]
    for action, resource in sorted(accesses):
        answer = session.stage.account.iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
        )
        decision = answer["EvaluationResults"][0]["EvalDecision"]
        if (decision == _ALLOWED) != expected:
            yield f"{action} on {resource}: {decision}"


def _configurations(session: Session) -> Iterator[tuple[str, str, str]]:
    for name, function in session.stage.functions.items():
        found = session.stage.account.lambda_.get_function_configuration(FunctionName=function)
        yield name, found["FunctionArn"], found["Role"]


def _functions(session: Session) -> Mapping[str, str]:
    return {name: arn for name, arn, _ in _configurations(session)}


def _roles(session: Session) -> Mapping[str, str]:
    return {name: role for name, _, role in _configurations(session)}
