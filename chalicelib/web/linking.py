"""The modules of the web UI as one script.

A module per request would make a first visit start as many functions at once, more than a new AWS
account may run. Modules are linked as they are served, so that there is no build step.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.M)
"""The one form of import that modules use: names of other modules, unchanged."""
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const|let)", re.M)

_THIRD_PARTY_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\.\./(third_party/\w+\.js)";\n', re.M)
"""Of a library, whose file is unchanged: its names are its own, and it exports in its last line."""
_LAST_EXPORT = re.compile(r"^export \{[^}]*\};\s*\Z", re.M)


def link_modules(folder: Path, entry: str) -> str:
    """A script of the modules that the entry imports, each once, after those that it imports.

    The modules share one scope, so that no two declare the same name. A library has a scope of its
    own; one module imports it.

    Args:
        folder: of the modules, beside that of libraries.
        entry: name of the first module, without suffix.

    Raises:
        ValueError: modules import each other in a circle.
    """
    return "".join(_in_order(folder, entry, [], set()))


def _in_order(folder: Path, name: str, importers: list[str], done: set[str]) -> Iterator[str]:
    if name in importers:
        raise ValueError(f"circular import: {' -> '.join([*importers, name])}")
    if name in done:
        return
    text = (folder / f"{name}.js").read_text(encoding="utf-8")
    for imported in _IMPORT.findall(text):
        yield from _in_order(folder, imported, [*importers, name], done)
    done.add(name)
    own = _EXPORT.sub("", _IMPORT.sub("", text))
    yield f"// {name}.js\n{_THIRD_PARTY_IMPORT.sub(partial(_library, folder.parent), own)}"


def _library(folder: Path, imported: re.Match[str]) -> str:
    """The names that a module imports from a library; the others remain in its scope."""
    names, path = imported.groups()
    text = _LAST_EXPORT.sub("", (folder / path).read_text(encoding="utf-8"))
    return f"const {names} = (() => {{\n{text}return {names};\n}})();\n"
