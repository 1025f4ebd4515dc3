"""PDFs whose pages, words and information are known."""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Iterator

import pytest
from pypdf import PdfReader, errors

from chalicelib.documents import FailureCode
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extraction import FileRejectedError, Unfinished
from chalicelib.files.extractors import pdf, pdf_fallback, pdf_text
from chalicelib.files.extractors.pdfium import NotReadError
from chalicelib.files.mapped import memory_of
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import PDF
from tests.support import bombs, files


def extract(content: bytes) -> RawMetadata:
    """What the extractor finds, or the fallback."""
    found = pdf.extract(io.BytesIO(content))
    if isinstance(found, Unfinished):
        return pdf_fallback.extract(io.BytesIO(content), PDF, found.found)
    return found


def found_in(content: bytes) -> RawMetadata:
    """What the extractor finds, without what is not in the file."""
    return {name: value for name, value in extract(content).items() if value is not None}


def refusal_of(content: bytes) -> FileRejectedError:
    """Why the extractor refuses the content."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(content)
    return refusal.value


def test_pages_and_words() -> None:
    """The words of all pages are counted."""
    content = files.pdf(["one two  three", "", "four"])

    assert found_in(content) == {
        "pageCount": 3,
        "wordCount": 4,
        "hasTextLayer": True,
        "pagesWithoutText": 0,
        "pdfVersion": "1.4",
        "encrypted": False,
        "pageWidth": 612,
        "pageHeight": 792,
        "hasScripts": False,
        "hasForms": False,
        "hasAttachments": False,
        "hasSignatures": False,
    }


def test_information() -> None:
    """The document's information is found under the record's names."""
    content = files.pdf(
        information={
            "Title": b"(A title)",
            "Author": b"<FEFF00C500730061>",
            "Subject": b"(A subject)",
            "Keywords": b"(one, two)",
            "Creator": b"(A writer)",
            "Producer": b"(A printer)",
            "CreationDate": b"(D:20240501100000+02'00')",
            "ModDate": b"(D:20240501100000)",
        }
    )

    assert {
        "title": "A title",
        "author": "Åsa",
        "subject": "A subject",
        "keywords": "one, two",
        "creator": "A writer",
        "producer": "A printer",
        "createdAt": "2024-05-01T08:00:00Z",
        "modifiedAt": "2024-05-01T10:00:00",
    }.items() <= found_in(content).items()


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("D:20240501100000Z", "2024-05-01T10:00:00Z"),
        ("D:20240501100000Z'", "2024-05-01T10:00:00Z"),
        ("D:20240501100000Z00'00'", "2024-05-01T10:00:00Z"),
        ("D:20240501100000Z07'30'", "2024-05-01T10:00:00Z"),
        ("D:20240501100000-07'30'", "2024-05-01T17:30:00Z"),
        ("D:20240501100000+02'00", "2024-05-01T08:00:00Z"),
        ("D:20240501100000+0200", "2024-05-01T08:00:00Z"),
        ("D:20240501100000+02", "2024-05-01T08:00:00Z"),
        ("D:202405011000+02'00'", "2024-05-01T08:00:00Z"),
        ("D:202405011000", "2024-05-01T10:00:00"),
        (" D:20240501100000Z ", "2024-05-01T10:00:00Z"),
        ("2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00Z"),
        ("D:191000501100000", "2000-05-01T10:00:00"),
        ("D:191001231235959-07'00'", "2001-01-01T06:59:59Z"),
        ("20240501", "2024-05-01T00:00:00"),
        ("D:2024", "2024-01-01T00:00:00"),
        ("yesterday", None),
        ("D:20241350100000Z", None),
        ("D:00010101000000+02'00'", None),
        ("D:990501100000", None),
        ("D:20240501100000+99'00'", None),
        ("", None),
    ],
)
def test_date(date: str, moment: str | None) -> None:
    """A date is in UTC where its offset is known, and absent where it is malformed."""
    content = files.pdf(information={"CreationDate": f"({date})".encode()})

    assert moment == found_in(content).get("createdAt")


@pytest.mark.parametrize(
    "title", [b"42", b"/Name", b"[(in a list)]", b"<< >>", b"null", b"99 0 R", b"4 0 R"]
)
def test_information_that_is_no_text(title: bytes) -> None:
    """A title that is not a string is absent, and the file is read."""
    found = found_in(files.pdf(information={"Title": title}))

    assert ("title" in found, found["pageCount"]) == (False, 2)


def test_information_in_objects_of_their_own() -> None:
    """A title and a date that stand in objects of their own, as macOS writes them, are found."""
    content = files.pdf(
        ["x"],
        {"Title": b"7 0 R", "CreationDate": b"8 0 R"},
        objects=[b"(A title)", b"(D:2024)"],
    )

    assert {"title": "A title", "createdAt": "2024-01-01T00:00:00"}.items() <= found_in(
        content
    ).items()


@pytest.mark.parametrize(
    ("header", "catalog", "version"),
    [
        pytest.param(b"%PDF-1.4\n", b"", "1.4", id="header"),
        pytest.param(b"%PDF-1.4\n", b"/Version /1.7", "1.7", id="catalog is later"),
        pytest.param(b"%PDF-2.0\n", b"/Version /1.7", "2.0", id="header is later"),
        pytest.param(b"%PDF-1.4\n", b"/Version /next", "1.4", id="malformed in the catalog"),
        pytest.param(b"%PDF-1.4\n", b"/Version 1.7", "1.4", id="number in the catalog"),
        pytest.param(b"%PDF-x\n", b"", None, id="malformed in the header"),
        pytest.param(b"\n\n%PDF-1.5\n", b"", "1.5", id="not at the begin"),
    ],
)
def test_version(header: bytes, catalog: bytes, version: str | None) -> None:
    """The version is the later one of the header's and the catalog's."""
    assert version == found_in(files.pdf(header=header, catalog=catalog)).get("pdfVersion")


def test_encrypted_with_empty_password() -> None:
    """An encrypted PDF that any viewer opens unasked is read like any other."""
    found = found_in(files.encrypted_pdf(""))

    assert (found["encrypted"], found["pageCount"], found["wordCount"]) == (True, 2, 18)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(files.encrypted_pdf("secret"), FailureCode.ENCRYPTED, id="password"),
        pytest.param(
            files.pdf_encrypted_for_a_certificate(), FailureCode.ENCRYPTED, id="certificate"
        ),
        pytest.param(files.pdf()[:200], FailureCode.UNREADABLE, id="truncated"),
        pytest.param(files.pdf([]), FailureCode.UNREADABLE, id="without pages"),
        pytest.param(b"%PDF-1.7\n", FailureCode.UNREADABLE, id="header only"),
        pytest.param(b"", FailureCode.UNREADABLE, id="empty"),
    ],
)
def test_refusal(content: bytes, code: FailureCode) -> None:
    """A PDF that cannot be read is rejected with its code and a sentence."""
    refusal = refusal_of(content)

    assert code == refusal.code
    assert refusal.message.endswith(".")


def test_excess() -> None:
    """A PDF beyond pypdf's limits that PDFium cannot read is rejected with the reason."""
    content = files.pdf(catalog=b"/Excess [" + b"0 " * 100_001 + b"]")
    content = content.replace(b"/Count 2", b"/Count 3")  # no third page: PDFium gives up

    assert refusal_of(content).message == "The PDF's decompressed size exceeds the limit."


@pytest.fixture
def default_recursion_limit() -> Iterator[None]:
    """Python's, as in the functions: packages of the local AWS raise it where they are imported."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("default_recursion_limit")
@pytest.mark.parametrize(
    "catalog",
    [
        pytest.param(b"/Excess [" + b"0 " * 100_001 + b"]", id="beyond pypdf's limits"),
        pytest.param(b"/Deep " + b"[" * 2_000 + b"]" * 2_000, id="too deep for pypdf"),
    ],
)
def test_information_that_pypdf_cannot_read(catalog: bytes) -> None:
    """What PDFium alone reads is recorded, and that the rest is unknown."""
    assert found_in(files.pdf(information={"Title": b"(A title)"}, catalog=catalog)) == {
        "pageCount": 2,
        "wordCount": 18,
        "hasTextLayer": True,
        "pagesWithoutText": 0,
        "pdfVersion": "1.4",
        "encrypted": False,
        "unread": "information",
    }


def test_pypdf_takes_over() -> None:
    """A PDF that PDFium does not open is read by pypdf, words and all."""
    content = files.pdf(information={"Title": b"(A title)"}).replace(b"/Count 2", b"/Count 3")
    with pytest.raises(NotReadError):
        pdf_text.read(memory_of(io.BytesIO(content)))

    assert {
        "pageCount": 2,
        "wordCount": 18,
        "hasTextLayer": True,
        "pagesWithoutText": 0,
        "title": "A title",
    }.items() <= found_in(content).items()


@pytest.mark.parametrize(
    "error",
    [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    ],
)
def test_every_exception_is_translated(error: type[Exception]) -> None:
    """Each exception class of pypdf's has its place among the failure codes."""
    assert error in pdf_fallback.TRANSLATIONS


def test_images_are_dropped() -> None:
    """Images are dropped from memory once their page is read; other objects stay."""
    reader = PdfReader(io.BytesIO(files.pdf_with_image(side=9)))

    text = TextCollector()

    assert pdf_fallback._text_by_pypdf(reader, text).words == 0  # noqa: SLF001 - nothing else shows what is kept
    assert {1, 2, 3, 4} == {number for _, number in reader.resolved_objects}


def test_forms_beyond_pypdfs_limit() -> None:
    """A page whose forms pypdf stops reading is rejected by it, not counted without them."""
    with pytest.raises(FileRejectedError, match="decompressed size exceeds the limit") as refusal:
        pdf_fallback.extract(io.BytesIO(bombs.nested_forms(2, 80)), PDF, {})

    assert refusal.value.code == FailureCode.UNREADABLE


def test_unreadable_form() -> None:
    """A page with a form that pypdf leaves out is rejected by it, not counted without it."""
    content = bombs.page_with_form(b"BT (text) Tj ET", b"/Filter /Nonsense")
    with pytest.raises(FileRejectedError) as refusal:
        pdf_fallback.extract(io.BytesIO(content), PDF, {})

    assert refusal.value.code == FailureCode.UNREADABLE


def test_good_form() -> None:
    """The words of a form on a page count."""
    assert found_in(bombs.page_with_form(b"BT /F1 9 Tf (two words) Tj ET"))["wordCount"] == 2


@pytest.mark.parametrize(
    ("box", "width", "height"),
    [
        pytest.param(b"[0 0 612 792]", 612, 792, id="as usual"),
        pytest.param(b"[10 10 605.28 851.89]", 595, 842, id="moved and broken"),
        pytest.param(b"[612 792 0 0]", 612, 792, id="other corners"),
        pytest.param(b"[0 0 612 792] /CropBox [6 92 606 692]", 600, 600, id="cropped"),
        pytest.param(b"[0 0 612 792] /CropBox [-9 -9 300 900]", 300, 792, id="cropped in part"),
        pytest.param(b"[0 0 612 792] /CropBox [700 0 900 9]", 612, 792, id="cropped outside"),
        pytest.param(b"[0 0 612 792] /CropBox [0 0 0 0]", 612, 792, id="cropped to nothing"),
        pytest.param(
            b"[0 0 612 792] /CropBox [0 0 9 9] /UserUnit 2", 18, 18, id="cropped, own units"
        ),
        pytest.param(b"[0 0 400 800] /UserUnit 2.5", 1000, 2000, id="in units of its own"),
        pytest.param(b"[0 0 0 0]", None, None, id="no size"),
        pytest.param(b"[0 0 (a) (b)]", None, None, id="no numbers"),
        pytest.param(b"[]", None, None, id="empty"),
        pytest.param(b"null", None, None, id="missing"),
    ],
)
def test_page_size(box: bytes, width: int | None, height: int | None) -> None:
    """The first page's size is reported in points, or omitted."""
    content = files.pdf(["one"]).replace(b"[0 0 612 792]", box)
    found = extract(content)

    assert (width, height) == (found.get("pageWidth"), found.get("pageHeight"))
    assert found["pageCount"] == 1


def test_first_page_after_an_empty_node() -> None:
    """The size is that of the first page, with what it inherits, not of a node without pages."""
    pages = b"<< /Type /Pages /Count 1 /CropBox [0 0 300 300] /Kids [7 0 R 5 0 R] >>"
    content = files.pdf(["one"], objects=[b"<< /Type /Pages /Count 0 /Kids [] >>"])
    content = content.replace(b"<< /Type /Pages /Count 1 /Kids [5 0 R] >>", pages)
    found = extract(content)

    assert (300, 300) == (found["pageWidth"], found["pageHeight"])


def with_annotation(appearance: bytes, entries: bytes = b"", page: str = "one") -> bytes:
    """A PDF with an annotation that shows this content."""
    fields = (
        b"/Resources << /Font << /F1 3 0 R >> >> /Type /XObject /Subtype /Form /BBox [0 0 99 9]"
    )
    annotation = b"<< /Type /Annot /Rect [9 9 108 18] /AP << /N 8 0 R >> %s >>" % entries
    content = files.pdf([page], objects=[annotation, files.stream(appearance, fields)])
    return content.replace(b"/Contents 6 0 R", b"/Contents 6 0 R /Annots [7 0 R]")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param(b"/Subtype /Widget /FT /Tx /F 4", 3, id="field"),
        pytest.param(b"/Subtype /FreeText", 3, id="text on the page"),
        pytest.param(b"/Subtype /Widget /FT /Tx /F 2", 1, id="hidden"),
        pytest.param(b"/Subtype /Widget /FT /Tx /F 32", 1, id="not on a screen"),
        pytest.param(b"/Subtype /Popup", 1, id="pop-up note"),
    ],
)
def test_text_of_annotations(entries: bytes, words: int) -> None:
    """The text that annotations show, among them the fields of forms, counts."""
    content = with_annotation(b"BT /F1 9 Tf (two words) Tj ET", entries)
    by_pypdf = pdf_fallback.extract(io.BytesIO(content), PDF, {})

    assert words == found_in(content)["wordCount"] == by_pypdf["wordCount"]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param(b"/Subtype /Widget /FT /Tx /V (two words)", 3, id="field"),
        pytest.param(b"/Subtype /FreeText /Contents <FEFF00620020006300200064>", 4, id="Unicode"),
        pytest.param(b"/Subtype /Widget /FT /Tx /F 2 /V (two words)", 1, id="hidden"),
        pytest.param(b"/Subtype /FreeText /F 32 /Contents (two words)", 1, id="not on a screen"),
        pytest.param(b"/Subtype /Widget /FT /Btn /V (two words)", 1, id="button"),
        pytest.param(b"/Subtype /Highlight /Contents (two words)", 1, id="note"),
        pytest.param(b"/Subtype /Widget /FT /Tx", 1, id="empty field"),
    ],
)
def test_text_without_an_appearance(entries: bytes, words: int) -> None:
    """The text that viewers write into annotations without an appearance counts."""
    content = with_annotation(b"", entries).replace(b"/AP <<", b"/No <<")

    assert words == found_in(content)["wordCount"]


def test_text_layer_of_a_field_without_an_appearance() -> None:
    """A page that shows only such a field is not blank."""
    content = with_annotation(b"", b"/Subtype /Widget /FT /Tx /V (word)", page="")
    content = content.replace(b"/AP <<", b"/No <<")

    assert (1, True) == (found_in(content)["wordCount"], found_in(content)["hasTextLayer"])


def test_text_of_a_state() -> None:
    """Of a check box, only the text of its present state counts."""
    content = with_annotation(b"BT /F1 9 Tf (two words) Tj ET", b"/Subtype /Widget /AS /On")
    content = content.replace(b"/AP << /N 8 0 R >>", b"/AP << /N << /On 8 0 R /Off 6 0 R >> >>")
    by_pypdf = pdf_fallback.extract(io.BytesIO(content), PDF, {})

    assert 3 == found_in(content)["wordCount"] == by_pypdf["wordCount"]


def test_text_beside_annotations() -> None:
    """Text with a font that the page inherits counts if there are annotations, too."""
    content = with_annotation(b"BT /F1 9 Tf (two) Tj ET", b"/Subtype /Widget")
    resources = b" /Resources << /Font << /F1 3 0 R >> >>"
    content = content.replace(resources + b" >>", b" >>", 1)
    content = content.replace(b"/Type /Pages", b"/Type /Pages" + resources)

    assert found_in(content)["wordCount"] == 2


def test_text_layer_of_a_form() -> None:
    """A page whose only text is in a field has a text layer."""
    content = with_annotation(b"BT /F1 9 Tf (two) Tj ET", b"/Subtype /Widget", page="")

    assert found_in(content)["hasTextLayer"] is True


def blank(contents: bytes) -> bytes:
    """A PDF whose only page has this stream as its content."""
    content = files.pdf([""], objects=[contents])
    return content.replace(b"/Contents 6 0 R", b"/Contents 7 0 R")


def test_another_object_in_the_place_of_pages() -> None:
    """An action that the catalog calls pages is not counted as one."""
    script = b"<< /S /JavaScript /JS (one) >>"
    found = found_in(
        files.assembled_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", script, b"<<>>", b"<<>>"])
    )

    assert not {"pageCount", "wordCount", "hasTextLayer"} & {*found}
    assert found["encrypted"] is False


def test_blank_page() -> None:
    """A page with nothing on it has no words."""
    found = found_in(blank(files.stream(b"q Q")))

    assert (0, False) == (found["wordCount"], found["hasTextLayer"])


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param(files.stream(b"no deflate", b"/Filter /FlateDecode"), id="damaged"),
        pytest.param(files.stream(b"text", b"/Filter /NoFilter"), id="unknown filter"),
        pytest.param(files.stream(b" " * 1_048_577), id="too long"),
    ],
)
@pytest.mark.parametrize("tail", [b"", b"more"], ids=["catalog reader", "pypdf"])
def test_unreadable_page(contents: bytes, tail: bytes) -> None:
    """The number of words is unknown if PDFium found nothing in content that cannot be read."""
    found = found_in(blank(contents) + tail)

    assert {"pageCount": 1, "hasForms": False}.items() <= found.items()
    assert not {"wordCount", "hasTextLayer"} & {*found}


@pytest.mark.parametrize("tail", [b"", b"more"], ids=["catalog reader", "pypdf"])
@pytest.mark.parametrize(
    "codes",
    [
        pytest.param(r"\001 \003 word", id="one of three words"),
        pytest.param(r"\000\000", id="no word"),
        pytest.param("a " * 18 + r"\001", id="one of nineteen words"),
    ],
)
def test_glyphs_without_characters(codes: str, tail: bytes) -> None:
    """Text of which the file does not tell the characters has no known number of words."""
    found = found_in(files.pdf([codes]) + tail)

    assert found["hasTextLayer"] is True
    assert "wordCount" not in found


def test_few_glyphs_without_characters() -> None:
    """One such word in twenty does not change their number."""
    assert 20 == found_in(files.pdf(["a " * 19 + r"\001"]))["wordCount"]


@pytest.mark.parametrize("text", [" ", "   ", r"\240"])
def test_spaces(text: str) -> None:
    """A page with spaces only has no text layer."""
    found = found_in(files.pdf([text]))

    assert (0, False) == (found["wordCount"], found["hasTextLayer"])


@pytest.mark.parametrize("tail", [b"", b"more"], ids=["catalog reader", "pypdf"])
def test_no_text_layer(tail: bytes) -> None:
    """A PDF without a word, such as a scan, has no text layer."""
    found = found_in(files.pdf_with_image(3) + tail)

    assert (False, 1) == (found["hasTextLayer"], found["pagesWithoutText"])


def test_pages_without_text() -> None:
    """Pages that show only glyphs of unknown characters are without text; empty ones are not."""
    assert 1 == found_in(files.pdf(["a word", "", r"\001 \002"]))["pagesWithoutText"]


def test_pages_without_text_by_pypdf() -> None:
    """Of a file that PDFium does not read, pages with content and without words count."""
    content = files.pdf_with_image(3).replace(b"/Count 1", b"/Count 2")

    assert 1 == found_in(content)["pagesWithoutText"]


@pytest.mark.parametrize(
    ("catalog", "name"),
    [
        (b"/OpenAction << /S /JavaScript /JS (x) >>", "hasScripts"),
        (b"/AcroForm << /Fields [3 0 R] >>", "hasForms"),
        (b"/AcroForm << /XFA [] >>", "hasForms"),
        (b"/AF [<< /EF << /F 6 0 R >> >>]", "hasAttachments"),
        (b"/Extensions << /V << /ByteRange [0 1] >> >>", "hasSignatures"),
    ],
)
def test_contents(catalog: bytes, name: str) -> None:
    """Exactly the flags for what the PDF contains besides its pages are set."""
    found = found_in(files.pdf(catalog=catalog))
    said = {key for key, value in found.items() if key.startswith("has") and value is True}

    assert {name, "hasTextLayer"} == said


@pytest.mark.parametrize(
    "catalog",
    [
        b"/OpenAction [3 0 R /Fit]",
        b"/AcroForm << /Fields [] >>",
        b"/Names 99 0 R /AcroForm (x) /AF 3 /Perms [] /Metadata 3 0 R /OpenAction 5",
        b"/Names 1 0 R /AcroForm 1 0 R",
    ],
)
def test_contents_of_no_meaning(catalog: bytes) -> None:
    """A catalog that points nowhere, or at itself, carries nothing."""
    found = found_in(files.pdf(catalog=catalog))
    said = {key for key, value in found.items() if key.startswith("has") and value is True}

    assert {"hasTextLayer"} == said


PDF_A = b'<r xmlns:p="http://www.aiim.org/pdfa/ns/id/">%s</r>'


@pytest.mark.parametrize(
    ("xmp", "claim"),
    [
        (PDF_A % b"<p:part>2</p:part><p:conformance>B</p:conformance>", "PDF/A-2b"),
        (PDF_A % b'<d p:part="1" p:conformance="A"/>', "PDF/A-1a"),
        (PDF_A % b"<p:part>4</p:part>", "PDF/A-4"),
        (PDF_A % b"<p:part>two</p:part>", None),
        (b"<r><part>2</part></r>", None),
        (b"no XML", None),
        (b'<!DOCTYPE r [<!ENTITY a "2">]>' + PDF_A % b"<p:part>&a;</p:part>", None),
    ],
)
def test_pdf_a_claim(xmp: bytes, claim: str | None) -> None:
    """A PDF that claims to be PDF/A has the claim recorded."""
    stream = b"<< /Type /Metadata /Length %d >>\nstream\n%s\nendstream" % (len(xmp), xmp)
    content = files.pdf(["one"], catalog=b"/Metadata 7 0 R", objects=[stream])

    assert claim == found_in(content).get("pdfAClaim")
