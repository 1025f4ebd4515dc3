"""Whether a PDF contains scripts, embedded files and signatures, wherever they are.

The document, pages, annotations, fields, bookmarks and more can refer to them. Few files have any,
and each needs a certain name in a dictionary. So the bytes of all objects are searched for the
names, which takes 0.3 to 2 ms per megabyte. Only if one occurs, objects are followed from the
catalog to find out what it means. Section and table numbers are those of ISO 32000-1.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from chalicelib.files.extractors.pdf_objects import (
    Dictionary,
    Document,
    SearchableDocument,
    dictionary_in,
)
from chalicelib.files.metadata import RawMetadata

_MAX_VALUES = 30_000
"""Dictionaries, arrays and references to follow; the sandbox limits what else objects contain."""

_END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
_LETTER = rb"(?:[46][1-9A-Fa-f]|[57][0-9Aa])"
_NAMES = re.compile(
    rb"/[BEJO#](?:"
    rb"(?P<hasScripts>(?:(?<=J)S|(?<=O)nInstantiate)%(end)b)"
    rb"|(?P<hasAttachments>(?<=E)F(?=[\0\t\n\f\r ]*+[<\d%%]))"
    rb"|(?P<hasSignatures>(?<=B)yteRange%(end)b)"
    rb"|(?P<escaped>(?<=#)%(letter)b|[A-Za-z]{0,11}+#%(letter)b))"
    % {b"end": _END, b"letter": _LETTER}
)
"""`JS`, `OnInstantiate`, `EF` (with a dictionary: usage rights have an array), `ByteRange`, or a
name that may be one of them, with a letter written as its code: 7.3.5."""

_XFA_SCRIPT = re.compile(rb"<(?:[A-Za-z][\w.-]{0,30}:)?script[\s/>]")
"""XFA 3.3, chapter 10: the element of a calculation, validation or event."""

_SCRIPT_ACTIONS = ("/JavaScript", "/Rendition")
"""Tables 214 and 217."""

_LATER = {"/Resources", "/StructTreeRoot", "/Contents"}
"""Most objects are below these, but no actions and fields, and seldom files."""


def search(document: SearchableDocument) -> RawMetadata:
    """The features that were found, or are nowhere; None if the search was not complete."""
    possible = _possible(document)
    found, is_complete = _follow(document, possible) if possible else (set(), True)
    unknown = set() if is_complete else possible - found
    has_xfa_scripts = _has_xfa_scripts(document)
    if has_xfa_scripts:
        found.add("hasScripts")
    elif has_xfa_scripts is None:
        unknown.add("hasScripts")
    return {name: name in found or (None if name in unknown else False) for name in _TESTS}


def _possible(document: SearchableDocument) -> set[str]:
    """The features whose names occur; all of them if not all objects can be searched."""
    possible: set[str] = set()
    for part in document.parts():
        if part is None:
            return {*_TESTS}
        for match in _NAMES.finditer(part):
            possible |= {*_TESTS} if match.lastgroup == "escaped" else {str(match.lastgroup)}
            if len(possible) == len(_TESTS):
                return possible
    return possible


class _IncompleteError(Exception):
    """Not all objects can be followed."""


def _follow(document: SearchableDocument, wanted: set[str]) -> tuple[set[str], bool]:
    """Those of the wanted features that were found, and whether there are no others."""
    found: set[str] = set()
    try:
        for dictionary in _dictionaries(document, wanted):
            found |= {name for name in wanted - found if _TESTS[name](document, dictionary)}
            if found == wanted:
                break
    except _IncompleteError:
        return found, False
    return found, True


def _dictionaries(document: SearchableDocument, wanted: set[str]) -> Iterator[Dictionary]:
    """Each dictionary below the catalog that may be what is wanted, once.

    Raises:
        _IncompleteError: at the end, if there are more.
    """
    soon, later = deque[object]([document.catalog]), deque[object]()
    visited: set[object] = set()
    values_left = _MAX_VALUES
    while soon or (later and "hasAttachments" in wanted):
        value = _resolved(document, (soon or later).popleft(), visited)
        if isinstance(value, dict):
            yield value
        below = _values_in(value)
        values_left -= len(below)
        if values_left < 0:
            raise _IncompleteError
        for key, item in below:
            (later if key in _LATER else soon).append(item)
    if document.has_gaps:
        raise _IncompleteError


def _resolved(document: Document, value: object, visited: set[object]) -> object:
    """The object; None if it is a reference that was visited before."""
    if isinstance(value, list | dict):
        return value
    if value in visited:
        return None
    visited.add(value)
    return document.resolve(value)


def _values_in(value: object) -> Sequence[tuple[object, object]]:
    """The values in a dictionary or array that may have others below, with their keys."""
    if isinstance(value, dict):
        items: Iterable[tuple[object, object]] = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return ()
    return [(key, item) for key, item in items if not isinstance(item, _SIMPLE)]


_SIMPLE = (bool, int, float, str, bytes, type(None))
"""What contains and refers to nothing."""


def _is_script(document: Document, value: Dictionary) -> bool:
    """Whether it is an action with a script, or a script of a 3D artwork: table 300."""
    action = document.resolve(value.get("/S"))
    return ("/JS" in value and action in _SCRIPT_ACTIONS) or "/OnInstantiate" in value


def _has_embedded_file(document: Document, value: Dictionary) -> bool:
    """Whether it is the specification of an embedded file: 7.11.4."""
    files = dictionary_in(document, value, "/EF")
    return any(isinstance(document.resolve(file), dict) for file in files.values())


def _is_signed(document: Document, value: Dictionary) -> bool:
    """Whether it is a field with a signature. Usage rights have one, but no field: 12.8.1."""
    return "/ByteRange" in dictionary_in(document, value, "/V")


_TESTS: dict[str, Callable[[Document, Dictionary], bool]] = {
    "hasScripts": _is_script,
    "hasAttachments": _has_embedded_file,
    "hasSignatures": _is_signed,
}
"""Whether a dictionary is what the feature needs."""


def _has_xfa_scripts(document: Document) -> bool | None:
    """Whether a form in XFA has a script; None if it cannot be read."""
    xfa = document.resolve(dictionary_in(document, document.catalog, "/AcroForm").get("/XFA"))
    unread = False
    for packet in xfa if isinstance(xfa, list) else [xfa]:
        stream = document.resolve(packet)
        data = document.data_of(stream) if isinstance(stream, dict) else b""
        if data is None:
            unread = True
        elif _XFA_SCRIPT.search(data):
            return True
    return None if unread else False
