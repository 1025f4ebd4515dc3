"""HEIC, AVIF and other HEIF images: the primary item, else the image sequence.

ISO/IEC 23008-12. The orientation is what the transformations `irot` and `imir` make of the stored
pixels: readers ignore that of the Exif (23008-12, A.2.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from chalicelib.files.extractors import exif, iso_boxes
from chalicelib.files.extractors.heif_items import Items
from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header
from chalicelib.files.extractors.iso_boxes import Box

_MAX_EXIF_BYTES = 4 << 20

_ORIENTATIONS = ((1, 6, 3, 8), (2, 7, 4, 5))
"""As in Exif: by whether the image is first mirrored left to right, and quarter turns clockwise."""

_PICTURES = frozenset({b"pict", b"vide"})
"""Handlers of image sequences and of videos."""


def read(memory: Memory) -> ImageFacts:
    """Size, orientation, bit depth, number of frames and Exif."""
    meta = iso_boxes.find(memory, 0, len(memory), b"meta")
    items = Items(memory, meta._replace(start=meta.start + 4)) if meta else None
    primary = items.primary() if items else None
    track = _picture_track(memory)
    if not items or primary is None:
        if not track:
            raise no_header()
        return ImageFacts(*_track_size(memory, track), frame_count=_samples(memory, track))
    properties = items.properties(primary)
    return ImageFacts(
        *_size(memory, properties),
        orientation=_orientation(memory, properties),
        bit_depth=_bit_depth(memory, properties),
        frame_count=_samples(memory, track) if track else None,
        exif=_exif(items, primary),
    )


def _size(memory: Memory, properties: Iterable[Box]) -> tuple[int, int]:
    for kind, start, *_ in properties:
        if kind == b"ispe":
            width, height = struct.unpack_from(">LL", memory, start + 4)
            return width, height
    raise no_header()


def _orientation(memory: Memory, properties: Iterable[Box]) -> int:
    """The combination of all rotations and mirrorings: 23008-12, 6.5.10 and 6.5.12."""
    turns, is_mirrored = 0, False
    for kind, start, *_ in properties:
        if kind == b"irot":  # quarter turns anticlockwise
            turns -= memory[start] & 3
        elif kind == b"imir":  # axis 0 exchanges top and bottom, 1 left and right
            turns = (0 if memory[start] & 1 else 2) - turns
            is_mirrored = not is_mirrored
    return _ORIENTATIONS[is_mirrored][turns % 4]


def _bit_depth(memory: Memory, properties: Iterable[Box]) -> int | None:
    """Bits of a channel, if all have the same: `pixi`, 6.5.6."""
    for kind, start, end, _ in properties:
        if kind == b"pixi":
            count = memory[start + 4]
            depths = set(memory[start + 5 : min(start + 5 + count, end)])
            return depths.pop() if len(depths) == 1 else None
    return None


def _exif(items: Items, primary: int) -> bytes:
    """The Exif that describes the primary item, else the only one: A.2.1."""
    every = items.of_type(b"Exif")
    describing = set(items.describing(primary)) if every else set()
    found = [item for item in every if item in describing] or every
    if not found or (len(found) > 1 and not describing & set(found)):
        return b""
    data = items.data(found[0], most=_MAX_EXIF_BYTES)
    return exif.tiff_at_offset(data, 0, len(data))


def _picture_track(memory: Memory) -> Box | None:
    movie = iso_boxes.find(memory, 0, len(memory), b"moov")
    for track in iso_boxes.boxes(memory, movie.start, movie.end) if movie else ():
        if track.kind != b"trak":
            continue
        handler = iso_boxes.find(memory, track.start, track.end, b"mdia", b"hdlr")
        if handler and memory[handler.start + 8 : handler.start + 12] in _PICTURES:
            return track
    return None


def _table(memory: Memory, track: Box, kind: bytes) -> Box | None:
    path = (b"mdia", b"minf", b"stbl", kind)
    return iso_boxes.find(memory, track.start, track.end, *path)


def _track_size(memory: Memory, track: Box) -> tuple[int, int]:
    """Of the first sample entry: 14496-12, 12.1.3."""
    entries = _table(memory, track, b"stsd")
    if not entries or entries.end - entries.start < 44:
        raise no_header()
    width, height = struct.unpack_from(">HH", memory, entries.start + 40)
    return width, height


def _samples(memory: Memory, track: Box) -> int | None:
    """The number of frames: 14496-12, 8.7.3."""
    sizes = _table(memory, track, b"stsz")
    if not sizes or sizes.end - sizes.start < 12:
        return None
    size, count = struct.unpack_from(">LL", memory, sizes.start + 4)
    most = len(memory) // size if size else (sizes.end - sizes.start - 12) // 4
    return count if 0 < count <= most else None
