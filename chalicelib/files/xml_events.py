"""XML by expat as a stream: no tree, no external resources, no entity expansion.

`parse` calls a handler, for documents of any size. `events` returns an iterator, which takes three
times as long, for small documents and for readers that stop early.

Expat limits the expansion of entities in attributes since 2.4.1. Entities in the content and those
of an external document type are omitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol
from xml.parsers import expat

from chalicelib.files.extraction import LimitExceededError

MAX_DEPTH = 1_000
"""Nested elements. Expat itself has no limit."""

MAX_ELEMENTS = 3_000_000
"""Elements of one document; parsing them takes about five seconds."""

_MAX_NAMES = 1_000
"""Names of elements that are remembered; documents have about a hundred."""


class XmlLimitError(LimitExceededError, ValueError):
    """The document has more or deeper elements than the limit.

    A ValueError as well, for callers to whom any document that cannot be read is simply absent.
    """


class Handler(Protocol):
    """Receives the elements and the text of a document."""

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        """Begin an element.

        Args:
            name: `namespace local-name`, or just the name without a namespace.
            attributes: by name, in the same form.
            depth: 1 for the root element.
        """

    def end(self, name: str, depth: int) -> None:
        """End the element of this name and depth."""

    def text(self, text: str, /) -> None:
        """Character data, which may arrive in several pieces."""

    def end_chunk(self) -> None:
        """All calls for a chunk of the document were made."""


class Start(NamedTuple):
    """An element begins."""

    name: str
    """`namespace local-name`, or just the name without a namespace."""
    attributes: Mapping[str, str]

    @property
    def local_name(self) -> str:
        """The name without its namespace."""
        return local_name(self.name)


class End(NamedTuple):
    """An element ends."""

    name: str


Event = Start | End | str
"""A string is character data, which may arrive in several events."""


def local_name(name: str) -> str:
    """The name without its namespace."""
    return name.rpartition(" ")[2]


def parse(
    chunks: Iterable[bytes | str],
    handler: Handler,
    *,
    only: frozenset[str] | None = None,
    rejects_dtd: bool = True,
    on_skipped: Callable[[str, bool], None] | None = None,
) -> None:
    """Call the handler for the elements and the text of a document, in order.

    Args:
        chunks: the document; decoded if expat does not support its encoding.
        handler: its exceptions pass through.
        only: local names of the elements that the handler is called for; None for all.
        rejects_dtd: treat a document type as an error.
        on_skipped: called for each entity that is omitted from the content.

    Raises:
        expat.ExpatError: it is not well-formed.
        XmlLimitError: it exceeds a limit.
        ValueError: it has a document type.
    """
    parser = _parser(handler, only, rejects_dtd=rejects_dtd)
    if on_skipped:
        parser.SkippedEntityHandler = on_skipped
    for chunk in chunks:
        parser.Parse(chunk, False)
        handler.end_chunk()
    parser.Parse(b"", True)
    handler.end_chunk()


def events(chunks: Iterable[bytes | str], *, rejects_dtd: bool = True) -> Iterator[Event]:
    """The events of a document, in order. Arguments and exceptions are those of `parse`."""
    recorder = _Recorder()
    parser = _parser(recorder, None, rejects_dtd=rejects_dtd)
    for chunk in chunks:
        parser.Parse(chunk, False)
        yield from recorder.events
        recorder.events.clear()
    parser.Parse(b"", True)
    yield from recorder.events


def attributes_of(chunks: Iterable[bytes | str], *names: str) -> list[dict[str, str]]:
    """The attributes of each element with one of these local names, in order.

    Exceptions are those of `parse`.
    """
    collector = _Collector()
    parse(chunks, collector, only=frozenset(names))
    return collector.attributes


class _Collector:
    """Keeps the attributes of elements."""

    def __init__(self) -> None:
        self.attributes: list[dict[str, str]] = []

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        self.attributes.append(attributes)

    def end(self, name: str, depth: int) -> None:
        """Ignore it."""

    def text(self, text: str) -> None:
        """Ignore it."""

    def end_chunk(self) -> None:
        """Keep the attributes."""


class _Recorder:
    """Keeps what is called as events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.text = self.events.append

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        self.events.append(Start(name, attributes))

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        self.events.append(End(name))

    def end_chunk(self) -> None:
        """Keep the events."""


class _Wanted(dict[str, bool]):
    """Whether the handler is called for the elements of a name, determined once for each."""

    def __init__(self, local_names: frozenset[str]) -> None:
        super().__init__()
        self._local_names = local_names

    def __missing__(self, name: str) -> bool:
        is_wanted = local_name(name) in self._local_names
        if len(self) < _MAX_NAMES:
            self[name] = is_wanted
        return is_wanted


def _parser(
    handler: Handler, only: frozenset[str] | None, *, rejects_dtd: bool
) -> expat.XMLParserType:
    """A parser that calls the handler within the limits."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = _limited(handler, only)
    parser.CharacterDataHandler = handler.text
    if rejects_dtd:
        parser.StartDoctypeDeclHandler = _reject_document_type
    parser.DefaultHandler = _ignore  # with a default handler, expat does not expand entities
    return parser


def _limited(
    handler: Handler, only: frozenset[str] | None
) -> tuple[Callable[[str, dict[str, str]], None], Callable[[str], None]]:
    """Functions that call the handler at the start and the end of wanted elements."""
    wanted = _Wanted(only or frozenset())
    depth = elements = 0
    handle_start, handle_end = handler.start, handler.end

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAX_DEPTH:
            raise XmlLimitError("The nesting depth of the XML exceeds the limit.")
        if elements > MAX_ELEMENTS:
            raise XmlLimitError("The XML has more elements than the limit.")
        if only is None or wanted[name]:
            handle_start(name, attributes, depth)

    def end(name: str) -> None:
        nonlocal depth
        if only is None or wanted[name]:
            handle_end(name, depth)
        depth -= 1

    return start, end


def _reject_document_type(*_: object) -> None:
    raise ValueError("document types are not supported here")


def _ignore(_: str) -> None:
    """Discard comments, declarations and entity references."""
