r"""RTF: fields, words, escapes, destinations and limits."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.detection import candidate_types, conflicts_with
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import rtf
from tests.support.metadata import analyze, extract

RTF = "application/rtf"

WORD_FILE = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}}
{\colortbl ;\red255\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1 heading 1;}}
{\*\generator A program 1.0;}
{\info{\title Caf\'e9 au lait}{\author Zo\u235\'eb}{\creatim\yr2024\mo5\dy1}}
{\header\pard A header\par}
\pard\f0\fs22 one {\b two}\par
three\tab four\line fi
ve{\footnote a note}\par
{\field{\*\fldinst{HYPERLINK "https://example.com"}}{\fldrslt six}} {\deleted gone}seven\par
}
"""


def metadata_of(content: bytes) -> dict[str, object]:
    """The metadata that a record stores."""
    return dict(extract(io.BytesIO(content), RTF))


def word_count_of(body: bytes) -> object:
    """The words of an RTF with this body."""
    return metadata_of(rb"{\rtf1\ansi " + body + b"}")["wordCount"]


def title_of(title: bytes, header: bytes = rb"\ansi\ansicpg1252") -> object:
    """The title of an RTF whose title group has this content."""
    return metadata_of(rb"{\rtf1" + header + rb"{\info{\title " + title + b"}}x}").get("title")


def test_document() -> None:
    """A document has a title, an author and the words of its body."""
    assert metadata_of(WORD_FILE) == {"title": "Café au lait", "author": "Zoë", "wordCount": 7}


def test_detection() -> None:
    """The prefix decides the type, and each of its names may be declared."""
    assert candidate_types(WORD_FILE, None, is_whole_file=True) == [RTF]
    assert not any(conflicts_with(name, RTF) for name in (RTF, "text/rtf", "application/x-rtf"))
    assert conflicts_with("text/plain", RTF)
    assert analyze(io.BytesIO(WORD_FILE), [RTF]).file_type == RTF


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param(rb"a\u8364?b", "a€b", id="one fallback character"),
        pytest.param(rb"a\u8364\'80b", "a€b", id="fallback in hex"),
        pytest.param(rb"\uc0 a\u8364 b", "a€b", id="no fallback"),
        pytest.param(rb"{\uc2 a\u8364 xyb}\u233?c", "a€béc", id="uc ends with its group"),
        pytest.param(rb"{\u8364}ab", "€ab", id="group without fallback"),
        pytest.param(rb"\u-10179?\u-8704?", "\U0001f600", id="surrogate pair, negative"),
        pytest.param(rb"\u-10179?x", "\ufffdx", id="lone surrogate"),
        pytest.param(rb"a\\b\{c\}d\~e\_f\-g", "a\\b{c}d\xa0e-fg", id="control symbols"),
        pytest.param(rb"\ldblquote a\rdblquote\emdash b", "“a”—b", id="named characters"),
        pytest.param(rb"{\*\unknown x}a", "a", id="ignorable destination"),
        pytest.param(b"a\r\nb", "ab", id="line ends are not text"),
        pytest.param(b"x" * 20_000, "x" * 1_024, id="very long"),
    ],
)
def test_text(title: bytes, expected: str) -> None:
    """Escapes become the characters that they stand for."""
    assert title_of(title) == expected


@pytest.mark.parametrize(
    ("header", "title", "expected"),
    [
        pytest.param(rb"\ansi\ansicpg1251", rb"\'cc\'e8\'f0", "Мир", id="Cyrillic"),
        pytest.param(rb"\ansi\ansicpg932", rb"\'93\'fa\'96\'7b", "日本", id="Japanese"),
        pytest.param(rb"\ansi\ansicpg932", rb"\'83A", "ア", id="trail byte as a character"),
        pytest.param(rb"\ansi\ansicpg65001", rb"\'c3\'a9", "é", id="UTF-8"),
        pytest.param(rb"\ansi\ansicpg99999", rb"\'e9", "é", id="unknown code page"),
        pytest.param(rb"\mac", rb"\'8e", "é", id="Macintosh"),
        pytest.param(rb"\pc", rb"\'82", "é", id="DOS"),
        pytest.param(b"", b"\xe9", "é", id="raw byte"),
    ],
)
def test_code_pages(header: bytes, title: bytes, expected: str) -> None:
    """Bytes beyond ASCII are characters of the document's code page."""
    assert title_of(title, header) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(rb"\f1 \'83\'41\'81\'40\'83\'43", 2, id="font"),
        pytest.param(rb"{\f1 \'83\'41}\'81\'40\'83\'43", 1, id="font of a group"),
        pytest.param(rb"\f1\plain \'83\'41\'81\'40\'83\'43", 1, id="font switched off"),
        pytest.param(rb"\f2 a\'a0b", 1, id="code page of a font"),
        pytest.param(rb"\f3 a\'a0b", 2, id="symbols"),
        pytest.param(rb"\f9 a\'a0b", 2, id="unknown font"),
        pytest.param(rb"\deff1 \'83\'41\'81\'40\'83\'43", 2, id="default font"),
    ],
)
def test_fonts(body: bytes, words: int) -> None:
    """Bytes beyond ASCII are characters of the font's code page, of which some are spaces."""
    fonts = rb"{\f0\fcharset0 A;}{\f1\fcharset128 \'82\'a0;}{\f2\cpg437 C;}{\f3\fcharset2 D;}"
    assert words == word_count_of(rb"{\fonttbl" + fonts + b"}" + body)


def test_unicode_version_of_a_title() -> None:
    """Of a title that is stored twice, as Word writes it, the Unicode version counts."""
    content = rb"{\rtf1{\info{\upr{\title ?}{\*\ud{\title \u26085 \u26412 }}}}x}"
    assert metadata_of(content.replace(rb"{\*\ud", rb"{\*\ud\uc0")) == {
        "title": "日本",
        "wordCount": 1,
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"one\\par two", 2, id="paragraphs"),
        pytest.param(b"one\\\ntwo", 2, id="escaped line end"),
        pytest.param(b"on{\\i e} two", 2, id="format within a word"),
        pytest.param(rb"\trowd one\cell two\cell\row", 2, id="cells"),
        pytest.param(rb"{\pict\pngblip 89504e47 0d0a}one", 1, id="picture"),
        pytest.param(b"{\\pict\\bin6 }}{\\{ }one", 1, id="binary data with braces"),
        pytest.param(rb"{\*\unknown{nested {deeper} words}}one", 1, id="nested in an ignorable"),
        pytest.param(rb"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt one}}}", 1, id="text box"),
        pytest.param(rb"{\info{\title two words}{\doccomm three more words}}one", 1, id="info"),
        pytest.param(rb"one\deleted0 two", 1, id="deletion switched off"),
        pytest.param(b"", 0, id="none"),
        pytest.param(b"word " * 500_000, 500_000, id="several chunks"),
        pytest.param(b"\\b1 word\\par\r\n" * 200_000, 200_000, id="controls across chunks"),
        pytest.param(b"{\\bin2000000 " + b"}" * 2_000_000 + b"}one", 1, id="binary over chunks"),
    ],
)
def test_word_count(body: bytes, words: int) -> None:
    """Words of the body are counted, and no other text."""
    assert words == word_count_of(body)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(WORD_FILE[:-200], id="cut off"),
        pytest.param(rb"{\rtf1 one}}", id="one brace too many"),
        pytest.param(rb"{\rtf1 one}{\rtf1 two}", id="two documents"),
        pytest.param(rb"{\rtf1 {one}", id="open group"),
        pytest.param(rb"{\rtf1 \bin99 one}", id="binary data beyond the end"),
        pytest.param(b"{\\rtf1" + b"{" * 1_001 + b"}" * 1_002, id="groups too deep"),
        pytest.param(b"}", id="closed before it is opened"),
        pytest.param(b"{\\rtf1 \\", id="ends with a backslash"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """Unbalanced braces and too deep groups make a file unreadable."""
    with pytest.raises(FileRejectedError) as rejection:
        extract(io.BytesIO(content), RTF)

    assert rejection.value.code == FailureCode.UNREADABLE


def test_end() -> None:
    """Bytes after the last group, which many programs write, are ignored."""
    assert metadata_of(b"{\\rtf1 one}\r\n\0\x1a")["wordCount"] == 1


def test_too_many_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of too many controls is rejected."""
    monkeypatch.setattr(rtf, "_MAX_TOKENS", 100)
    with pytest.raises(FileRejectedError, match="more control words and groups than the limit"):
        extract(io.BytesIO(b"{\\rtf1" + b"\\b" * 101 + b"}"), RTF)
