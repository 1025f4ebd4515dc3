"""Words in the body of Word and OpenDocument text documents.

Specifications: ECMA-376 parts 1 and 3, OpenDocument 1.3 part 3. Only the elements of text contain
text: others have numbers, and white space where the XML is indented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.files.words import WordBuffer
from chalicelib.files.xml_events import local_name, parse

_BREAK, _TEXT, _PARAGRAPH = 1, 2, 3
"""Ends a word; contains text; does both."""
_BODY, _BOX, _HIDDEN, _HYPHEN, _ALTERNATIVES, _CHOICE, _ELSEWHERE = 4, 8, 12, 16, 20, 24, 28
"""The body; text beside that of the paragraph; not part of the body; a character; the same for
several programs; one of those; text in another part. Multiples of 4: they neither end a word nor
contain text."""

_Actions = Mapping[str, int]

_WORD = {
    **dict.fromkeys(("p", "tab", "ptab", "br", "cr"), _BREAK),
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

WORD: _Actions = {
    **{
        f"{namespace} {name}": action
        for namespace in (
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
        for name, action in _WORD.items()
    },
    **{
        f"http://schemas.openxmlformats.org/markup-compatibility/2006 {name}": action
        for name, action in _COMPATIBILITY.items()
    },
}
"""Of a Word document, transitional and strict."""

_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:"

_SHAPES = (
    "caption circle connector custom-shape ellipse line measure path polygon polyline rect"
    " regular-polygon text-box"
)
"""Shapes with paragraphs, which may stand in a paragraph: OpenDocument 1.3 part 3, 10.3."""

OPEN_DOCUMENT: _Actions = {
    f"{_OPEN_DOCUMENT}{name}": action
    for name, action in {
        "office:1.0 text": _BODY,
        **dict.fromkeys(("text:1.0 p", "text:1.0 h"), _PARAGRAPH),
        **dict.fromkeys(("text:1.0 tab", "text:1.0 s", "text:1.0 line-break"), _BREAK),
        **{f"drawing:1.0 {shape}": _BOX for shape in _SHAPES.split()},
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
    }.items()
}
"""Of an OpenDocument text."""


class _BodyWords:
    """Counts the words of a body; a handler for `parse`."""

    def __init__(self, actions: _Actions) -> None:
        self.has_body = False
        self.is_whole = True
        self.count = 0  # of the boxes that ended
        self.words = WordBuffer()
        self._actions = actions
        self._hidden_depth = 0  # 0: not hidden
        self._text_depth = 0
        self._chosen: set[int] = set()  # depths of choices
        self._outer: list[tuple[WordBuffer, int]] = []  # around boxes

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        action = self._actions.get(name, 0)
        if self._hidden_depth or not action:
            return
        if action & _BREAK:
            self.words.end_word()
        if action & _TEXT:
            self._text_depth += 1
        elif action > _PARAGRAPH:
            self._start_special(action, depth)

    def _start_special(self, action: int, depth: int) -> None:
        if action == _BOX:
            self._outer.append((self.words, self._text_depth))
            self.words, self._text_depth = WordBuffer(), 0
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
            self.words.end_word()
        if action & _TEXT:
            self._text_depth -= 1
        elif action == _BOX:
            self.count += self.words.count
            self.words, self._text_depth = self._outer.pop()

    def text(self, text: str) -> None:
        if self._text_depth and not self._hidden_depth:
            self.words.add(text)

    def end_chunk(self) -> None:
        self.words.flush()
        for words, _ in self._outer:
            words.flush()


def word_count(part: Iterable[bytes], actions: _Actions) -> int | None:
    """The words of the body in this part.

    None if it has no body, or includes text from other parts.
    """
    body = _BodyWords(actions)
    parse(part, body, only=frozenset(map(local_name, actions)))
    return body.count + body.words.count if body.has_body and body.is_whole else None
