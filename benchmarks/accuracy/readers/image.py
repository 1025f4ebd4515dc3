"""Images: ExifTool, Pillow, and ffprobe for those that Pillow does not read."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.accuracy.readers import dates
from benchmarks.accuracy.readers.programs import exiftool, named, number, run

Image.MAX_IMAGE_PIXELS = None  # no pixel is decoded

_COLOR_MODES = {
    "1": "gray",
    "L": "gray",
    "I;16": "gray",
    "I;16B": "gray",
    "LA": "gray-alpha",
    "RGB": "rgb",
    "RGBA": "rgb-alpha",
    "P": "palette",
    "CMYK": "cmyk",
}
_ORIENTATION, _MAKE, _MODEL, _SOFTWARE, _EXIF, _GPS = 0x0112, 0x010F, 0x0110, 0x0131, 0x8769, 0x8825
_TAKEN, _DIGITIZED = 0x9003, 0x9004


def exif(path: Path) -> dict[str, Any]:
    """Size, depth and Exif."""
    tags = exiftool(path)
    taken = tags.get("ExifIFD:DateTimeOriginal") or tags.get("ExifIFD:CreateDate")
    return {
        "width": number(_of_image(tags, "ImageWidth")) or None,
        "height": number(_of_image(tags, "ImageHeight")) or None,
        "orientation": _orientation(tags.get("IFD0:Orientation")),
        "takenAt": dates.to_iso(taken),
        "cameraMake": tags.get("IFD0:Make"),
        "cameraModel": tags.get("IFD0:Model"),
        "software": tags.get("IFD0:Software"),
        "hasGpsPosition": "GPS:GPSLatitude" in tags and "GPS:GPSLongitude" in tags,
        "bitDepth": number(tags.get("PNG:BitDepth") or tags.get("File:BitsPerSample")),
        "imageCount": number(tags.get("File:ImageCount")),
        "frameCount": number(named(tags, "FrameCount") or named(tags, "AnimationFrames")),
    }


def _of_image(tags: dict[str, str] | Any, name: str) -> str | None:
    """The size of the main image: the Exif of a JPEG may have that of another."""
    return tags.get(f"File:{name}") or named(
        {key: value for key, value in tags.items() if not key.startswith(("ExifIFD", "IFD1"))}, name
    )


def _orientation(value: object) -> int | None:
    found = number(value)
    return found if found is not None and 1 <= found <= 8 else None


def pillow(path: Path) -> dict[str, Any]:
    """Size, frames, colors and Exif."""
    with Image.open(path) as image:
        found = {
            "width": image.width,
            "height": image.height,
            "colorMode": _COLOR_MODES.get(image.mode),
            "frameCount": getattr(image, "n_frames", None),  # of formats with several,
        }
        return {**found, **_pillow_exif(image)}


def _pillow_exif(image: Image.Image) -> dict[str, Any]:
    try:
        tags = image.getexif()
        inner, position = tags.get_ifd(_EXIF), tags.get_ifd(_GPS)
    except (SyntaxError, ValueError, TypeError, struct.error, OSError, KeyError):
        return {}
    return {
        "orientation": _orientation(tags.get(_ORIENTATION)),
        "cameraMake": _text(tags.get(_MAKE)),
        "cameraModel": _text(tags.get(_MODEL)),
        "software": _text(tags.get(_SOFTWARE)),
        "takenAt": dates.to_iso(_text(inner.get(_TAKEN) or inner.get(_DIGITIZED))),
        "hasGpsPosition": 2 in position and 4 in position,
    }


def _text(value: object) -> str | None:
    return value.partition("\0")[0] if isinstance(value, str) else None


def ffprobe(path: Path) -> dict[str, Any]:
    """Size of the first picture."""
    command = ("ffprobe", "-v", "error", "-print_format", "json", "-show_streams", path)
    streams = json.loads(run(*command)).get("streams", [])
    first = streams[0]
    return {"width": first["width"] or None, "height": first["height"] or None}


READERS = {"exiftool": exif, "pillow": pillow, "ffprobe": ffprobe}
