"""The bytes of an upload -> type and metadata, or a rejection: size, allowed types, declared type.

The head of a file often suffices to reject it (detection.py); other files are read to their end and
analyzed in the sandbox (analysis.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from chalicelib.documents import Failure, FailureCode, Metadata, escape_unprintable
from chalicelib.files.analysis import Analysis
from chalicelib.files.containers import CONTAINERS
from chalicelib.files.detection import HEAD_BYTES, candidate_types, conflicts_with
from chalicelib.files.extracted_text import ExtractedText
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.types import TEXT

_CHUNK_BYTES = 1_048_576

_MAX_QUOTE = 100
"""Characters of a declared type that a message quotes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of accepted files."""

    largest_file_bytes: int
    allowed_types: frozenset[str]
    """Detected MIME types, a subset of SUPPORTED_TYPES."""


@dataclass(frozen=True, slots=True)
class Validation:
    """The result for one file. Exactly one of metadata and failure is None."""

    file_type: str | None = None
    """Detected MIME type; None if the file was rejected by its size."""
    sha256: str | None = None
    """Hex digest of the content; None if it was not read to its end."""
    metadata: Metadata | None = None
    failure: Failure | None = None
    text: ExtractedText | None = None
    """None if the analysis was not asked for it, the file was rejected or has no text."""


class Body(Protocol):
    """A stream of bytes, such as botocore's StreamingBody."""

    def read(self, amount: int, /) -> bytes:
        """At most this many bytes; none at the end."""


Examine = Callable[[BinaryIO, Sequence[str]], Analysis]
"""`analysis.analyze`, or `Sandbox.analyze`, which may raise FileRejectedError."""


def validate(
    body: Body, size_bytes: int, declared_type: str | None, limits: Limits, analyze: Examine
) -> Validation:
    """The type and metadata of a file, or why it is rejected; reads no further than necessary.

    Args:
        body: the content; its exceptions pass through.
        size_bytes: length of the body.
        declared_type: MIME type from the uploader.
        limits: what is accepted.
        analyze: is passed a real file, with a descriptor.

    Raises:
        EOFError: the body does not have exactly `size_bytes`.
    """
    if rejected := _rejected_by_size(size_bytes, limits):
        return rejected
    head = _head(body, min(size_bytes, HEAD_BYTES))
    found = candidate_types(head, declared_type, is_whole_file=size_bytes <= HEAD_BYTES)
    allowed = [file_type for file_type in found if file_type in limits.allowed_types]
    candidates = [
        file_type for file_type in allowed if not conflicts_with(declared_type, file_type)
    ]
    if not candidates:
        # No parser ran: every text format is still text, a container just the container.
        seen = TEXT if TEXT in found else found[0]
        return _mismatch(declared_type, seen) if allowed else _not_allowed(seen)
    with _spool_file() as (spool, content):
        sha256 = _spool(head, body, spool, size_bytes)
        try:
            analysis = analyze(content, candidates)
        except FileRejectedError as rejection:
            is_container = found[0] in CONTAINERS and len(candidates) > 1
            file_type = found[0] if is_container else candidates[0]
            return Validation(file_type, sha256, failure=Failure(rejection.code, rejection.message))
    if analysis.metadata is not None:
        return Validation(analysis.file_type, sha256, analysis.metadata, text=analysis.text)
    if analysis.failure is not None:
        return Validation(analysis.file_type, sha256, failure=analysis.failure)
    return _rejected_by_type(analysis.file_type, sha256, declared_type, limits)


def _rejected_by_type(
    file_type: str, sha256: str, declared_type: str | None, limits: Limits
) -> Validation:
    """The rejection of a file whose type only its whole content shows."""
    if file_type in limits.allowed_types:
        return _mismatch(declared_type, file_type, sha256)
    return _not_allowed(file_type, sha256)


def _not_allowed(file_type: str, sha256: str | None = None) -> Validation:
    message = f"Files of type {file_type} are not allowed."
    failure = Failure(FailureCode.TYPE_NOT_ALLOWED, message)
    return Validation(file_type, sha256, failure=failure)


def can_be_allowed(declared_type: str, limits: Limits) -> bool:
    """Whether a file declared as this type can be of an allowed type; its bytes decide."""
    return any(not conflicts_with(declared_type, allowed) for allowed in limits.allowed_types)


def _mismatch(declared_type: str | None, file_type: str, sha256: str | None = None) -> Validation:
    declared = escape_unprintable(declared_type or "")
    if len(declared) > _MAX_QUOTE:
        declared = declared[:_MAX_QUOTE] + "..."
    message = f"Declared as {declared}, but the bytes are {file_type}."
    return Validation(file_type, sha256, failure=Failure(FailureCode.TYPE_MISMATCH, message))


def _rejected_by_size(size_bytes: int, limits: Limits) -> Validation | None:
    if size_bytes == 0:
        return Validation(failure=Failure(FailureCode.EMPTY, "The file is empty."))
    if size_bytes <= (largest := limits.largest_file_bytes):
        return None
    message = f"The file has {size_bytes:,} bytes; at most {largest:,} are allowed."
    return Validation(failure=Failure(FailureCode.TOO_LARGE, message))


def _head(body: Body, size_bytes: int) -> bytes:
    head = bytearray()
    while len(head) < size_bytes:
        chunk = body.read(size_bytes - len(head))
        if not chunk:
            raise EOFError(f"the body ended after {len(head)} of at least {size_bytes} bytes")
        head += chunk
    return bytes(head)


@contextlib.contextmanager
def _spool_file() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """A temporary file, opened twice: for writing, and for reading only."""
    descriptor, path = tempfile.mkstemp()
    with os.fdopen(descriptor, "wb") as spool, Path(path).open("rb") as content:
        Path(path).unlink()
        yield spool, content


def _spool(head: bytes, body: Body, content: BinaryIO, size_bytes: int) -> str:
    """Write the whole body to the content and return its SHA-256 in hex."""
    digest = hashlib.sha256(head)
    content.write(head)
    received = len(head)
    while chunk := body.read(_CHUNK_BYTES):
        digest.update(chunk)
        content.write(chunk)
        received += len(chunk)
    if received != size_bytes:
        raise EOFError(f"the body has {received} bytes, not {size_bytes}")
    content.flush()
    return digest.hexdigest()
