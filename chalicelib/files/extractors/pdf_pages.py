"""Pages of a PDF, without the pages' text. Table and section numbers are those of ISO 32000-1."""

from __future__ import annotations

import math
from collections.abc import Iterator

from chalicelib.files.extractors.pdf_objects import Dictionary, Document
from chalicelib.files.extractors.pdf_syntax import HandOverError
from chalicelib.files.metadata import RawMetadata

_MAX_SIDE = 10**9
"""Points; larger page sizes are not stored."""

_MAX_PAGE_NODES = 100
"""Pages and nodes above them, each of which pypdf may have to search for."""

_MAX_BLANK_BYTES = 1_048_576
"""Of the decoded content of all pages that show nothing."""

_INHERITED = ("/MediaBox", "/CropBox")


def page_size(document: Document) -> RawMetadata:
    """Size of the part of the first page that viewers show: tables 29 and 30.

    Boxes are inherited. A box is a rectangle between any two opposite corners: 7.9.5.
    """
    page = next(_pages(document), {})
    box, crop = (_box(document, page.get(key)) for key in ("/MediaBox", "/CropBox"))
    if box is None:
        return {}  # viewers use a default size
    left, bottom, right, top = _intersection(box, crop) if crop else box
    unit = document.resolve(page.get("/UserUnit", 1))  # in 1/72 inch
    if not isinstance(unit, int | float):
        return {}
    sides = ((right - left) * unit, (top - bottom) * unit)
    if not all(0 < side < _MAX_SIDE for side in sides):
        return {}
    return {"pageWidth": round(sides[0]), "pageHeight": round(sides[1])}


def has_pages(document: Document) -> bool:
    """Whether the catalog leads to a page or a tree of pages: tables 29 and 30."""
    root = document.resolve(document.catalog.get("/Pages"))
    if not isinstance(root, dict):
        return False
    kids = document.resolve(root.get("/Kids"))
    return isinstance(kids, list) or document.resolve(root.get("/Type")) == "/Page"


def _pages(document: Document) -> Iterator[Dictionary]:
    """Pages with what they inherit; ends after `_MAX_PAGE_NODES`, or where the tree is damaged."""
    stack = [iter([document.catalog.get("/Pages")])]
    inherited: list[Dictionary] = [{}]
    for _ in range(_MAX_PAGE_NODES):
        node = _next_node(document, stack, inherited)
        if node is None:
            break
        kids = document.resolve(node.get("/Kids"))
        if isinstance(kids, list):
            stack.append(iter(kids))
            inherited.append({key: node[key] for key in _INHERITED if key in node})
        else:
            yield node


def _next_node(
    document: Document, stack: list[Iterator[object]], inherited: list[Dictionary]
) -> Dictionary | None:
    while stack:
        for value in stack[-1]:
            node = document.resolve(value)
            return {**inherited[-1], **node} if isinstance(node, dict) else None
        stack.pop()
        inherited.pop()
    return None


def are_readable(document: Document, pages: int) -> bool:
    """Whether the content of all of so many pages can be decoded, and is short."""
    bytes_left = _MAX_BLANK_BYTES
    try:
        for page in _pages(document):
            pages -= 1
            for stream in _contents(document, page):
                data = document.data_of(stream)
                if data is None or len(data) > bytes_left:
                    return False
                bytes_left -= len(data)
    except HandOverError:
        return False
    return pages == 0


def _contents(document: Document, page: Dictionary) -> Iterator[Dictionary]:
    """The streams of a page: table 30."""
    contents = document.resolve(page.get("/Contents"))
    for stream in map(document.resolve, contents if isinstance(contents, list) else [contents]):
        if isinstance(stream, dict):
            yield stream


_Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""


def _box(document: Document, value: object) -> _Box | None:
    """The rectangle; None if it is malformed or empty."""
    corners = document.resolve(value)
    if not isinstance(corners, list) or len(corners) != 4:
        return None
    x, y, other_x, other_y = (
        float(corner) if isinstance(corner, int | float) else math.nan
        for corner in map(document.resolve, corners)
    )
    box = (min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y))
    return box if box[0] < box[2] and box[1] < box[3] else None


def _intersection(box: _Box, crop: _Box) -> _Box:
    """The part of the page that is shown; the whole page if the crop box is outside."""
    left, bottom = max(box[0], crop[0]), max(box[1], crop[1])
    right, top = min(box[2], crop[2]), min(box[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else box
