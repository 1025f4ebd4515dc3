"""Images, by their headers alone: one module for each format. No pixel is decoded.

An image with a valid header and damaged or missing pixels is accepted. (Pillow does more, but has
had no wheel for Lambda's older systems since release 13, and takes 8 MB.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

from chalicelib.files import dates
from chalicelib.files.extractors import (
    bmp,
    exif,
    gif,
    heif,
    jpeg,
    jpeg2000,
    jpeg_xl,
    png,
    psd,
    tiff,
    webp,
)
from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header
from chalicelib.files.mapped import memory_of
from chalicelib.files.metadata import RawMetadata

_READERS: Mapping[str, Callable[[Memory], ImageFacts]] = {
    "image/avif": heif.read,
    "image/bmp": bmp.read,
    "image/gif": gif.read,
    "image/heic": heif.read,
    "image/heif": heif.read,
    "image/j2c": jpeg2000.read,
    "image/jp2": jpeg2000.read,
    "image/jpeg": jpeg.read,
    "image/jpx": jpeg2000.read,
    "image/jxl": jpeg_xl.read,
    "image/png": png.read,
    "image/tiff": tiff.read,
    "image/vnd.adobe.photoshop": psd.read,
    "image/vnd.microsoft.icon": bmp.read_icon,
    "image/webp": webp.read,
}


def prepare() -> None:
    """Load what extraction would load lazily: the parser of dates."""
    dates.from_exif("2026:01:01 00:00:00")


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Size, colors, frames and Exif; `image_facts.ImageFacts` defines the values.

    - orientation: 1: as stored, 6: rotate 90 degrees clockwise; as viewers show the image: of HEIF
      and JPEG XL from the image itself, else from the Exif.
    - takenAt, cameraMake, cameraModel, software: from Exif; takenAt in the camera's local time.
    - hasGpsPosition: whether there is a position, which is not stored.
    """
    image = _READERS[file_type](memory_of(content))
    if image.width <= 0 or image.height <= 0:
        raise no_header()
    fields = exif.read(image.exif)
    return {
        "width": image.width,
        "height": image.height,
        "bitDepth": image.bit_depth,
        "colorMode": image.color_mode,
        "frameCount": image.frame_count,
        "imageCount": image.image_count,
        **fields,
        "orientation": image.orientation or fields.get("orientation"),
    }
