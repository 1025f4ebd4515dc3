"""The AWS operations that each Lambda function calls, found by Chalice's own analyser.

For each function this module

1. links app.py and the modules that it imports (linker.py) and keeps only that function's handlers,
   so that Chalice's analyser (chalice.analyzer) follows calls across modules and Blueprints,
2. replaces `generate_presigned_url` by the operation that it signs, since S3 checks the permission
   of the credentials that sign a URL,
3. fails if the code calls AWS where the analyser does not look, instead of losing the permission.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from chalice.analyzer import get_client_calls_for_app

from infra.build.linker import LinkError, link
from infra.console import CommandError

ClientCalls = dict[str, set[str]]
"""Names of operations, such as `put_item`, by service."""

API_HANDLER = "api_handler"
"""Chalice's name of the function that serves all routes."""

HANDLER_DECORATORS = {
    "on_cw_event",
    "on_s3_event",
    "on_sns_message",
    "on_sqs_message",
    "route",
    "schedule",
}

_UNKNOWN_DECORATORS = {"on_cw_event": "schedule"}
"""Decorators that Chalice's analyser (1.34) overlooks, and others that it counts as a handler's."""

_INDIRECT = frozenset({"get_paginator", "get_waiter"})
"""Methods that name the operation in a string, which the analyser does not map to an action."""
_WITHOUT_CALL = frozenset({"exceptions", "meta"})
"""Attributes of a client that call nothing."""


class PolicyError(CommandError):
    """The code calls AWS in a way that no policy can be derived from."""


def function_names(project: Path) -> list[str]:
    """The Lambda functions of the project with every feature on, by their names in the code."""
    return _function_names(_link(project))


def client_calls(project: Path) -> dict[str, ClientCalls]:
    """The operations that each function calls, by the function's name.

    Raises:
        PolicyError: an operation cannot be determined.
    """
    module = _relevant(_KnownDecorators().visit(_SignedOperations().visit(_link(project))))
    _reject_unreachable(module)
    found: dict[str, ClientCalls] = {}
    for function in _function_names(module):
        own = _only(function, module)
        found[function] = get_client_calls_for_app(ast.unparse(own))
        _reject_missed_calls(function, own, found[function])
    return found


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


class _KnownDecorators(ast.NodeTransformer):
    """Decorators that Chalice's analyser overlooks become others."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                name = decorator.func.attr
                decorator.func.attr = _UNKNOWN_DECORATORS.get(name, name)
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


def _reject_missed_calls(function: str, module: ast.Module, calls: ClientCalls) -> None:
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
            if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Store):
                continue  # a client may be created where it is used
            if node.id in known and node not in allowed:
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
