"""XML and SVG by expat, HTML by the standard library's parser, each as a stream.

XML must be well-formed. HTML is parsed leniently, as in browsers, and must contain at least one
HTML element.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import BinaryIO
from xml.parsers import expat

from chalicelib.documents import FailureCode
from chalicelib.files import text_codecs
from chalicelib.files.containers import type_by_root
from chalicelib.files.extracted_text import PARAGRAPH, TextCollector
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.extractors import text
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import SVG
from chalicelib.files.words import WordBuffer, flowing_words
from chalicelib.files.xml_events import MAX_ELEMENTS, Start, local_name, parse

_HTML = "text/html"

_MAX_TITLE = 10_000
"""Characters; more than a record stores."""

_MAX_OPEN = 65_536
"""Characters. HTMLParser rescans an incomplete token from its start with each chunk."""

_OPENING = len("<![CDATA[")
_KEPT = 64
"""Characters of an overlong token that are kept: enough for its end and a `javascript:` URL."""

_TAG_NAME = re.compile(r"<[A-Za-z][\w:-]{0,63}")
_QUOTED_VALUE = re.compile(r"""=\s*(?:"[^"]*("|\Z)|'[^']*('|\Z))""")

_CHUNK_BYTES = 1_048_576
"""Expat rescans an incomplete token from its start with each chunk."""

_DECLARATION_BYTES = 300
"""Maximum length of an XML declaration."""

_UNSEEN = frozenset({"script", "style", "template", "title"})
"""HTML elements whose text is not visible."""

_INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q s samp small span strong"
        " sub sup time tt u var wbr",
    )
)
"""HTML elements that do not separate words: https://html.spec.whatwg.org/#text-level-semantics"""

_PREFORMATTED = "pre"

_CELLS = dict.fromkeys(("td", "th"), "\t")
"""HTML elements that a tab separates."""

_KNOWN = _INLINE | frozenset(
    re.findall(
        r"\w+",
        "html head body title meta link script style div p h1 h2 h3 h4 h5 h6 ul ol li table tr td"
        " th br hr img form input pre blockquote article section nav header footer main center dl"
        " dt dd",
    )
)

_PLAIN = _KNOWN - _UNSEEN
"""HTML elements whose tags HTMLParser treats like any other."""

_PLAIN_START = re.compile("<([A-Za-z][A-Za-z0-9]*)>")
_PLAIN_END = re.compile("</([A-Za-z][A-Za-z0-9]*)>")

_CHARSET = re.compile(
    rb"""<meta[^>]{1,500}?charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE
)
_CHARSET_WITHIN_BYTES = 65_536
"""Browsers search 1,024 bytes before they parse a page, and restart for one that follows:
https://html.spec.whatwg.org/#changing-the-encoding-while-parsing"""

_ENCODING = re.compile(rb"""<\?xml[^>]{1,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_TRANSCODED = {
    "big5": "cp950",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "gb18030": "gb18030",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp",
    "shift_jis": "cp932",
    "windows-31j": "cp932",
}
"""Multibyte encodings that expat does not support, and codecs that include them: https://encoding.spec.whatwg.org/#names-and-labels"""

_HANDLER = re.compile("on[a-z]+")
"""Event handler attributes."""

_MAY_BE_SCRIPTED = re.compile(r"\bon[a-z]+\s*=|javascript:|&", re.IGNORECASE)
"""In a part of a tag that is not parsed; a character reference may stand for any character."""

_PIXELS = re.compile(r"\s*(\d{1,9}(?:\.\d+)?)\s*(?:px)?\s*")


def prepare() -> None:
    """Load what extraction would load lazily: that of `text`, and XML names its encoding."""
    text.prepare()
    text_codecs.load_all()


def extract(
    content: BinaryIO, file_type: str, collector: TextCollector | None = None
) -> RawMetadata:
    """Structure, title and words.

    - encoding (HTML); title: that of the first `title` element, for XML of one below the root.
    - rootElement: the root's name without prefix, rootNamespace.
    - elementCount, of all elements.
    - wordCount: whitespace-separated tokens: of the visible text of HTML; of all character data of
      XML and SVG.
    - hasScripts (HTML, SVG): a script element, an event handler or a `javascript:` URL; None if
      there are none in what was read, and entities or overlong tags were not.
    - width, height (SVG): rounded, if given in pixels; viewBox: unchanged.

    XML whose root element is SVG's has the names of SVG as well.
    """
    if file_type == _HTML:
        return _html(content, collector)
    words = flowing_words(collector, keeps_lines=True)
    return _xml(content, words, must_be_svg=file_type == SVG)


def html_word_count(pieces: Iterable[str], collector: TextCollector | None = None) -> int:
    """The words of an HTML text in chunks, as `extract` counts them."""
    return _read(pieces, collector).words.count


def _html(content: BinaryIO, collector: TextCollector | None) -> RawMetadata:
    charset = _CHARSET.search(content.read(_CHARSET_WITHIN_BYTES))
    found, encoding = text.read(content, charset[1].decode() if charset else None)
    page = _read(text.decoded_chunks(content, encoding), collector)
    if not page.known_elements:
        raise FileRejectedError(FailureCode.UNREADABLE, "The text has no HTML element.")
    return {
        "encoding": found["encoding"],
        "title": page.title,
        "elementCount": page.elements,
        "wordCount": page.words.count,
        "hasScripts": page.has_scripts,
    }


def _read(pieces: Iterable[str], collector: TextCollector | None) -> _Page:
    page = _Page(flowing_words(collector))
    for piece in pieces:
        page.feed(piece)
        page.words.flush()
        if len(page.rawdata) > _MAX_OPEN:
            page.shorten()
        if page.elements > MAX_ELEMENTS:
            raise LimitExceededError("The HTML has more elements than the limit.")
    page.close()
    return page


class _Page(HTMLParser):
    """Collects counts, title and scripts."""

    def __init__(self, words: WordBuffer) -> None:
        super().__init__(convert_charrefs=True)
        self.elements = 0
        self.known_elements = 0
        self.words = words
        self._add = words.add
        self._has_scripts = False
        self._unseen: str | None = None
        self._titles: list[str] = []
        self._has_title = False
        self._is_in_title = False
        self._svg_depth = 0
        self._is_whole = True

    @property
    def has_scripts(self) -> bool | None:
        """None if there are none in what was read, and a part of a tag was not."""
        return self._has_scripts or (False if self._is_whole else None)

    @property
    def title(self) -> str | None:
        """Text of the first title: https://html.spec.whatwg.org/#document.title."""
        return " ".join("".join(self._titles).split()) or None

    def shorten(self) -> None:
        """Drop the middle of an incomplete token, so that its end is still found."""
        data = self.rawdata
        if self.cdata_elem or not data.startswith("<"):
            self.handle_data(data[:-_KEPT])
            self.rawdata = data[-_KEPT:]
        elif name := _TAG_NAME.match(data):
            self.rawdata = _shortened_tag(data, name.group())
            if not data.startswith(self.rawdata) and _MAY_BE_SCRIPTED.search(data):
                self._is_whole = False
        else:
            self.rawdata = f"{data[:_OPENING]}_{data[-_KEPT:]}"

    # The next three methods override internal ones, for half the time.

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 - as in HTMLParser
        """Do not count lines."""
        return j

    def parse_starttag(self, i: int) -> int:
        """Handle a tag without attributes here."""
        plain = _PLAIN_START.match(self.rawdata, i)
        if not plain or (tag := plain[1].lower()) not in _PLAIN:
            return super().parse_starttag(i)
        self.handle_starttag(tag, [])
        return plain.end()

    def parse_endtag(self, i: int) -> int:
        """Handle a tag without attributes here; those that end a script or style are not plain."""
        plain = _PLAIN_END.match(self.rawdata, i)
        if not plain or (tag := plain[1].lower()) not in _PLAIN:
            return super().parse_endtag(i)
        self.handle_endtag(tag)
        return plain.end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        self.known_elements += tag in _KNOWN
        if not self._has_scripts:
            self._has_scripts = tag == "script" or (bool(attrs) and _are_scripted(dict(attrs)))
        if tag in _UNSEEN and not self._unseen:
            self._unseen = tag
            self._begin_title(tag)
        elif tag == "svg":
            self._svg_depth += 1
        elif tag == _PREFORMATTED:
            self._add = self.words.add_verbatim
        if tag not in _INLINE:
            self.words.end_word(_CELLS.get(tag, PARAGRAPH))

    def _begin_title(self, tag: str) -> None:
        """Collect the title if it is the document's, and not that of an SVG in it."""
        self._is_in_title = tag == "title" and not self._has_title and not self._svg_depth
        self._has_title = self._has_title or self._is_in_title

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # significant only in embedded SVG
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = None
            self._is_in_title = False
        elif tag == "svg" and self._svg_depth:
            self._svg_depth -= 1
        elif tag == _PREFORMATTED:
            self._add = self.words.add
        if tag not in _INLINE:
            self.words.end_word(_CELLS.get(tag, PARAGRAPH))

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._add(data)
        elif self._is_in_title:
            self._titles.append(data[:_MAX_TITLE])
            self._is_in_title = sum(map(len, self._titles)) < _MAX_TITLE


def _shortened_tag(data: str, name: str) -> str:
    """An incomplete start tag without its long value or most of its attributes."""
    outside = 0
    for value in _QUOTED_VALUE.finditer(data):
        if not (value[1] or value[2]):  # incomplete, such as an inline image
            before, kept = data[: value.start()], data[value.start() :][:_KEPT]
            if len(before) > _MAX_OPEN // 2:
                before = f"{name} {before.split()[-1][-_KEPT:]}"
            return before + kept
        outside = value.end()
    return f"{name} {data[max(outside, len(data) - _KEPT) :]}"


def _xml(content: BinaryIO, words: WordBuffer, *, must_be_svg: bool) -> RawMetadata:
    document = _Document(words, must_be_svg=must_be_svg)
    try:
        parse(_chunks(content), document, rejects_dtd=False, on_skipped=document.skip)
    except FileRejectedError:
        raise
    except (expat.ExpatError, ValueError) as error:
        raise FileRejectedError(FailureCode.UNREADABLE, "The XML is not well-formed.") from error
    return document.metadata()


class _Document:
    """Collects the metadata of XML; a handler for `parse`."""

    def __init__(self, words: WordBuffer, *, must_be_svg: bool) -> None:
        self._must_be_svg = must_be_svg
        self._root = Start("", {})
        self._is_svg = False
        self._elements = 0
        self._title: str | None = None
        self._is_title = False
        self._depth = 0
        self._has_scripts = False
        self._is_whole = True
        self._words = words
        self._add = words.add

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        if depth == 1:
            self._root = Start(name, attributes)
            self._is_svg = _is_svg(self._root, must_be=self._must_be_svg)
        elif depth == 2:
            self._is_title = local_name(name) == "title"
        self._depth = depth
        self._elements += 1
        self._add(" ")
        if self._is_svg and not self._has_scripts:
            self._has_scripts = local_name(name) == "script" or _are_scripted(attributes)

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        self._depth = depth - 1
        self._add(" ")

    def text(self, text: str) -> None:
        self._add(text)
        if self._is_title and self._depth == 2 and len(self._title or "") < _MAX_TITLE:
            self._title = (self._title or "") + text

    def end_chunk(self) -> None:
        self._words.flush()

    def skip(self, name: str, is_parameter: bool) -> None:  # noqa: ARG002 - a handler
        """Take note of an entity whose content is not read."""
        self._is_whole = False

    def metadata(self) -> RawMetadata:
        """What `extract` returns."""
        root = self._root
        found: dict[str, str | int | None] = {
            "title": self._title,
            "rootElement": root.local_name,
            "rootNamespace": _namespace(root),
            "elementCount": self._elements,
            "wordCount": self._words.count,
        }
        if self._is_svg:
            found["hasScripts"] = self._has_scripts or (False if self._is_whole else None)
            found["viewBox"] = root.attributes.get("viewBox")
            found["width"] = _pixels(root.attributes.get("width"))
            found["height"] = _pixels(root.attributes.get("height"))
        return found


def _is_svg(root: Start, *, must_be: bool) -> bool:
    is_svg = type_by_root(root.local_name, _namespace(root)) == SVG
    if must_be and not is_svg:
        raise FileRejectedError(FailureCode.UNREADABLE, "The XML's root element is not svg.")
    return is_svg


def _namespace(element: Start) -> str | None:
    return element.name.rpartition(" ")[0] or None


def _are_scripted(attributes: Mapping[str, str | None]) -> bool:
    return any(
        _HANDLER.fullmatch(name) or (value or "").lstrip()[:11].lower() == "javascript:"
        for name, value in attributes.items()
    )


def _pixels(length: str | None) -> int | None:
    pixels = _PIXELS.fullmatch(length or "")
    return int(float(pixels[1]) + 0.5) if pixels else None


def _chunks(content: BinaryIO) -> Iterator[bytes | str]:
    """The document in chunks, decoded if expat does not support its encoding.

    Raises:
        ValueError: it is not in its declared encoding.
    """
    declared = _ENCODING.match(content.read(_DECLARATION_BYTES))
    codec = _TRANSCODED.get(declared[1].decode().lower()) if declared else None
    content.seek(0)
    decoder = codecs.getincrementaldecoder(codec)() if codec else None
    while chunk := content.read(_CHUNK_BYTES):
        yield decoder.decode(chunk) if decoder else chunk
    if decoder:
        yield decoder.decode(b"", final=True)
