"""The bytes of an upload -> facts or a refusal: limits, and a type that is wanted.

The head of a file often tells enough to refuse it (chalicelib/file_types.py); what is left is read
to its end and examined as a whole (chalicelib/examination.py).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from chalicelib.documents import Failure, FailureCode, Metadata, one_line
from chalicelib.examination import Examined
from chalicelib.extractors import Refused
from chalicelib.extractors.containers import CONTAINERS
from chalicelib.file_types import HEAD_BYTES, TEXT, contradicts, possible_types

_CHUNK_BYTES = 1_048_576

_LONGEST_QUOTE = 100
"""Characters of a declared type that a message quotes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted."""

    largest_file_bytes: int
    allowed_types: frozenset[str]
    """MIME types as the bytes show them, all among `extractors.SUPPORTED_TYPES`."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the bytes tell. Exactly one of metadata and failure is None."""

    file_type: str | None = None
    """MIME type found in the bytes; None where they were not looked at."""
    sha256: str | None = None
    """Hex, of the content; None when it was not read to its end."""
    metadata: Metadata | None = None
    failure: Failure | None = None


class Body(Protocol):
    """Bytes to be read once, as botocore's StreamingBody."""

    def read(self, amount: int, /) -> bytes:
        """At most this many bytes; none at the end."""


Examine = Callable[[BinaryIO, Sequence[str]], Examined]
"""As `examination.examine`; may raise `Refused` where the file gives no answer."""


def inspect(
    body: Body, size_bytes: int, declared_type: str | None, limits: Limits, examine: Examine
) -> Inspection:
    """The facts of a file or why it is refused, reading no further than that takes.

    Only a bad file is a refusal: what the body raises passes through, and a body that does not
    hold exactly `size_bytes` raises EOFError. The content that `examine` gets is a real file.
    """
    if refused := _refused_by_size(size_bytes, limits):
        return refused
    head = _head(body, min(size_bytes, HEAD_BYTES))
    found = possible_types(head, declared_type, is_whole_file=size_bytes <= HEAD_BYTES)
    allowed = [file_type for file_type in found if file_type in limits.allowed_types]
    wanted = [file_type for file_type in allowed if not contradicts(declared_type, file_type)]
    if not wanted:
        # Nothing was tried: a text is no more than a text yet, a container nothing in it.
        seen = TEXT if TEXT in found else found[0]
        return _mismatch(declared_type, seen) if allowed else _not_allowed(seen)
    with tempfile.TemporaryFile() as content:
        sha256 = _spool(head, body, content, size_bytes)
        try:
            examined = examine(content, wanted)
        except Refused as refusal:
            is_container = found[0] in CONTAINERS and len(wanted) > 1
            file_type = found[0] if is_container else wanted[0]
            return Inspection(file_type, sha256, failure=Failure(refusal.code, refusal.message))
    if examined.metadata is not None or examined.failure is not None:
        return Inspection(examined.file_type, sha256, examined.metadata, examined.failure)
    return _unwanted(examined.file_type, sha256, declared_type, limits)


def _unwanted(file_type: str, sha256: str, declared_type: str | None, limits: Limits) -> Inspection:
    """The refusal of what only the whole file showed to be of this type."""
    if file_type in limits.allowed_types:
        return _mismatch(declared_type, file_type, sha256)
    return _not_allowed(file_type, sha256)


def _not_allowed(file_type: str, sha256: str | None = None) -> Inspection:
    message = f"Files of type {file_type} are not allowed."
    failure = Failure(FailureCode.TYPE_NOT_ALLOWED, message)
    return Inspection(file_type, sha256, failure=failure)


def may_be_allowed(declared_type: str, limits: Limits) -> bool:
    """Whether a file declared as this type can be among those allowed; its bytes will tell."""
    return any(not contradicts(declared_type, allowed) for allowed in limits.allowed_types)


def _mismatch(declared_type: str | None, file_type: str, sha256: str | None = None) -> Inspection:
    declared = one_line(declared_type or "")
    if len(declared) > _LONGEST_QUOTE:
        declared = declared[:_LONGEST_QUOTE] + "..."
    message = f"Declared as {declared}, but the bytes are {file_type}."
    return Inspection(file_type, sha256, failure=Failure(FailureCode.TYPE_MISMATCH, message))


def _refused_by_size(size_bytes: int, limits: Limits) -> Inspection | None:
    if size_bytes == 0:
        return Inspection(failure=Failure(FailureCode.EMPTY, "The file is empty."))
    if size_bytes <= (largest := limits.largest_file_bytes):
        return None
    message = f"The file has {size_bytes:,} bytes; at most {largest:,} are allowed."
    return Inspection(failure=Failure(FailureCode.TOO_LARGE, message))


def _head(body: Body, size_bytes: int) -> bytes:
    head = bytearray()
    while len(head) < size_bytes:
        chunk = body.read(size_bytes - len(head))
        if not chunk:
            raise EOFError(f"the body ended after {len(head)} of at least {size_bytes} bytes")
        head += chunk
    return bytes(head)


def _spool(head: bytes, body: Body, content: BinaryIO, size_bytes: int) -> str:
    """Write the whole body to the content; its SHA-256 in hex."""
    digest = hashlib.sha256(head)
    content.write(head)
    received = len(head)
    while chunk := body.read(_CHUNK_BYTES):
        digest.update(chunk)
        content.write(chunk)
        received += len(chunk)
    if received != size_bytes:
        raise EOFError(f"the body has {received} bytes, not {size_bytes}")
    return digest.hexdigest()
