"""Sheets, slides and pages, counted where a part lists them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.files.xml_events import local_name, parse

_SPREADSHEET = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.microsoft.com/office/excel/2006/2",  # before the standard
)
_PRESENTATION = (
    "http://schemas.openxmlformats.org/presentationml/2006/main",
    "http://purl.oclc.org/ooxml/presentationml/main",
)
"""Transitional and strict: ECMA-376 part 4, and part 1."""

_RELATIONSHIP = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
"""Attribute with the relationship to a sheet's part."""

_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE = f"{_OPEN_DOCUMENT}office:1.0"
_DRAWING_PAGE = f"{_OPEN_DOCUMENT}drawing:1.0 page"
_TABLE = f"{_OPEN_DOCUMENT}table:1.0"


@dataclass(frozen=True, slots=True)
class Counted:
    """Elements that a part lists, by their names with namespaces."""

    elements: frozenset[str]
    parents: frozenset[str]
    required: frozenset[str]
    """Of which the part has one, even if it lists nothing."""


def _counted(element: str, parent: str, required: str = "") -> Counted:
    return Counted(frozenset({element}), frozenset({parent}), frozenset({required or parent}))


def _in(namespaces: Iterable[str], name: str) -> frozenset[str]:
    return frozenset(f"{namespace} {name}" for namespace in namespaces)


SHEETS = Counted(*(_in(_SPREADSHEET, name) for name in ("sheet", "sheets", "sheets")))
"""ECMA-376 part 1, 18.2.20."""

SLIDES = Counted(*(_in(_PRESENTATION, name) for name in ("sldId", "sldIdLst", "presentation")))
"""ECMA-376 part 1, 19.2.1.34. An extension lists the slides of each section in elements of the same
names: [MS-PPTX] 2.2.7.5."""

TABLES = _counted(f"{_TABLE} table", f"{_OFFICE} spreadsheet")
PRESENTATION_PAGES = _counted(_DRAWING_PAGE, f"{_OFFICE} presentation")
DRAWING_PAGES = _counted(_DRAWING_PAGE, f"{_OFFICE} drawing")
"""OpenDocument 1.3 part 3, 3.7, 3.8, 3.5."""


class _ChildCount:
    """Counts the elements that are children of a parent; a handler for `parse`."""

    def __init__(self, counted: Counted) -> None:
        self.count = 0
        self.is_known = False
        self._counted = counted
        self._parent_depths = [0]  # of those that are open

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        counted = self._counted
        self.is_known = self.is_known or name in counted.required
        if name in counted.elements and depth > 1 and self._parent_depths[-1] == depth - 1:
            self.count += not (_is_cache(attributes) or _is_module(attributes))
        if name in counted.parents:
            self._parent_depths.append(depth)

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        if depth == self._parent_depths[-1]:
            self._parent_depths.pop()

    def text(self, text: str) -> None:
        """Ignore it."""

    def end_chunk(self) -> None:
        """Keep the count."""


def _is_cache(attributes: dict[str, str]) -> bool:
    """Whether a table has the values of another file that formulas refer to.

    LibreOffice stores them among the sheets, which cannot have such names (`'file:///a.ods'#Sheet`).
    """
    name = attributes.get(f"{_TABLE} name", "")
    return name.startswith("'") and "'#" in name


def _is_module(attributes: dict[str, str]) -> bool:
    """Whether a sheet of an xlsx is a module of Excel 5, which has no part."""
    return any(attributes.get(name) == "" for name in _RELATIONSHIP)


def count(part: Iterable[bytes], counted: Counted) -> int | None:
    """The number of elements that the part lists; None if it is not such a part."""
    children = _ChildCount(counted)
    names = counted.elements | counted.parents | counted.required
    parse(part, children, only=frozenset(map(local_name, names)))
    return children.count if children.is_known else None
