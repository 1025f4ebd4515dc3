"""Container formats: a zip may be a Word document, an OLE2 file an Excel workbook, an MP4 a song.

The head of a file shows the container (`container_of`). Its content decides the type: the
container's own module detects it, in the sandbox. XML is parsed as such, and its root decides.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from chalicelib.files.types import (
    MATROSKA,
    MP3,
    MP4,
    OLE2,
    QUICKTIME,
    SVG,
    THREE_GPP,
    THREE_GPP2,
    WEBM,
    WMV,
    XML,
    ZIP,
    types_in,
)

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
        Container(THREE_GPP, "extractors.mp4"),
        Container(THREE_GPP2, "extractors.mp4"),
        Container(WEBM, "extractors.matroska"),
        Container(MATROSKA, "extractors.matroska"),
        Container(WMV, "extractors.asf"),
        # An ID3 tag may be longer than the head; what follows decides.
        Container(MP3, "extractors.tagged_audio"),
    ]
}

_SIGNATURES = {
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,  # without entries
    b"PK\x07\x08PK\x03\x04": ZIP,  # prepared for splitting, but whole
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": OLE2,
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c": WMV,
}

_MP4_BRANDS = frozenset(
    {b"isom", *(b"iso%c" % digit for digit in b"23456789abc"), b"mp41", b"mp42", b"mp71", b"avc1"}
    | {b"M4A ", b"M4B ", b"M4P ", b"M4V ", b"M4VH", b"M4VP", b"F4A ", b"F4B ", b"F4P ", b"F4V "}
    | {b"dash", b"cmfc", b"piff", b"MSNV", b"mmp4", b"XAVC", b"CAEP", b"pana", b"dby1"}
)
"""Major brands, https://mp4ra.org/registered-types/brands."""

_COMPATIBLE_BRANDS = frozenset({b"isom", b"iso2", b"mp41", b"mp42"})
"""Of an MP4 whose major brand is its producer's."""

_OTHER_BRANDS = frozenset(
    {b"qt  ", b"crx ", b"mif1", b"msf1", b"miaf", b"heic", b"heix", b"hevc", b"avif", b"avis"}
    | {b"jp2 ", b"jpx ", b"jpm ", b"mjp2", b"jxl "}
)
"""Of pictures and of QuickTime, which may claim to be compatible with MP4."""

_BRANDS_WITHIN_BYTES = 64

_EBML = b"\x1a\x45\xdf\xa3"
_DOCUMENT_TYPE_WITHIN_BYTES = 64
"""The EBML header contains a few numbers and the document type: RFC 8794, 11.2."""

HEAD_BYTES = 64
"""The beginning of a file by which its container is found."""


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
    if _has_id3_tag(head):
        return CONTAINERS[MP3]
    return CONTAINERS.get(iso_media_type(head) or ebml_type(head) or "")


def iso_media_type(head: bytes) -> str | None:
    """The type of an ISO base media file by its brands: MP4, 3GPP, QuickTime; None: another."""
    # The box starts with its length: below 16 MiB, so that no text matches.
    if head[:1] != b"\0" or head[4:8] != b"ftyp":
        return None
    major = head[8:12]
    end = min(int.from_bytes(head[:4], "big"), _BRANDS_WITHIN_BYTES, len(head))
    brands = {major, *(head[at : at + 4] for at in range(16, end, 4))}
    if major in _MP4_BRANDS:
        return MP4
    if major.startswith(b"3g2") or major == b"kddi":
        return THREE_GPP2
    if major.startswith(b"3g"):
        return THREE_GPP
    if major == b"qt  ":
        return QUICKTIME
    return MP4 if brands & _COMPATIBLE_BRANDS and not brands & _OTHER_BRANDS else None


def ebml_type(head: bytes) -> str | None:
    """WebM or Matroska by the document type in an EBML header."""
    if not head.startswith(_EBML):
        return None
    beginning = head[:_DOCUMENT_TYPE_WITHIN_BYTES]
    if b"webm" in beginning:
        return WEBM
    return MATROSKA if b"matroska" in beginning else None


def _has_id3_tag(head: bytes) -> bool:
    """Whether the file starts with an ID3 tag: version, and a size of seven bits in each byte."""
    return (
        len(head) >= 10 and head[:3] == b"ID3" and head[3] in (2, 3, 4) and max(head[6:10]) < 0x80
    )


def type_by_root(name: object, namespace: object) -> str:
    """The type of an XML document with this root element."""
    return SVG if name == "svg" and namespace in _SVG_NAMESPACES else XML


def detector_for(container: Container) -> Detector:
    """The module that detects its content, imported with its parser."""
    return cast(Detector, importlib.import_module(f"{__package__}.{container.module}"))
