"""The IAM policy of each function, derived from the code by Chalice's own policy generator.

`chalice gen-policy` reads only app.py, gives every function the same policy and every action the
resource `*`. Its parts do better. For each function this module

1. takes app.py with only that function's handlers, and puts the chalicelib functions that it
   imports into it, so that Chalice's analyser (chalice.analyzer) can follow them; whoever signs a
   URL for a call needs leave for that call, so a call of generate_presigned_url becomes that one,
2. lets Chalice's PolicyBuilder name the actions of the API calls found,
3. binds each action to the resources that it is for (RESOURCES),
4. adds what no code shows: the function's own log group, and what Lambda does in its name.

The policies name resources as `${Output}` of the stage's CloudFormation stack; `render` fills
them in. They lie in .chalice/policy-<function>.json, to be read in every review.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
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

RESOURCES: Mapping[str, Sequence[str]] = {
    "s3:GetObject": ["${UploadBucketArn}/*"],
    "s3:PutObject": ["${UploadBucketArn}/uploads/*"],
    "s3:DeleteObject": ["${UploadBucketArn}/*"],
    "dynamodb:PutItem": ["${DocumentsTableArn}"],
    "dynamodb:UpdateItem": ["${DocumentsTableArn}"],
    "dynamodb:GetItem": ["${DocumentsTableArn}"],
    "dynamodb:Query": [
        "${DocumentsTableArn}/index/byOwner",
        "${DocumentsTableArn}/index/byStatus",
    ],
    "sns:Publish": ["${NotificationTopicArn}"],
}
"""What each action is for. An action without a line here is an error: whoever adds a call decides
what it may touch."""

NARROWER: Mapping[tuple[str, str], Sequence[str]] = {
    ("process_upload", "s3:DeleteObject"): ["${UploadBucketArn}/uploads/*"],
    ("record_failure", "s3:DeleteObject"): ["${UploadBucketArn}/uploads/*"],
}
"""Where a function needs less of an action than others do. These two take away what was put with
the upload URL of a document that is deleted: without that, such an object would stay for ever."""

ONLY_TO_NOTIFY = {
    ("process_upload", "dynamodb:UpdateItem"),
    ("process_upload", "sns:Publish"),
    ("record_failure", "sns:Publish"),
}
"""The calls that a function makes only where the stage has notifications on. Their statements are
marked by an id, and `render` leaves them out where notifications are off."""

MARK = "OnlyWithNotificationsOn"
"""What those ids begin with; the action follows."""

ON_BEHALF = {
    "process_upload": [(["sqs:SendMessage"], ["${FailureQueueArn}"])],
    "record_failure": [
        (
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            ["${FailureQueueArn}"],
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


def render(policy_text: str, outputs: Mapping[str, str], *, notifications: bool) -> str:
    """A policy file for one stage: `${Output}` of its stack replaced by the output's value.

    Without notifications it lacks what is only for them.

    Raises:
        KeyError: the stack has no such output.
    """
    policy = json.loads(policy_text)
    policy["Statement"] = [
        statement
        for statement in policy["Statement"]
        if notifications or not statement.get("Sid", "").startswith(MARK)
    ]
    return Template(to_json(policy)).substitute(outputs)


def _policy(function: str, source: str) -> Policy:
    builder = PolicyBuilder(custom_policy_actions=load_custom_policy_actions())
    calls = get_client_calls_for_app(source)
    actions = [
        action
        for statement in builder.build_policy_from_api_calls(calls)["Statement"]
        for action in statement["Action"]
    ]
    bound = {action: NARROWER.get((function, action), RESOURCES.get(action)) for action in actions}
    unbound = [action for action, resources in bound.items() if resources is None]
    if unbound:
        raise PolicyError(
            f"{function} calls {', '.join(unbound)}; say in infra/policies.py, RESOURCES, "
            "which resource that is for"
        )
    grants = [([action], resources or []) for action, resources in bound.items()]
    grants += ON_BEHALF.get(function, [])
    grants.append((["logs:CreateLogStream", "logs:PutLogEvents"], _log_group_of(function)))
    return {
        "Version": PolicyBuilder.VERSION,
        "Statement": [
            {
                **_mark(function, granted),
                "Effect": "Allow",
                "Action": granted,
                "Resource": resources[0] if len(resources) == 1 else list(resources),
            }
            for granted, resources in grants
        ],
    }


def _mark(function: str, actions: list[str]) -> dict[str, str]:
    marked = [action for action in actions if (function, action) in ONLY_TO_NOTIFY]
    return {"Sid": MARK + marked[0].partition(":")[2]} if marked else {}


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
    module = ast.Module(body=body, type_ignores=[])
    _refuse_hidden_calls(module)
    return ast.unparse(_SignedCalls().visit(module))


def _refuse_hidden_calls(module: ast.Module) -> None:
    """Chalice's analyser misses what a comprehension does with a client, and does not say so."""
    clients = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign) and "boto3.client(" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
            if used & clients:
                raise PolicyError(f"`{ast.unparse(node)}`: use clients in loops only")


class _SignedCalls(ast.NodeTransformer):
    """`client.generate_presigned_url("put_object", ...)` becomes `client.put_object(...)`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (
            isinstance(node.func, ast.Attribute) and node.func.attr == "generate_presigned_url"
        ):
            return node
        operation = node.args[0] if node.args else None
        if not (isinstance(operation, ast.Constant) and isinstance(operation.value, str)):
            raise PolicyError(
                f"`{ast.unparse(node)}`: say which call it signs as a literal, first: "
                'generate_presigned_url("get_object", ...)'
            )
        node.func.attr = operation.value
        del node.args[0]
        return node


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
