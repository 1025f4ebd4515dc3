"""What the bytes of an upload are taken for, and what is rejected and when."""

from __future__ import annotations

import fcntl
import hashlib
import io
import logging
import os
import time
from collections.abc import Sequence
from typing import BinaryIO

import pytest

from chalicelib.documents import Failure, FailureCode
from chalicelib.files import types
from chalicelib.files.analysis import Analysis
from chalicelib.files.detection import HEAD_BYTES, candidate_types, conflicts_with
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.files.validation import Limits, Validation, validate
from tests.support import (
    files,
    files_images,
    files_media,
    files_office,
    files_ole2,
    files_parquet,
)
from tests.support.metadata import analyze

MEBIBYTE = 1_048_576
EVERYTHING = Limits(largest_file_bytes=50 * MEBIBYTE, allowed_types=SUPPORTED_TYPES)


class Body:
    """A body that counts what was read of it and gives at most so many bytes at once."""

    def __init__(self, content: bytes, most_at_once: int = 2**30) -> None:
        """Begin at the content's start."""
        self._content = io.BytesIO(content)
        self._most_at_once = most_at_once

    def read(self, amount: int) -> bytes:
        """As the network gives it: perhaps less than asked for."""
        return self._content.read(min(amount, self._most_at_once))

    @property
    def bytes_read(self) -> int:
        """How far the content was read."""
        return self._content.tell()


def inspected(
    content: bytes, declared: str | None = None, limits: Limits = EVERYTHING
) -> Validation:
    """The inspection of a whole content."""
    return validate(Body(content), len(content), declared, limits, analyze)


def code_of(inspection: Validation) -> FailureCode | None:
    """The failure's code, None where there is none."""
    return inspection.failure.code if inspection.failure else None


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files.pdf(), "application/pdf", id="pdf"),
        pytest.param(files.png(), "image/png", id="png"),
        pytest.param(files.png(is_animated=True), "image/png", id="animated png"),
        pytest.param(files.jpeg(), "image/jpeg", id="jpeg"),
        pytest.param(files.gif(), "image/gif", id="gif"),
        pytest.param(files.lossy_webp(), "image/webp", id="webp"),
        pytest.param(files.TEXT, "text/plain", id="text"),
        pytest.param(b'{"a": 1}', "application/json", id="JSON"),
        pytest.param(b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson", id="JSON Lines"),
        pytest.param(b'{"a": "\x7f"}', "application/json", id="JSON with DEL"),
        pytest.param(b"<a>\x7f</a>", "application/xml", id="XML with DEL"),
        pytest.param("<p>one two three".encode("utf-16be"), "text/html", id="HTML, UTF-16"),
        pytest.param("one,b,c\ntwo,2,3\nd,e,f".encode("utf-32"), "text/csv", id="CSV, UTF-32"),
        pytest.param(b"<?xml version='1.0'?><a/>", "application/xml", id="XML"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", id="SVG"),
        pytest.param(b"<!--" + b"x" * 9_999 + b"--><svg/>", "image/svg+xml", id="SVG after much"),
        pytest.param(b"<list><svg/></list>", "application/xml", id="SVG within XML"),
        pytest.param(b"<svg xmlns='urn:x'/>", "application/xml", id="other svg"),
        pytest.param(b"<!DOCTYPE HTML><p>x", "text/html", id="HTML"),
        pytest.param(b"<?xml version='1.0'?>\n<html></html>", "text/html", id="XHTML"),
        pytest.param(b"\n<!-- a --> <!---->\n<HTML>", "text/html", id="HTML after comments"),
        pytest.param(
            b"<?xml version='1.0'?><!--a--> <!--b--><!DOCTYPE html><html/>",
            "text/html",
            id="XHTML after comments",
        ),
        pytest.param(b"<?xml version='1.0'?><!--a--><b/>", "application/xml", id="no XHTML"),
        pytest.param(b"a,b,c\n1,2,3\n4,5,6", "text/csv", id="CSV"),
        pytest.param(b"a,b,c\r1,2,3\r4,5,6\r", "text/csv", id="CSV of old Macs"),
        pytest.param(b"From: a@b\nTo: c@d\nDate: now\n\nx", "message/rfc822", id="mail"),
        pytest.param(
            b"From: a@b\r\nTo: c@d\r\nDate: now\r\nX-A: "
            + b"x" * 2_005
            + b"\r\nX-Long-Name: x\r\n",
            "message/rfc822",
            id="mail with much header",
        ),
        pytest.param(
            "From: a@b\nTo: c\u2028d\nSubject: a\fb\u0085c\n\nx".encode(),
            "message/rfc822",
            id="mail with other separators",
        ),
        pytest.param(
            b"\r\n\r\nFrom: a@b\r\nTo: c@d\r\nDate: now\r\n\r\nx",
            "message/rfc822",
            id="mail, blank lines",
        ),
        pytest.param(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar", id="calendar"),
        pytest.param(b"begin:vcard\nFN:A\nend:vcard", "text/vcard", id="vCard"),
        pytest.param(b"WEBVTT", "text/vtt", id="WebVTT"),
        pytest.param(b"1\n00:00:01,000 --> 00:00:02,000\nA\n", "application/x-subrip", id="SubRip"),
        pytest.param(files_parquet.table(), types.PARQUET, id="Parquet"),
        pytest.param(files_office.docx(), types.DOCX, id="docx"),
        pytest.param(files_office.docx(first=bytes(99_999)), types.DOCX, id="large entry"),
        pytest.param(files_office.ODT, types.ODT, id="odt"),
        pytest.param(files_office.zip_of({"a": "b"}), types.ZIP, id="zip"),
        pytest.param(files_ole2.compound({"WordDocument": b"\0\0\xc1\0"}), types.DOC, id="doc"),
        pytest.param(files_media.wav(), "audio/wav", id="WAV"),
        pytest.param(files_media.mp3(), "audio/mpeg", id="MP3"),
        pytest.param(files_media.mp4(files_media.track(b"soun", b"mp4a")), "audio/mp4", id="M4A"),
        pytest.param(
            files_media.mp4(files_media.track(b"vide", b"avc1", 4, 2)), "video/mp4", id="MP4"
        ),
        pytest.param(
            files_media.matroska(b"webm", files_media.matroska_picture(4, 2)),
            "video/webm",
            id="WebM",
        ),
        pytest.param(files_media.bmp(), "image/bmp", id="BMP"),
        pytest.param(files_media.tiff([{256: 3, 257: 2}]), "image/tiff", id="TIFF"),
        pytest.param(files_images.heif(), "image/heic", id="HEIC"),
        pytest.param(files_images.heif(brands=[b"mif1"]), "image/heif", id="HEIF"),
        pytest.param(files_images.heif(brands=[b"avis"]), "image/avif", id="AVIF sequence"),
        pytest.param(files_images.jpeg_xl(), "image/jxl", id="JPEG XL"),
        pytest.param(files_images.jpeg_2000(), "image/jp2", id="JPEG 2000"),
        pytest.param(files_images.icon((3, 2)), "image/vnd.microsoft.icon", id="icon"),
    ],
)
def test_good_file(content: bytes, file_type: str) -> None:
    """A good file gets its type from its bytes, its hash and metadata, and no failure."""
    found = inspected(content)

    assert (file_type, hashlib.sha256(content).hexdigest()) == (found.file_type, found.sha256)
    assert found.metadata
    assert None is found.failure


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"\n",
        b"BMW is a car",
        b"ID3 tags",
        b"MZ is how programs begin",
        b"GIF89a is a format",
        b"BMW f\xe4hrt",
        "βρ is Greek".encode(),
        b"%!TEX root = thesis.tex",
        b"% PDF is a format",
        b"Dear Anna, Ben, and Carl\nYours, truly, Dan\n",
        b"the ftypisom box begins an MP4",
        b"!<arch>\n is how archives begin",
        "\ufeffwith a mark".encode(),
        "in UTF-16".encode("utf-16-le").join([b"\xff\xfe", b""]),
        "in UTF-16".encode("utf-16-be").join([b"\xfe\xff", b""]),
        "in UTF-16".encode("utf-16-le"),
        "這是一個很長的句子。".encode("utf-16-be") * 999,
        "n\r\n1.5\r\n".encode("utf-16-le") * 9,
        b"a line, and Ctrl-Z\r\n\x1a",
        b"x" * HEAD_BYTES + b"\x1a",
        "in UTF-32".encode("utf-32-le"),
        "Это русский текст.".encode("utf-32-be"),
        b'{"a": 1',
        b"<angle> brackets",
        b"bell \a, escape \x1b[1m and form feed \f",
        b"caf\xe9",
        b"\x93curly\x94",
        b"x" * (HEAD_BYTES - 1) + "é".encode() + b"x",
        b"x" * (HEAD_BYTES - 1) + "é".encode()[:1],
        b"x" * HEAD_BYTES + b"caf\xe9",
        b"\n\n%PDF-1.4 is what a PDF begins with",
        b"BEGIN:VCALENDAR\nis how calendars begin",
        b"BEGIN:VCARD\nis how contacts begin",
        b"WEBVTTs are subtitles",
        b"1\nis a number",
        b"PAR1 is how Parquet files begin",
    ],
    ids=ascii,
)
def test_text(content: bytes) -> None:
    """What decodes and has no control characters is text, whatever words it begins with."""
    assert (code_of(inspected(content)), inspected(content).file_type) == (None, "text/plain")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<!---->" * 1_000 + b"x", id="comments"),
        pytest.param(b"<?xml version='1.0'?>" + b"<!---->" * 1_000 + b"x", id="comments in XML"),
        pytest.param(b"<!-- " * 1_500, id="comments without end"),
        pytest.param(b"<?xml " * 1_200, id="XML declarations"),
        pytest.param(b"<!doctype" + b" " * 8_000, id="document type of blanks"),
        pytest.param(b" " * 8_000, id="blanks"),
        pytest.param(b"<" + b"a:" * 4_000, id="one name"),
        pytest.param(b"<svg" * 2_000, id="names"),
        pytest.param(b"From:" * 1_600, id="one field"),
        pytest.param(b"From: x\n" * 1_000, id="fields"),
        pytest.param(b"," * 8_000, id="one row"),
        pytest.param(b"ID3" + bytes(8_000), id="binary"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(8_000), id="chunks of nothing"),
        pytest.param(bytes(3) + b"\x18ftyp" + bytes(8_000), id="boxes of nothing"),
    ],
)
def test_head_takes_no_time(content: bytes) -> None:
    """No head takes the process that holds the credentials longer than a blink."""
    begin = time.process_time()
    candidate_types(content, None, is_whole_file=True)

    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files.BINARY, "application/octet-stream", id="unknown binary"),
        pytest.param(b"text\0", "application/octet-stream", id="text with NUL"),
        pytest.param(
            "UTF-16".encode("utf-16-le"), "application/octet-stream", id="UTF-16, no mark"
        ),
        pytest.param(b"\xff\xfe\0\xd8", "application/octet-stream", id="UTF-16, lone surrogate"),
        pytest.param(b"a\0b\0" * 999, "application/octet-stream", id="UTF-16 without a space"),
        pytest.param(b"1\x002\0 \0" * 999, "application/octet-stream", id="UTF-16 of numbers"),
        pytest.param(b"NULs" * 9 + bytes(4), "application/octet-stream", id="text, then NULs"),
        pytest.param(
            "中乀七\u4f00".encode("utf-16-be") * 9, "application/octet-stream", id="no Chinese"
        ),
        pytest.param("aα бא ".encode("utf-16")[2:] * 9, "application/octet-stream", id="scripts"),
        pytest.param(b"text \x7f", "application/octet-stream", id="text with DEL"),
        pytest.param(files.RAR, "application/x-rar-compressed", id="rar"),
        pytest.param(files.RAR + files.pdf(), "application/x-rar-compressed", id="rar with a PDF"),
        pytest.param(b"BM" + files.BINARY, "application/octet-stream", id="no bitmap"),
        pytest.param(b"\xff\xe8" + files.BINARY, "application/octet-stream", id="no MP3"),
        pytest.param(b"\xce\xb2\xcf\x81\0" * 9, "application/octet-stream", id="no Brotli"),
        pytest.param(b"%!PS-Adobe-3.0", "application/postscript", id="PostScript, all printable"),
    ],
)
def test_type_not_allowed(content: bytes, file_type: str) -> None:
    """A type that is not among the allowed ones is rejected by the name that the bytes give it."""
    failure = Failure(FailureCode.TYPE_NOT_ALLOWED, f"Files of type {file_type} are not allowed.")

    assert Validation(file_type=file_type, failure=failure) == inspected(content)


@pytest.mark.parametrize(
    "preamble",
    [b"\n", b"\xef\xbb\xbf", b"From a mail gateway\r\n\r\n", bytes(128), b"\x1b%-12345X@PJL\r\n"],
    ids=["newline", "byte order mark", "text", "MacBinary", "printer's language"],
)
def test_pdf_after_preamble(preamble: bytes) -> None:
    """A PDF with something before its header is a PDF."""
    found = inspected(files.pdf(header=preamble + b"%PDF-1.4\n"))

    assert (found.file_type, found.failure) == ("application/pdf", None)
    assert {"pageCount": 2, "wordCount": 18, "pdfVersion": "1.4"}.items() <= dict(
        found.metadata or {}
    ).items()


def test_text_about_pdf_where_pdf_is_not_allowed() -> None:
    """A text that speaks of %PDF- is fine where texts are allowed and PDFs are not."""
    limits = Limits(largest_file_bytes=MEBIBYTE, allowed_types=frozenset({"text/plain"}))

    assert inspected(b"See %PDF-1.7", "text/plain", limits).file_type == "text/plain"
    assert None is inspected(b"See %PDF-1.7", "text/plain", limits).failure


def test_broken_pdf_after_binary_preamble() -> None:
    """A damaged PDF that is not text is rejected as a PDF."""
    found = inspected(bytes(9) + b"%PDF-1.4\n" + bytes(99))

    assert (found.file_type, code_of(found)) == ("application/pdf", FailureCode.UNREADABLE)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(
            files.pdf_encrypted_for_a_certificate(header=b"\n%PDF-1.4\n"),
            FailureCode.ENCRYPTED,
            id="encrypted, all printable",
        ),
        pytest.param(
            b"\n%PDF-1.4\n" + b"x" * HEAD_BYTES + files.BINARY, FailureCode.UNREADABLE, id="neither"
        ),
    ],
)
def test_pdf_after_preamble_refused(content: bytes, code: FailureCode) -> None:
    """A PDF after a preamble is rejected as a PDF where it is encrypted, or no good text either."""
    found = inspected(content)

    assert ("application/pdf", code) == (found.file_type, code_of(found))


@pytest.mark.parametrize(
    ("content", "declared", "file_type"),
    [
        pytest.param(b"a,b\n1,2\n", "text/csv", "text/csv", id="table of two columns"),
        pytest.param(b"a\tb\n1\t2", "text/tab-separated-values", "text/csv", id="tabs"),
        pytest.param(b"a,b\n1,2\n", "application/vnd.ms-excel", "text/csv", id="as Windows has it"),
        pytest.param(b"a,b,c\n1,2,3", "text/plain", "text/plain", id="table declared as text"),
        pytest.param(b"a,b\n1\n", "text/csv", "text/plain", id="no table"),
        pytest.param(b"# A title", "text/markdown", "text/markdown", id="Markdown"),
        pytest.param(b"# A title", None, "text/plain", id="Markdown that nobody declared"),
        pytest.param(b"42", "application/json", "application/json", id="bare value"),
        pytest.param(b"{1}", "application/json", "text/plain", id="no JSON"),
        pytest.param(b"{}\n[]", "application/json", "application/x-ndjson", id="JSON Lines"),
        pytest.param(b"{}", "application/vnd.api+json", "application/json", id="kind of JSON"),
        pytest.param(b"<a/>", "application/atom+xml", "application/xml", id="kind of XML"),
        pytest.param(b"<svg/>", "application/xml", "image/svg+xml", id="XML that is an SVG"),
        pytest.param(b"<a/>", "image/svg+xml", "application/xml", id="SVG that is other XML"),
        pytest.param(
            b"<!--" + b"x" * 9_999 + b"--><svg/>",
            "image/svg+xml",
            "image/svg+xml",
            id="SVG after much",
        ),
        pytest.param(b"<a/>", "text/x-python", "text/plain", id="source code"),
        pytest.param(b"1: 2", "application/x-subrip", "text/plain", id="no subtitles"),
        pytest.param(b"BEGIN:VCARD", "text/x-vcard", "text/plain", id="no vCard"),
        pytest.param(b"BEGIN:VCARD\nEND:VCARD", "text/directory", "text/vcard", id="directory"),
        pytest.param(b"one <b>two</b>", "text/html", "text/html", id="piece of HTML"),
        pytest.param(b"Subject: x\n\ny", "message/rfc822", "message/rfc822", id="short mail"),
        pytest.param(files_office.docx(), "application/zip", types.DOCX, id="docx as zip"),
        pytest.param(b"{\\rtf1\\ansi word}", types.DOC, types.RTF, id="RTF as Windows declares it"),
    ],
)
def test_declared_type_chooses(content: bytes, declared: str, file_type: str) -> None:
    """Among what a text may be, what was declared is tried, and must be borne out."""
    found = inspected(content, declared)

    assert (file_type, None) == (found.file_type, found.failure)


@pytest.mark.parametrize(
    ("content", "declared", "allowed", "file_type", "code"),
    [
        pytest.param(
            files_office.docx(),
            None,
            types.XLSX,
            types.DOCX,
            FailureCode.TYPE_NOT_ALLOWED,
            id="docx where only xlsx is allowed",
        ),
        pytest.param(
            files_office.docx(macros=True),
            None,
            types.DOCX,
            types.DOCM,
            FailureCode.TYPE_NOT_ALLOWED,
            id="macros where they are not allowed",
        ),
        pytest.param(
            files_office.docx(macros=True),
            types.DOCX,
            None,
            types.DOCM,
            FailureCode.TYPE_MISMATCH,
            id="macros that were not declared",
        ),
        pytest.param(
            files_office.zip_of({"META-INF/MANIFEST.MF": ""}),
            None,
            None,
            "application/java-archive",
            FailureCode.TYPE_NOT_ALLOWED,
            id="program in a zip",
        ),
        pytest.param(
            files_ole2.compound({"EncryptedPackage": b""}),
            types.DOCX,
            None,
            types.DOCX,
            FailureCode.ENCRYPTED,
            id="encrypted docx",
        ),
        pytest.param(
            files_office.docx()[:200],
            None,
            None,
            types.ZIP,
            FailureCode.UNREADABLE,
            id="container that is cut off",
        ),
    ],
)
def test_refused_inside(
    content: bytes, declared: str | None, allowed: str | None, file_type: str, code: FailureCode
) -> None:
    """What only a container's inside shows is rejected, by its type, once it was read."""
    types = frozenset({allowed}) if allowed else SUPPORTED_TYPES
    found = inspected(content, declared, Limits(MEBIBYTE, types))

    assert (file_type, code) == (found.file_type, code_of(found))
    assert hashlib.sha256(content).hexdigest() == found.sha256


def test_container_of_nothing_allowed() -> None:
    """A zip where nothing is allowed that can be in one is rejected by its head."""
    content = files_office.docx(first=bytes(MEBIBYTE))
    body = Body(content)
    limits = Limits(2 * MEBIBYTE, frozenset({"application/pdf"}))
    found = validate(body, len(content), None, limits, analyze)

    assert (types.ZIP, FailureCode.TYPE_NOT_ALLOWED) == (found.file_type, code_of(found))
    assert body.bytes_read == HEAD_BYTES


def test_svg_where_only_xml_is_allowed() -> None:
    """An SVG is recorded as XML where XML is allowed and SVG is not, and the reverse not at all."""
    limits = Limits(MEBIBYTE, frozenset({"application/xml"}))
    reverse = Limits(MEBIBYTE, frozenset({"image/svg+xml"}))

    assert inspected(b"<svg width='3'/>", None, limits).file_type == "application/xml"
    assert inspected(b"<svg width='3'/>", None, reverse).metadata
    assert FailureCode.UNREADABLE is code_of(inspected(b"<list/>", None, reverse))


def test_broken_svg() -> None:
    """A broken SVG is rejected as what it was declared, where no text is allowed."""
    limits = Limits(MEBIBYTE, SUPPORTED_TYPES - {"text/plain"})
    found = inspected(b"<svg>", "image/svg+xml", limits)

    assert ("image/svg+xml", FailureCode.UNREADABLE) == (found.file_type, code_of(found))


def test_special_text_where_only_text_is_allowed() -> None:
    """JSON is a text where texts are allowed and JSON is not."""
    limits = Limits(MEBIBYTE, frozenset({"text/plain"}))

    assert inspected(b"{}", None, limits).file_type == "text/plain"


def test_empty() -> None:
    """A file of no bytes is rejected as empty, with neither type nor hash."""
    failure = Failure(FailureCode.EMPTY, "The file is empty.")

    assert Validation(failure=failure) == inspected(b"", "application/pdf")


def test_too_large() -> None:
    """A file above the limit is rejected with both figures, and not a byte of it is read."""
    body = Body(b"x")
    found = validate(body, 73_400_320, "text/plain", EVERYTHING, analyze)
    message = "The file has 73,400,320 bytes; at most 52,428,800 are allowed."

    assert Validation(failure=Failure(FailureCode.TOO_LARGE, message)) == found
    assert body.bytes_read == 0


@pytest.mark.parametrize(
    ("size_bytes", "code"), [(99, None), (100, None), (101, FailureCode.TOO_LARGE)]
)
def test_size_limit(size_bytes: int, code: FailureCode | None) -> None:
    """The largest allowed size is itself allowed."""
    limits = Limits(largest_file_bytes=100, allowed_types=SUPPORTED_TYPES)

    assert code == code_of(inspected(b"x" * size_bytes, None, limits))


@pytest.mark.parametrize(
    ("content", "declared", "code"),
    [
        pytest.param(
            files.RAR + bytes(MEBIBYTE), None, FailureCode.TYPE_NOT_ALLOWED, id="not allowed"
        ),
        pytest.param(
            files.png() + bytes(MEBIBYTE), "image/gif", FailureCode.TYPE_MISMATCH, id="mismatch"
        ),
    ],
)
def test_reads_no_further(content: bytes, declared: str | None, code: FailureCode) -> None:
    """A file that is rejected for its type is read as far as that takes, and has no hash."""
    body = Body(content)
    found = validate(body, len(content), declared, EVERYTHING, analyze)

    assert (code, None) == (code_of(found), found.sha256)
    assert body.bytes_read == HEAD_BYTES


def test_content_is_read_only() -> None:
    """The parser gets a descriptor of the content that it cannot write to, however it is used."""
    modes = []

    def note(content: BinaryIO, candidate_types: Sequence[str]) -> Analysis:
        modes.append(fcntl.fcntl(content.fileno(), fcntl.F_GETFL) & os.O_ACCMODE)
        return analyze(content, candidate_types)

    assert validate(io.BytesIO(b"text"), 4, None, EVERYTHING, note).metadata
    assert [os.O_RDONLY] == modes


def test_type_mismatch() -> None:
    """A file that is really a PNG but declared as a PDF is a type_mismatch."""
    message = "Declared as application/pdf, but the bytes are image/png."
    failure = Failure(FailureCode.TYPE_MISMATCH, message)

    assert Validation(file_type="image/png", failure=failure) == inspected(
        files.png(), "application/pdf"
    )


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files_office.zip_of({"a": "b"}), types.ZIP, id="zip"),
        pytest.param(files_office.docx(), types.ZIP, id="docx"),
        pytest.param(files_ole2.compound({"WordDocument": b""}), types.OLE2, id="doc"),
        pytest.param(b"[ ] buy milk\n[x] bread\n", "text/plain", id="text like JSON"),
        pytest.param(b"<!DOCTYPE html><p>%PDF-</p>", "text/plain", id="text about PDF"),
    ],
)
def test_mismatch_asserts_nothing_that_was_not_tried(content: bytes, file_type: str) -> None:
    """A file that is rejected by its head is called what that shows, and not what it may be."""
    message = f"Declared as image/png, but the bytes are {file_type}."
    failure = Failure(FailureCode.TYPE_MISMATCH, message)

    for limits in (EVERYTHING, Limits(MEBIBYTE, SUPPORTED_TYPES - {types.ZIP})):
        assert Validation(file_type, failure=failure) == inspected(content, "image/png", limits)


@pytest.mark.parametrize(
    ("content", "allowed", "file_type"),
    [
        pytest.param(
            b"{}", {"application/x-ndjson", "text/plain"}, "application/x-ndjson", id="text"
        ),
        pytest.param(files_office.docx(), {types.DOCX, types.XLSX}, types.ZIP, id="container"),
        pytest.param(files_office.docx(), {types.XLSX}, types.XLSX, id="one type"),
    ],
)
def test_no_answer(content: bytes, allowed: set[str], file_type: str) -> None:
    """A file whose examination gives no answer is called what was looked for in it."""

    def crash(*_: object) -> Analysis:
        raise FileRejectedError(FailureCode.EXTRACTION_CRASHED, "It crashed.")

    limits = Limits(MEBIBYTE, frozenset(allowed))
    found = validate(Body(content), len(content), None, limits, crash)

    assert (file_type, FailureCode.EXTRACTION_CRASHED) == (found.file_type, code_of(found))


def test_not_allowed_comes_before_mismatch() -> None:
    """A file whose type is not allowed is rejected for that, whatever it was declared as."""
    assert code_of(inspected(files.RAR, "application/pdf")) == FailureCode.TYPE_NOT_ALLOWED


def test_quoted_declaration_is_bounded_and_printable() -> None:
    """A hostile declared type can forge no line and fill no record through the message."""
    failure = inspected(files.png(), "a/b\nERROR " + "x" * 5_000).failure

    assert failure
    assert failure.message.isprintable()
    assert len(failure.message) < 200


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "binary/octet-stream",
        "application/octet-stream",
        "Application/Octet-Stream; x=y",
        "png",
        ";",
        "image/png",
        "IMAGE/PNG",
        " image/png ; charset=binary",
        "image/x-png",
        "image/apng",
    ],
)
def test_declared_type_agrees(declared: str | None) -> None:
    """A general declared type, or a synonym, does not conflict with a PNG."""
    assert not conflicts_with(declared, "image/png")


@pytest.mark.parametrize(
    ("declared", "file_type"),
    [
        ("application/postscript", "application/pdf"),
        ("image/x-adobe-dng", "image/tiff"),
        ("image/x-nikon-nef", "image/tiff"),
        ("image/x-sony-arw", "image/tiff"),
        ("image/x-bmp", "image/bmp"),
        ("image/x-psd", "image/vnd.adobe.photoshop"),
        ("image/jpeg2000", "image/jp2"),
        ("application/ics", types.CALENDAR),
        ("audio/mp2", types.MP3),
        ("audio/x-mp2", types.MP3),
        ("audio/ac3", types.EAC3),
    ],
)
def test_declared_by_operating_systems(declared: str, file_type: str) -> None:
    """What operating systems declare for a file name extension contradicts no such file."""
    assert not conflicts_with(declared, file_type)


@pytest.mark.parametrize(
    "declared",
    [
        "text/plain",
        "text/html; charset=latin1",
        "text/anything",
        "application/json",
        "application/vnd.api+json",
        "image/svg+xml",
        "application/yaml",
        "application/vnd.ms-excel",
        "application/x-mif",
        "image/x-portable-pixmap",
        "image/x-xpixmap",
        "message/rfc822",
    ],
)
def test_textual_declaration(declared: str) -> None:
    """A declared format of text contradicts no plain text, but does contradict a PNG."""
    assert (
        conflicts_with(declared, "text/plain"),
        conflicts_with(declared, "image/png"),
    ) == (False, True)


@pytest.mark.parametrize(
    "declared", ["application/pdf", "image/png", "garbage/", "/", "audio/mpeg"]
)
def test_declared_type_contradicts(declared: str) -> None:
    """A declared type that a text cannot have, or that nothing can have, contradicts a text."""
    assert conflicts_with(declared, "text/plain")


@pytest.mark.parametrize(
    ("content", "file_type", "code"),
    [
        pytest.param(
            files.encrypted_pdf("secret"), "application/pdf", FailureCode.ENCRYPTED, id="encrypted"
        ),
        pytest.param(
            files.pdf()[:200], "application/pdf", FailureCode.UNREADABLE, id="truncated PDF"
        ),
        pytest.param(
            b"%PDF- is how a PDF begins",
            "application/pdf",
            FailureCode.UNREADABLE,
            id="only a header",
        ),
        pytest.param(files.png()[:20], "image/png", FailureCode.UNREADABLE, id="truncated PNG"),
        pytest.param(
            b"x" * HEAD_BYTES + files.BINARY, "text/plain", FailureCode.UNREADABLE, id="half binary"
        ),
    ],
)
def test_extractor_refuses(content: bytes, file_type: str, code: FailureCode) -> None:
    """A file that its extractor refuses keeps its type and hash beside the failure."""
    found = inspected(content)

    assert (code, file_type) == (code_of(found), found.file_type)
    assert hashlib.sha256(content).hexdigest() == found.sha256
    assert None is found.metadata


@pytest.mark.parametrize(
    "content",
    [files.pdf([files.WORDS] * 30), b"x" * 100 + files.BINARY],
    ids=["PDF", "text that is binary after a while"],
)
def test_short_reads(content: bytes) -> None:
    """A body that comes in bits of any size is inspected as one that comes at once."""
    assert inspected(content) == validate(Body(content, 7), len(content), None, EVERYTHING, analyze)


@pytest.mark.parametrize("missing", [1, 9_000], ids=["at the end", "within the head"])
def test_body_ends_early(missing: int) -> None:
    """A body shorter than its announced length is an AWS error, not a bad file."""
    content = b"x" * 10_000

    with pytest.raises(EOFError):
        validate(Body(content[:-missing]), len(content), None, EVERYTHING, analyze)


def test_body_raises() -> None:
    """An exception from the body is an AWS error and propagates."""

    class Broken:
        def read(self, amount: int) -> bytes:
            raise ConnectionError(amount)

    with pytest.raises(ConnectionError):
        validate(Broken(), 10, None, EVERYTHING, analyze)


def test_nothing_of_the_file_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What pypdf has to say about a broken file, quoting it, does not reach the logs."""
    caplog.set_level(logging.DEBUG)
    inspected(b"My secret\n" + files.pdf())

    assert caplog.records == []
