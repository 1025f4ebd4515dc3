"""PNG, JPEG, GIF and WebP by imagesize, which reads headers only and decodes no pixels.

So a picture whose header is sound and whose pixels are damaged or cut off counts as read.
"""

from __future__ import annotations

from typing import BinaryIO

import imagesize

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused

_UNREADABLE = (-1, -1)
"""imagesize's answer to a header that it cannot make sense of."""


def extract(content: BinaryIO) -> Found:
    """Width and height in pixels as stored: a camera's "turn me" (Exif) does not swap them."""
    size = imagesize.get(content, exif_rotation=False)
    if size == _UNREADABLE or 0 in size:
        raise Refused(FailureCode.UNREADABLE, "The image has no readable header.")
    # imagesize 2.0.1 takes a GIF's unsigned 16 bits for signed ones.
    width, height = (side if side > 0 else side + 2**16 for side in size)
    return {"width": width, "height": height}
