"""Images, by imagesize (size) and ExifRead (Exif); no pixel is decoded.

An image with a valid header and damaged or missing pixels is accepted. Colours and frames are read
here, since neither library provides them. (Pillow does, but has had no wheel for Lambda's older
systems since release 13, and takes 8 MB.)
"""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import exifread
import imagesize

from chalicelib.documents import FailureCode
from chalicelib.files import dates
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.metadata import RawMetadata

logging.getLogger("exifread").setLevel(logging.CRITICAL)  # its messages quote the file

_NO_HEADER = "The image has no readable header."

_MAX_FRAMES = 100_000
"""Maximum frame count: counting a file of frames of a few bytes each would take minutes."""

_PNG_COLOURS = {0: "gray", 2: "rgb", 3: "palette", 4: "gray-alpha", 6: "rgb-alpha"}
"""PNG, table 11.1: https://www.w3.org/TR/png-3/#11IHDR"""

_JPEG_COLOURS = {1: "gray", 3: "rgb", 4: "cmyk"}
"""By number of components. Three are usually stored as YCbCr, and shown as RGB."""

_WITH_EXIF = frozenset(
    {"image/jpeg", "image/tiff", "image/png", "image/webp", "image/heic", "image/avif"}
)


def prepare() -> None:
    """Load what extraction would load lazily: the parser of dates."""
    dates.from_exif("2026:01:01 00:00:00")


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Size, colours, frames and Exif.

    - width, height: stored pixels; the orientation does not swap them.
    - orientation: Exif orientation, 1 to 8 (1: as stored, 6: rotate 90 degrees clockwise).
    - colorMode: `gray`, `gray-alpha`, `rgb`, `rgb-alpha`, `palette` or `cmyk`; bitDepth, of one
      channel. Of GIF, PNG and JPEG.
    - frameCount: of GIF, PNG and WebP; pages of TIFF.
    - takenAt, cameraMake, cameraModel, software: from Exif; takenAt in the camera's local time.
    - hasGpsPosition: whether there is a position, which is not stored.
    """
    width, height, orientation = _size(content)
    found: dict[str, str | int | None] = {"width": width, "height": height}
    if read := _DETAILS.get(file_type):
        content.seek(0)
        with contextlib.suppress(struct.error, IndexError):  # the file is truncated after the size
            found.update(read(content))
    if file_type in _WITH_EXIF:
        exif = _exif(content)
        found.update(exif)
        found["orientation"] = exif.get("orientation") or orientation
    return found


def _size(content: BinaryIO) -> tuple[int, int, int | None]:
    """Width, height, and the orientation if imagesize finds it."""
    found = imagesize.get_info(content, dpi=False, colors=False, exif_rotation=False)
    width, height = _misread_size(content) or (found.width, found.height)
    if width < 0 or height < 0:
        raise FileRejectedError(FailureCode.UNREADABLE, _NO_HEADER)
    if 0 in (width, height):
        raise FileRejectedError(FailureCode.UNREADABLE, _NO_HEADER)
    return width, height, found.rotation if 1 <= found.rotation <= 8 else None


def _misread_size(content: BinaryIO) -> tuple[int, int] | None:
    """The size in formats where imagesize 2.0.1 is wrong."""
    content.seek(0)
    head = content.read(30)
    if head[:4] == b"GIF8" and len(head) >= 10:  # read as signed integers
        return struct.unpack_from("<HH", head, 6)
    if head[8:16] == b"WEBPVP8 " and len(head) == 30:  # two of 16 bits are scaling: RFC 6386
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _exif(content: BinaryIO) -> dict[str, Any]:
    """The stored fields of the Exif; none if it is malformed, which does not affect the image."""
    content.seek(0)
    try:
        tags = exifread.process_file(content, details=False, extract_thumbnail=False)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - ExifRead raises exceptions of many classes, including AssertionError
        return {}
    taken = _tag(tags, "EXIF DateTimeOriginal") or _tag(tags, "EXIF DateTimeDigitized")
    return {
        "orientation": _orientation(tags),
        "takenAt": dates.from_exif(taken),
        "cameraMake": _tag(tags, "Image Make"),
        "cameraModel": _tag(tags, "Image Model"),
        "software": _tag(tags, "Image Software"),
        "hasGpsPosition": True if "GPS GPSLatitude" in tags else None,
    }


def _tag(tags: Mapping[str, Any], name: str) -> str | None:
    value = tags[name].values if name in tags else None
    return value if isinstance(value, str) else None  # numbers, in a malformed tag


def _orientation(tags: Mapping[str, Any]) -> int | None:
    values = tags["Image Orientation"].values if "Image Orientation" in tags else None
    first = values[0] if values else None
    return first if isinstance(first, int) and 1 <= first <= 8 else None


def _png(content: BinaryIO) -> RawMetadata:
    head = content.read(26)
    frames = 1
    content.seek(8)
    for kind, size in _png_chunks(content):
        if kind == b"acTL" and size >= 4:
            frames = min(struct.unpack(">L", content.read(4))[0], _MAX_FRAMES)
            break
        if kind == b"IDAT":
            break
    return {"bitDepth": head[24], "colorMode": _PNG_COLOURS.get(head[25]), "frameCount": frames}


def _png_chunks(content: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Type and size of each chunk; the content is positioned at its data."""
    position = content.tell()
    for _ in range(_MAX_FRAMES):
        content.seek(position)
        header = content.read(8)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">L4s", header)
        yield kind, size
        position += 12 + size


def _jpeg(content: BinaryIO) -> RawMetadata:
    position = 2
    for _ in range(_MAX_FRAMES):
        content.seek(position)
        marker, size = struct.unpack(">2sH", content.read(4))
        if marker[0] != 0xFF:
            return {}
        # SOF0 to SOF15 but the tables and extensions between them: ITU-T T.81, table B.1.
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC):
            depth, _, _, components = struct.unpack(">BHHB", content.read(6))
            return {"bitDepth": depth, "colorMode": _JPEG_COLOURS.get(components)}
        position += 2 + size if marker[1] != 0xFF else 1
    return {}


def _gif(content: BinaryIO) -> RawMetadata:
    """GIF89a specification, https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""
    flags = content.read(13)[10]
    _skip_palette(content, flags)
    frames = 0
    while frames < _MAX_FRAMES:
        match content.read(1):
            case b",":
                frames += 1
                _skip_palette(content, content.read(9)[8])
                content.read(1)
            case b"!":
                content.read(1)
            case _:
                break
        while size := content.read(1)[0]:
            content.seek(size, 1)
    return {
        "bitDepth": (flags & 7) + 1 if flags & 0x80 else 8,
        "colorMode": "palette",
        "frameCount": frames,
    }


def _skip_palette(content: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        content.seek(3 << (flags & 7) + 1, 1)


def _webp(content: BinaryIO) -> RawMetadata:
    """RFC 9649: an animation has one chunk per frame."""
    frames = 0
    position = 12
    for _ in range(_MAX_FRAMES):
        content.seek(position)
        header = content.read(8)
        if len(header) < 8:
            break
        frames += header[:4] == b"ANMF"
        size = int.from_bytes(header[4:], "little")
        position += 8 + size + size % 2
    return {"frameCount": max(frames, 1)}


def _tiff(content: BinaryIO) -> RawMetadata:
    """TIFF 6.0 and BigTIFF: the chain of directories, one per page."""
    head = content.read(16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", head, 2)[0] == 43
    next_at = struct.unpack_from(order + ("Q" if is_big else "L"), head, 8 if is_big else 4)[0]
    seen: set[int] = set()
    while next_at and next_at not in seen and len(seen) < _MAX_FRAMES:
        content.seek(next_at)
        entry_bytes, count_form = (20, "Q") if is_big else (12, "H")
        count_bytes = content.read(struct.calcsize("=" + count_form))
        if len(count_bytes) < struct.calcsize("=" + count_form):
            break
        seen.add(next_at)
        (count,) = struct.unpack(order + count_form, count_bytes)
        if count > 65_535:
            break
        content.seek(count * entry_bytes, 1)
        rest = content.read(8 if is_big else 4)
        next_at = int.from_bytes(rest, "little" if order == "<" else "big")
    return {"frameCount": len(seen)}


_DETAILS: Mapping[str, Callable[[BinaryIO], RawMetadata]] = {
    "image/gif": _gif,
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/tiff": _tiff,
    "image/webp": _webp,
}
