"""Checks of the functions' roles: they may do what their policies list, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from infra.aws.hooks import Limitation
from infra.build import policies
from infra.verification.report import Report
from infra.verification.session import Session

ANY = "*"
"""The resource of actions without resource types: there is none that they are denied on."""


class Access(NamedTuple):
    """An action on a resource, in a request with these values of condition keys."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


_ALLOWED = "allowed"
_AS_LISTED = "as listed"


def check_permissions(session: Session, report: Report) -> None:
    """Simulate each role's own actions, and those of others, with IAM's policy simulator."""
    granted = {name: set(_granted(session, name)) for name in session.stage.functions}
    everything = set().union(*granted.values(), _dangerous(session))
    for function, own in granted.items():
        own_actions = {access.action for access in own}
        foreign = {access for access in everything if access.action not in own_actions}
        foreign |= {
            access._replace(resource=_elsewhere(access.resource))
            for access in own
            if access.resource != ANY
        }
        conditional = {access for access in own if access.context}
        foreign |= {access._replace(context=()) for access in conditional}
        expect = partial(_expect, session, report, function)
        expect("its policy's actions are allowed", own - conditional, expected=True)
        expect("all other actions are denied", foreign - own, expected=False)
        if conditional:
            title = "its policy's conditional actions are allowed"
            report.unless(
                Limitation.SIMULATED_CONDITIONS,
                f"{function}: {title}",
                partial(expect, title, conditional, expected=True),
            )


def _expect(
    session: Session,
    report: Report,
    function: str,
    title: str,
    checked: set[Access],
    *,
    expected: bool,
) -> None:
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
        context = tuple(sorted(statement.get("Condition", {}).get("StringEquals", {}).items()))
        for action in statement["Action"]:
            for resource in [resources] if isinstance(resources, str) else resources:
                example = resource if resource == ANY else resource.replace("*", "verify")
                yield Access(action, example, context)


def _dangerous(session: Session) -> set[Access]:
    """Actions that no function needs."""
    outputs = session.outputs
    return {
        Access("s3:ListBucket", outputs["UploadBucketArn"]),
        Access("s3:PutBucketPolicy", outputs["UploadBucketArn"]),
        Access("s3:PutObjectAcl", f"{outputs['UploadBucketArn']}/verify"),
        Access("dynamodb:Scan", outputs["DocumentsTableArn"]),
        Access("dynamodb:DeleteItem", outputs["DocumentsTableArn"]),
        Access("sqs:PurgeQueue", outputs["FailureQueueArn"]),
        Access("cognito-idp:AdminCreateUser", outputs["UserPoolArn"]),
        *(Access("lambda:InvokeFunction", arn) for arn in _functions(session).values()),
        *(Access("iam:PassRole", arn) for arn in _roles(session).values()),
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
    for action, resource, context in sorted(accesses):
        answer = session.stage.account.iam.simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=[action],
            ResourceArns=[resource],
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                for key, value in context
            ],
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
