"""Formats that other formats are made of: which one a file is, only its inside tells.

A zip may be a Word document, an OLE2 file an Excel table, an MP4 a song. The head of such a file
says what it may be (`container_of`); its family looks inside (`identify`), in the child. XML is
read as such, and its root tells what it is (`type_by_root`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

ZIP = "application/zip"
OLE2 = "application/x-ole-storage"
MP4 = "video/mp4"

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

DOCX = _OPEN_XML + "wordprocessingml.document"
XLSX = _OPEN_XML + "spreadsheetml.sheet"
PPTX = _OPEN_XML + "presentationml.presentation"
DOCM = "application/vnd.ms-word.document.macroenabled.12"
XLSM = "application/vnd.ms-excel.sheet.macroenabled.12"
PPTM = "application/vnd.ms-powerpoint.presentation.macroenabled.12"
ODT = _OPEN_DOCUMENT + "text"
ODS = _OPEN_DOCUMENT + "spreadsheet"
ODP = _OPEN_DOCUMENT + "presentation"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"
AUDIO_MP4 = "audio/mp4"
XML = "application/xml"
SVG = "image/svg+xml"

_SVG_NAMESPACES = frozenset({None, "http://www.w3.org/2000/svg"})


@dataclass(frozen=True, slots=True)
class Container:
    """A format and what may be in it."""

    file_type: str
    """MIME type of a file of this format in which nothing more special is found."""
    module: str
    """The module of this package that knows what is in one."""
    special_types: tuple[str, ...]
    """The MIME types among `extractors.SUPPORTED_TYPES` that it may be instead."""


_OFFICE = (DOCX, XLSX, PPTX, DOCM, XLSM, PPTM)

CONTAINERS: Mapping[str, Container] = {
    container.file_type: container
    for container in [
        Container(ZIP, "package", (*_OFFICE, ODT, ODS, ODP)),
        # Encrypted Open XML is kept in an OLE2 file: [MS-OFFCRYPTO], 2.3.4.
        Container(OLE2, "compound", (DOC, XLS, PPT, *_OFFICE)),
        Container(MP4, "boxes", (AUDIO_MP4,)),
    ]
}

_SIGNATURES = {
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,  # of no entries
    b"PK\x07\x08PK\x03\x04": ZIP,  # made to be split, but whole
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": OLE2,
}

_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV"}
    | {b"M4A ", b"M4B ", b"M4V ", b"M4VH", b"M4VP", b"F4A ", b"F4V ", b"mmp4"}
)
"""Major brands, https://mp4ra.org/registered-types/brands. Other ones are formats of their own
(image/heic, video/quicktime, video/3gpp) that filetype knows."""


class Identifier(Protocol):
    """A module of this package that knows what is in a container."""

    def identify(self, content: BinaryIO) -> str:
        """The MIME type of a content that stands at its start; that of its container at least.

        Raises `Refused` where the container is broken or encrypted.
        """


def container_of(head: bytes) -> Container | None:
    """The container that a file beginning like this is."""
    for signature, file_type in _SIGNATURES.items():
        if head.startswith(signature):
            return CONTAINERS[file_type]
    # The box's length comes first: below 16 MiB, so that no text is taken for it.
    if head[:1] == b"\0" and head[4:8] == b"ftyp" and head[8:12] in _MP4_BRANDS:
        return CONTAINERS[MP4]
    return None


def type_by_root(name: object, namespace: object) -> str:
    """What an XML document with this root element is."""
    return SVG if name == "svg" and namespace in _SVG_NAMESPACES else XML


def identifier_of(container: Container) -> Identifier:
    """The module that knows what is in it, imported with its parser."""
    return cast(Identifier, importlib.import_module(f"{__package__}.{container.module}"))
