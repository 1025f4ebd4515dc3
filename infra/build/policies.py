"""The IAM policy of each function, generated from the code by Chalice's own policy generator.

`chalice gen-policy` reads only app.py, gives every function the same policy and every action the
resource `*`. Its parts do better. For each function this module

1. takes the operations that its code calls (calls.py),
2. maps them to actions with Chalice's PolicyBuilder,
3. binds each action to its resources (RESOURCES), and to more where a feature is on (WITH_FEATURE),
4. adds what the code does not show: the function's log group, and what Lambda does in its name.

Policies refer to the outputs of the stage's CloudFormation stack as `${Output}`; `render` replaces
them. The files .chalice/policy-<function>.json are committed, so that every change is reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from chalice.policy import PolicyBuilder, load_custom_policy_actions

from infra.build.calls import API_HANDLER, ClientCalls, PolicyError, client_calls
from infra.build.features import Feature

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
    "cognito-idp:AdminGetUser": ["${UserPoolArn}"],
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
    ("process_upload", "s3:PutObject"): [],
    ("record_text", "s3:DeleteObject"): ["${TextBucketArn}/*"],
    ("record_text", "s3:PutObject"): ["${TextBucketArn}/*"],
    ("record_scan", "s3:DeleteObject"): [],
    ("record_failure", "dynamodb:GetItem"): [],
    ("record_failure", "lambda:InvokeFunction"): [],
    ("check_scans", "dynamodb:Query"): ["${DocumentsTableArn}/index/byStatus"],
}
"""Resources of a function that needs less than others do: the first two only delete objects that
were uploaded with the URL of a deleted document, which would otherwise stay forever. An empty list:
the function needs the action only with a feature."""

WITH_FEATURE: Mapping[Feature, Mapping[tuple[str, str], Sequence[str]]] = {
    Feature.NOTIFICATIONS: {
        ("process_upload", "sns:Publish"): ["${NotificationTopicArn}"],
        ("record_failure", "sns:Publish"): ["${NotificationTopicArn}"],
        ("record_text", "sns:Publish"): ["${NotificationTopicArn}"],
        ("record_scan", "sns:Publish"): ["${NotificationTopicArn}"],
    },
    Feature.OCR_TEXT: {
        ("process_upload", "textract:StartDocumentTextDetection"): ["*"],
        ("record_text", "textract:GetDocumentTextDetection"): ["*"],
    },
    Feature.OCR_ANALYSIS: {
        ("process_upload", "textract:StartDocumentAnalysis"): ["*"],
        ("record_text", "textract:GetDocumentAnalysis"): ["*"],
    },
    Feature.SCAN: {
        ("api_handler", "s3:GetObjectTagging"): ["${UploadBucketArn}/uploads/*"],
        ("record_failure", "dynamodb:GetItem"): ["${DocumentsTableArn}"],
        ("record_failure", "lambda:InvokeFunction"): ["${ProcessUploadArn}"],
    },
    Feature.TEXT: {
        ("process_upload", "s3:PutObject"): ["${TextBucketArn}/*"],
        ("process_upload", "s3:DeleteObject"): ["${TextBucketArn}/*"],
        ("process_upload", "s3:ListBucket"): ["${TextBucketArn}"],
        ("record_failure", "s3:DeleteObject"): ["${TextBucketArn}/*"],
        ("record_failure", "s3:ListBucket"): ["${TextBucketArn}"],
        ("record_scan", "s3:DeleteObject"): ["${TextBucketArn}/*"],
        ("record_scan", "s3:ListBucket"): ["${TextBucketArn}"],
        ("api_handler", "s3:GetObject"): ["${TextBucketArn}/*"],
        ("api_handler", "s3:DeleteObject"): ["${TextBucketArn}/*"],
        ("api_handler", "s3:ListBucket"): ["${TextBucketArn}"],
    },
}
"""Further resources of a function's action, needed only where a feature is on. A Sid marks their
statements, which `render` omits where the feature is off.

Textract's actions on documents have no resources (service authorization reference, "Actions,
resources, and condition keys for Amazon Textract"). It reads the document with the permissions of
the function that starts the job.
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on resources, as one statement of a policy."""

    actions: Sequence[str]
    resources: Sequence[str]
    feature: Feature | None = None
    """Needed only where it is on; None if always."""
    condition: Mapping[str, Any] | None = None


ON_BEHALF: Mapping[str, Sequence[Grant]] = {
    "process_upload": [
        Grant(["sqs:SendMessage"], ["${FailureQueueArn}"]),
        Grant(
            ["iam:PassRole"],
            ["${OcrRoleArn}"],
            Feature.OCR,
            {"StringEquals": {"iam:PassedToService": "textract.amazonaws.com"}},
        ),
    ],
    "record_scan": [Grant(["sqs:SendMessage"], ["${FailureQueueArn}"])],
    "record_failure": [
        Grant(
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            ["${FailureQueueArn}"],
        )
    ],
    "record_text": [Grant(["sqs:SendMessage"], ["${FailureQueueArn}"])],
}
"""What no call of the code shows. Lambda itself does with a function's role: send discarded events
to the destination (developer guide, "Adding a destination"), poll an event source queue
("Configuring the execution role" of SQS). Textract gets the role with which it publishes (developer
guide, "Configuring Amazon Textract for Asynchronous Operations")."""


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


def render(policy_text: str, outputs: Mapping[str, str], features: Set[Feature]) -> str:
    """A policy file for one stage, each `${Output}` replaced by the value of the stack's output.

    Args:
        policy_text: content of a policy file.
        outputs: of the stage's stack.
        features: those that the stage has on.

    Raises:
        KeyError: the stack lacks an output.
    """
    policy, absent = json.loads(policy_text), set(Feature) - features
    policy["Statement"] = [
        statement
        for statement in policy["Statement"]
        if not any(statement.get("Sid", "").startswith(_sid_prefix(feature)) for feature in absent)
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
    _reject_stale_rows(function, actions)
    grants = [grant for action in dict.fromkeys(actions) for grant in _grants(function, action)]
    grants += ON_BEHALF.get(function, [])
    grants.append(Grant(["logs:CreateLogStream", "logs:PutLogEvents"], _log_group_of(function)))
    return {
        "Version": PolicyBuilder.VERSION,
        "Statement": [_statement(grant) for grant in grants],
    }


def _reject_stale_rows(function: str, actions: Sequence[str]) -> None:
    for name, action in (row for rows in WITH_FEATURE.values() for row in rows):
        if name == function and action not in actions:
            raise PolicyError(
                f"{function} does not call {action}: remove it from WITH_FEATURE in "
                "infra/build/policies.py"
            )


def _grants(function: str, action: str) -> list[Grant]:
    """What a function that calls an action may access, always and with features."""
    always = NARROWER.get((function, action), RESOURCES.get(action, ()))
    grants = [Grant([action], always)] if always else []
    grants += [
        Grant([action], resources[function, action], feature)
        for feature, resources in WITH_FEATURE.items()
        if (function, action) in resources
    ]
    if not grants:
        raise PolicyError(
            f"{function} calls {action}: add the resource to RESOURCES or WITH_FEATURE in "
            "infra/build/policies.py"
        )
    return grants


def _statement(grant: Grant) -> dict[str, Any]:
    actions, resources = list(grant.actions), list(grant.resources)
    return {
        **({"Sid": _sid(grant.feature, actions[0])} if grant.feature else {}),
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources[0] if len(resources) == 1 else resources,
        **({"Condition": grant.condition} if grant.condition else {}),
    }


def _sid(feature: Feature, action: str) -> str:
    return _sid_prefix(feature) + action.partition(":")[2]


def _sid_prefix(feature: Feature) -> str:
    return f"OnlyWith{feature}On"


def _log_group_of(function: str) -> list[str]:
    """Both ARN forms of a function's log group, since CloudWatch Logs checks either.

    With `:*` it includes the group's streams (CloudWatch Logs user guide, "Resources and
    operations"). Chalice names the function of the routes <app>-<stage> and the others
    <app>-<stage>-<name>; Lambda names the log group after the function.
    """
    suffix = "" if function == API_HANDLER else f"-{function}"
    return [f"${{LogGroupArnPrefix}}{suffix}", f"${{LogGroupArnPrefix}}{suffix}:*"]
