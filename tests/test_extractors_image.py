"""Pictures of known size in every variety of their formats."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.extractors import Refused, image
from tests import files


@pytest.mark.parametrize(
    ("content", "width", "height"),
    [
        pytest.param(files.png(3, 2), 3, 2, id="PNG"),
        pytest.param(files.png(70_000, 1), 70_000, 1, id="wide PNG"),
        pytest.param(files.png(3, 2)[:40], 3, 2, id="PNG cut after its header"),
        pytest.param(files.jpeg(300, 200), 300, 200, id="baseline JPEG"),
        pytest.param(files.jpeg(300, 200, frame=0xC2), 300, 200, id="progressive JPEG"),
        pytest.param(files.jpeg(65_535, 1), 65_535, 1, id="widest JPEG"),
        pytest.param(files.jpeg(300, 200, exif=files.TURNED_EXIF), 300, 200, id="turned JPEG"),
        pytest.param(files.jpeg(3, 2, exif=bytes(60_000)), 3, 2, id="JPEG with much before it"),
        pytest.param(files.gif(300, 200), 300, 200, id="GIF"),
        pytest.param(files.gif(40_000, 65_535), 40_000, 65_535, id="widest GIF"),
        pytest.param(files.lossy_webp(300, 200), 300, 200, id="lossy WebP"),
        pytest.param(files.lossless_webp(16_384, 257), 16_384, 257, id="lossless WebP"),
        pytest.param(files.extended_webp(70_000, 256), 70_000, 256, id="extended WebP"),
    ],
)
def test_size(content: bytes, width: int, height: int) -> None:
    """A picture's width and height are found as they are stored."""
    assert {"width": width, "height": height} == image.extract(io.BytesIO(content))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(files.png(0, 2), id="PNG without width"),
        pytest.param(files.png()[:20], id="PNG cut in its header"),
        pytest.param(files.png().replace(b"IHDR", b"IXXX"), id="PNG without header"),
        pytest.param(files.jpeg(3, 0), id="JPEG without height"),
        pytest.param(files.jpeg()[:30], id="JPEG cut before its frame"),
        pytest.param(files.jpeg(frame=0xE5), id="JPEG without frame"),
        pytest.param(files.gif(3, 0), id="GIF without height"),
        pytest.param(files.gif()[:8], id="GIF cut in its header"),
        pytest.param(files.lossy_webp().replace(b"VP8 ", b"VP9 "), id="WebP of no known kind"),
        pytest.param(files.lossless_webp()[:22], id="WebP cut in its header"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """A picture whose header is cut off or lies is unreadable."""
    with pytest.raises(Refused) as refusal:
        image.extract(io.BytesIO(content))

    assert refusal.value.code == FailureCode.UNREADABLE
