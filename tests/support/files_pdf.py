"""PDFs in the forms that the catalog reader distinguishes, and what it and pypdf find in them."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping, Sequence

import pytest

from chalicelib.files.extractors import pdf_catalog, pdf_fallback
from chalicelib.files.extractors.pdf_facts import Text
from chalicelib.files.extractors.pdf_syntax import HandOverError
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import PDF
from tests.support import files

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

OBJECT_STREAM, ENTRY_STREAM = 6, 7
"""Numbers in the files of `streamed`."""


WORDS = 1
TEXT = Text(1, WORDS, is_encrypted=False)
"""Of each of these files, as PDFium would find it."""


def by_reader(content: bytes) -> RawMetadata:
    """The facts that the catalog reader finds."""
    return pdf_catalog.read(content, TEXT)


def title_of(content: bytes) -> object:
    """The title that the reader finds."""
    return by_reader(content).get("title")


def reason_of(content: bytes) -> str:
    """Why the reader hands the content over."""
    with pytest.raises(HandOverError) as handed_over:
        by_reader(content)
    return str(handed_over.value)


def by_pypdf(content: bytes) -> RawMetadata:
    """The same facts from pypdf."""
    found = {"pageCount": TEXT.pages, "wordCount": WORDS, "encrypted": False}
    return pdf_fallback.extract(io.BytesIO(content), PDF, found)


def with_title(syntax: bytes, *, page: bytes = OBJECTS[2]) -> bytes:
    """A file whose title, and page, have this syntax."""
    return files.assembled_pdf([*OBJECTS[:2], page, b"<< /Title %s >>" % syntax, OBJECTS[4]])


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
    numbers: Sequence[int] = range(1, 5),
    parameters: bytes = b"/N 4 /First %d",
    predictor: int = 0,
    columns: int = 4,
    index: bytes = b"",
    places: Sequence[int] = range(4),
) -> bytes:
    """A file whose first four objects are in an object stream, with a cross-reference stream.

    Args:
        compressed: the syntax of the four objects.
        numbers: of these objects, in the object stream.
        parameters: of the object stream.
        predictor: filter type of each row of entries; 0 for no predictor.
        columns: of the predictor.
        index: further entries of the cross-reference stream.
        places: indexes of the objects in the object stream.
    """
    header = b"".join(
        b"%d %d " % (number, sum(map(len, compressed[:index])))
        for index, number in enumerate(numbers)
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
        rows = _predicted(rows, predictor)
    entry_stream = files.stream(zlib.compress(b"".join(rows)), entries)
    content += b"%d 0 obj\n%s\nendobj\n" % (ENTRY_STREAM, entry_stream)
    return content + b"startxref\n%d\n%%%%EOF\n" % offsets[ENTRY_STREAM]


def _predicted(rows: Sequence[bytes], kind: int) -> list[bytes]:
    """The rows as differences to the row above, marked as this filter type of PNG's."""
    above = [bytes(len(rows[0])), *rows]
    return [
        bytes([kind, *((a - b) % 256 for a, b in zip(row, before, strict=True))])
        for row, before in zip(rows, above, strict=False)
    ]
