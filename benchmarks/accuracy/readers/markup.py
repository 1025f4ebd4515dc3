"""HTML, XML and SVG: html5lib, lxml and ExifTool."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
from lxml import etree, html

from benchmarks.accuracy.readers.programs import ReadError, exiftool, number

_INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q s samp small span strong"
        " sub sup time tt u var wbr",
    )
)
_UNSEEN = frozenset({"script", "style", "template", "title"})

_XHTML = "{http://www.w3.org/1999/xhtml}"


def html5(path: Path) -> dict[str, Any]:
    """The tree that the HTML standard defines."""
    tree = html5lib.parse(path.read_bytes())
    title = next(tree.iter(f"{_XHTML}title"), None)
    return {
        "title": None if title is None else "".join(title.itertext()),
        "hasScripts": any(map(_is_script, tree.iter())),
        "text": "".join(_shown(tree)),
    }


def _shown(element: Any) -> Iterator[str]:
    """The text that a page shows, with line feeds around blocks."""
    name = str(element.tag).removeprefix(_XHTML)
    if name in _UNSEEN or not isinstance(element.tag, str):
        return
    separator = "" if name in _INLINE else "\n"
    yield separator + (element.text or "")
    for child in element:
        yield from _shown(child)
        yield child.tail or ""
    yield separator


def _is_script(element: Any) -> bool:
    """A script, also of SVG; a block of data is not one: HTML standard, 4.12.1."""
    if str(element.tag).rpartition("}")[2].lower() == "script":
        return True
    return any(
        name.lower().startswith("on") or value.strip().lower().startswith("javascript:")
        for name, value in element.attrib.items()
    )


def lxml_html(path: Path) -> dict[str, Any]:
    """The tree of libxml2."""
    tree = html.fromstring(path.read_bytes())
    title = tree.findtext(".//title")
    for hidden in [each for each in tree.iter() if each.tag in _UNSEEN]:
        hidden.drop_tree()
    return {"title": title, "text": " ".join(each for each in tree.xpath("//text()"))}


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
        "text": " ".join(text for each in elements for text in _character_data(each)),
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


def _character_data(element: Any) -> Iterator[str]:
    yield element.text or ""
    yield from (child.tail or "" for child in element)


def _pixels(value: str | None) -> int | None:
    return number(value.removesuffix("px")) if value else None


def exif(path: Path) -> dict[str, Any]:
    """SVG."""
    tags = exiftool(path)
    if "SVG:SVGVersion" not in tags and "SVG:Xmlns" not in tags:
        raise ReadError("no SVG")
    return {"viewBox": tags.get("SVG:ViewBox")}


READERS = {"html5lib": html5, "lxml-html": lxml_html, "lxml": lxml_xml, "exiftool": exif}
