"""The text of each type of file is the one whose words are counted."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest

from chalicelib.files import types
from chalicelib.files.analysis import Analysis
from chalicelib.files.detection import HEAD_BYTES, candidate_types
from chalicelib.files.mapped import MappedFile
from chalicelib.files.metadata import NAMES
from chalicelib.files.types import FILE_TYPES, SUPPORTED_TYPES
from tests.support import files, files_office, files_ole2, files_text
from tests.support.corpora import known_types
from tests.support.metadata import analyze
from tests.unit import test_extractors_epub as epub

WORD_BODY = (
    "<w:p><w:r><w:t>Two </w:t><w:t>words</w:t></w:r></w:p><w:p/>"
    "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>"
    '<w:p><w:r><w:br w:type="page"/><w:t xml:space="preserve">next  page</w:t></w:r></w:p>'
)
BOX = "<w:p><w:r><w:t>be</w:t>{}<w:t>fore</w:t></w:r></w:p><w:p><w:r><w:t>after</w:t></w:r></w:p>"
TEXT_BOX = "<w:txbxContent><w:p><w:r><w:t>in a</w:t></w:r>{}</w:p></w:txbxContent>"


def rtf(body: bytes) -> bytes:
    """An RTF with this body."""
    return rb"{\rtf1\ansi " + body + b"}"


def mail(*parts: tuple[str, str]) -> bytes:
    """A mail with parts of these subtypes and texts."""
    message = EmailMessage()
    message["From"] = "a@example.com"
    (subtype, text), *others = parts
    message.set_content(text, subtype=subtype)
    for subtype, text in others:
        message.add_alternative(text, subtype=subtype)
    return bytes(message)


def word(body: str) -> bytes:
    """A Word document with this body."""
    return files_office.docx(files_office.word_document(body))


CASES: Sequence[tuple[str, bytes, str]] = [
    (types.TEXT, "\ufeffna\u00efve\r\n text".encode(), "na\u00efve\n text"),
    (
        types.TEXT,
        "Gr\u00f6\u00dfe und Gr\u00fc\u00dfe".encode("cp1252"),
        "Gr\u00f6\u00dfe und Gr\u00fc\u00dfe",
    ),
    (types.MARKDOWN, b"# One\n\n* two", "# One\n\n* two"),
    (types.CSV, b"a,b\n1,2\n", "a,b\n1,2"),
    (types.PDF, files.pdf(["one two", "", "three"]), "one two\f\fthree"),
    (types.PDF, files.pdf(["docu-) Tj 0 -14 Td (ments"]), "documents"),
    (types.DOCX, word(WORD_BODY), "Two words\na\tb\nc\fnext page"),
    (types.DOCX, word(BOX.format(TEXT_BOX.format(""))), "before\nin a\nafter"),
    (
        types.DOCX,
        word(BOX.format(TEXT_BOX.format(TEXT_BOX.format("")))),
        "before\nin a\nin a\nafter",
    ),
    (
        types.ODT,
        files_office.open_document(
            "text",
            "<o:text><t:h>One</t:h>\n<t:p>a\n b<t:tab/>c<t:s/>d<t:line-break/>e</t:p></o:text>",
        ),
        "One\na b\tc d\ne",
    ),
    (
        types.RTF,
        rtf(rb"one {\b two}\par three\tab four\line five\page six"),
        "one two\nthree\tfour\nfive\fsix",
    ),
    (
        types.HTML,
        b"<title>no</title><p>a\n <b>t</b>wo<ul><li>c</ul><pre>x\n  y</pre>z<table><tr><td>1<td>2",
        "a two\nc\nx\n  y\nz\n1\t2",
    ),
    (types.XML, b"<a>one <b>two</b>\n <c>three\nfour</c></a>", "one two\nthree\nfour"),
    (types.SVG, b"<svg xmlns='http://www.w3.org/2000/svg'><text>a b</text></svg>", "a b"),
    (types.MAIL, mail(("plain", "one\ntwo"), ("html", "<p>three")), "one\ntwo"),
    (types.MAIL, mail(("html", "<p>three"), ("plain", "one")), "one"),
    (types.MAIL, mail(("html", "<p>one<p>two")), "one\ntwo"),
    (types.MSG, files_ole2.message({0x1000: "one\r\ntwo"}), "one\ntwo"),
    (
        types.SUBRIP,
        b"1\n00:00:01,000 --> 00:00:02,000\n<i>one</i>\ntwo\n\n2\n0:0:03 --> 0:0:04\nthree",
        "one\ntwo\n\nthree",
    ),
    (
        types.WEBVTT,
        b"WEBVTT\n\n00:01.000 --> 00:02.000\none\ntwo\n\nNOTE x\n\n00:03.000 --> 00:04.000\nthree",
        "one\ntwo\n\n\nthree",
    ),
    (
        types.PPTX,
        files_text.pptx(
            "<a:p><a:r><a:t>o</a:t></a:r><a:r><a:t>ne</a:t></a:r></a:p><a:p><a:t>two</a:t></a:p>",
            "<p/>",
            "<a:p><a:t>a</a:t><a:br/><a:t>b</a:t></a:p>",
        ),
        "one\ntwo\f\fa\nb",
    ),
    (
        types.XLSX,
        files_text.xlsx(
            ["<t>one\ntwo</t>", "<r><t>ri</t></r><r><t>ch</t></r><rPh><t>x</t></rPh>"],
            '<row><c t="s"><v>1</v></c><c/><c><f>1+1</f><v>2</v></c></row>'
            '<row><c t="s"><v>0</v></c><c t="b"><v>1</v></c></row>',
            '<row><c t="inlineStr"><is><t>here</t></is></c><c t="str"><v>text</v></c></row>',
        ),
        "rich\t2\none two\tTRUE\fhere\ttext",
    ),
    (
        types.XLSX,
        files_text.xlsx(
            [],
            '<row><c s="1"><v>40921</v></c><c><v>6.17E-2</v></c><c><v>x</v></c></row>',
            styles='<numFmts><numFmt numFmtId="164" formatCode="yy"/></numFmts><cellStyleXfs><xf/>'
            '</cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs><xf/>',
        ),
        "2012-01-13\t0.0617\tx",
    ),
    (
        types.XLS,
        files_text.xls(
            files_ole2.record(0x0203, struct.pack("<HHHd", 0, 0, 1, 40_921)),
            files_ole2.record(0x0203, struct.pack("<HHHd", 0, 1, 0, 40_921)),
            styles=files_ole2.record(0x041E, struct.pack("<HHB", 164, 2, 0) + b"yy")
            + files_ole2.record(0x00E0, bytes(20))
            + files_ole2.record(0x00E0, struct.pack("<HH", 0, 164).ljust(20, b"\0")),
        ),
        "2012-01-13\t40921\f2012-01-13\t40921",
    ),
    (types.RTF, rtf(rb"\u-10179 ?\u-8704 ?"), "\U0001f600"),
    (
        types.ODS,
        files_office.open_document(
            "spreadsheet",
            "<o:spreadsheet><table:table><table:table-row><table:table-cell><t:p>a</t:p><t:p>b</t:p>"
            "</table:table-cell><table:table-cell><t:p>c</t:p></table:table-cell></table:table-row>"
            "<table:table-row><table:table-cell><t:p>d</t:p></table:table-cell></table:table-row>"
            "</table:table><table:table><table:table-row><table:table-cell><t:p>e</t:p>"
            "</table:table-cell></table:table-row></table:table></o:spreadsheet>",
        ),
        "a b\tc\nd\fe",
    ),
    (
        types.ODP,
        files_office.open_document(
            "presentation",
            "<o:presentation><d:page><d:frame><d:text-box><t:p>a</t:p><t:p>b</t:p></d:text-box>"
            "</d:frame></d:page><d:page><t:p>c</t:p></d:page></o:presentation>",
        ),
        "a\nb\fc",
    ),
    (
        types.DOC,
        files_text.doc([b"a \x93b\x94\r\x13CODE \x14shown\x15", "\u4e2d\x07x\x07\x07\x0cy"]),
        "a \u201cb\u201d\nshown\u4e2d\tx\n\fy",
    ),
    (types.DOC, files_text.doc([b"body", b"note"], length=4), "body"),
    (types.DOC, files_text.doc([b"body", b"a box and"], length=4, boxes=5), "body\na box"),
    (
        types.DOC,
        files_text.old_doc("\u043e\u0434\u0438\u043d\r2".encode("cp1251"), 0x0419),
        "\u043e\u0434\u0438\u043d\n2",
    ),
    (types.DOC, files_text.old_doc(b"l\xd5auteur", 0x040C, is_mac=True), "l\u2019auteur"),
    (types.PPT, files_text.ppt("outline", b"a\vb", b"c"), "outline\na\nb\nc\n\foutline"),
    (
        types.XLS,
        files_text.xls(
            files_ole2.record(0x00FD, struct.pack("<HHHL", 0, 0, 0, 1)),
            files_ole2.record(0x0203, struct.pack("<HHHd", 0, 1, 0, 1.5)),
            files_ole2.record(0x027E, struct.pack("<HHHl", 1, 0, 0, 4 << 2 | 2)),
            files_ole2.record(0x0006, struct.pack("<HHH8s", 1, 1, 0, b"\0\0\0\0\0\0\xff\xff")),
            files_ole2.record(0x0207, struct.pack("<HB", 2, 0) + b"ab"),
            files_ole2.record(0x0205, struct.pack("<HHHBB", 2, 0, 0, 0x2A, 1)),
            strings=[
                struct.pack("<LLHB", 2, 2, 3, 8)
                + b"\1\0one"
                + bytes(4)
                + struct.pack("<HB", 4, 0)
                + b"be",
                b"\1" + "\u4e2dx".encode("utf-16-le"),
            ],
        ),
        "be\u4e2dx\t1.5\n4\tab\n#N/A\fbe\u4e2dx\t1.5\n4\tab\n#N/A",
    ),
    (epub.EPUB, epub.book(), "one two\fthree\nfour five"),
]


def analyzed(content: bytes, file_type: str) -> Analysis:
    """The analysis with the text."""
    return analyze(io.BytesIO(content), [file_type], with_text=True)


@pytest.mark.parametrize(
    ("file_type", "content", "text"), CASES, ids=[file_type for file_type, _, _ in CASES]
)
def test_text(file_type: str, content: bytes, text: str) -> None:
    """Paragraphs are separated by line feeds, cells by tabs, pages and chapters by form feeds."""
    found = analyzed(content, file_type)

    assert found.text is not None
    assert text == found.text.content.decode()
    assert len(text) == found.text.character_count
    assert found.metadata is not None
    assert found.metadata.get("wordCount", len(text.split())) == len(text.split())
    assert found.metadata == analyze(io.BytesIO(content), [file_type]).metadata


def test_cases_of_every_extractor() -> None:
    """Every extractor of text has a case above."""
    extractors = {row.extractor for row in FILE_TYPES.values() if row.has_text}

    assert extractors == {FILE_TYPES[file_type].extractor for file_type, _, _ in CASES}


def test_cases_with_words() -> None:
    """Of all extractors that count words, the text has as many."""
    counting = {
        FILE_TYPES[file_type].extractor
        for file_type, content, _ in CASES
        if "wordCount" in (analyzed(content, file_type).metadata or {})
    }

    assert counting == {name for name, values in NAMES.items() if "wordCount" in values}


@pytest.mark.parametrize(
    ("file_type", "content", "text"),
    [
        pytest.param(
            types.PPTX, files_text.pptx("<a:p><a:t>one</a:t></a:p>", "<a:p>"), "one\f", id="pptx"
        ),
        pytest.param(
            types.XLSX,
            files_text.xlsx([], "<row><c><v>1</v></c><c t='s'><v>9</v></c></row>"),
            "1",
            id="xlsx",
        ),
        pytest.param(types.DOC, files_text.doc([b"text", b"\x13" * 300_000]), "text", id="doc"),
        pytest.param(
            types.XLS,
            files_text.xls(
                files_ole2.record(0x0203, struct.pack("<HHHd", 0, 1, 0, 1.5)),
                files_ole2.record(0x00FD, struct.pack("<HHHL", 0, 0, 0, 1)),
            ),
            "1.5",
            id="xls",
        ),
    ],
)
def test_damaged(file_type: str, content: bytes, text: str) -> None:
    """A text that is damaged ends there, and is marked; the file is not rejected for it."""
    found = analyzed(content, file_type)

    assert found.text is not None
    assert (text, True) == (found.text.content.decode(), found.text.is_truncated)
    assert found.metadata == analyze(io.BytesIO(content), [file_type]).metadata


def test_types_without_text() -> None:
    """Pictures, sound, films, archives, tables in columns and address books have no text."""
    assert not any(
        FILE_TYPES[file_type].has_text
        for file_type in ("image/png", types.MP4, types.ZIP, types.PARQUET, types.VCARD)
    )


@pytest.mark.parametrize("kind", ["html", "text", "mail"])
def test_nothing_of_a_failed_attempt(kind: str) -> None:
    """A text that was decoded in the wrong encoding at first is decoded from its start again."""
    text = "x" * 70_000 + " Gr\u00f6\u00dfe und Gr\u00fc\u00dfe"
    content = {
        "html": f"<p>{text}".encode("cp1252"),
        "text": text.encode("cp1252"),
        "mail": b"From: a@b.c\nContent-Type: text/plain; charset=cp1252\n\n"
        + text.encode("cp1252"),
    }[kind]
    found = analyzed(content, {"html": types.HTML, "text": types.TEXT, "mail": types.MAIL}[kind])

    assert found.text is not None
    assert text == found.text.content.decode().strip()


def test_corpora() -> None:
    """The text of real files has as many words as their metadata states."""
    different: Mapping[str, tuple[object, int]] = {
        path.name: counts
        for path in known_types()
        if (counts := _counts(path)) and counts[0] != counts[1]
    }

    assert not different


def _counts(path: Path) -> tuple[object, int] | None:
    """The word count, and the words of the text; None if either is absent or cut."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = candidate_types(head, None, is_whole_file=path.stat().st_size <= HEAD_BYTES)
    candidates = [file_type for file_type in found if file_type in SUPPORTED_TYPES]
    if not candidates:
        return None
    with MappedFile(os.open(path, os.O_RDONLY)) as content:
        analysis = analyze(content, candidates, with_text=True)
    words = (analysis.metadata or {}).get("wordCount")
    if words is None or (analysis.text and analysis.text.is_truncated):
        return None
    return words, len(analysis.text.content.decode().split()) if analysis.text else 0
