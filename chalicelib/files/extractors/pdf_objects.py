"""A PDF's objects, as pdf_catalog.py and pypdf (pdf_fallback.py) both return them.

A null is None, a boolean bool, a number int or float, a name str with its slash, a string bytes, an
array list, a dictionary or stream dict; an indirect reference is any other hashable object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from mmap import mmap
from typing import Protocol

Dictionary = Mapping[str, object]
"""Keys are names. The values are not resolved."""


class Document(Protocol):
    """A PDF whose objects can be read."""

    catalog: Dictionary
    information: Dictionary | None
    """None if the file has none."""
    is_encrypted: bool

    def resolve(self, value: object) -> object:
        """The object that the value refers to, which is itself unless it is a reference."""

    def data_of(self, stream: Dictionary) -> bytes | None:
        """The decoded content of a stream; None of a dictionary without one."""


class SearchableDocument(Document, Protocol):
    """A PDF all of whose objects can be searched."""

    has_gaps: bool
    """Whether a reference was resolved to null because the object is missing or damaged."""

    def parts(self) -> Iterator[mmap | bytes | None]:
        """The bytes of all objects: the file, and each object stream; None for one not decoded."""


def dictionary_in(document: Document, parent: Dictionary, key: str) -> Dictionary:
    """The dictionary at the key; an empty one if there is something else."""
    found = document.resolve(parent.get(key))
    return found if isinstance(found, dict) else {}
