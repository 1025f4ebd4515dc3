"""Container formats: a zip may be a Word document, an OLE2 file an Excel workbook, an MP4 a song.

The head of a file shows the container (`container_of`). Its content decides the type: the
container's own module detects it, in the sandbox. XML is parsed as such, and its root decides.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from chalicelib.files.types import MP4, OLE2, SVG, XML, ZIP, types_in

_SVG_NAMESPACES = frozenset({None, "http://www.w3.org/2000/svg"})


@dataclass(frozen=True, slots=True)
class Container:
    """A container format."""

    file_type: str
    """MIME type of a file of this format whose content is not a known special type."""
    module: str
    """The module below `chalicelib.files` that detects what is in one."""

    @property
    def special_types(self) -> tuple[str, ...]:
        """The MIME types in the table of file types that it may be instead."""
        return types_in(self.file_type)


CONTAINERS: Mapping[str, Container] = {
    container.file_type: container
    for container in [
        Container(ZIP, "zip_package"),
        # Encrypted Open XML is stored in an OLE2 file: [MS-OFFCRYPTO], 2.3.4.
        Container(OLE2, "extractors.ole2"),
        Container(MP4, "extractors.mp4"),
    ]
}

_SIGNATURES = {
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,  # without entries
    b"PK\x07\x08PK\x03\x04": ZIP,  # prepared for splitting, but whole
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": OLE2,
}

_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV"}
    | {b"M4A ", b"M4B ", b"M4V ", b"M4VH", b"M4VP", b"F4A ", b"F4V ", b"mmp4"}
)
"""Major brands, https://mp4ra.org/registered-types/brands. Others are formats of their own
(image/heic, video/quicktime, video/3gpp) that filetype detects."""


class Detector(Protocol):
    """A module that detects the type of a container's content."""

    def detect(self, content: BinaryIO) -> str:
        """The MIME type of a content positioned at its start; at least that of its container.

        Raises `FileRejectedError` where the container is damaged or encrypted.
        """


def container_of(head: bytes) -> Container | None:
    """The container format that a file with this head has."""
    for signature, file_type in _SIGNATURES.items():
        if head.startswith(signature):
            return CONTAINERS[file_type]
    # The box starts with its length: below 16 MiB, so that no text matches.
    if head[:1] == b"\0" and head[4:8] == b"ftyp" and head[8:12] in _MP4_BRANDS:
        return CONTAINERS[MP4]
    return None


def type_by_root(name: object, namespace: object) -> str:
    """The type of an XML document with this root element."""
    return SVG if name == "svg" and namespace in _SVG_NAMESPACES else XML


def detector_for(container: Container) -> Detector:
    """The module that detects its content, imported with its parser."""
    return cast(Detector, importlib.import_module(f"{__package__}.{container.module}"))
