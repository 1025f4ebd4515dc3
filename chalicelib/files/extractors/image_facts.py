"""What the reader of an image format returns, and what bounds the readers."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError

Memory = bytes | mmap.mmap
"""The content of a file, or a part of it."""

MAX_PARTS = 1_000_000
"""Chunks, blocks or boxes that are read of one file: a file of empty ones would take minutes."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image file. None: the file does not establish it, or its format is not read so far."""

    width: int
    height: int
    """Stored pixels, before the orientation."""
    orientation: int | None = None
    """As in Exif, 1 to 8, where the format has its own; it overrides that of the Exif."""
    bit_depth: int | None = None
    """Bits of one channel, or of a palette's index."""
    color_mode: str | None = None
    """`gray`, `gray-alpha`, `rgb`, `rgb-alpha`, `palette` or `cmyk`."""
    frame_count: int | None = None
    """Frames of an animation, pages of a TIFF; 1 for a still image."""
    image_count: int | None = None
    """Images of an icon."""
    exif: Memory = b""
    """A TIFF structure with the Exif."""


def no_header() -> FileRejectedError:
    """The rejection of an image without a size."""
    return FileRejectedError(FailureCode.UNREADABLE, "The image has no readable header.")
