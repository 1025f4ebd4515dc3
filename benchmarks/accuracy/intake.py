"""What Intake records of a file, declared as its extension suggests."""

from __future__ import annotations

import hashlib
import io
import mimetypes
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from benchmarks.accuracy.rules import Value
from chalicelib.documents import FailureCode
from chalicelib.files.sandbox import Sandbox
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.files.validation import Limits, Validation, validate

_SECONDS = 45.0
"""For one file, as in the Lambda."""

_LIMITS = Limits(largest_file_bytes=2**30, allowed_types=SUPPORTED_TYPES)

_FUZZED = re.compile(r"^(crash-|clusterfuzz-)|\.fuzzed$")
"""Names of files made by fuzzers: no reader is right about them."""

_DECLARED = mimetypes.MimeTypes()
"""Without the tables of the machine."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What Intake records of a file."""

    path: Path
    sha256: str
    file_type: str | None
    """None if it was rejected by its size."""
    metadata: dict[str, Value] = field(default_factory=dict)
    failure: str = ""
    """Code of the rejection; empty if the file is processed."""
    message: str = ""
    text: str | None = None
    """None without one."""
    is_text_cut: bool = False


@contextmanager
def reader() -> Iterator[Callable[[Path], Recorded]]:
    """A function that reads a file, in the child that it gets in the Lambda."""
    sandbox = Sandbox({}, extraction_seconds=_SECONDS)
    try:
        yield partial(_read, sandbox)
    finally:
        sandbox.close()


def _read(sandbox: Sandbox, path: Path) -> Recorded:
    content = path.read_bytes()
    declared, packed = _DECLARED.guess_type(path.name)
    if packed:  # the type is that of the content
        declared = f"application/{packed}"
    found = _validated(sandbox, content, declared)
    recorded = _recorded(path, content, found)
    if found.failure is None or found.failure.code != FailureCode.TYPE_MISMATCH:
        return recorded
    # The rejection counts, but the bytes can be compared under their own type.
    undeclared = _recorded(path, content, _validated(sandbox, content, None))
    return replace(undeclared, failure=recorded.failure, message=recorded.message)


def _validated(sandbox: Sandbox, content: bytes, declared_type: str | None) -> Validation:
    end = time.monotonic() + _SECONDS
    analyze = partial(sandbox.analyze, seconds_left=lambda: end - time.monotonic(), with_text=True)
    sandbox.prepare()
    return validate(io.BytesIO(content), len(content), declared_type, _LIMITS, analyze)


def _recorded(path: Path, content: bytes, found: Validation) -> Recorded:
    return Recorded(
        path,
        hashlib.sha256(content).hexdigest(),
        found.file_type,
        dict(found.metadata or {}),
        found.failure.code if found.failure else "",
        found.failure.message if found.failure else "",
        found.text.content.decode() if found.text else None,
        bool(found.text and found.text.is_truncated),
    )


def files(folders: Sequence[Path]) -> list[Path]:
    """All files below these folders, in order; without empty ones and those made by fuzzers."""
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and path.stat().st_size
        and not _FUZZED.search(path.name)
    )
