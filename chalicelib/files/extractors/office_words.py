"""Words in the body of Word and OpenDocument text documents.

Specifications: ECMA-376 parts 1 and 3, OpenDocument 1.3 part 3. Only the elements of text contain
text: others have numbers, and white space where the XML is indented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.words import flowing_words
from chalicelib.files.xml_events import local_name, parse

_BREAK, _TEXT, _PARAGRAPH = 1, 2, 3
"""Ends a word; contains text; does both."""
_LINE_BREAK = 33
"""Ends a word, and perhaps a page."""
_BODY, _BOX, _HIDDEN, _HYPHEN, _ALTERNATIVES, _CHOICE, _ELSEWHERE = 4, 8, 12, 16, 20, 24, 28
"""The body; text beside that of the paragraph; not part of the body; a character; the same for
several programs; one of those; text in another part. Multiples of 4: they neither end a word nor
contain text."""

_Actions = Mapping[str, int]


class Format(NamedTuple):
    """The elements of a kind of document, by their names with namespaces."""

    actions: _Actions
    separators: Mapping[str, str]
    """What separates words other than the end of a line."""


_WORD = {
    **dict.fromkeys(("p", "tab", "ptab", "cr"), _BREAK),
    "br": _LINE_BREAK,
    "t": _TEXT,
    "body": _BODY,
    "txbxContent": _BOX,
    **dict.fromkeys(("del", "moveFrom"), _HIDDEN),
    "noBreakHyphen": _HYPHEN,
    **dict.fromkeys(("altChunk", "subDoc"), _ELSEWHERE),
}
"""ECMA-376 part 1, 17. Deleted text and field codes are not in `t`."""

_COMPATIBILITY = {"AlternateContent": _ALTERNATIVES, "Choice": _CHOICE, "Fallback": _HIDDEN}
"""ECMA-376 part 3, 7.6: a program shows the first choice that it supports."""

_T = TypeVar("_T")


def _in(namespaces: Iterable[str], values: Mapping[str, _T]) -> dict[str, _T]:
    return {f"{each} {name}": value for each in namespaces for name, value in values.items()}


_ALTERNATIVE = _in(["http://schemas.openxmlformats.org/markup-compatibility/2006"], _COMPATIBILITY)
_WORDPROCESSING = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_DRAWING = (
    "http://schemas.openxmlformats.org/drawingml/2006/main",
    "http://purl.oclc.org/ooxml/drawingml/main",
)
"""Transitional and strict."""

WORD = Format(
    _in(_WORDPROCESSING, _WORD) | _ALTERNATIVE,
    _in(_WORDPROCESSING, {"tab": "\t", "ptab": "\t"}),
)
SLIDE = Format(_in(_DRAWING, {"p": _BREAK, "br": _BREAK, "t": _TEXT}) | _ALTERNATIVE, {})
"""ECMA-376 part 1, 21.1.2."""

_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:"

_SHAPES = (
    "caption circle connector custom-shape ellipse line measure path polygon polyline rect"
    " regular-polygon text-box"
)
"""Shapes with paragraphs, which may stand in a paragraph: OpenDocument 1.3 part 3, 10.3."""

_PARAGRAPHS = {
    **dict.fromkeys(("text:1.0 p", "text:1.0 h"), _PARAGRAPH),
    **dict.fromkeys(("text:1.0 tab", "text:1.0 s", "text:1.0 line-break"), _BREAK),
    **dict.fromkeys(
        (
            "drawing:1.0 object",
            "office:1.0 annotation",
            "office:1.0 binary-data",
            "svg-compatible:1.0 desc",
            "svg-compatible:1.0 title",
            "text:1.0 note",
            "text:1.0 number",
            "text:1.0 script",
            "text:1.0 tracked-changes",
        ),
        _HIDDEN,
    ),
}
_SPACES = {"text:1.0 tab": "\t", "text:1.0 s": " "}


def _open_document(actions: Mapping[str, int], separators: Mapping[str, str]) -> Format:
    return Format(
        {f"{_OPEN_DOCUMENT}{name}": action for name, action in {**_PARAGRAPHS, **actions}.items()},
        {f"{_OPEN_DOCUMENT}{name}": value for name, value in {**_SPACES, **separators}.items()},
    )


OPEN_DOCUMENT = _open_document(
    {
        "office:1.0 text": _BODY,
        **{f"drawing:1.0 {shape}": _BOX for shape in _SHAPES.split()},
    },
    {},
)
"""Of an OpenDocument text."""

DRAWING_PAGES = _open_document(
    {"drawing:1.0 page": _BREAK, "presentation:1.0 notes": _HIDDEN},
    {"drawing:1.0 page": PAGE},
)
"""Of an OpenDocument presentation or drawing."""

TABLES = _open_document(
    {f"table:1.0 {name}": _BREAK for name in ("table", "table-row", "table-cell")},
    {"table:1.0 table": PAGE, "table:1.0 table-cell": "\t", "text:1.0 p": " "},
)
"""Of an OpenDocument spreadsheet."""


class _Box:
    """Text beside that of a paragraph, or that of the body."""

    def __init__(self, text: TextCollector | None) -> None:
        self.text = text
        self.words = flowing_words(text)
        self._inner: list[str] = []

    def add_inner(self, box: _Box) -> None:
        """Add the text of a box that ended, once the paragraph around it ends."""
        if box.text and (found := box.text.result()):
            self._inner.append(found.content.decode())

    def end_paragraph(self) -> None:
        if self.text and self._inner:
            self.words.flush()
            self.text.add("".join(PARAGRAPH + text for text in self._inner))
            self._inner.clear()


class _BodyWords:
    """Counts the words of a body; a handler for `parse`."""

    def __init__(self, kind: Format, text: TextCollector | None) -> None:
        self.has_body = False
        self.is_whole = True
        self.count = 0  # of the boxes that ended
        self._actions, self._separators = kind
        self._hidden_depth = 0  # 0: not hidden
        self._text_depth = 0
        self._chosen: set[int] = set()  # depths of choices
        self._box = _Box(text)
        self.words = self._box.words
        self._outer: list[tuple[_Box, int]] = []  # around boxes

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        action = self._actions.get(name, 0)
        if self._hidden_depth or not action:
            return
        if action & _BREAK:
            self.words.end_word(self._separators.get(name, PARAGRAPH))
        if action & _TEXT:
            self._text_depth += 1
        elif action > _PARAGRAPH:
            self._start_special(action, attributes, depth)

    def _start_special(self, action: int, attributes: dict[str, str], depth: int) -> None:
        if action == _BOX:
            self._outer.append((self._box, self._text_depth))
            self._box, self._text_depth = _Box(TextCollector() if self._box.text else None), 0
            self.words = self._box.words
        elif action == _LINE_BREAK:
            if "page" in attributes.values():
                self.words.end_word(PAGE)
        elif action == _HYPHEN:
            self.words.add("-")
        elif action == _ALTERNATIVES:
            self._chosen.discard(depth + 1)
        elif action == _HIDDEN or depth in self._chosen:
            self._hidden_depth = depth
        elif action == _CHOICE:
            self._chosen.add(depth)
        self.has_body = self.has_body or action == _BODY
        self.is_whole = self.is_whole and action != _ELSEWHERE

    def end(self, name: str, depth: int) -> None:
        if self._hidden_depth:
            if depth == self._hidden_depth:
                self._hidden_depth = 0
            return
        action = self._actions.get(name, 0)
        if action & _BREAK:
            self.words.end_word(self._separators.get(name, PARAGRAPH))
            self._box.end_paragraph()
        if action & _TEXT:
            self._text_depth -= 1
        elif action == _BOX:
            self._end_box()

    def _end_box(self) -> None:
        ended = self._box
        ended.end_paragraph()
        self.count += ended.words.count
        self._box, self._text_depth = self._outer.pop()
        self._box.add_inner(ended)
        self.words = self._box.words

    def text(self, text: str) -> None:
        if self._text_depth and not self._hidden_depth:
            self.words.add(text)

    def end_chunk(self) -> None:
        self.words.flush()
        for box, _ in self._outer:
            box.words.flush()


def word_count(
    part: Iterable[bytes], kind: Format, text: TextCollector | None = None
) -> int | None:
    """The words of the body in this part.

    None if it has no body, or includes text from other parts.
    """
    body = _BodyWords(kind, text)
    parse(part, body, only=frozenset(map(local_name, kind.actions)))
    return body.count + body.words.count if body.has_body and body.is_whole else None
