"""The IAM policy of each function, generated from the code by Chalice's own policy generator.

`chalice gen-policy` reads only app.py, gives every function the same policy and every action the
resource `*`. Its parts do better. For each function this module

1. takes the operations that its code calls (calls.py),
2. maps them to actions with Chalice's PolicyBuilder,
3. binds each action to its resources (RESOURCES),
4. adds what the code does not show: the function's log group, and what Lambda does in its name.

Policies refer to the outputs of the stage's CloudFormation stack as `${Output}`; `render` replaces
them. The files .chalice/policy-<function>.json are committed, so that every change is reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from chalice.policy import PolicyBuilder, load_custom_policy_actions

from infra.build.calls import API_HANDLER, ClientCalls, PolicyError, client_calls

Policy = dict[str, Any]

RESOURCES: Mapping[str, Sequence[str]] = {
    "s3:GetObject": ["${UploadBucketArn}/*"],
    "s3:PutObject": ["${UploadBucketArn}/uploads/*"],
    "s3:DeleteObject": ["${UploadBucketArn}/*"],
    "s3:ListMultipartUploadParts": ["${UploadBucketArn}/uploads/*"],
    "s3:AbortMultipartUpload": ["${UploadBucketArn}/uploads/*"],
    "dynamodb:PutItem": ["${DocumentsTableArn}"],
    "dynamodb:UpdateItem": ["${DocumentsTableArn}"],
    "dynamodb:GetItem": ["${DocumentsTableArn}"],
    "dynamodb:Query": [
        "${DocumentsTableArn}/index/byOwnerAndStatus",
        "${DocumentsTableArn}/index/byStatus",
    ],
    "lambda:InvokeFunction": ["${ProcessUploadArn}"],
    "sns:Publish": ["${NotificationTopicArn}"],
}
"""The resources of each action. An action without a row is an error, so that adding a call means
deciding what it may access."""

MISSING_ACTIONS = {
    "lambda": {"invoke": ["lambda:InvokeFunction"]},
    "s3": {"list_parts": ["s3:ListMultipartUploadParts"]},
}
"""Actions of operations that Chalice's table lacks, by service and method."""

NARROWER: Mapping[tuple[str, str], Sequence[str]] = {
    ("process_upload", "s3:DeleteObject"): ["${UploadBucketArn}/uploads/*"],
    ("record_failure", "s3:DeleteObject"): ["${UploadBucketArn}/uploads/*"],
}
"""Resources of a function that needs less than others do: these two only delete objects uploaded
with the URL of a deleted document, which would otherwise stay forever."""

ONLY_TO_NOTIFY = {("process_upload", "sns:Publish"), ("record_failure", "sns:Publish")}
"""Actions needed only where notifications are on. A Sid marks their statements, which `render`
omits where notifications are off."""

SID_PREFIX = "OnlyWithNotificationsOn"
"""Of those Sids; the action follows."""

ON_BEHALF = {
    "process_upload": [(["sqs:SendMessage"], ["${FailureQueueArn}"])],
    "record_failure": [
        (
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            ["${FailureQueueArn}"],
        )
    ],
}
"""What Lambda itself does with a function's role: send discarded events to the destination
(developer guide, "Adding a destination"), poll an event source queue ("Configuring the execution
role" of SQS)."""


def generate(project: Path) -> dict[str, Policy]:
    """The policy of each function, by the function's name."""
    return {function: _policy(function, calls) for function, calls in client_calls(project).items()}


def policy_path(project: Path, function: str) -> Path:
    """The policy file of a function."""
    return project / ".chalice" / f"policy-{function}.json"


def write(project: Path) -> list[Path]:
    """Write each function's policy file and remove those of functions that no longer exist."""
    policies = generate(project)
    written = []
    for function, policy in policies.items():
        path = policy_path(project, function)
        path.write_text(to_json(policy), encoding="utf-8")
        written.append(path)
    for path in (project / ".chalice").glob("policy-*.json"):
        if path not in written:
            path.unlink()
    return written


def to_json(policy: Policy) -> str:
    """A policy as text, as in its file."""
    return json.dumps(policy, indent=2) + "\n"


def render(policy_text: str, outputs: Mapping[str, str], *, notifications: bool) -> str:
    """A policy file for one stage, each `${Output}` replaced by the value of the stack's output.

    Args:
        policy_text: content of a policy file.
        outputs: of the stage's stack.
        notifications: whether the stage has notifications on.

    Raises:
        KeyError: the stack lacks an output.
    """
    policy = json.loads(policy_text)
    policy["Statement"] = [
        statement
        for statement in policy["Statement"]
        if notifications or not statement.get("Sid", "").startswith(SID_PREFIX)
    ]
    return Template(to_json(policy)).substitute(outputs)


def _policy(function: str, calls: ClientCalls) -> Policy:
    known = load_custom_policy_actions()
    custom = {service: known.get(service, {}) | more for service, more in MISSING_ACTIONS.items()}
    builder = PolicyBuilder(custom_policy_actions=known | custom)
    actions = [
        action
        for statement in builder.build_policy_from_api_calls(calls)["Statement"]
        for action in statement["Action"]
    ]
    bound = {action: NARROWER.get((function, action), RESOURCES.get(action)) for action in actions}
    unbound = [action for action, resources in bound.items() if resources is None]
    if unbound:
        raise PolicyError(
            f"{function} calls {', '.join(unbound)}: add the resource to RESOURCES in "
            "infra/build/policies.py"
        )
    grants = [([action], resources) for action, resources in bound.items() if resources]
    grants += ON_BEHALF.get(function, [])
    grants.append((["logs:CreateLogStream", "logs:PutLogEvents"], _log_group_of(function)))
    return {
        "Version": PolicyBuilder.VERSION,
        "Statement": [
            {
                **_sid(function, granted),
                "Effect": "Allow",
                "Action": granted,
                "Resource": resources[0] if len(resources) == 1 else list(resources),
            }
            for granted, resources in grants
        ],
    }


def _sid(function: str, actions: list[str]) -> dict[str, str]:
    conditional = [action for action in actions if (function, action) in ONLY_TO_NOTIFY]
    return {"Sid": SID_PREFIX + conditional[0].partition(":")[2]} if conditional else {}


def _log_group_of(function: str) -> list[str]:
    """Both ARN forms of a function's log group, since CloudWatch Logs checks either.

    With `:*` it includes the group's streams (CloudWatch Logs user guide, "Resources and
    operations"). Chalice names the function of the routes <app>-<stage> and the others
    <app>-<stage>-<name>; Lambda names the log group after the function.
    """
    suffix = "" if function == API_HANDLER else f"-{function}"
    return [f"${{LogGroupArnPrefix}}{suffix}", f"${{LogGroupArnPrefix}}{suffix}:*"]
