"""EPUB 2 and 3: properties of the package document and the words of the spine.

Specification: https://www.w3.org/TR/epub-33/
"""

from __future__ import annotations

import codecs
import posixpath
import zipfile
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote

from chalicelib.documents import FailureCode
from chalicelib.files import text_codecs, zip_package
from chalicelib.files.extracted_text import PAGE, TextCollector
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import markup
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.xml_events import End, Event, Start, events

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PACKAGE_TYPE = "application/oebps-package+xml"

_MAX_PACKAGE_BYTES = 4 * 1_048_576
"""Bytes of the package document and of each file in META-INF."""

_MAX_TEXT_BYTES = zip_package.MAX_PART_BYTES
"""Bytes of all documents of the spine together."""

_MAX_FIELD_CHARACTERS = 10_000
"""Characters of one field that are kept; more than a record stores."""

_FONT_OBFUSCATION = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
)
"""Algorithms that leave the text readable: https://www.w3.org/TR/epub-33/#sec-font-obfuscation"""

_HTML_TYPES = frozenset({"application/xhtml+xml", "text/html"})
"""Media types of the documents whose words are counted."""

_FIELDS = {"title": "title", "creator": "author", "language": "language"}
"""Dublin Core elements of the package document."""


def prepare() -> None:
    """Load what extraction would load lazily: XML names its encoding."""
    text_codecs.load_all()


def extract(
    content: BinaryIO,
    file_type: str,  # noqa: ARG001 - one type only
    text: TextCollector | None = None,
) -> RawMetadata:
    """Properties and word count.

    - title, author, language: the first of each in the package document.
    - wordCount: whitespace-separated tokens of the documents in the spine, as a page shows them.
    """
    with zip_package.opened(content) as archive:
        _reject_encrypted(archive)
        path = _package_path(archive)
        fields, hrefs = _read_package(_events(archive, path))
        documents = [_resolve(path, href) for href in hrefs]
        return {**fields, "wordCount": _word_count(archive, documents, text)}


def _events(archive: zipfile.ZipFile, name: str) -> Iterator[Event]:
    # EPUB 2 files may have a document type.
    return events(zip_package.part(archive, name, _MAX_PACKAGE_BYTES), rejects_dtd=False)


def _reject_encrypted(archive: zipfile.ZipFile) -> None:
    if _ENCRYPTION not in archive.NameToInfo:
        return
    for event in _events(archive, _ENCRYPTION):
        if (
            isinstance(event, Start)
            and event.local_name == "EncryptionMethod"
            and event.attributes.get("Algorithm") not in _FONT_OBFUSCATION
        ):
            raise FileRejectedError(FailureCode.ENCRYPTED, "The book is encrypted.")


def _package_path(archive: zipfile.ZipFile) -> str:
    """The name of the package document, of the first rendition if there are several."""
    if _CONTAINER in archive.NameToInfo:
        for event in _events(archive, _CONTAINER):
            if (
                isinstance(event, Start)
                and event.local_name == "rootfile"
                and event.attributes.get("media-type") == _PACKAGE_TYPE
                and (path := event.attributes.get("full-path")) in archive.NameToInfo
            ):
                return str(path)
    raise FileRejectedError(FailureCode.UNREADABLE, "The EPUB has no package document.")


def _read_package(package: Iterator[Event]) -> tuple[dict[str, str], list[str]]:
    """The fields, and the references to the HTML documents of the spine in reading order."""
    fields: dict[str, str] = {}
    manifest: dict[str, str] = {}
    spine: dict[str, None] = {}  # in order, each item once
    current: str | None = None
    for event in package:
        match event:
            case Start(local_name="item", attributes=attributes):
                if attributes.get("media-type") in _HTML_TYPES:
                    manifest[attributes.get("id", "")] = attributes.get("href", "")
            case Start(local_name="itemref", attributes=attributes):
                spine[attributes.get("idref", "")] = None
            case Start(local_name=local_name):
                name = _FIELDS.get(local_name)
                current = name if name not in fields else None
            case End():
                current = None
            case text if current and len(fields.get(current, "")) < _MAX_FIELD_CHARACTERS:
                fields[current] = fields.get(current, "") + str(text)
    return fields, [manifest[item] for item in spine if item in manifest]


def _resolve(package_path: str, href: str) -> str:
    """The name in the zip that a reference in the package document stands for."""
    path = unquote(href.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(package_path), path))


def _word_count(archive: zipfile.ZipFile, documents: list[str], text: TextCollector | None) -> int:
    words = 0
    remaining_bytes = _MAX_TEXT_BYTES
    for number, name in enumerate(documents):
        if text and number:
            text.add(PAGE)
        chunks = zip_package.part(archive, name, remaining_bytes)
        words += markup.html_word_count(_text(chunks), text)
        remaining_bytes -= archive.getinfo(name).file_size
    return words


def _text(chunks: Iterator[bytes]) -> Iterator[str]:
    """The text of a document, which is in UTF-8 or UTF-16: EPUB 3.3, 3.9."""
    decoder: codecs.IncrementalDecoder | None = None
    for chunk in chunks:
        if decoder is None:
            is_utf_16 = chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            decoder = codecs.getincrementaldecoder("utf-16" if is_utf_16 else "utf-8-sig")(
                errors="replace"
            )
        yield decoder.decode(chunk)
