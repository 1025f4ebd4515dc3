"""app.py and the chalicelib modules that it imports, linked into one module for chalice.analyzer.

Chalice's analyser reads a single source file. This module renames the functions, classes and
variables of every imported module (`chalicelib.store.put_result` becomes
`chalicelib__store__put_result`), rewrites each reference to them, and concatenates the modules in
the order of their imports. What a module imports or defines under `if settings...:`, because only
stages with a feature have it, is linked as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PACKAGE = "chalicelib"

_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


class LinkError(Exception):
    """The code imports a module of chalicelib in a way that cannot be linked."""


def link(project: Path) -> ast.Module:
    """app.py with everything that it imports from chalicelib, directly or through other modules.

    Names of app.py stay as they are. The result is for analysis, not for execution: the modules'
    imports are left out.

    Raises:
        LinkError: an import cannot be followed.
    """
    linked = _Linked(project)
    linked.add("app", project / "app.py")
    return ast.Module(body=linked.body, type_ignores=[])


@dataclass
class _Linked:
    project: Path
    body: list[ast.stmt] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def add(self, name: str, path: Path) -> None:
        """Append a module, after the modules that it imports."""
        if name in self.seen:
            return
        self.seen.add(name)
        module = ast.parse(path.read_text(encoding="utf-8"), str(path))
        module.body = list(_unconditional(module.body))
        _reject_nested_imports(module, name)
        prefix = "" if name == "app" else _prefix(name)
        names = {bound: prefix + bound for bound in _bound_names(module.body)}
        aliases: dict[str, str] = {}
        for node in module.body:
            if isinstance(node, ast.ImportFrom) and _is_own(node.module):
                self._add_import(node, names, aliases)
        renamed = _Renamer(names, aliases)
        self.body += [
            renamed.visit(node)
            for node in module.body
            if not isinstance(node, ast.Import | ast.ImportFrom)
        ]

    def _add_import(
        self, node: ast.ImportFrom, names: dict[str, str], aliases: dict[str, str]
    ) -> None:
        package = node.module or ""
        for alias in node.names:
            local = alias.asname or alias.name
            if path := self._path(f"{package}.{alias.name}"):
                aliases[local] = _prefix(f"{package}.{alias.name}")
                self.add(f"{package}.{alias.name}", path)
            elif path := self._path(package):
                names[local] = _prefix(package) + alias.name
                self.add(package, path)
            else:
                raise LinkError(f"`{ast.unparse(node)}`: there is no module {package}")

    def _path(self, module: str) -> Path | None:
        path = self.project.joinpath(*module.split("."))
        candidates = (path.with_suffix(".py"), path / "__init__.py")
        return next((candidate for candidate in candidates if candidate.exists()), None)


class _Renamer(ast.NodeTransformer):
    """Renames references to module-level names, except where a local name hides them."""

    def __init__(self, names: dict[str, str], aliases: dict[str, str]) -> None:
        self._names = names
        self._aliases = aliases
        """Local names of modules, and the prefix of what is in them."""
        self._hidden: list[set[str]] = []

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._rename_definition(node)
        if not isinstance(node, _SCOPES):
            return super().visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._visit_signature(node)
        self._hidden.append(_local_names(node))
        for name, value in ast.iter_fields(node):
            if name not in ("args", "decorator_list", "returns"):
                setattr(node, name, self._visit_value(value))
        self._hidden.pop()
        return node

    def _rename_definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    ) -> None:
        if not self._is_hidden(node.name):
            node.name = self._names.get(node.name, node.name)

    def _visit_signature(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Decorators, defaults and annotations are evaluated outside of the function."""
        self.visit(node.args)
        if not isinstance(node, ast.Lambda):
            node.decorator_list = self._visit_value(node.decorator_list)
            node.returns = self._visit_value(node.returns)

    def _visit_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._visit_value(item) for item in value]
        return self.visit(value) if isinstance(value, ast.AST) else value

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not self._is_hidden(node.id):
            node.id = self._names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if (
            isinstance(node.value, ast.Name)
            and node.value.id in self._aliases
            and not self._is_hidden(node.value.id)
        ):
            return ast.copy_location(
                ast.Name(self._aliases[node.value.id] + node.attr, node.ctx), node
            )
        return self.generic_visit(node)

    def _is_hidden(self, name: str) -> bool:
        return any(name in scope for scope in self._hidden)


def is_conditional(node: ast.stmt) -> bool:
    """Whether a statement is `if settings...:`, whose body exists only with a feature."""
    return isinstance(node, ast.If) and {
        inner.id for inner in ast.walk(node.test) if isinstance(inner, ast.Name)
    } == {"settings"}


def _unconditional(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module with every feature on."""
    for node in body:
        if isinstance(node, ast.If) and is_conditional(node):
            yield from _unconditional(node.body)
        else:
            yield node


def _prefix(module: str) -> str:
    return module.replace(".", "__") + "__"


def _is_own(module: str | None) -> bool:
    return (module or "").partition(".")[0] == PACKAGE


def _reject_nested_imports(module: ast.Module, name: str) -> None:
    """Imports within functions, relative ones and `import chalicelib.store` are not linked."""
    top_level = set(map(id, module.body))
    for node in ast.walk(module):
        is_plain = isinstance(node, ast.Import) and any(map(_is_own, _imported(node)))
        is_relative = isinstance(node, ast.ImportFrom) and node.level > 0
        is_nested = (
            isinstance(node, ast.ImportFrom) and _is_own(node.module) and id(node) not in top_level
        )
        if is_plain or is_relative or is_nested:
            raise LinkError(
                f"{name}: `{ast.unparse(node)}`: import modules of {PACKAGE} at the top of the "
                f"file or under `if settings...:` there, with `from {PACKAGE}... import ...`"
            )


def _imported(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def _bound_names(body: list[ast.stmt]) -> set[str]:
    """The names that a module's statements bind, imports not included."""
    return {name for statement in body for name in _bindings(statement)}


def _local_names(scope: ast.AST) -> set[str]:
    """The names that are local to a function, lambda or comprehension."""
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        generators: list[ast.comprehension] = getattr(scope, "generators", [])
        return {name for generator in generators for name in _bindings(generator.target)}
    arguments = scope.args
    names = {
        argument.arg
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    }
    names |= {argument.arg for argument in (arguments.vararg, arguments.kwarg) if argument}
    body = [scope.body] if isinstance(scope, ast.Lambda) else scope.body
    return names | {name for node in body for name in _bindings(node)}


def _bindings(node: ast.AST) -> Iterator[str]:
    """The names that a node binds in its own scope."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _bindings(child)
