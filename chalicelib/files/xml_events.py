"""XML by expat as a stream of events: no tree, no external resources, no entity expansion.

Expat limits the expansion of entities in attributes since 2.4.1. Entities in the content and those
of an external document type are omitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from xml.parsers import expat

MAX_DEPTH = 1_000
"""Nested elements. Expat itself has no limit."""

MAX_ELEMENTS = 3_000_000
"""Elements of one document; parsing them takes about ten seconds."""


class Start(NamedTuple):
    """An element begins."""

    name: str
    """`namespace local-name`, or just the name without a namespace."""
    attributes: Mapping[str, str]

    @property
    def local_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(" ")[2]


class End(NamedTuple):
    """An element ends."""

    name: str


Event = Start | End | str
"""A string is character data, which may arrive in several events."""


def events(chunks: Iterable[bytes | str], *, rejects_dtd: bool = True) -> Iterator[Event]:
    """The events of a document, in order.

    Args:
        chunks: the document; decoded if expat does not support its encoding.
        rejects_dtd: treat a document type as an error.

    Raises:
        expat.ExpatError: it is not well-formed.
        ValueError: it exceeds a limit, or has a document type.
    """
    found: list[Event] = []
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise ValueError("more or deeper elements than the limit")
        found.append(Start(name, attributes))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        found.append(End(name))

    def document_type(*_: object) -> None:
        if rejects_dtd:
            raise ValueError("document types are not supported here")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = found.append
    parser.StartDoctypeDeclHandler = document_type
    parser.DefaultHandler = _ignore  # with a default handler, expat does not expand entities
    for chunk in chunks:
        parser.Parse(chunk, False)
        yield from found
        found.clear()
    parser.Parse(b"", True)
    yield from found


def _ignore(_: str) -> None:
    """Discard comments, declarations and entity references."""
