"""Reads files with the readers that are asked for, one after another.

Each line of the input is JSON with `path`, `module` (of this package) and `readers` (of that
module). Each line of the output is JSON: for each reader `facts`, or `error`.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Readers = Mapping[str, Callable[[Path], dict[str, Any]]]


def main() -> None:
    """Answer each line until the input ends."""
    warnings.simplefilter("ignore")
    logging.disable()
    # Libraries print warnings: only answers may go to what was the standard output.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        readers: Readers = importlib.import_module(f"{__package__}.{asked['module']}").READERS
        path = Path(asked["path"])
        found = {name: _read(readers[name], path) for name in asked["readers"]}
        answers.write(json.dumps(found) + "\n")
        answers.flush()


def _read(read: Callable[[Path], dict[str, Any]], path: Path) -> dict[str, Any]:
    try:
        facts = read(path)
    except FileNotFoundError as error:
        return {"error": f"not installed: {error.filename}"}
    except (RecursionError, MemoryError):
        return {"error": "exceeds a limit of Python"}
    except Exception as error:  # noqa: BLE001 - each library has exceptions of many classes
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    return {"facts": {name: value for name, value in facts.items() if value not in (None, "")}}


if __name__ == "__main__":
    main()
