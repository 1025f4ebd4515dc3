"""The Exif of images: the same in each format that can contain it."""

from __future__ import annotations

import io
import struct

import pytest

from tests.support import files, files_images
from tests.support import files_media as media
from tests.support.metadata import extract

EXIF = media.exif(b"A maker\0", b"2024:05:01 10:00:00\0", latitude=52)
CAMERA = {"cameraMake": "A maker", "takenAt": "2024-05-01T10:00:00", "hasGpsPosition": True}
BLOCK = b"Exif\0\0" + EXIF


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files.jpeg(exif=EXIF), "image/jpeg", id="JPEG"),
        pytest.param(files_images.png_with((b"eXIf", EXIF)), "image/png", id="PNG"),
        pytest.param(files_images.png_with((b"eXIf", BLOCK)), "image/png", id="PNG, prefixed"),
        pytest.param(
            files_images.png_with(files_images.raw_profile(EXIF)), "image/png", id="PNG as text"
        ),
        pytest.param(
            files_images.png_with(files_images.raw_profile(EXIF, is_compressed=False)),
            "image/png",
            id="PNG as uncompressed text",
        ),
        pytest.param(files_images.webp_with_exif(EXIF), "image/webp", id="WebP"),
        pytest.param(files_images.webp_with_exif(BLOCK), "image/webp", id="WebP, prefixed"),
        pytest.param(
            files_images.heif(exif=[files_images.exif_item(EXIF)]), "image/heic", id="HEIC"
        ),
        pytest.param(
            files_images.heif(exif=[files_images.exif_item(EXIF, prefix=b"Exif\0\0")]),
            "image/heic",
            id="HEIC, prefixed",
        ),
        pytest.param(files_images.heif(exif=[EXIF]), "image/heic", id="HEIC without the offset"),
        pytest.param(
            files_images.heif(exif=[files_images.exif_item(EXIF)], in_idat=True),
            "image/avif",
            id="AVIF, in idat",
        ),
        pytest.param(
            files_images.jpeg_xl_container(files_images.jpeg_xl(), exif=EXIF),
            "image/jxl",
            id="JPEG XL",
        ),
        pytest.param(files_images.jpeg_2000(exif=EXIF), "image/jp2", id="JPEG 2000"),
        pytest.param(files_images.photoshop(exif=EXIF), "image/vnd.adobe.photoshop", id="PSD"),
    ],
)
def test_camera(content: bytes, file_type: str) -> None:
    """Camera fields are extracted; of the position, only its presence is reported."""
    found = extract(io.BytesIO(content), file_type)

    assert CAMERA.items() <= found.items()
    assert not [value for value in found.values() if "52" in str(value)]


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files.jpeg(exif=EXIF), "image/jpeg", id="JPEG"),
        pytest.param(files_images.png_with((b"eXIf", EXIF)), "image/png", id="PNG"),
        pytest.param(files_images.webp_with_exif(EXIF), "image/webp", id="WebP"),
    ],
)
def test_orientation(content: bytes, file_type: str) -> None:
    """The orientation of formats without their own is that of the Exif."""
    assert 6 == extract(io.BytesIO(content), file_type)["orientation"]


def test_tiff() -> None:
    """The fields of a TIFF are those of its first directory, and those below it."""
    content = media.tiff([{256: 3, 257: 2, 274: 6}, {256: 3, 257: 2, 274: 3}])

    assert 6 == extract(io.BytesIO(content), "image/tiff")["orientation"]


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(media.exif(b"A maker\0", b"2024:05:01 10:00:00\0"), id="no position"),
        pytest.param(
            media.exif(b"A maker\0", b"2024:05:01 10:00:00\0", latitude=0, has_fix=False),
            id="receiver without a fix",
        ),
        pytest.param(EXIF.replace(b"\4\0\5\0", b"\6\0\5\0"), id="no longitude"),
    ],
)
def test_no_position(exif: bytes) -> None:
    """An image has a position if there are a latitude and a longitude with values."""
    found = extract(io.BytesIO(files.jpeg(exif=exif)), "image/jpeg")

    assert "A maker" == found["cameraMake"]
    assert "hasGpsPosition" not in found


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"II*\0\xff\xff\xff\x7f", id="offset beyond the end"),
        pytest.param(b"II*\0\x08\0\0\0\xff\xff" + bytes(99), id="too many entries"),
        pytest.param(b"II*\0\x08\0\0\0\0\0\x08\0\0\0", id="circle"),
        pytest.param(b"II*\0", id="nothing but its signature"),
        pytest.param(media.exif(b"A maker\0", b"not yet\0"), id="no date"),
        pytest.param(media.exif(b"A maker\0", b"0000:00:00 00:00:00\0"), id="date not set"),
    ],
)
def test_broken_exif(exif: bytes) -> None:
    """A broken Exif does not affect the rest of a picture."""
    found = extract(io.BytesIO(files.jpeg(3, 2, exif=exif)), "image/jpeg")

    assert (3, 2) == (found["width"], found["height"])
    assert "takenAt" not in found


@pytest.mark.parametrize(
    ("make", "kind", "count"),
    [
        pytest.param(b"A maker\0", 1, 8, id="a number"),
        pytest.param(b"\xc4 maker\0", 2, 8, id="an unknown encoding"),
        pytest.param(b"A maker\0", 2, 2**31, id="longer than the file"),
    ],
)
def test_text_that_is_none(make: bytes, kind: int, count: int) -> None:
    """A camera make that is not text, in an unknown encoding or not in the file is left out."""
    exif = media.exif(make, b"2024:05:01 10:00:00\0")
    stored = exif.replace(struct.pack("<HHL", 0x10F, 2, 8), struct.pack("<HHL", 0x10F, kind, count))
    found = extract(io.BytesIO(files.jpeg(exif=stored)), "image/jpeg")

    assert "2024-05-01T10:00:00" == found["takenAt"]
    assert "cameraMake" not in found


def test_profile_that_is_none() -> None:
    """An Exif as text that cannot be decoded does not affect the rest of a PNG."""
    for data in (b"no deflate", b"x\x9c\x03\0\0\0\0\1"):
        chunk = (b"zTXt", b"Raw profile type exif\0\0" + data)
        content = io.BytesIO(files_images.png_with(chunk))

        assert 3 == extract(content, "image/png")["width"]
