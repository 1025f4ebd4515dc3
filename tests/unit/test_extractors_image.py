"""Pictures of known size in every variety of their formats."""

from __future__ import annotations

import io
import struct

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.detection import candidate_types
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import image
from tests.support import files
from tests.support import files_media as media
from tests.support.metadata import extract


def type_of(content: bytes) -> str:
    """The type by the content's beginning."""
    return candidate_types(content[:8_192], None, is_whole_file=True)[0]


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
        pytest.param(files.gif(65_535, 65_535), 65_535, 65_535, id="largest GIF"),
        pytest.param(files.lossy_webp(300, 200), 300, 200, id="lossy WebP"),
        pytest.param(
            files.lossy_webp(300 | 1 << 14, 200 | 2 << 14), 300, 200, id="WebP to be scaled"
        ),
        pytest.param(files.lossless_webp(16_384, 257), 16_384, 257, id="lossless WebP"),
        pytest.param(files.extended_webp(70_000, 256), 70_000, 256, id="extended WebP"),
        pytest.param(media.bmp(3, 2), 3, 2, id="BMP"),
        pytest.param(media.bmp(3, -2), 3, 2, id="BMP from top to bottom"),
        pytest.param(media.tiff([{256: 3, 257: 2}]), 3, 2, id="TIFF"),
        pytest.param(media.heic(4_032, 3_024), 4_032, 3_024, id="HEIC"),
        pytest.param(media.heic(640, 480, b"avif"), 640, 480, id="AVIF"),
    ],
)
def test_size(content: bytes, width: int, height: int) -> None:
    """A picture's width and height are found as they are stored."""
    found = image.extract(io.BytesIO(content), type_of(content))

    assert (width, height) == (found["width"], found["height"])


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
        pytest.param(files.lossy_webp(3 << 14, 2), id="WebP without width"),
        pytest.param(files.lossy_webp().replace(b"VP8 ", b"VP9 "), id="WebP of no known kind"),
        pytest.param(files.lossless_webp()[:22], id="WebP cut in its header"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """A picture whose header is cut off or lies is unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), type_of(content))

    assert refusal.value.code == FailureCode.UNREADABLE


@pytest.mark.parametrize(
    ("content", "depth", "mode"),
    [
        pytest.param(files.png(), 8, "gray", id="PNG"),
        pytest.param(files.jpeg(), 8, "gray", id="JPEG"),
        pytest.param(media.animated_gif(1), 1, "palette", id="GIF"),
    ],
)
def test_colours(content: bytes, depth: int, mode: str) -> None:
    """Bit depth and color mode are reported as in the header."""
    found = image.extract(io.BytesIO(content), type_of(content))

    assert (depth, mode) == (found["bitDepth"], found["colorMode"])


@pytest.mark.parametrize(
    ("content", "frames"),
    [
        pytest.param(files.png(), 1, id="PNG"),
        pytest.param(files.png(is_animated=True), 1, id="animated PNG of one frame"),
        pytest.param(
            files.png(is_animated=True, claimed_frames=2**32 - 1), 100_000, id="PNG that boasts"
        ),
        pytest.param(media.animated_gif(3), 3, id="GIF"),
        pytest.param(files.lossy_webp(), 1, id="WebP"),
        pytest.param(media.animated_webp(4), 4, id="animated WebP"),
        pytest.param(media.tiff([{256: 3, 257: 2}] * 3), 3, id="TIFF"),
        pytest.param(media.tiff([{256: 3, 257: 2}], next_at=8), 1, id="TIFF in a circle"),
    ],
)
def test_frames(content: bytes, frames: int) -> None:
    """Frames and pages are counted, as far as they go."""
    found = image.extract(io.BytesIO(content), type_of(content))

    assert frames == found["frameCount"]


def test_camera() -> None:
    """Camera fields are extracted; of the GPS position, only its presence is reported."""
    exif = media.exif(b"A maker\0", b"2024:05:01 10:00:00\0", latitude=52)
    found = extract(io.BytesIO(files.jpeg(exif=exif)), "image/jpeg")

    assert {
        "orientation": 6,
        "cameraMake": "A maker",
        "takenAt": "2024-05-01T10:00:00",
        "hasGpsPosition": True,
    }.items() <= found.items()
    assert not [value for value in found.values() if "52" in str(value)]


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"II*\0\xff\xff\xff\x7f", id="offset beyond the end"),
        pytest.param(b"II*\0\x08\0\0\0\xff\xff" + bytes(99), id="too many entries"),
        pytest.param(b"II*\0\x08\0\0\0\0\0\x08\0\0\0", id="circle"),
        pytest.param(media.exif(b"A maker\0", b"not yet\0"), id="no date"),
    ],
)
def test_broken_exif(exif: bytes) -> None:
    """A picture is none the worse for a broken Exif."""
    found = extract(io.BytesIO(files.jpeg(3, 2, exif=exif)), "image/jpeg")

    assert (3, 2) == (found["width"], found["height"])
    assert "takenAt" not in found


def test_numbers_for_a_name() -> None:
    """A camera make that is stored as a number is ignored."""
    named = media.exif(b"A maker\0", b"2024:05:01 10:00:00\0")
    exif = named.replace(struct.pack("<HH", 0x10F, 2), struct.pack("<HH", 0x10F, 1))

    assert named != exif
    assert "cameraMake" not in extract(io.BytesIO(files.jpeg(exif=exif)), "image/jpeg")
