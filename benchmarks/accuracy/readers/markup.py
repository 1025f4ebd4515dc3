"""HTML, XML and SVG: html5lib, lxml and ExifTool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import html5lib
from lxml import etree, html

from benchmarks.accuracy.readers.programs import ReadError, exiftool, number

_XHTML = "{http://www.w3.org/1999/xhtml}"


def html5(path: Path) -> dict[str, Any]:
    """The tree that the HTML standard defines."""
    tree = html5lib.parse(path.read_bytes())
    title = next(tree.iter(f"{_XHTML}title"), None)
    return {
        "title": None if title is None else "".join(title.itertext()),
        "hasScripts": any(map(_is_script, tree.iter())),
    }


def _is_script(element: Any) -> bool:
    """A script, also of SVG; a block of data is none: HTML standard, 4.12.1."""
    if str(element.tag).rpartition("}")[2].lower() == "script":
        return True
    return any(
        name.lower().startswith("on") or value.strip().lower().startswith("javascript:")
        for name, value in element.attrib.items()
    )


def lxml_html(path: Path) -> dict[str, Any]:
    """The tree of libxml2."""
    tree = html.fromstring(path.read_bytes())
    return {"title": tree.findtext(".//title")}


def lxml_xml(path: Path) -> dict[str, Any]:
    """Root and elements of well-formed XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.parse(str(path), parser).getroot()
    name = etree.QName(root)
    elements = [each for each in root.iter() if isinstance(each.tag, str)]
    return {
        "rootElement": name.localname,
        "rootNamespace": name.namespace,
        "elementCount": len(elements),
        "viewBox": root.get("viewBox"),
        "hasScripts": any(map(_is_script, elements)),
        "title": next(
            (
                "".join(each.itertext())
                for each in root
                if isinstance(each.tag, str) and etree.QName(each).localname == "title"
            ),
            None,
        ),
        "width": _pixels(root.get("width")),
        "height": _pixels(root.get("height")),
    }


def _pixels(value: str | None) -> int | None:
    return number(value.removesuffix("px")) if value else None


def exif(path: Path) -> dict[str, Any]:
    """SVG."""
    tags = exiftool(path)
    if "SVG:SVGVersion" not in tags and "SVG:Xmlns" not in tags:
        raise ReadError("no SVG")
    return {"viewBox": tags.get("SVG:ViewBox")}


READERS = {"html5lib": html5, "lxml-html": lxml_html, "lxml": lxml_xml, "exiftool": exif}
