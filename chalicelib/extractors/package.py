"""Zips and what is in them, by zipfile, which is told how much of one it may believe.

Nothing that a zip says of its sizes is relied on: the directory is read up to a limit, and so is
each entry while it is decompressed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Refused, containers
from chalicelib.extractors.xml_events import Start, events

LONGEST_DIRECTORY_BYTES = 8 * 1_048_576
"""At 46 bytes an entry and its name, some 80,000 entries; zipfile takes 100 MB for them."""

LARGEST_PART_BYTES = 64 * 1_048_576
"""Of one entry, unpacked: the text of a document of 10,000 pages."""

CONTENT_TYPES = "[Content_Types].xml"
_MEDIA_TYPE = "mimetype"

_LARGEST_CONTENT_TYPES_BYTES = 4 * 1_048_576
_LONGEST_MEDIA_TYPE_BYTES = 200
_CHUNK_BYTES = 1_048_576
"""Expat looks at what does not end again, from its start, with each piece."""

_MACROS = re.compile(r"\.macroenabled(template)?$")
"""Where IANA's names have a version that the content types lack."""

_XPS = "application/vnd.ms-package.xps-fixeddocumentsequence+xml"

_KNOWN = frozenset(
    {
        *containers.CONTAINERS[containers.ZIP].special_types,
        "application/epub+zip",
        "application/vnd.adobe.indesign-idml-package",
        "application/vnd.etsi.asic-e+zip",
        "application/vnd.etsi.asic-s+zip",
        "application/x-ibooks+zip",
    }
    | {
        f"application/vnd.openxmlformats-officedocument.{kind}"
        for kind in (
            "presentationml.slideshow",
            "presentationml.template",
            "spreadsheetml.template",
            "wordprocessingml.template",
        )
    }
    | {
        f"application/vnd.ms-{kind}.macroenabled.12"
        for kind in (
            "excel.addin",
            "excel.sheet.binary",
            "excel.template",
            "powerpoint.addin",
            "powerpoint.slideshow",
            "powerpoint.template",
            "visio.drawing",
            "visio.stencil",
            "visio.template",
            "word.template",
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
            "graphics",
            "graphics-template",
            "image",
            "image-template",
            "presentation-template",
            "spreadsheet-template",
            "text-master",
            "text-template",
            "text-web",
        )
    }
)
"""What a zip is believed to be when it says so. Anything else that it says is just its words, which
are not to be repeated, and might be a type that is no zip at all."""

_MARKERS = {
    "AndroidManifest.xml": "application/vnd.android.package-archive",
    "META-INF/MANIFEST.MF": "application/java-archive",
    "Index/Document.iwa": "application/vnd.apple.iwork",
    "index.apxl": "application/vnd.apple.keynote",
}
"""Entries that make a zip something else."""


class _Bounded:
    """A file that is not read further at once than a limit, whatever a header in it asks for."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self.seek = content.seek
        self.tell = content.tell
        self.seekable = content.seekable

    def read(self, amount: int = -1) -> bytes:
        """As `read` of the file; Refused where that is too much."""
        data = self._content.read(min(amount, LONGEST_DIRECTORY_BYTES + 1) if amount >= 0 else -1)
        if len(data) > LONGEST_DIRECTORY_BYTES:
            raise Refused(FailureCode.UNREADABLE, "The zip lists more entries than are read.")
        return data


def opened(content: BinaryIO) -> zipfile.ZipFile:
    """The zip's directory, of bounded length.

    Raises:
        zipfile.BadZipFile: it has none.
    """
    return zipfile.ZipFile(_Bounded(content))


def part(
    archive: zipfile.ZipFile, name: str, most_bytes: int = LARGEST_PART_BYTES
) -> Iterator[bytes]:
    """The unpacked bytes of an entry, in pieces; Refused where they are more than that.

    Raises:
        KeyError: there is no such entry.
    """
    entry = archive.getinfo(name)
    if entry.flag_bits & 1:
        raise Refused(FailureCode.ENCRYPTED, "What is in the file is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile cannot bound what comes out of the other ones, and ECMA-376 part 2, B.4, has none.
        raise Refused(
            FailureCode.UNREADABLE, "The file is compressed in a way that none of its kind is."
        )
    unpacked = 0
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK_BYTES):
            unpacked += len(chunk)
            if unpacked > most_bytes:
                raise Refused(
                    FailureCode.UNREADABLE,
                    "The file unfolds to more content than is read of one file.",
                )
            yield chunk


def identify(content: BinaryIO) -> str:
    """The MIME type of a zip: what it declares to be, if that is known; else application/zip."""
    with opened(content) as archive:
        names = archive.NameToInfo
        if CONTENT_TYPES in names and (main := _main_content_type(archive)):
            return main
        if _MEDIA_TYPE in names and (declared := _declared_media_type(archive)):
            return declared
        return next((kind for name, kind in _MARKERS.items() if name in names), containers.ZIP)


def _declared_media_type(archive: zipfile.ZipFile) -> str | None:
    """What an OpenDocument or EPUB file says of itself: OpenDocument 1.3, part 2, 3.3."""
    try:
        said = b"".join(part(archive, _MEDIA_TYPE, _LONGEST_MEDIA_TYPE_BYTES)).decode("ascii")
    except (ValueError, Refused, zipfile.BadZipFile):
        return None
    said = said.strip().lower()
    return said if said in _KNOWN else None


def _main_content_type(archive: zipfile.ZipFile) -> str | None:
    """The type that an Open XML file has by its main part's, ECMA-376 part 2, 7.2.3."""
    chunks = part(archive, CONTENT_TYPES, _LARGEST_CONTENT_TYPES_BYTES)
    for event in events(chunks):
        if isinstance(event, Start) and event.local_name in ("Override", "Default"):
            content_type = event.attributes.get("ContentType", "").lower()
            if content_type == _XPS:
                return "application/vnd.ms-xpsdocument"
            stem = content_type.rpartition(".main")[0]
            if (file_type := _MACROS.sub(".macroenabled.12", stem)) in _KNOWN:
                return file_type
    return None
