"""ZIP packages, by zipfile, with limits on the directory and on decompressed sizes.

Declared sizes are not trusted: the limits apply to the bytes that are read.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Set
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import containers, types
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.xml_events import attributes_of

MAX_DIRECTORY_BYTES = 8 * 1_048_576
"""About 80,000 entries, for which zipfile takes 100 MB."""

MAX_PART_BYTES = 64 * 1_048_576
"""Decompressed size of one entry: the text of a document of 10,000 pages."""

CONTENT_TYPES = "[Content_Types].xml"
RELATIONSHIPS = "_rels/.rels"
MAIN_PART = "officeDocument"
_MEDIA_TYPE = "mimetype"

_MAX_CONTENT_TYPES_BYTES = 4 * 1_048_576
_MAX_RELATIONSHIPS_BYTES = 1_048_576
_MAX_MEDIA_TYPE_BYTES = 200
_CHUNK_BYTES = 1_048_576
"""Expat rescans an incomplete token from its start with each chunk."""

_MACROS = re.compile(r"\.macroenabled(template)?$")
"""IANA's names end in a version that the content types lack."""

_WITHOUT_MAIN = {
    "application/vnd.ms-package.xps-fixeddocumentsequence+xml": "application/vnd.ms-xpsdocument",
    "application/vnd.openxmlformats-officedocument.thememanager+xml": (
        "application/vnd.ms-officetheme"
    ),
}
"""Content types of main parts that are not named after their file's type."""

_KNOWN = frozenset(
    {
        *containers.CONTAINERS[types.ZIP].special_types,
        "application/vnd.adobe.indesign-idml-package",
        "application/vnd.etsi.asic-e+zip",
        "application/vnd.etsi.asic-s+zip",
    }
    | {
        f"application/vnd.ms-{kind}.macroenabled.12"
        for kind in (
            "excel.addin",
            "powerpoint.addin",
            "visio.drawing",
            "visio.stencil",
            "visio.template",
        )
    }
    | {f"application/vnd.ms-visio.{kind}" for kind in ("drawing", "stencil", "template")}
    | {
        f"application/vnd.oasis.opendocument.{kind}"
        for kind in (
            "base",
            "chart",
            "chart-template",
            "database",
            "formula",
            "formula-template",
            "image",
            "image-template",
            "text-master",
            "text-web",
        )
    }
)
"""Types that a zip may declare. Other declarations are ignored: they are arbitrary text and might
name a type that is not based on zip."""

_MARKERS = {
    "AndroidManifest.xml": "application/vnd.android.package-archive",
    "META-INF/MANIFEST.MF": "application/java-archive",
    "Index/Document.iwa": "application/vnd.apple.iwork",
    "index.apxl": "application/vnd.apple.keynote",
}
"""Entries that identify a format."""


class _Bounded:
    """A file whose single reads are limited, independent of sizes in its headers."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self.seek = content.seek
        self.tell = content.tell
        self.seekable = content.seekable

    def read(self, amount: int = -1) -> bytes:
        """As `read` of the file; raises FileRejectedError above the limit."""
        data = self._content.read(min(amount, MAX_DIRECTORY_BYTES + 1) if amount >= 0 else -1)
        if len(data) > MAX_DIRECTORY_BYTES:
            raise LimitExceededError("The zip's directory exceeds the size limit.")
        return data


def opened(content: BinaryIO) -> zipfile.ZipFile:
    """Open the zip and read its directory.

    Raises:
        zipfile.BadZipFile: it has no directory.
        FileRejectedError: the directory exceeds its limit.
    """
    return zipfile.ZipFile(_Bounded(content))


def part(archive: zipfile.ZipFile, name: str, max_bytes: int = MAX_PART_BYTES) -> Iterator[bytes]:
    """The decompressed bytes of an entry, in chunks.

    Raises:
        KeyError: there is no such entry.
        FileRejectedError: it is encrypted, exceeds `max_bytes` or uses another compression.
    """
    entry = archive.getinfo(name)
    if entry.flag_bits & 1:
        raise FileRejectedError(FailureCode.ENCRYPTED, "The file's content is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile cannot limit the output of other methods; ECMA-376 part 2, B.4, allows none.
        raise FileRejectedError(
            FailureCode.UNREADABLE, "The file uses an unsupported compression method."
        )
    unpacked = 0
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK_BYTES):
            unpacked += len(chunk)
            if unpacked > max_bytes:
                raise LimitExceededError("The decompressed size exceeds the limit.")
            yield chunk


def detect(content: BinaryIO) -> str:
    """The MIME type that a zip declares, if it is known; else application/zip."""
    with opened(content) as archive:
        names = archive.NameToInfo
        if CONTENT_TYPES in names and (main := _main_content_type(archive)):
            return main
        if _MEDIA_TYPE in names and (declared := _declared_media_type(archive)):
            return declared
        return next((kind for name, kind in _MARKERS.items() if name in names), types.ZIP)


def _declared_media_type(archive: zipfile.ZipFile) -> str | None:
    """The declared type of an OpenDocument or EPUB file: OpenDocument 1.3, part 2, 3.3."""
    try:
        declared = b"".join(part(archive, _MEDIA_TYPE, _MAX_MEDIA_TYPE_BYTES)).decode("ascii")
    except (ValueError, FileRejectedError, zipfile.BadZipFile):
        return None
    declared = declared.strip().lower()
    return declared if declared in _KNOWN else None


def relationships(archive: zipfile.ZipFile) -> dict[str, str]:
    """The names of the parts that the package itself refers to, by the end of the type's name.

    The main part is the `officeDocument`: ECMA-376 part 2, 6.5.
    """
    found: dict[str, str] = {}
    if RELATIONSHIPS not in archive.NameToInfo:
        return found
    chunks = part(archive, RELATIONSHIPS, _MAX_RELATIONSHIPS_BYTES)
    for attributes in attributes_of(chunks, "Relationship"):
        name = posixpath.normpath("/" + attributes.get("Target", "")).lstrip("/")
        if name in archive.NameToInfo:
            found.setdefault(attributes.get("Type", "").rpartition("/")[2], name)
    return found


def related(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The names of the parts that this part refers to, by the id of the relationship."""
    folder, _, file_name = name.rpartition("/")
    relationships_name = posixpath.join(folder, "_rels", f"{file_name}.rels")
    chunks = part(archive, relationships_name, _MAX_RELATIONSHIPS_BYTES)
    return {
        attributes.get("Id", ""): posixpath.normpath(
            posixpath.join("/", folder, attributes.get("Target", ""))
        ).lstrip("/")
        for attributes in attributes_of(chunks, "Relationship")
    }


def _main_content_type(archive: zipfile.ZipFile) -> str | None:
    """The type of an Open XML file, from its main part's: ECMA-376 part 2, 7.2.3."""
    chunks = part(archive, CONTENT_TYPES, _MAX_CONTENT_TYPES_BYTES)
    found: dict[str, str] = {}  # by the name of a part
    for attributes in attributes_of(chunks, "Override", "Default"):
        if file_type := _type_of(attributes.get("ContentType", "").lower()):
            found[attributes.get("PartName", "")] = file_type
    first = next(iter(found.values()), None)
    if len(set(found.values())) < 2:
        return first
    return found.get("/" + relationships(archive).get(MAIN_PART, ""), first)


def has_part(archive: zipfile.ZipFile, content_types: Set[str]) -> bool:
    """Whether a part has one of these content types, in lower case: ECMA-376 part 2, 7.2.3."""
    if CONTENT_TYPES not in archive.NameToInfo:
        return False
    by_name: dict[str, str] = {}
    by_extension: dict[str, str] = {}
    chunks = part(archive, CONTENT_TYPES, _MAX_CONTENT_TYPES_BYTES)
    for attributes in attributes_of(chunks, "Override", "Default"):
        content_type = attributes.get("ContentType", "").lower()
        if name := attributes.get("PartName"):
            by_name[name.lower().lstrip("/")] = content_type
        elif extension := attributes.get("Extension"):
            by_extension[extension.lower()] = content_type
    return any(
        by_name.get(name, by_extension.get(name.rpartition(".")[2])) in content_types
        for name in map(str.lower, archive.NameToInfo)
    )


def _type_of(content_type: str) -> str | None:
    """The type of files with a main part of this content type, if it is known."""
    if content_type in _WITHOUT_MAIN:
        return _WITHOUT_MAIN[content_type]
    stem, dot, _ = content_type.rpartition(".main")
    file_type = _MACROS.sub(".macroenabled.12", stem) if dot else None
    return file_type if file_type in _KNOWN else None
