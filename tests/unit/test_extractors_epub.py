"""EPUB: fields, spine, references, encryption and limits."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files import zip_package
from chalicelib.files.detection import candidate_types, conflicts_with
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.zip_package import MAX_PART_BYTES
from tests.support.files_office import zip_of
from tests.support.metadata import extract

EPUB = "application/epub+zip"

CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
ITEMS = (
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    '<item id="two" href="text/chapter%20two.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="one" href="../one.xhtml#start" media-type="application/xhtml+xml"/>'
    '<item id="cover" href="cover.svg" media-type="image/svg+xml"/>'
)
SPINE = '<itemref idref="cover"/><itemref idref="one"/><itemref idref="two"/>'


def package(items: str = ITEMS, spine: str = SPINE) -> str:
    """A package document."""
    return (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:title>A title</dc:title><dc:title>A subtitle</dc:title>"
        "<dc:creator>An author</dc:creator><dc:creator>Another</dc:creator>"
        f"<dc:language>en-GB</dc:language></metadata><manifest>{items}</manifest>"
        f"<spine>{spine}</spine></package>"
    )


def page(text: str) -> str:
    """A document of the spine, whose title is not counted."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Not counted</title></head>'
        f"<body><p>{text}</p></body></html>"
    )


def book(changes: Mapping[str, str | bytes | None] | None = None) -> bytes:
    """A book of two chapters, with these entries instead; None leaves one out."""
    entries: dict[str, str | bytes | None] = {
        "mimetype": EPUB,
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": package(),
        "OEBPS/nav.xhtml": page("table of contents"),
        "OEBPS/cover.svg": "<svg><text>cover</text></svg>",
        "one.xhtml": page("one <i>tw</i>o"),
        "OEBPS/text/chapter two.xhtml": page("three<br/>four five"),
        **(changes or {}),
    }
    return zip_of({name: data for name, data in entries.items() if data is not None})


def metadata_of(content: bytes) -> dict[str, object]:
    """The metadata that a record stores."""
    return dict(extract(io.BytesIO(content), EPUB))


def rejection_of(content: bytes) -> FileRejectedError:
    """Why the file is rejected."""
    with pytest.raises(FileRejectedError) as rejection:
        extract(io.BytesIO(content), EPUB)
    return rejection.value


def encryption(algorithm: str) -> str:
    """META-INF/encryption.xml with this algorithm."""
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"'
        ' xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/></enc:EncryptedData></encryption>'
    )


def test_book() -> None:
    """A book has the first of each field, and the words of its spine."""
    assert metadata_of(book()) == {
        "title": "A title",
        "author": "An author",
        "language": "en-GB",
        "wordCount": 5,
    }


def test_detection() -> None:
    """A zip whose `mimetype` is EPUB's is one; the zip's own type may be declared."""
    assert zip_package.detect(io.BytesIO(book())) == EPUB
    assert EPUB in candidate_types(book()[:64], None, is_whole_file=False)
    assert not conflicts_with("application/zip", EPUB)


def test_spine_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are read in the order of the spine, each once."""
    read: list[str] = []
    part = zip_package.part

    def recorded(archive: zipfile.ZipFile, name: str, max_bytes: int) -> Iterator[bytes]:
        read.append(name)
        return part(archive, name, max_bytes)

    monkeypatch.setattr(zip_package, "part", recorded)
    metadata_of(book({"OEBPS/content.opf": package(spine=SPINE + '<itemref idref="one"/>')}))

    assert read[2:] == ["one.xhtml", "OEBPS/text/chapter two.xhtml"]


def test_utf_16() -> None:
    """A document may be in UTF-16."""
    assert metadata_of(book({"one.xhtml": page("é è").encode("utf-16")}))["wordCount"] == 5


def test_document_type() -> None:
    """EPUB 2 package documents with a document type are read."""
    doctype = '<!DOCTYPE package PUBLIC "+//ISBN 0-9673008-1-9//DTD OEB 1.2 Package//EN" "oeb.dtd">'
    changed = package().replace('<?xml version="1.0"?>', doctype)
    assert metadata_of(book({"OEBPS/content.opf": changed}))["title"] == "A title"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"OEBPS/content.opf": None}, id="no package document"),
        pytest.param({"META-INF/container.xml": None}, id="no container.xml"),
        pytest.param({"META-INF/container.xml": "<container/>"}, id="no root file"),
        pytest.param({"OEBPS/content.opf": "<package>"}, id="malformed package document"),
        pytest.param({"one.xhtml": None}, id="missing chapter"),
        pytest.param({"META-INF/encryption.xml": "<a>"}, id="malformed encryption.xml"),
    ],
)
def test_unreadable(changes: Mapping[str, str | bytes | None]) -> None:
    """A book that lacks a required part is unreadable."""
    assert rejection_of(book(changes)).code == FailureCode.UNREADABLE


def test_encrypted() -> None:
    """A book is encrypted unless only its fonts are obfuscated."""
    aes = encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    fonts = encryption("http://www.idpf.org/2008/embedding")

    assert rejection_of(book({"META-INF/encryption.xml": aes})).code == FailureCode.ENCRYPTED
    assert metadata_of(book({"META-INF/encryption.xml": fonts}))["wordCount"] == 5


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"one.xhtml": b" " * (MAX_PART_BYTES + 1)}, id="one document"),
        pytest.param(
            {
                "one.xhtml": b" " * (MAX_PART_BYTES // 2),
                "OEBPS/text/chapter two.xhtml": b" " * (MAX_PART_BYTES // 2 + 1),
            },
            id="all together",
        ),
        pytest.param({"OEBPS/content.opf": b" " * (4 * 1_048_576 + 1)}, id="package document"),
    ],
)
def test_huge_parts(changes: Mapping[str, str | bytes | None]) -> None:
    """Documents whose decompressed size exceeds the limit are rejected."""
    assert rejection_of(book(changes)).code == FailureCode.UNREADABLE
