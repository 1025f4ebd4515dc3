"""Office files of both families, good, encrypted, lying and bombing."""

from __future__ import annotations

import io
import zipfile

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files import containers, types, zip_package
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import office
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import SUPPORTED_TYPES
from tests.support import files_office as made
from tests.support.metadata import extract


def found_in(content: bytes, file_type: str) -> RawMetadata:
    """What is found, without what is not."""
    return {
        name: value
        for name, value in office.extract(io.BytesIO(content), file_type).items()
        if value is not None
    }


def test_word() -> None:
    """Properties of a Word document are extracted; words are counted across runs and tabs."""
    assert found_in(made.docx(), types.DOCX) == {
        "title": "A title",
        "author": "An author",
        "lastModifiedBy": "Another",
        "createdAt": "2024-05-01T08:00:00Z",
        "application": "A program",
        "hasMacros": False,
        "statedPageCount": 7,
        "wordCount": 4,
    }


def test_macros() -> None:
    """A document with macros says so."""
    assert found_in(made.docx(macros=True), types.DOCM)["hasMacros"] is True


def test_sheets_and_slides() -> None:
    """Sheets and slides are counted where they are listed, and nowhere else."""
    assert found_in(made.xlsx(3), types.XLSX)["sheetCount"] == 3
    assert found_in(made.pptx(2), types.PPTX)["slideCount"] == 2


def test_open_document_text() -> None:
    """Properties, the page count from the named statistic, and the word count are extracted."""
    assert found_in(made.ODT, types.ODT) == {
        "title": "A title",
        "author": "An author",
        "lastModifiedBy": "Another",
        "createdAt": "2024-05-01T10:00:00",
        "hasMacros": False,
        "statedPageCount": 9,
        "wordCount": 3,
    }


def test_open_document_sheets_and_slides() -> None:
    """Tables within tables are no sheets, and slides are counted."""
    tables = "<spreadsheet><table><table/></table><table/></spreadsheet>"
    slides = "<presentation><page/><page/></presentation>"

    assert found_in(made.open_document("s", tables), types.ODS)["sheetCount"] == 2
    assert found_in(made.open_document("p", slides), types.ODP)["slideCount"] == 2


def test_open_document_macros() -> None:
    """An OpenDocument file with a Basic library has macros."""
    content = made.open_document("text", "<o:text/>", {"Basic/Standard/Module1.xml": "<m/>"})

    assert found_in(content, types.ODT)["hasMacros"] is True


def test_alternative_text_counts_once() -> None:
    """What is there for programs that know less is not counted a second time."""
    text = "<body><p><t>one</t></p><Fallback><p><t>one</t></p></Fallback></body>"

    assert found_in(made.docx(text), types.DOCX)["wordCount"] == 1


def test_moved_text_counts_once() -> None:
    """What was moved while changes were tracked counts where it is now."""
    moved = "<moveFrom><r><t>one two</t></r></moveFrom><moveTo><r><t>one two</t></r></moveTo>"

    assert found_in(made.docx(f"<body><p>{moved}</p></body>"), types.DOCX)["wordCount"] == 2


def test_notes_of_open_document() -> None:
    """A footnote in the middle of the text does not count as body text."""
    note = "<note><note-citation>1</note-citation><note-body><p>a note</p></note-body></note>"
    content = made.open_document("text", f"<o:text><p>one{note} two</p></o:text>")

    assert found_in(content, types.ODT)["wordCount"] == 2


def test_encrypted_open_document() -> None:
    """An OpenDocument file whose manifest lists encryption data is rejected as encrypted."""
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    content = made.open_document("text", "<o:text/>", manifest=manifest)

    with pytest.raises(FileRejectedError) as refusal:
        office.extract(io.BytesIO(content), types.ODT)

    assert refusal.value.code is FailureCode.ENCRYPTED


BOMB = b"<body>" + b" " * (zip_package.MAX_PART_BYTES + 1)
ENTITIES = '<!DOCTYPE d [<!ENTITY a "aaaa">]><document><body><t>&a;</t></body></document>'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(made.docx("<document><body>"), id="text cut off"),
        pytest.param(made.docx(core="no XML"), id="properties that are no XML"),
        pytest.param(made.docx(ENTITIES), id="document type"),
        pytest.param(made.docx("<a>" * 5_000), id="deep"),
        pytest.param(made.docx()[:-30], id="cut off"),
        pytest.param(made.docx().replace(b"word/other.xml", b"word/gone!.xml"), id="renamed"),
        pytest.param(made.zip_of({"a": b"b"}), id="no document"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """A document that is broken, or asks for what no document needs, is unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), types.DOCX)

    assert refusal.value.code is FailureCode.UNREADABLE


def test_bomb() -> None:
    """A part whose decompressed size exceeds the limit is rejected before it is read to its end."""
    parts = {"word/document.xml": BOMB}

    with pytest.raises(FileRejectedError, match="decompressed size exceeds the limit"):
        office.extract(io.BytesIO(made.zip_of(parts)), types.DOCX)


def test_other_compression() -> None:
    """A part in a compression whose output zipfile cannot bound is rejected."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("word/document.xml", made.WORDS)

    with pytest.raises(FileRejectedError, match="unsupported compression method"):
        office.extract(content, types.DOCX)


def test_claimed_size_is_not_believed() -> None:
    """A part that says it is tiny is not read further than it says, and is unreadable."""
    content = made.zip_of({"word/document.xml": b"<body>" + b" " * 100_000 + b"</body>"})
    lying = content.replace((100_013).to_bytes(4, "little"), (10).to_bytes(4, "little"))

    assert content != lying
    with pytest.raises(FileRejectedError):
        extract(io.BytesIO(lying), types.DOCX)


def test_long_directory() -> None:
    """A directory longer than is read of one is rejected before it becomes objects."""
    directory = b"PK\x01\x02" + bytes(zip_package.MAX_DIRECTORY_BYTES)
    end = b"PK\x05\x06" + bytes(4) + b"\xff\xff" * 2
    end += len(directory).to_bytes(4, "little") + bytes(6)

    with pytest.raises(FileRejectedError, match="directory exceeds the size limit"):
        zip_package.detect(io.BytesIO(directory + end))


def test_entities_in_content_are_not_unfolded() -> None:
    """Where a document type is known to occur, its entities stay what they are."""
    manifest = '<!DOCTYPE m [<!ENTITY a "aaaa">]><manifest>&a;</manifest>'
    content = made.open_document("text", "<o:text>one</o:text>", manifest=manifest)

    assert found_in(content, types.ODT)["wordCount"] == 1


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(made.docx(), types.DOCX, id="docx"),
        pytest.param(made.docx(first=bytes(100_000)), types.DOCX, id="large first entry"),
        pytest.param(made.docx(macros=True), types.DOCM, id="docm"),
        pytest.param(made.xlsx(), types.XLSX, id="xlsx"),
        pytest.param(made.pptx(), types.PPTX, id="pptx"),
        pytest.param(made.ODT, types.ODT, id="odt"),
        pytest.param(made.zip_of({"a": "b"}), types.ZIP, id="zip"),
        pytest.param(made.zip_of({}), types.ZIP, id="zip of nothing"),
        pytest.param(made.zip_of({"mimetype": "nonsense"}), types.ZIP, id="no media type"),
        pytest.param(
            made.zip_of({"mimetype": "application/pdf"}), types.ZIP, id="type of another format"
        ),
        pytest.param(
            made.zip_of({"mimetype": "application/vnd.foo_bar"}), types.ZIP, id="own type"
        ),
        pytest.param(made.open_xml("text/html.main", "a", {}), types.ZIP, id="no main part"),
        pytest.param(made.open_xml("foo.main", "a", {}), types.ZIP, id="no content type"),
        pytest.param(
            made.open_xml("application/vnd.ms-package.xps-fixeddocumentsequence+xml", "a", {}),
            "application/vnd.ms-xpsdocument",
            id="XPS",
        ),
        pytest.param(
            made.open_xml("application/vnd.ms-excel.sheet.binary.macroEnabled.main", "a", {}),
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
            id="xlsb",
        ),
        pytest.param(
            made.zip_of({"mimetype": "application/epub+zip"}), "application/epub+zip", id="EPUB"
        ),
        pytest.param(
            made.zip_of({"META-INF/MANIFEST.MF": ""}), "application/java-archive", id="jar"
        ),
        pytest.param(
            made.open_xml(
                "application/vnd.ms-word.template.macroEnabledTemplate.main+xml", "a", {}
            ),
            "application/vnd.ms-word.template.macroenabled.12",
            id="dotm",
        ),
    ],
)
def test_identified(content: bytes, file_type: str) -> None:
    """A zip is what its directory and its own statement make it, wherever they stand in it."""
    assert file_type == zip_package.detect(io.BytesIO(content))


@pytest.mark.parametrize("file_type", sorted(SUPPORTED_TYPES))
def test_zip_claims_no_other_type(file_type: str) -> None:
    """A zip that declares a supported type of another format stays application/zip."""
    special = containers.CONTAINERS[types.ZIP].special_types
    expected = file_type if file_type in special else types.ZIP

    assert expected == zip_package.detect(io.BytesIO(made.zip_of({"mimetype": file_type})))
    if file_type not in special:
        content = made.open_xml(f"{file_type}.main+xml", "a", {})
        assert types.ZIP == zip_package.detect(io.BytesIO(content))
