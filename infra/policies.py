"""The IAM policy of each function, derived from the code by Chalice's own policy generator.

`chalice gen-policy` reads only app.py, gives every function the same policy and every action the
resource `*`. Its parts do better. For each function this module

1. takes app.py with only that function's handlers, and puts the chalicelib functions that it
   imports into it, so that Chalice's analyser (chalice.analyzer) can follow them,
2. lets Chalice's PolicyBuilder name the actions of the API calls found,
3. binds each action to the one resource that it is for (RESOURCES),
4. adds what no code shows: the function's own log group, and what Lambda does in its name.

The policies name resources as `${Output}` of the stage's CloudFormation stack; `render` fills
them in. They lie in .chalice/policy-<function>.json, to be read in every review.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from chalice.analyzer import get_client_calls_for_app
from chalice.policy import PolicyBuilder, load_custom_policy_actions

Policy = dict[str, Any]

API_HANDLER = "api_handler"
"""Chalice's name for the function that serves all routes."""

HANDLER_DECORATORS = {"on_s3_event", "on_sqs_message", "route"}
AWS_LIBRARIES = {"boto3", "botocore"}

RESOURCES = {
    "s3:GetObject": "${UploadBucketArn}/*",
    "dynamodb:PutItem": "${DocumentsTableArn}",
    "dynamodb:UpdateItem": "${DocumentsTableArn}",
    "dynamodb:GetItem": "${DocumentsTableArn}",
}
"""The one resource that each action is for. An action without a line here is an error: whoever
adds a call decides what it may touch."""

ON_BEHALF = {
    "process_upload": [(["sqs:SendMessage"], "${FailureQueueArn}")],
    "record_failure": [
        (
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            "${FailureQueueArn}",
        )
    ],
}
"""What Lambda itself does with a function's role: send the events it gave up on (developer guide,
"Adding a destination"), poll an event source queue ("Configuring the execution role" of SQS)."""


class PolicyError(Exception):
    """The code calls AWS in a way that no policy can be derived from."""


def functions_of(app_source: str) -> list[str]:
    """The Lambda functions that Chalice makes of this app, by its names for them."""
    names = [_function_of(node) for node in ast.parse(app_source).body if _is_handler(node)]
    return sorted(set(names))


def generate(project: Path) -> dict[str, Policy]:
    """The policy of each function, by the function's name."""
    app_source = (project / "app.py").read_text(encoding="utf-8")
    return {
        function: _policy(function, _source_for(function, app_source, project))
        for function in functions_of(app_source)
    }


def file_of(project: Path, function: str) -> Path:
    """Where the policy of a function lies."""
    return project / ".chalice" / f"policy-{function}.json"


def write(project: Path) -> list[Path]:
    """Write each function's policy file anew, and remove those of functions that are gone."""
    policies = generate(project)
    written = []
    for function, policy in policies.items():
        path = file_of(project, function)
        path.write_text(to_json(policy), encoding="utf-8")
        written.append(path)
    for path in (project / ".chalice").glob("policy-*.json"):
        if path not in written:
            path.unlink()
    return written


def to_json(policy: Policy) -> str:
    """A policy as it stands in its file."""
    return json.dumps(policy, indent=2) + "\n"


def render(policy_text: str, outputs: Mapping[str, str]) -> str:
    """A policy file for one stage: `${Output}` of its stack replaced by the output's value.

    Raises:
        KeyError: the stack has no such output.
    """
    return Template(policy_text).substitute(outputs)


def _policy(function: str, source: str) -> Policy:
    builder = PolicyBuilder(custom_policy_actions=load_custom_policy_actions())
    calls = get_client_calls_for_app(source)
    actions = [
        action
        for statement in builder.build_policy_from_api_calls(calls)["Statement"]
        for action in statement["Action"]
    ]
    unbound = [action for action in actions if action not in RESOURCES]
    if unbound:
        raise PolicyError(
            f"{function} calls {', '.join(unbound)}; say in infra/policies.py, RESOURCES, "
            "which resource that is for"
        )
    grants: list[tuple[list[str], str | list[str]]] = []
    grants += [([action], RESOURCES[action]) for action in actions]
    grants += ON_BEHALF.get(function, [])
    grants.append((["logs:CreateLogStream", "logs:PutLogEvents"], _log_group_of(function)))
    return {
        "Version": PolicyBuilder.VERSION,
        "Statement": [
            {"Effect": "Allow", "Action": granted, "Resource": resource}
            for granted, resource in grants
        ],
    }


def _log_group_of(function: str) -> list[str]:
    """The two ARNs of a function's log group: CloudWatch Logs has calls that want either form.

    With `:*` it stands for the group's streams too (CloudWatch Logs user guide, "Resources and
    operations"). Chalice calls the function of the routes <app>-<stage> and the others
    <app>-<stage>-<name>; Lambda names the log group after the function.
    """
    suffix = "" if function == API_HANDLER else f"-{function}"
    return [f"${{LogGroupArnPrefix}}{suffix}", f"${{LogGroupArnPrefix}}{suffix}:*"]


def _source_for(function: str, app_source: str, project: Path) -> str:
    """app.py as one function runs it: its handlers only, with what they import put into it."""
    tree = ast.parse(app_source)
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chalicelib."):
            body += _imported_functions(node, project)
        elif not _is_handler(node) or _function_of(node) == function:
            body.append(node)
    return ast.unparse(ast.Module(body=body, type_ignores=[]))


def _imported_functions(node: ast.ImportFrom, project: Path) -> list[ast.stmt]:
    """All functions of an imported module that speaks to AWS; none of one that cannot."""
    path = project / Path(*(node.module or "").split(".")).with_suffix(".py")
    if not path.exists():
        return []
    body = ast.parse(path.read_text(encoding="utf-8")).body
    if not any(_imports_aws(inner) for inner in body):
        return []
    return [inner for inner in body if isinstance(inner, ast.FunctionDef)]


def _imports_aws(node: ast.stmt) -> bool:
    """Whether this imports boto3 or botocore: the lint rule on imports keeps others from it."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] in AWS_LIBRARIES
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in AWS_LIBRARIES for alias in node.names)
    return False


def _is_handler(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and _decorator_of(node) is not None


def _function_of(node: ast.stmt) -> str:
    assert isinstance(node, ast.FunctionDef)
    return API_HANDLER if _decorator_of(node) == "route" else node.name


def _decorator_of(node: ast.FunctionDef) -> str | None:
    """`route` of `@app.route(...)`; None for a function that Chalice does not run by itself."""
    for decorator in node.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in HANDLER_DECORATORS
        ):
            return decorator.func.attr
    return None
