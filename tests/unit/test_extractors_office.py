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
    """A document has macros if it has a Visual Basic project or macro sheets."""
    sheets = made.zip_of({"xl/workbook.xml": "<a/>", "xl/macrosheets/sheet1.xml": "<a/>"})

    assert found_in(made.docx(macros=True), types.DOCM)["hasMacros"] is True
    assert found_in(sheets, types.XLSM)["hasMacros"] is True


@pytest.mark.parametrize(
    ("declaration", "has_macros"),
    [
        pytest.param('Override PartName="/word/Stuff.dat"', True, id="part"),
        pytest.param('Default Extension="DAT"', True, id="extension"),
        pytest.param('Override PartName="/word/other.dat"', False, id="missing part"),
        pytest.param('Default Extension="bin"', False, id="missing extension"),
    ],
)
@pytest.mark.parametrize(
    "content_type", ["application/vnd.ms-office.vbaProject", "application/vnd.ms-excel.macrosheet"]
)
def test_macros_by_content_type(declaration: str, has_macros: bool, content_type: str) -> None:
    """A part with macros may have any name: its content type is what counts."""
    types_part = f'<Types><{declaration} ContentType="{content_type}"/></Types>'
    parts = {"[Content_Types].xml": types_part, "xl/workbook.xml": "<a/>", "word/stuff.dat": ""}

    assert has_macros is found_in(made.zip_of(parts), types.XLSM)["hasMacros"]


def test_sheets_and_slides() -> None:
    """Sheets and slides are counted where they are listed, and nowhere else, as in sections."""
    assert found_in(made.xlsx(), types.XLSX)["sheetCount"] == 3
    assert found_in(made.pptx(2), types.PPTX)["slideCount"] == 2


def test_strict() -> None:
    """Strict documents, whose namespaces differ, are counted like transitional ones."""
    strict = "http://purl.oclc.org/ooxml"
    text = made.word_document("<w:p><w:t>one two</w:t></w:p>", f"{strict}/wordprocessingml/main")
    sheets = made.xlsx("<sheet/>" * 2, f"{strict}/spreadsheetml/main")
    slides = made.pptx(2, f"{strict}/presentationml/main")

    assert found_in(made.docx(text), types.DOCX)["wordCount"] == 2
    assert found_in(sheets, types.XLSX)["sheetCount"] == 2
    assert found_in(slides, types.PPTX)["slideCount"] == 2


def test_other_namespace() -> None:
    """Nothing is counted in parts of another vocabulary."""
    text = made.word_document("<w:p><w:t>one two</w:t></w:p>", "urn:other")

    assert "wordCount" not in found_in(made.docx(text), types.DOCX)
    assert "sheetCount" not in found_in(made.xlsx("<sheet/>", "urn:other"), types.XLSX)
    assert "slideCount" not in found_in(made.pptx(2, "urn:other"), types.PPTX)
    assert "slideCount" not in found_in(made.open_document("p", "<o:text/>"), types.ODP)


def test_module_is_no_sheet() -> None:
    """A module of Excel 5, which has no part, is not counted as a sheet."""
    content = made.xlsx('<sheet r:id="rId1"/><sheet name="Module" r:id=""/>')

    assert found_in(content, types.XLSX)["sheetCount"] == 1


@pytest.mark.parametrize(
    ("workbook", "sheets"),
    [
        (b"\x83\1\0\x8f\1\0\x9c\1\2xx\x9c\1\0\x90\1\0\x9c\1\0", 2),
        (b"\x9c\1\xff\xff\xff\x7f", None),
        (b"\x9c\1\0", None),
        (b"\x9c", None),
        (b"", None),
    ],
)
def test_binary_workbook(workbook: bytes, sheets: int | None) -> None:
    """The sheets of an xlsb are counted in its binary part, if that lists them all."""
    kind = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    content = made.open_xml(kind, "xl/workbook.bin", {"xl/workbook.bin": workbook})

    assert found_in(content, types.XLSB).get("sheetCount") == sheets


def test_properties_elsewhere() -> None:
    """Properties are found by the package's relationships, wherever their part is."""
    relationships = (
        '<Relationships><Relationship Type="http://schemas.openxmlformats.org/package/2006/'
        'relationships/metadata/core-properties" Target="package/./core.psmdcp"/>'
        '<Relationship Type="http://purl.oclc.org/ooxml/officeDocument/relationships/'
        'extendedProperties" Target="/a.xml"/></Relationships>'
    )
    entries = {"_rels/.rels": relationships, "package/core.psmdcp": made.CORE}
    entries |= {"a.xml": "<Properties><Application>A program</Application></Properties>"}
    found = found_in(made.zip_of({**entries, "word/document.xml": made.WORDS}), types.DOCX)

    assert (found["title"], found["application"]) == ("A title", "A program")


def test_open_document_text() -> None:
    """Properties, the page count from the named statistic, and the word count are extracted."""
    assert found_in(made.ODT, types.ODT) == {
        "title": "A title",
        "author": "An author",
        "keywords": "one, two",
        "lastModifiedBy": "Another",
        "createdAt": "2024-05-01T10:00:00",
        "hasMacros": False,
        "statedPageCount": 9,
        "wordCount": 3,
    }


def test_open_document_sheets_slides_and_pages() -> None:
    """Tables in tables and caches of other files are no sheets; slides and pages are counted."""
    tables = (
        "<o:spreadsheet><table:table><table:table/></table:table><table:table/>"
        """<table:table table:name="'file:///a.ods'#Sheet1"/></o:spreadsheet>"""
    )
    slides = "<o:presentation><d:page/><d:page/></o:presentation>"
    pages = "<o:drawing><d:page/></o:drawing>"

    assert found_in(made.open_document("s", tables), types.ODS)["sheetCount"] == 2
    assert found_in(made.open_document("p", slides), types.OTP)["slideCount"] == 2
    assert found_in(made.open_document("g", pages), types.ODG)["pageCount"] == 1


@pytest.mark.parametrize(
    ("name", "has_macros"),
    [
        ("Basic/Standard/Module1.xml", True),
        ("Basic/Standard/script-lb.xml", False),
        ("Scripts/python/a.py", True),
        ("Scripts/", False),
    ],
)
def test_open_document_macros(name: str, has_macros: bool) -> None:
    """An OpenDocument file has macros if it has a module; the index of a library does not count."""
    content = made.open_document("text", "<o:text/>", {name: ""})

    assert has_macros is found_in(content, types.ODT)["hasMacros"]


BOX = "<w:r><w:txbxContent><w:p><w:t>in a box</w:t></w:p></w:txbxContent></w:r>"
TEXT_BOX = (
    f"<mc:AlternateContent><mc:Choice>{BOX}</mc:Choice><mc:Choice>{BOX}</mc:Choice>"
    f"<mc:Fallback>{BOX}</mc:Fallback></mc:AlternateContent>"
)


@pytest.mark.parametrize(
    ("paragraph", "words"),
    [
        pytest.param(
            "<w:r>\n <w:t>one</w:t>\n</w:r>\n<w:r>\n <w:t>half</w:t> </w:r>", 1, id="indented"
        ),
        pytest.param("<w:t>a</w:t><wp:posOffset>12</wp:posOffset><w:t> b</w:t>", 2, id="number"),
        pytest.param("<m:t>x=1</m:t>", 0, id="formula"),
        pytest.param("<w:t>a</w:t><w:br/><w:t>b</w:t><w:ptab/><w:t>c</w:t>", 3, id="breaks"),
        pytest.param("<w:t>non</w:t><w:noBreakHyphen/><w:t>stop</w:t>", 1, id="hyphen"),
        pytest.param("<w:t>a </w:t><w:noBreakHyphen/><w:t> b</w:t>", 3, id="hyphen alone"),
        pytest.param("<w:t>soft</w:t><w:softHyphen/><w:t>ly</w:t>", 1, id="soft hyphen"),
        pytest.param("<w:instrText>PAGE 1</w:instrText><w:t>1</w:t>", 1, id="field"),
        pytest.param("<w:del><w:t>gone</w:t></w:del><w:t>here</w:t>", 1, id="deleted"),
        pytest.param("<w:t>Hel</w:t><w:del><w:br/></w:del><w:t>lo</w:t>", 1, id="deleted break"),
        pytest.param(
            "<w:moveFrom><w:t>a b</w:t></w:moveFrom><w:moveTo><w:t>a b</w:t></w:moveTo>",
            2,
            id="moved",
        ),
        pytest.param(f"<w:t>on</w:t>{TEXT_BOX}<w:t>e</w:t>", 4, id="text box within a word"),
        pytest.param(TEXT_BOX * 2, 6, id="two text boxes"),
    ],
)
def test_words_of_a_paragraph(paragraph: str, words: int) -> None:
    """The text of runs is counted, once, and only breaks and white space separate its words."""
    content = made.docx(made.word_document(f"<w:p>{paragraph}</w:p>"))

    assert found_in(content, types.DOCX)["wordCount"] == words


@pytest.mark.parametrize("element", ["altChunk", "subDoc"])
def test_text_in_other_files(element: str) -> None:
    """The words of a document that includes other files are not counted."""
    content = made.docx(made.word_document(f"<w:p><w:t>one</w:t></w:p><w:{element}/>"))

    assert "wordCount" not in found_in(content, types.DOCX)


@pytest.mark.parametrize(
    ("paragraph", "words"),
    [
        pytest.param("one<t:note><t:p>a note</t:p></t:note>, two", 2, id="note within a word"),
        pytest.param("one<o:annotation><t:p>a comment</t:p></o:annotation>", 1, id="comment"),
        pytest.param(
            "<d:frame><svg:title>a b</svg:title><svg:desc>c</svg:desc></d:frame>", 0, id="title"
        ),
        pytest.param("<d:image><o:binary-data>QUJD</o:binary-data></d:image>", 0, id="image"),
        pytest.param("o<d:text-box><t:p>two three</t:p></d:text-box>ne", 3, id="box within a word"),
        pytest.param("o<d:rect><t:p>two</t:p></d:rect>ne", 2, id="shape within a word"),
        pytest.param("a<t:tab/>b<t:line-break/>c", 3, id="breaks"),
    ],
)
def test_words_of_an_open_document_paragraph(paragraph: str, words: int) -> None:
    """The text of paragraphs is counted, without notes, comments, titles and data."""
    content = made.open_document("text", f"<o:text>9 <t:p>{paragraph}</t:p> 9</o:text>")

    assert found_in(content, types.ODT)["wordCount"] == words


def test_encrypted_open_document() -> None:
    """An OpenDocument file whose manifest lists encryption data is rejected as encrypted."""
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    content = made.open_document("text", "<o:text/>", manifest=manifest)

    with pytest.raises(FileRejectedError) as refusal:
        office.extract(io.BytesIO(content), types.ODT)

    assert refusal.value.code is FailureCode.ENCRYPTED


BOMB = b"<body>" + b" " * (zip_package.MAX_PART_BYTES + 1)
ENTITIES = '<!DOCTYPE d [<!ENTITY a "aaaa">]>' + made.WORDS


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
    """A part that claims to be tiny is not read beyond its claim, and is unreadable."""
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
    content = made.open_document("text", "<o:text><t:p>one</t:p></o:text>", manifest=manifest)

    assert found_in(content, types.ODT)["wordCount"] == 1


THEME = made.open_xml(
    "",
    "theme/themeManager.xml",
    {
        "theme/themeManager.xml": "",
        "[Content_Types].xml": f'<Types><Override PartName="/a" ContentType="{types.PPTX}.main"/>'
        '<Override PartName="/theme/themeManager.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.themeManager+xml"/></Types>',
    },
)
"""A package whose main part is not the presentation that it has as well."""


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(made.docx(), types.DOCX, id="docx"),
        pytest.param(made.docx(first=bytes(100_000)), types.DOCX, id="large first entry"),
        pytest.param(made.docx(macros=True), types.DOCM, id="docm"),
        pytest.param(made.xlsx(), types.XLSX, id="xlsx"),
        pytest.param(made.pptx(), types.PPTX, id="pptx"),
        pytest.param(made.ODT, types.ODT, id="odt"),
        pytest.param(
            made.zip_of({"mimetype": " application/x-ibooks+zip\n"}),
            "application/x-ibooks+zip",
            id="Apple Books, with white space",
        ),
        pytest.param(THEME, "application/vnd.ms-officetheme", id="theme"),
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
