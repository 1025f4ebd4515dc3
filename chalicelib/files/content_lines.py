"""Content lines, of which iCalendar and vCard files consist: RFC 5545, 3.1, and RFC 6350, 3.2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.files.lines import limited

_MAX_CHARACTERS = 10_000
"""Of a line that is returned; more than a record stores."""
_MAX_DEPTH = 100
"""Nested components; calendars have three."""

_EXTENSION = "X-"
"""Begin of names that other programs ignore; some exports have such lines after a calendar."""

_ESCAPED = re.compile(r"\\([\\,;nN])")


class Property(NamedTuple):
    """A property, or the begin of a component."""

    components: tuple[str, ...]
    """Names of the components that it is in, in upper case, the outermost first."""
    name: str
    """In upper case, without parameters; `BEGIN` for a component, which is the last one above."""
    value: str


def properties(pieces: Iterable[str]) -> Iterator[Property]:
    """The properties of a text in chunks, and the begins of its components, in order.

    Raises:
        ValueError: a line is outside of components, or the components are not nested.
    """
    open_components: tuple[str, ...] = ()
    for line in _unfolded(pieces):
        parameters, _, value = line.partition(":")
        name = parameters.partition(";")[0].strip().upper()
        if name == "BEGIN" and len(open_components) < _MAX_DEPTH:
            open_components = (*open_components, value.strip().upper())
        elif not open_components and name.startswith(_EXTENSION):
            continue
        elif name == "BEGIN" or not open_components:
            raise ValueError("the line is in no component, or in too many")
        if name == "END":
            if value.strip().upper() != open_components[-1]:
                raise ValueError("the component that ends is not the last one")
            open_components = open_components[:-1]
        else:
            yield Property(open_components, name, value)
    if open_components:
        raise ValueError("a component has no end")


def text_value(value: str) -> str:
    """A value of type TEXT without escapes: RFC 5545, 3.3.11."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _unfolded(pieces: Iterable[str]) -> Iterator[str]:
    """The nonblank lines without folds, shortened to the limit."""
    current = ""
    for line in limited(pieces):
        if line[0] in " \t":
            if len(current) < _MAX_CHARACTERS:
                current += line[1:-1] if line[-1] == "\n" else line[1:]
            continue
        if current:
            yield current
        current = line.rstrip("\n")[:_MAX_CHARACTERS]
    if current:
        yield current
