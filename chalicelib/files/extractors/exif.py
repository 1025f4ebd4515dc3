"""Exif, which every image format stores as a TIFF structure: CIPA DC-008 (Exif 3.0), 4.6."""

from __future__ import annotations

import struct

from chalicelib.files import dates
from chalicelib.files.extractors.image_facts import Memory
from chalicelib.files.extractors.tiff_structure import Directory, TiffStructure
from chalicelib.files.metadata import RawMetadata

_PREFIX = b"Exif\0"
"""JPEG has it, and a byte after it; some writers of other formats add it."""

_MAX_BYTES = 4 << 20
"""Of an Exif block in another format; the largest are thumbnails and notes of the camera's."""

_MAKE, _MODEL, _ORIENTATION, _SOFTWARE = 0x10F, 0x110, 0x112, 0x131
_EXIF_DIRECTORY, _GPS_DIRECTORY = 0x8769, 0x8825
_TAKEN, _DIGITIZED = 0x9003, 0x9004
_LATITUDE, _LONGITUDE = 2, 4


def tiff_in(memory: Memory, start: int, end: int) -> bytes:
    """The TIFF structure in an Exif block, which may begin with `Exif`."""
    block = memory[start : min(end, start + _MAX_BYTES)]
    return block[6:] if block.startswith(_PREFIX) else block


def tiff_at_offset(memory: Memory, start: int, end: int) -> bytes:
    """The TIFF structure in a block that begins with its offset: HEIF, JPEG XL.

    The offset is 0 or skips `Exif`. Some writers omit it.
    """
    if memory[start : start + 2] in (b"II", b"MM"):
        return tiff_in(memory, start, end)
    return tiff_in(memory, start + 4 + int.from_bytes(memory[start : start + 4], "big"), end)


def read(tiff: Memory) -> RawMetadata:
    """The stored fields of the Exif; none if it is malformed, which does not affect the image."""
    try:
        structure = TiffStructure(tiff)
        image = structure.directory(structure.first_at)
        if not image:
            return {}
        return {
            "orientation": _orientation(structure, image),
            "takenAt": _taken_at(structure, image),
            "cameraMake": structure.text(image, _MAKE),
            "cameraModel": structure.text(image, _MODEL),
            "software": structure.text(image, _SOFTWARE),
            "hasGpsPosition": True if _has_position(structure, image) else None,
        }
    except (ValueError, struct.error):
        return {}


def _orientation(structure: TiffStructure, image: Directory) -> int | None:
    value = structure.integer(image, _ORIENTATION)
    return value if value in range(1, 9) else None


def _taken_at(structure: TiffStructure, image: Directory) -> str | None:
    """When it was taken, or digitized; TIFF/EP (ISO 12234-2) has it in the first directory."""
    for directory in (_linked(structure, image, _EXIF_DIRECTORY), image):
        for tag in (_TAKEN, _DIGITIZED):
            moment = dates.from_exif(structure.text(directory, tag)) if directory else None
            if moment:
                return moment
    return None


def _has_position(structure: TiffStructure, image: Directory) -> bool:
    """Whether there are a latitude and a longitude; a receiver without a fix stores 0/0."""
    directory = _linked(structure, image, _GPS_DIRECTORY)
    if not directory:
        return False
    positions = [structure.rationals(directory, tag) for tag in (_LATITUDE, _LONGITUDE)]
    return all(position and position[0][1] for position in positions)


def _linked(structure: TiffStructure, image: Directory, tag: int) -> Directory | None:
    at = structure.integer(image, tag)
    return structure.directory(at) if at else None
