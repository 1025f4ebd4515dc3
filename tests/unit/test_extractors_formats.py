"""Formats of text: tables, JSON, markup. What is not good as one is not taken for it."""

from __future__ import annotations

import io
import time

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import csv_table, json_text
from tests.support.metadata import extract

CSV = "text/csv"
HTML = "text/html"
JSON = "application/json"
LINES = "application/x-ndjson"
SVG = "image/svg+xml"
XML = "application/xml"


@pytest.mark.parametrize(
    ("content", "delimiter", "columns", "rows"),
    [
        pytest.param(b"a,b\n1,2\n", ",", 2, 2, id="commas"),
        pytest.param(b"a;b\r\n1,5;2,5\r\n", ";", 2, 2, id="semicolons and decimal commas"),
        pytest.param(b"a\tb\r1\t2", "\\t", 2, 2, id="tabs and old Macs' lines"),
        pytest.param(b"a|b|c\n1|2|3", "|", 3, 2, id="bars"),
        pytest.param(b'a,b\n"x, y","line\nbreak"\n\n', ",", 2, 2, id="quotes"),
        pytest.param("\ufeffä,b\n1,2".encode(), ",", 2, 2, id="byte order mark"),
        pytest.param("ä,b\n1,2".encode("utf-16"), ",", 2, 2, id="UTF-16"),
        pytest.param(b"a,b\n" * 50_000, ",", 2, 50_000, id="many rows"),
    ],
)
def test_table(content: bytes, delimiter: str, columns: int, rows: int) -> None:
    """A table's delimiter is found, and its columns and rows counted."""
    found = csv_table.extract(io.BytesIO(content), CSV)

    assert (delimiter, columns, rows) == (
        found["delimiter"],
        found["columnCount"],
        found["rowCount"],
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a,b\n1,2,3\n", id="a field too many"),
        pytest.param(b"one\ntwo\n", id="one column"),
        pytest.param(b'a,b\n"1,2\n', id="quote that does not end"),
        pytest.param(b'a,b\n"1"x,2\n', id="text after a quote"),
        pytest.param(b"a,b" + b"x" * 3_000_000, id="line without end"),
        pytest.param(b"a,b\n" * 99 + b"\0", id="binary data"),
    ],
)
def test_no_table(content: bytes) -> None:
    """A text whose rows differ in their fields is not a table."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), CSV)

    assert refusal.value.code is FailureCode.UNREADABLE


def test_row_without_end() -> None:
    """A row of short fields is not gathered to its end: they would take twenty times as much."""
    content = io.BytesIO(b"a,b\n" * 9 + b'"\nxy",' * 1_500_000)

    with pytest.raises(FileRejectedError):
        csv_table.extract(content, CSV)

    assert content.tell() < 2_000_000


def test_line_without_end() -> None:
    """A line that is too long for a row is not gathered to its end."""
    content = io.BytesIO(b"a,b" + b"x" * 9_000_000)

    with pytest.raises(FileRejectedError):
        csv_table.extract(content, CSV)

    assert content.tell() < 2_000_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": [1, {"b": 2}], "c": 3}', {"topLevel": "object", "memberCount": 2, "depth": 3}),
        (b"[1, [2, 3], {}]", {"topLevel": "array", "recordCount": 3, "depth": 2}),
        (b"\xef\xbb\xbf[]", {"topLevel": "array", "recordCount": 0, "depth": 1}),
        (b'"text"', {"topLevel": "string", "depth": 0}),
        (b"null", {"topLevel": "null", "depth": 0}),
        (b"-1e400", {"topLevel": "number", "depth": 0}),
        (b"1" * 100, {"topLevel": "number", "depth": 0}),
    ],
)
def test_json(content: bytes, expected: dict[str, object]) -> None:
    """The top-level type of JSON and its number of items are extracted."""
    assert expected == extract(io.BytesIO(content), JSON)


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1}\n\n[2]\r\n3', b'["a[", 1]\n"{"\n"}"', b'{"a": 1}\n{"a": 2}\n{"a": 3}\n' + b" " * 9],
)
def test_json_lines(content: bytes) -> None:
    """JSON Lines are counted, blank ones left out."""
    assert extract(io.BytesIO(content), LINES)["recordCount"] == 3


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(b"[1, 2", JSON, id="cut off"),
        pytest.param(b"[1,]", JSON, id="comma too many"),
        pytest.param(b"[NaN]", JSON, id="no number"),
        pytest.param(b"// no\n[1]", JSON, id="comment"),
        pytest.param(b"[1] [2]", JSON, id="two values"),
        pytest.param(b'["\xff"]', JSON, id="no UTF-8"),
        pytest.param(b"[" * 20_000, JSON, id="deep"),
        pytest.param(b'{"a":1} {"b":2}', LINES, id="two values on a line"),
        pytest.param(b'{"a":\n1}\n{"b":2}', LINES, id="one value on two lines"),
        pytest.param(b"[1,\n2][3]", LINES, id="two values on two lines"),
        pytest.param(b'{"a":\n1}{"b":2}\n', LINES, id="line that ends with a colon"),
        pytest.param(b'{"a"\n:1}{"b":2}\n', LINES, id="line that begins with a colon"),
        pytest.param(b"[1\r\n\t,2][3]", LINES, id="line that begins with a comma"),
        pytest.param(b"[\n\n1][3]", LINES, id="line that ends with a bracket"),
        pytest.param(b"[1 \n ] 3", LINES, id="line that begins with a bracket"),
        pytest.param(
            b"[" + b" " * 2_000_000 + b"\n1][3]", LINES, id="bracket that ends a line of pieces"
        ),
    ],
)
def test_no_json(content: bytes, file_type: str) -> None:
    """Input that RFC 8259 does not allow is not JSON."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), file_type)

    assert refusal.value.code is FailureCode.UNREADABLE


def test_json_is_read_in_pieces() -> None:
    """No more of the JSON is asked for at once than a piece, however large it is."""

    class Watched(io.BytesIO):
        largest = 0

        def read(self, amount: int | None = -1, /) -> bytes:
            data = super().read(amount)
            self.largest = max(self.largest, len(data))
            return data

    content = Watched(b"[" + b"1," * 3_000_000 + b"1]")

    assert json_text.extract(content, JSON)["recordCount"] == 3_000_001
    assert content.largest <= 1_048_576


def test_html() -> None:
    """The title of an HTML page and the count of its visible words are extracted."""
    page = (
        b"<!doctype html><title>A &amp; B</title><style>p {}</style><script>var a</script>"
        b"<p>one<b>half</b> two<p>three<br>four</p><!-- no --><img src=x>&nbsp;five"
    )

    assert extract(io.BytesIO(page), HTML) == {
        "encoding": "utf-8",
        "title": "A & B",
        "elementCount": 8,
        "wordCount": 5,
        "hasScripts": True,
    }


@pytest.mark.parametrize(
    ("content", "has_scripts"),
    [
        (b"<p>onclick=1", False),
        (b"<p onclick=1>", True),
        (b"<a href=' JavaScript:x'>", True),
    ],
)
def test_scripts(content: bytes, has_scripts: bool) -> None:
    """Scripts are found wherever a page can have them."""
    assert has_scripts == extract(io.BytesIO(content), HTML)["hasScripts"]


def test_html_tag_without_end() -> None:
    """A tag that does not end costs no more than what is read of it."""
    content = b"<p>one " + b"<a href='" + b"x" * 3_000_000

    assert extract(io.BytesIO(content), HTML)["elementCount"] == 1


BORDER = 131_072
"""Characters after which HTML that has not ended yet has been looked at twice."""


def up_to_border(begin: bytes, less: int) -> bytes:
    """The beginning, padded so that so many characters are missing to the border."""
    return begin + b"x" * (BORDER - len(begin) - less)


@pytest.mark.parametrize("less", range(-2, 20))
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        pytest.param(b"<p><script>", b"</script>", id="script"),
        pytest.param(b"<p><style>", b"</STYLE>", id="style"),
        pytest.param(b"<p><!--", b"-->", id="comment"),
        pytest.param(b"<p><!doctype x", b">", id="declaration"),
        pytest.param(b"<p><?x", b"?>", id="instruction"),
        pytest.param(b"<p></p x", b">", id="end tag"),
        pytest.param(b"<p><img alt='>' src=\"data:", b"\" alt='b>'>", id="quoted value"),
        pytest.param(b"<p><img src=data:", b">", id="value"),
        pytest.param(b"<p><img src=", b" alt='a>' title=\"b'\">", id="attributes after a value"),
        pytest.param(b"<p title='a' lang=\"b\" ", b" alt='>'>", id="attributes"),
        pytest.param(b"<p title='" + b"a" * 50_000 + b"' lang='", b">'>", id="two values"),
    ],
)
def test_html_after_what_is_long(begin: bytes, end: bytes, less: int) -> None:
    """What comes after a comment, a script or a tag of many pieces is read as always."""
    short = extract(io.BytesIO(begin + b"x" + end + b"<p>one two <b>three</b>"), HTML)
    long = extract(io.BytesIO(up_to_border(begin, less) + end + b"<p>one two <b>three</b>"), HTML)

    assert short["wordCount"] == 3
    assert short == long


@pytest.mark.parametrize(
    ("begin", "end"),
    [(b"<p><!--", b"-->"), (b"<p><script>", b"</script>"), (b"<p><img alt='", b"'>")],
)
def test_html_of_one_long_thing(begin: bytes, end: bytes) -> None:
    """Words that a page does not show are not counted, and it takes no longer than its length."""
    content = begin + b" word" * 2_000_000 + end + b"<p>one two"
    start = time.process_time()

    assert extract(io.BytesIO(content), HTML)["wordCount"] == 2
    assert time.process_time() - start < 4


def test_html_script_after_a_long_value() -> None:
    """An event handler is found behind a picture that stands in the page."""
    content = b"<p><img src='data:" + b"x" * 400_000 + b"' onload='x'>"

    assert extract(io.BytesIO(content), HTML)["hasScripts"] is True


@pytest.mark.parametrize(
    ("attribute", "has_scripts"), [(b"onload", None), (b"alt", False), (b"href='&#106;' x", None)]
)
def test_scripts_in_an_unread_attribute(attribute: bytes, has_scripts: bool | None) -> None:
    """Whether a page has scripts is unknown if attributes of an overlong tag may be some."""
    content = b"<img " + attribute + b"='x' " + b"a " * 200_000 + b">"

    assert has_scripts is extract(io.BytesIO(content), HTML).get("hasScripts")


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        pytest.param(b"<meta charset=KOI8-U>", "koi8-r", id="charset"),
        pytest.param(
            b"<!--" + b"x" * 9_000 + b"--><META content='text/html; charset=koi8-u'>",
            "koi8-r",
            id="content type, beyond the first bytes",
        ),
        pytest.param(b"<meta charset=utf-8>", "unknown-8bit", id="wrong"),
        pytest.param(b"<meta charset=base64>", "unknown-8bit", id="no encoding of texts"),
        pytest.param(b"<meta charset=no-such>", "unknown-8bit", id="unknown"),
        pytest.param(b"", "unknown-8bit", id="undeclared"),
    ],
)
def test_declared_encoding(declared: bytes, encoding: str) -> None:
    """The encoding that a page declares is used if it has too few letters to detect it."""
    found = extract(io.BytesIO(declared + b"<title>" + "мир".encode("koi8_r")), HTML)

    assert encoding == found["encoding"]
    assert (encoding == "koi8-r") is (found["title"] == "мир")


def test_misdeclared_encoding() -> None:
    """A wrong declaration does not change an encoding that is detected."""
    sentence = "Это русский текст, он довольно длинный.".encode("cp1251")
    found = extract(io.BytesIO(b"<meta charset=windows-1255><p>" + sentence), HTML)

    assert found["encoding"] == "windows-1251"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        pytest.param(b"<title>One\n  two </title><title>three</title>", "One two", id="first"),
        pytest.param(
            b"<body><svg><title>icon</title></svg><SVG/><title>page</title>", "page", id="after SVG"
        ),
        pytest.param(b"<p><svg><title>icon</title><path/></svg>", None, id="SVG only"),
        pytest.param(b"<title> </title><title>two</title>", None, id="empty"),
    ],
)
def test_html_title(content: bytes, title: str | None) -> None:
    """The title is that of the page, as browsers show it, and not of a picture in it."""
    assert title == extract(io.BytesIO(content), HTML).get("title")


@pytest.mark.parametrize(
    ("content", "has_scripts"),
    [
        pytest.param(b"<!DOCTYPE svg [<!ENTITY a '<script/>'>]><svg>&a;</svg>", None, id="entity"),
        pytest.param(b"<!DOCTYPE svg [<!ENTITY a 'x'>]><svg id='&a;'/>", False, id="attribute"),
        pytest.param(b"<!DOCTYPE svg [<!ENTITY a 'x'>]><svg onload=''>&a;</svg>", True, id="both"),
        pytest.param(b"<svg>&lt;</svg>", False, id="reference"),
    ],
)
def test_scripts_in_svg_entities(content: bytes, has_scripts: bool | None) -> None:
    """Whether an SVG has scripts is unknown if it has content that is not read."""
    assert has_scripts is extract(io.BytesIO(content), SVG).get("hasScripts")


def test_html_of_one_long_text() -> None:
    """A text that looks as if a reference were cut off with each piece is counted as it comes."""
    content = b"<p>" + b"&a b&" * 300_000

    assert extract(io.BytesIO(content), HTML)["wordCount"] == 300_001


def test_xml() -> None:
    """The root element of XML, and the title below it, are extracted."""
    content = (
        b"<?xml version='1.0' encoding='iso-8859-1'?><!DOCTYPE f>"
        b"<a:f xmlns:a='urn:x'><title>caf\xe9</title><b>one<c/>two &lt; three</b></a:f>"
    )

    assert extract(io.BytesIO(content), XML) == {
        "title": "café",
        "rootElement": "f",
        "rootNamespace": "urn:x",
        "elementCount": 4,
        "wordCount": 5,
    }


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("Shift_JIS", "日本語"),
        ("EUC-JP", "日本語"),
        ("iso-2022-jp", "日本語"),
        ("gb2312", "中文"),
        ("GBK", "中文"),
        ("big5", "中文"),
        ("euc-kr", "한국어"),
        ("windows-1251", "Привет"),
        ("utf-16", "中文"),
    ],
)
@pytest.mark.parametrize("before", [0, 1_048_570, 1_048_571])
def test_xml_encoding(encoding: str, title: str, before: int) -> None:
    """XML is read in the encoding that it declares, of however many bytes a character."""
    head = f"<?xml version='1.0' encoding='{encoding}'?><list><a>{'x' * before}</a>"
    content = f"{head}<title>{title}</title></list>".encode(encoding)

    assert extract(io.BytesIO(content), XML)["title"] == title


def test_xml_in_another_encoding() -> None:
    """XML that is not in the encoding that it declares is not well-formed."""
    content = b"<?xml version='1.0' encoding='Shift_JIS'?><a>\x81\x00</a>"

    with pytest.raises(FileRejectedError, match="not well-formed"):
        extract(io.BytesIO(content), XML)


def test_long_attribute() -> None:
    """An attribute of many pieces is not looked at again from its start with each small one."""
    content = b"<list a='" + b"x" * 20_000_000 + b"'/>"
    begin = time.process_time()

    assert extract(io.BytesIO(content), XML)["elementCount"] == 1
    assert time.process_time() - begin < 3


def test_entities_are_not_unfolded() -> None:
    """An entity of an entity of an entity counts no word, and takes no time."""
    entities = '<!ENTITY e0 "word ">' + "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30)
    )
    content = f"<!DOCTYPE a [{entities}]><a>&e29;</a>"

    assert extract(io.BytesIO(content.encode()), XML)["wordCount"] == 0


def test_xml_title() -> None:
    """The title is the text directly within its element below the root."""
    content = b"<a><b><title>no</title></b><title>y<i>no</i>es</title>no<title>, it is</title></a>"

    assert extract(io.BytesIO(content), XML)["title"] == "yes, it is"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"<a>on<!-- c -->e<![CDATA[ ]]>two</a>", 2, id="comment"),
        pytest.param(b"<a>one<b/>two</a>", 2, id="empty element"),
        pytest.param("<a>" + "é" * 700_000 + " b</a>", 2, id="over the border of two chunks"),
    ],
)
def test_xml_words(content: bytes | str, words: int) -> None:
    """A word ends with an element, not with a comment or a piece of the document."""
    encoded = content.encode() if isinstance(content, str) else content

    assert words == extract(io.BytesIO(encoded), XML)["wordCount"]


def test_svg() -> None:
    """An SVG's size, if in pixels, its view box and the presence of scripts are extracted."""
    content = (
        b"<svg xmlns='http://www.w3.org/2000/svg' width='300px' height='50%' viewBox='0 0 3 2'>"
        b"<title>A title</title><rect onload='x'/></svg>"
    )

    assert extract(io.BytesIO(content), SVG) == {
        "title": "A title",
        "rootElement": "svg",
        "rootNamespace": "http://www.w3.org/2000/svg",
        "elementCount": 3,
        "wordCount": 2,
        "hasScripts": True,
        "viewBox": "0 0 3 2",
        "width": 300,
    }


@pytest.mark.parametrize(
    ("width", "pixels"),
    [("486.5", 487), ("182.49px", 182), ("0.4", 0), ("1e3", None), ("1.5cm", None)],
)
def test_svg_size(width: str, pixels: int | None) -> None:
    """A size in pixels is rounded; others are not recorded."""
    content = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}'/>".encode()

    assert pixels == extract(io.BytesIO(content), SVG).get("width")


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(b"<a><b></a>", XML, id="crossed tags"),
        pytest.param(b"<a>", XML, id="cut off"),
        pytest.param(b"<a/><b/>", XML, id="two roots"),
        pytest.param(b"<a>&b;</a>", XML, id="entity of no meaning"),
        pytest.param(b"<a>" * 2_000 + b"</a>" * 2_000, XML, id="deep"),
        pytest.param(b"<html/>", SVG, id="no SVG"),
        pytest.param(b"text & more", HTML, id="no element"),
    ],
)
def test_no_markup(content: bytes, file_type: str) -> None:
    """XML that is not well-formed is not XML, and a text without an element is not HTML."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), file_type)

    assert refusal.value.code is FailureCode.UNREADABLE
