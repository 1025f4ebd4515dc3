"""Python's text codecs, loaded before a file needs them.

Python imports the module of an encoding when a text first names it. A sandboxed child cannot open
files, so the worker loads the codecs that an extractor may need in advance.
"""

from __future__ import annotations

import codecs
import contextlib
import encodings
import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

UNICODE = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
"""Codecs of texts that name no encoding."""


def load(names: Iterable[str]) -> None:
    """Load these codecs; takes about 0.2 ms for each."""
    for name in names:
        codecs.lookup(name)


@cache
def load_all() -> None:
    """Load every codec, for files that name their encoding; takes about 30 ms and 4 MB once."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # codecs of Windows
            importlib.import_module(f"{encodings.__name__}.{module.name}")
