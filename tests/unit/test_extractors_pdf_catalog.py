"""What the catalog reader reads, what it hands over to pypdf, and that both agree."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping, Sequence

import pytest

from chalicelib.files.extraction import RawMetadata
from chalicelib.files.extractors import pdf_catalog, pdf_fallback
from chalicelib.files.extractors.pdf_catalog import HandOverError
from chalicelib.files.extractors.pdf_facts import Text
from chalicelib.files.types import PDF
from tests.support import files
from tests.support.corpora import known_types

XMP = b'<x xmlns:p="http://www.aiim.org/pdfa/ns/id/" p:part="2" p:conformance="B"/>'
LENGTH = b"/Length %d" % len(XMP)

OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>",
    b"<< /Type /Pages /Count 1 /Kids [3 0 R] /MediaBox [0 0 300 400] >>",
    b"<< /Type /Page /Parent 2 0 R >>",
    b"<< /Title (A title) >>",
    files.stream(XMP, b"/Type /Metadata"),
)
TABLE = files.assembled_pdf(OBJECTS)

COMMENTED = files.assembled_pdf(
    [b"<< % a catalog\n/Type /Catalog /Pages 2 0 R %2\r/Metadata 5 0 R >> % its end", *OBJECTS[1:]]
)

OBJECT_STREAM, ENTRY_STREAM = 6, 7
"""Numbers in the files of `streamed`."""


def title_of(content: bytes) -> object:
    """The title that the reader finds."""
    return pdf_catalog.read(content).get("title")


def reason_of(content: bytes) -> str:
    """Why the reader hands the content over."""
    with pytest.raises(HandOverError) as handed_over:
        pdf_catalog.read(content)
    return str(handed_over.value)


def by_pypdf(content: bytes) -> RawMetadata:
    """The same facts from pypdf."""
    text = Text(1, 1, is_encrypted=False)
    found = pdf_fallback.extract(io.BytesIO(content), PDF, text._asdict())
    return {name: value for name, value in found.items() if name not in text.counts()}


def with_title(syntax: bytes, *, page: bytes = OBJECTS[2]) -> bytes:
    """A file whose title, and page, have this syntax."""
    return files.assembled_pdf([*OBJECTS[:2], page, b"<< /Title %s >>" % syntax, OBJECTS[4]])


def with_stream(entries: bytes) -> bytes:
    """A file whose XMP has these entries in its dictionary."""
    stream = b"<< %s >>\nstream\n%s\nendstream" % (entries, XMP)
    return files.assembled_pdf([*OBJECTS[:4], stream])


def with_table(subsection: bytes) -> bytes:
    """A file whose table claims to have this first object and number of entries."""
    return TABLE.replace(b"xref\n0 6", b"xref\n" + subsection)


def updated(content: bytes, objects: Mapping[int, bytes], entries: bytes = b"") -> bytes:
    """The content with an incremental update that replaces these objects.

    Args:
        content: ends with its `startxref`.
        objects: syntax by number.
        entries: further entries of the trailer.
    """
    updated = content
    table = b"xref\n"
    for number, syntax in objects.items():
        table += b"%d 1\n%010d 00000 n \n" % (number, len(updated))
        updated += b"%d 0 obj\n%s\nendobj\n" % (number, syntax)
    trailer = b"trailer\n<< /Root 1 0 R %s /Prev %d >>\n" % (entries, start_of(content))
    return updated + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(updated)


def start_of(content: bytes) -> int:
    """Where the newest cross-reference section is."""
    return int(re.findall(rb"startxref\n(\d+)", content)[-1])


def streamed(
    compressed: Sequence[bytes] = OBJECTS[:4],
    *,
    parameters: bytes = b"/N 4 /First %d",
    predictor: int = 0,
    columns: int = 4,
    index: bytes = b"",
    places: Sequence[int] = range(4),
) -> bytes:
    """A file whose first four objects are in an object stream, with a cross-reference stream.

    Args:
        compressed: the syntax of the four objects.
        parameters: of the object stream.
        predictor: filter type of each row of entries; 0 for no predictor.
        columns: of the predictor.
        index: further entries of the cross-reference stream.
        places: indexes of the objects in the object stream.
    """
    header = b"".join(
        b"%d %d " % (number, sum(map(len, compressed[: number - 1]))) for number in range(1, 5)
    )
    data = zlib.compress(header + b"".join(compressed))
    if b"%d" in parameters:
        parameters %= len(header)
    flate = b"/Filter /FlateDecode "
    content = b"%PDF-1.5\n"
    offsets = {}
    for number, syntax in {
        5: OBJECTS[4],
        OBJECT_STREAM: files.stream(data, b"/Type /ObjStm " + flate + parameters),
    }.items():
        offsets[number] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, syntax)
    offsets[ENTRY_STREAM] = len(content)
    rows = [b"\0\0\0\0"]
    rows += [bytes((2, 0, OBJECT_STREAM, place)) for place in places]
    rows += [b"\1%b\0" % offsets[number].to_bytes(2, "big") for number in (5, 6, 7)]
    entries = b"/Type /XRef /Size 8 /W [1 2 1] /Root 1 0 R /Info 4 0 R " + flate + index
    if predictor:
        entries += b"/DecodeParms << /Predictor 12 /Columns %d >>" % columns
        rows = predicted(rows, predictor)
    entry_stream = files.stream(zlib.compress(b"".join(rows)), entries)
    content += b"%d 0 obj\n%s\nendobj\n" % (ENTRY_STREAM, entry_stream)
    return content + b"startxref\n%d\n%%%%EOF\n" % offsets[ENTRY_STREAM]


def predicted(rows: Sequence[bytes], kind: int) -> list[bytes]:
    """The rows as differences to the row above, marked as this filter type of PNG's."""
    above = [bytes(len(rows[0])), *rows]
    return [
        bytes([kind, *((a - b) % 256 for a, b in zip(row, before, strict=True))])
        for row, before in zip(rows, above, strict=False)
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TABLE, id="table"),
        pytest.param(streamed(), id="streams"),
        pytest.param(streamed(predictor=2), id="predictor"),
        pytest.param(streamed(index=b"/Index [0 4 4 4]"), id="subsections of a stream"),
        pytest.param(updated(TABLE, {3: OBJECTS[2]}), id="update"),
        pytest.param(TABLE.replace(b" \n", b"\r\n"), id="entries with CR and LF"),
        pytest.param(COMMENTED, id="comments"),
        pytest.param(TABLE + b"\n \n", id="white space at the end"),
        pytest.param(with_table(b"0 0\n" * 9_999 + b"0 6"), id="many subsections"),
    ],
)
def test_facts(content: bytes) -> None:
    """Each form of cross-references leads to the same facts, which are pypdf's."""
    found = pdf_catalog.read(content)

    assert found == by_pypdf(content)
    assert ("A title", 300, 400, "PDF/A-2b") == tuple(
        found[name] for name in ("title", "pageWidth", "pageHeight", "pdfAClaim")
    )


def test_newest_object() -> None:
    """Of an object in several sections, the newest counts."""
    assert title_of(updated(TABLE, {4: b"<< /Title (New) >>"})) == "New"


def test_newest_information() -> None:
    """The trailer of an update may name another object."""
    content = updated(TABLE, {8: b"<< /Title (New) >>"}, b"/Info 8 0 R")

    assert title_of(content) == "New"


def hybrid(trailer: bytes) -> bytes:
    """A file whose information is free in the table; %d in the trailer is where a stream has it."""
    content = TABLE[: start_of(TABLE)]
    row = zlib.compress(b"\1%b\0" % len(content).to_bytes(2, "big"))
    content += b"8 0 obj\n<< /Title (Hidden) >>\nendobj\n"
    section = len(content)
    entries = b"/Type /XRef /Size 9 /W [1 2 1] /Index [8 1] /Filter /FlateDecode"
    content += b"9 0 obj\n%s\nendobj\n" % files.stream(row, entries)
    start = len(content)
    content += TABLE[start_of(TABLE) :].partition(b"trailer")[0] + b"8 1\n0000000000 65535 f \n"
    content += b"trailer\n<< /Root 1 0 R /Info 8 0 R " + (trailer % section if trailer else b"")
    return content + b">>\nstartxref\n%d\n%%%%EOF\n" % start


def test_hybrid() -> None:
    """An object that a table has as free is looked up in the stream that its trailer names."""
    content = hybrid(b"/XRefStm %d")

    assert ("Hidden", "Hidden") == (title_of(content), by_pypdf(content)["title"])


def test_free_object() -> None:
    """A reference to a free object is handed over."""
    assert reason_of(hybrid(b"")) == "missing object"


@pytest.mark.parametrize(
    ("syntax", "title"),
    [
        (rb"(a\)b\(c\\d)", "a)b(c\\d"),
        (rb"(a(b)c)", "a(b)c"),
        (b"(a\\\r\nb\\\nc)", "abc"),
        (rb"(\101\1012\60)", "AA20"),
        (rb"(a\ b)", "a b"),
        (rb"(\223\200\224)", "\ufb01\u2022\ufb02"),
        (b"<41 42\n4>", "AB@"),
        (b"<FEFF20AC>", "€"),
        (b"<FFFEAC20>", "€"),
        (b"<EFBBBFE282AC>", "€"),
        (b"<EFBBBFFF>", "ï»¿ÿ"),
        (b"<00410042>", "AB"),
        (b"<41004200>", "AB"),
        (b"<FEFFD8>", None),
        (b"<41AD42>", None),
        (b"(\x7f)", None),
        (b"/Name#20x", None),
        (b"4 0 R", None),
        (b"true", None),
        (b"-1.5", None),
    ],
)
def test_strings(syntax: bytes, title: str | None) -> None:
    """Strings are decoded as pypdf decodes them; other objects are no text."""
    content = with_title(syntax)

    assert title == title_of(content)
    assert title == by_pypdf(content).get("title")


def test_every_code_of_a_character() -> None:
    """Each code has the character of PDFDocEncoding that pypdf has, or none."""
    contents = [with_title(b"<41%02X>" % code) for code in range(1, 256)]

    assert [title_of(content) for content in contents] == [
        by_pypdf(content)["title"] for content in contents
    ]


def test_names_with_codes() -> None:
    """A key may be written with codes for its characters."""
    information = OBJECTS[3].replace(b"/Title", b"/#54itle")
    content = files.assembled_pdf([*OBJECTS[:3], information, OBJECTS[4]])

    assert title_of(content) == "A title"


def indirect(number: int) -> bytes:
    """A file in which the length of the XMP is this object."""
    xmp = OBJECTS[4].replace(LENGTH, b"/Length %d 0 R" % number)
    return files.assembled_pdf([*OBJECTS[:4], xmp, b"%d" % len(XMP)])


def test_length_in_an_object() -> None:
    """The length of a stream may be in another object."""
    assert pdf_catalog.read(indirect(6))["pdfAClaim"] == "PDF/A-2b"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(files.encrypted_pdf(""), "encrypted", id="encrypted"),
        pytest.param(TABLE[:-7], "no startxref at the end", id="truncated"),
        pytest.param(TABLE + b"x", "no startxref at the end", id="more behind the end"),
        pytest.param(b" " + TABLE, "no object at an offset", id="moved"),
        pytest.param(TABLE.replace(b"xref\n0 6", b"xref\n0 9"), "malformed table", id="long table"),
        pytest.param(
            TABLE.replace(b"xref\n0 6", b"xref\n0 5"), "malformed table", id="short table"
        ),
        pytest.param(
            TABLE.replace(b"xref\n0 6", b"xref\n0 600"), "truncated table", id="very long table"
        ),
        pytest.param(
            TABLE.replace(b"0000000009", b"%010d" % TABLE.index(b"2 0 obj")),
            "another object at an offset",
            id="wrong offset",
        ),
        pytest.param(
            TABLE.replace(b"00000 n", b"0000 n "), "malformed entry of a table", id="entry"
        ),
        pytest.param(TABLE.replace(b"/Root 1", b"/Root 9"), "missing object", id="missing"),
        pytest.param(TABLE.replace(b"/Root 1", b"/Root 0"), "missing object", id="free"),
        pytest.param(TABLE.replace(b"1 0 R", b"1 1 R"), "missing object", id="other generation"),
        pytest.param(TABLE.replace(b"/Root 1", b"/Root 2"), "no catalog", id="no catalog"),
        pytest.param(
            TABLE.replace(b"/Info 4 0 R ", b"/Info (xxx) "), "malformed information", id="info"
        ),
        pytest.param(TABLE.replace(b"/Pages 2", b"/Pages +"), "syntax error", id="syntax"),
        pytest.param(TABLE.replace(b"(A title)", rb"(A ti\xe)"), "unusual escape", id="escape"),
        pytest.param(TABLE.replace(b"(A title)", rb"(A t\777)"), "unusual escape", id="octal"),
        pytest.param(with_title(b"[ (a)"), "malformed dictionary", id="array"),
        pytest.param(with_title(b"3 0 R", page=b"2 0 R"), "reference as an object", id="reference"),
        pytest.param(with_title(b"(a) /Title (b)"), "dictionary with other keys", id="key twice"),
        pytest.param(with_title(b"(a) (b) (c)"), "dictionary with other keys", id="no name"),
        pytest.param(TABLE.replace(b"endobj\n5", b"xndobj\n5"), "malformed object", id="no end"),
        pytest.param(
            with_stream(b"/Length %d" % (len(XMP) - 1)), "wrong length of a stream", id="length"
        ),
        pytest.param(with_stream(LENGTH + b"/F (x)"), "unusual stream", id="external stream"),
        pytest.param(with_stream(LENGTH + b"/Filter /LZWDecode"), "unusual filter", id="filter"),
        pytest.param(with_stream(LENGTH + b"/Filter [/A /B]"), "several filters", id="filters"),
        pytest.param(with_stream(LENGTH + b"/Filter /FlateDecode"), "damaged", id="no deflate"),
        pytest.param(streamed(predictor=4), "unusual filter type", id="other predictor"),
        pytest.param(streamed(predictor=2, columns=5), "unusual predictor", id="columns"),
        pytest.param(streamed(places=[1, 0, 2, 3]), "another object in a stream", id="places"),
        pytest.param(
            streamed().replace(b"/ObjStm", b"/ObjXtm"), "no object stream", id="no object stream"
        ),
        pytest.param(
            streamed().replace(b"/XRef", b"/XRex"), "no cross-reference section", id="no entries"
        ),
        pytest.param(
            streamed(compressed=(b"", *OBJECTS[1:4])), "malformed header", id="equal offsets"
        ),
        pytest.param(streamed(index=b"/Index [2 8]"), "missing object", id="other index"),
        pytest.param(streamed(index=b"/Index [8 9 0 8]"), "missing entries", id="too few"),
        pytest.param(streamed(index=b"/Index [0 8 4]"), "malformed index", id="odd index"),
        pytest.param(streamed(parameters=b"/N 5 /First %d"), "malformed header", id="N"),
        pytest.param(streamed(parameters=b"/N 4 /First 3"), "malformed header", id="First"),
        pytest.param(streamed(parameters=b"/N (4) /First 3"), "malformed object stream", id="no N"),
        pytest.param(updated(TABLE, {3: OBJECTS[2]}, b"/Encrypt 9 0 R"), "encrypted", id="later"),
    ],
)
def test_handed_over(content: bytes, reason: str) -> None:
    """What the reader is not sure about is handed over, with the reason."""
    assert reason in reason_of(content)


def chain(length: int, *, is_loop: bool = False) -> bytes:
    """A file of so many cross-reference sections."""
    content = TABLE
    for _ in range(length - 1):
        content = updated(content, {3: OBJECTS[2]})
    if is_loop:
        last = start_of(content)
        content = content.replace(b"/Info 4 0 R", b"/Prev %5d" % last)
    return content


def test_chain_of_sections() -> None:
    """A file may have been updated as often as the limit allows, not more often."""
    assert title_of(chain(200)) == "A title"
    assert reason_of(chain(201)) == "too many sections"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(chain(2, is_loop=True), "malformed chain", id="sections"),
        pytest.param(indirect(5), "unusual stream", id="a stream that is its own length"),
        pytest.param(
            streamed(compressed=(b"<<>>", *OBJECTS[1:4]), parameters=b"/N 1 0 R /First %d"),
            "circle",
            id="an object stream that contains its own count",
        ),
        pytest.param(with_title(b"[" * 51 + b"]" * 51), "too deep", id="arrays"),
        pytest.param(with_title(b"<< /A " * 50 + b">>" * 50), "too deep", id="dictionaries"),
        pytest.param(with_title(b"[" + b"0 " * 100_000 + b"]"), "too many tokens", id="array"),
        pytest.param(with_title(b"(" + b"()" * 50_000 + b")"), "too many tokens", id="parentheses"),
        pytest.param(
            files.assembled_pdf(
                [
                    *OBJECTS[:4],
                    files.stream(zlib.compress(bytes(33 * 2**20)), b"/Filter /FlateDecode"),
                ]
            ),
            "excessive stream",
            id="decompression bomb",
        ),
        pytest.param(
            files.assembled_pdf(
                [*OBJECTS[:4], files.stream(zlib.compress(XMP)[:-5], b"/Filter /FlateDecode")]
            ),
            "truncated",
            id="truncated stream",
        ),
        pytest.param(
            files.assembled_pdf([*OBJECTS[:4], files.stream(bytes(9 * 2**20))]),
            "unusual stream",
            id="large stream",
        ),
    ],
)
def test_limits(content: bytes, reason: str) -> None:
    """What refers to itself, or is too deep or large, is handed over at the limit."""
    assert reason in reason_of(content)


def test_page_tree_that_refers_to_itself() -> None:
    """The search for the first page ends, with the size that it inherits."""
    content = TABLE.replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")

    assert (300, 400) == tuple(
        pdf_catalog.read(content)[name] for name in ("pageWidth", "pageHeight")
    )


def test_real_files() -> None:
    """Of the real PDFs, most are read, and all that are read have pypdf's facts."""
    read = total = 0
    for path in (path for path in known_types() if path.suffix == ".pdf"):
        content = path.read_bytes()
        total += 1
        try:
            found = pdf_catalog.read(content)
        except HandOverError:
            continue
        read += 1
        assert by_pypdf(content) == found, path.name

    assert read > 0.65 * total
