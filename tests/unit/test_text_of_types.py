"""The text of each type of file is the one whose words are counted."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest

from chalicelib.files import types
from chalicelib.files.analysis import Analysis
from chalicelib.files.detection import HEAD_BYTES, candidate_types
from chalicelib.files.mapped import MappedFile
from chalicelib.files.types import FILE_TYPES, SUPPORTED_TYPES
from tests.support import files, files_office, files_ole2
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
    assert found.metadata["wordCount"] == len(text.split())
    assert found.metadata == analyze(io.BytesIO(content), [file_type]).metadata


def test_cases_of_every_extractor() -> None:
    """Every extractor of text has a case above."""
    extractors = {row.extractor for row in FILE_TYPES.values() if row.has_text}

    assert extractors == {FILE_TYPES[file_type].extractor for file_type, _, _ in CASES}


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
