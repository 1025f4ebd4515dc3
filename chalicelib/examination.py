"""A whole file and the types that it may have -> its type and metadata, or a refusal.

What runs in the child (chalicelib/isolation.py): all that follows a file's structure. A signature
or a beginning that the family's own parser refuses is not that type, where another one is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.extractors import Refused, extract, identify, warm_up
from chalicelib.extractors.containers import SVG, XML, Container, container_of, type_by_root

_HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file is. Both metadata and failure are None when it is none of the possible types."""

    file_type: str
    """MIME type."""
    metadata: Metadata | None = None
    failure: Failure | None = None


def prepare(possible_types: Sequence[str]) -> None:
    """Import what an examination for these types may need, and have it read its sample."""
    for file_type in possible_types:
        warm_up(file_type)


def examine(content: BinaryIO, possible_types: Sequence[str]) -> Examined:
    """The type and the metadata of a content that has one of these types, all supported ones.

    Likeliest types first: where none is good, the first one's refusal counts. What is in a
    container decides for itself, and may be a type that is not among them. Raises MemoryError and
    nothing else that a file can cause.
    """
    content.seek(0)
    container = container_of(content.read(_HEAD_BYTES))
    if container:
        return _examined_inside(content, container, possible_types)
    refused: list[Examined] = []
    for file_type in possible_types:
        examined = _extracted(content, file_type)
        if not examined.failure:
            return _by_root(examined, possible_types)
        refused.append(examined)
        if examined.failure.code is not FailureCode.UNREADABLE:
            break
    return refused[0]


def _examined_inside(
    content: BinaryIO, container: Container, possible_types: Sequence[str]
) -> Examined:
    try:
        file_type = identify(content, container)
    except Refused as refusal:
        only = possible_types[0] if len(possible_types) == 1 else container.file_type
        return _refused(only, refusal)
    if file_type not in possible_types:
        return Examined(file_type)
    return _extracted(content, file_type)


def _by_root(examined: Examined, possible_types: Sequence[str]) -> Examined:
    """What was read as XML as what its root makes it, if it may be that."""
    found = examined.metadata or {}
    if examined.file_type != XML or SVG not in possible_types:
        return examined
    return replace(
        examined, file_type=type_by_root(found["rootElement"], found.get("rootNamespace"))
    )


def _extracted(content: BinaryIO, file_type: str) -> Examined:
    try:
        return Examined(file_type, extract(content, file_type))
    except Refused as refusal:
        return _refused(file_type, refusal)


def _refused(file_type: str, refusal: Refused) -> Examined:
    return Examined(file_type, failure=Failure(refusal.code, refusal.message))
