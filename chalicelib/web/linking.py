"""The modules of the web UI as one script.

A module per request would make a first visit start as many functions at once, more than a new AWS
account may run. Modules are linked as they are served, so that there is no build step.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.M)
"""The one form of import that modules use: names of other modules, unchanged."""
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const|let)", re.M)


def link_modules(folder: Path, entry: str) -> str:
    """A script of the modules that the entry imports, each once, after those that it imports.

    The modules share one scope, so that no two declare the same name.

    Args:
        folder: of the modules.
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
    yield f"// {name}.js\n{_EXPORT.sub('', _IMPORT.sub('', text))}"
