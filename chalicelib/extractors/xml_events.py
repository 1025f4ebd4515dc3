"""XML by expat as a stream of events: no tree, no file or address fetched, no entity unfolded.

Expat bounds what entities in attributes can grow to by itself (since 2.4.1); entities in the
content are left out, as are those that a document type elsewhere would define.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from xml.parsers import expat

MOST_DEPTH = 1_000
"""Elements within each other. Expat has no limit of its own, and no real file comes near."""

MOST_ELEMENTS = 3_000_000
"""Of one document. The parts of real office files have fewer; so many take some ten seconds."""


class Start(NamedTuple):
    """An element begins."""

    name: str
    """`namespace local-name`, or the name alone where it has no namespace."""
    attributes: Mapping[str, str]

    @property
    def local_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(" ")[2]


class End(NamedTuple):
    """An element ends."""

    name: str


Event = Start | End | str
"""A string is some of the character data, perhaps not all of it up to the next element."""


def events(chunks: Iterable[bytes | str], *, refuses_dtd: bool = True) -> Iterator[Event]:
    """What comes in the XML, in its order.

    Args:
        chunks: the document; in strings, where expat does not know its encoding.
        refuses_dtd: a document type is an error, as formats have it that never use one.

    Raises:
        expat.ExpatError: it is not well-formed.
        ValueError: it nests too deeply, has too many elements or a document type.
    """
    found: list[Event] = []
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MOST_DEPTH or elements > MOST_ELEMENTS:
            raise ValueError("elements nest too deeply, or are too many")
        found.append(Start(name, attributes))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        found.append(End(name))

    def document_type(*_: object) -> None:
        if refuses_dtd:
            raise ValueError("a document type where none belongs")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = found.append
    parser.StartDoctypeDeclHandler = document_type
    parser.DefaultHandler = _ignore  # having one is what keeps expat from unfolding entities
    for chunk in chunks:
        parser.Parse(chunk, False)
        yield from found
        found.clear()
    parser.Parse(b"", True)
    yield from found


def _ignore(_: str) -> None:
    """Comments, declarations and references to entities."""
