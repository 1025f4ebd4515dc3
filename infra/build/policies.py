"""The IAM policy of each function, generated from the code by Chalice's own policy generator.

`chalice gen-policy` reads only app.py, gives every function the same policy and every action the
resource `*`. Its parts do better. For each function this module

1. links app.py and the modules that it imports (linker.py) and keeps only that function's handlers,
   so that Chalice's analyser (chalice.analyzer) follows calls across modules and Blueprints,
2. replaces `generate_presigned_url` by the operation that it signs, since S3 checks the permission
   of whoever signed a URL,
3. fails if the code calls AWS where the analyser does not look, instead of losing the permission,
4. maps the calls to actions with Chalice's PolicyBuilder,
5. binds each action to its resources (RESOURCES),
6. adds what the code does not show: the function's log group, and what Lambda does in its name.

Policies refer to the outputs of the stage's CloudFormation stack as `${Output}`; `render` replaces
them. The files .chalice/policy-<function>.json are committed, so that every change is reviewed.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from string import Template
from typing import Any

from chalice.analyzer import get_client_calls_for_app
from chalice.policy import PolicyBuilder, load_custom_policy_actions

from infra.build.linker import LinkError, link
from infra.console import CommandError

Policy = dict[str, Any]

API_HANDLER = "api_handler"
"""Chalice's name of the function that serves all routes."""

_INDIRECT = frozenset({"get_paginator", "get_waiter"})
"""Methods that name the operation in a string, which the analyser does not map to an action."""
_WITHOUT_CALL = frozenset({"exceptions", "meta"})
"""Attributes of a client that call nothing."""

HANDLER_DECORATORS = {"on_s3_event", "on_sqs_message", "route"}

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
"""The resources of each action. An action without a row is an error, so that adding a call means
deciding what it may access."""

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


class PolicyError(CommandError):
    """The code calls AWS in a way that no policy can be derived from."""


def function_names(project: Path) -> list[str]:
    """The Lambda functions that Chalice creates from the project, by their names in the code."""
    return _function_names(_link(project))


def generate(project: Path) -> dict[str, Policy]:
    """The policy of each function, by the function's name."""
    module = _relevant(_SignedOperations().visit(_link(project)))
    _reject_unreachable(module)
    return {
        function: _policy(function, _only(function, module)) for function in _function_names(module)
    }


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


def _policy(function: str, module: ast.Module) -> Policy:
    calls = get_client_calls_for_app(ast.unparse(module))
    _reject_missed_calls(function, module, calls)
    builder = PolicyBuilder(custom_policy_actions=load_custom_policy_actions())
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


def _link(project: Path) -> ast.Module:
    try:
        return link(project)
    except LinkError as error:
        raise PolicyError(str(error)) from error


def _relevant(module: ast.Module) -> ast.Module:
    """The clients, the handlers, and the functions through which a client is used.

    The rest cannot call AWS, and contains syntax that the analyser does not support.
    """
    _reject_methods(module)
    clients = _client_assignments(module)
    definitions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    names = {name: _names_in(node) for name, node in definitions.items()}
    sources = _client_names(module) | {"boto3"}
    kept = {
        name
        for name, node in definitions.items()
        if names[name] & sources or _client_parameters(node) or _is_handler(node)
    }
    while callers := {name for name in definitions if name not in kept and names[name] & kept}:
        kept |= callers
    body = [node for name, node in definitions.items() if name in kept]
    return ast.Module(body=[ast.Import([ast.alias("boto3")]), *clients, *body], type_ignores=[])


def _reject_methods(module: ast.Module) -> None:
    """The analyser does not look into classes."""
    clients = _client_names(module) | {"boto3"}
    for node in module.body:
        if isinstance(node, ast.ClassDef) and (
            _names_in(node) & clients or _client_parameters(node)
        ):
            raise PolicyError(
                f"class {_original(node.name)}: call AWS in functions whose first argument is the "
                "client, not in methods"
            )


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _function_names(module: ast.Module) -> list[str]:
    return sorted({_function_of(node) for node in module.body if _is_handler(node)})


def _only(function: str, module: ast.Module) -> ast.Module:
    """The linked module with the handlers of one function."""
    kept = [node for node in module.body if not _is_handler(node) or _function_of(node) == function]
    return ast.Module(body=kept, type_ignores=[])


class _SignedOperations(ast.NodeTransformer):
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
                f"`{ast.unparse(node)}`: pass the operation as a literal first argument, such as "
                'generate_presigned_url("get_object", ...)'
            )
        node.func.attr = operation.value
        del node.args[0]
        return node


def _reject_unreachable(module: ast.Module) -> None:
    """Code that no handler calls by name gets no permission: middleware, callbacks, dead code."""
    reached = {node.name for node in _reachable(module)}
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name not in reached:
            raise PolicyError(
                f"{_original(node.name)} calls AWS, but no event handler or route calls it by "
                "its name"
            )


def _reject_missed_calls(
    function: str, module: ast.Module, calls: Mapping[str, AbstractSet[str]]
) -> None:
    """Check that the analyser saw every use of a client in the functions that are reachable.

    It follows clients that are passed positionally into functions called by name. It silently
    misses aliases, paginators, comprehensions, lambdas, keyword arguments and functions that are
    themselves passed as arguments. So a client may be used in two ways only: to call an operation
    that the analyser reported, and as a positional argument of such a function.
    """
    definitions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    clients = _client_names(module)
    operations = {operation for operations in calls.values() for operation in operations}
    for definition in _reachable(module):
        known = clients | _client_parameters(definition)
        allowed = set(_allowed_uses(definition, definitions, operations))
        for node in ast.walk(definition):
            if isinstance(node, ast.Name) and node.id in known and node not in allowed:
                raise PolicyError(
                    f"{function}: Chalice's analyser does not see how "
                    f"{_original(definition.name)} uses {_original(node.id)} in "
                    f"`{_statement(definition, node)}`: call the operation itself, or "
                    "pass the client positionally into a function that is called by its name"
                )


def _allowed_uses(
    definition: ast.FunctionDef, definitions: AbstractSet[str], operations: AbstractSet[str]
) -> Iterator[ast.Name]:
    attributes = (operations - _INDIRECT) | _WITHOUT_CALL
    for node in ast.walk(definition):
        match node:
            case ast.Call(func=ast.Name(id=called), args=arguments) if called in definitions:
                yield from (value for value in arguments if isinstance(value, ast.Name))
            case ast.Attribute(value=ast.Name() as client, attr=attribute) if (
                attribute in attributes
            ):
                yield client


def _statement(definition: ast.FunctionDef, name: ast.Name) -> str:
    """The innermost statement that contains the name, shortened."""
    found = [
        node
        for node in ast.walk(definition)
        if isinstance(node, ast.stmt) and name in ast.walk(node)
    ]
    return _original(ast.unparse(found[-1]).splitlines()[0][:200])


def _original(text: str) -> str:
    """Linked names as they are in the source, with their modules."""
    return text.replace("__", ".")


def _reachable(module: ast.Module) -> list[ast.FunctionDef]:
    """The handlers and every function that they refer to, directly or through others."""
    definitions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    pending = [node.name for node in definitions.values() if _is_handler(node)]
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        pending += _names_in(definitions[name]) & definitions.keys()
    return [definitions[name] for name in sorted(reached)]


def _client_assignments(module: ast.Module) -> list[ast.Assign]:
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("boto3.client(")
    ]


def _client_names(module: ast.Module) -> set[str]:
    """The module-level names of boto3 clients."""
    return {
        target.id
        for node in _client_assignments(module)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _client_parameters(definition: ast.AST) -> set[str]:
    """The parameters that are annotated as a client of boto3-stubs, such as `S3Client`."""
    return {
        argument.arg
        for node in ast.walk(definition)
        if isinstance(node, ast.arguments)
        for argument in [*node.posonlyargs, *node.args, *node.kwonlyargs]
        if argument.annotation and ast.unparse(argument.annotation).strip("'").endswith("Client")
    }


def _is_handler(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and _handler_decorator(node) is not None


def _function_of(node: ast.stmt) -> str:
    assert isinstance(node, ast.FunctionDef)
    return API_HANDLER if _handler_decorator(node) == "route" else node.name


def _handler_decorator(node: ast.FunctionDef) -> str | None:
    """`route` for `@app.route(...)` or `@blueprint.route(...)`; None for any other function."""
    for decorator in node.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in HANDLER_DECORATORS
        ):
            return decorator.func.attr
    return None
