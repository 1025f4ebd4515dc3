"""Pictures of known size in every variety of their formats."""

from __future__ import annotations

import contextlib
import io
import time

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.detection import candidate_types
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import image
from tests.support import files, files_images
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
        pytest.param(files_images.apple_png(300, 200), 300, 200, id="PNG of iOS"),
        pytest.param(files.jpeg(300, 200), 300, 200, id="baseline JPEG"),
        pytest.param(files_images.jpeg_with_late_height(300, 200), 300, 200, id="height at last"),
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
        pytest.param(files_images.os2_bmp(40_000, 2), 40_000, 2, id="first BMP of OS/2"),
        pytest.param(files_images.os2_bmp(3, 2, header=16), 3, 2, id="short BMP of OS/2"),
        pytest.param(files_images.os2_bmp(70_000, 2, header=64), 70_000, 2, id="long BMP of OS/2"),
        pytest.param(files_images.icon((16, 16), (48, 32)), 48, 32, id="icon"),
        pytest.param(files_images.icon((3, 2), kind=2, claimed_bytes=8), 3, 2, id="cursor"),
        pytest.param(files_images.icon_of_png(1_024, 256), 1_024, 256, id="icon of a PNG"),
        pytest.param(files_images.photoshop(30_000, 2), 30_000, 2, id="PSD"),
        pytest.param(files_images.jpeg_2000(70_000, 2), 70_000, 2, id="JPEG 2000"),
        pytest.param(files_images.jpeg_2000(3, 2, brand=b"jpx "), 3, 2, id="JPX"),
        pytest.param(
            files_images.jpeg_2000_codestream(70_000, 9, 10, 2), 69_990, 7, id="codestream"
        ),
        pytest.param(files_images.jpeg_xl(70_000, 2), 70_000, 2, id="JPEG XL"),
        pytest.param(files_images.small_jpeg_xl(8, 1), 8, 8, id="default JPEG XL"),
        pytest.param(files_images.small_jpeg_xl(72, 5), 128, 72, id="JPEG XL of 16 to 9"),
        pytest.param(
            files_images.jpeg_xl_container(files_images.jpeg_xl(5, 4)), 5, 4, id="JPEG XL in boxes"
        ),
        pytest.param(
            files_images.jpeg_xl_container(files_images.jpeg_xl(5, 4), parts=2),
            5,
            4,
            id="JPEG XL in parts",
        ),
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
        pytest.param(
            files_images.jpeg_with_late_height(3, 2, scan=b"\xff\xe0\0\2"), id="JPEG, late height"
        ),
        pytest.param(files.jpeg()[:30], id="JPEG cut before its frame"),
        pytest.param(files.jpeg(frame=0xE5), id="JPEG without frame"),
        pytest.param(files.gif(3, 0), id="GIF without height"),
        pytest.param(files.gif()[:8], id="GIF cut in its header"),
        pytest.param(files.lossy_webp(3 << 14, 2), id="WebP without width"),
        pytest.param(files.lossy_webp().replace(b"VP8 ", b"VP9 "), id="WebP of no known kind"),
        pytest.param(files.lossless_webp()[:22], id="WebP cut in its header"),
        pytest.param(files.extended_webp()[:24], id="WebP cut in its canvas"),
        pytest.param(files.png().replace(b"\r\n", b"\n", 1), id="PNG with another line end"),
        pytest.param(media.bmp(-3, 2), id="BMP with a negative width"),
        pytest.param(media.bmp(2**30, 2**30), id="BMP of more than 4 GiB"),
        pytest.param(media.bmp(3, -(2**31)), id="BMP of the least height"),
        pytest.param(files_images.icon((3, 2))[:30], id="icon cut before its image"),
        pytest.param(files_images.icon((3, 0)), id="icon without height"),
        pytest.param(files_images.photoshop()[:20], id="PSD cut in its header"),
        pytest.param(files_images.jpeg_2000()[:40], id="JPEG 2000 cut in its header"),
        pytest.param(files_images.jpeg_2000_codestream(3, 9, 3), id="codestream without width"),
        pytest.param(files_images.jpeg_xl()[:9], id="JPEG XL cut in its header"),
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
        pytest.param(files.gif(), None, "palette", id="GIF without palette"),
        pytest.param(media.bmp(), 8, "rgb", id="BMP"),
        pytest.param(files_images.os2_bmp(3, 2), 4, "palette", id="BMP with a palette"),
        pytest.param(files_images.photoshop(), 8, "rgb", id="PSD"),
        pytest.param(files_images.photoshop(channels=4), 8, None, id="PSD and a channel more"),
        pytest.param(files_images.jpeg_2000(), 8, "rgb", id="JPEG 2000"),
        pytest.param(files_images.jpeg_2000(components=1, space=17), 8, "gray", id="gray JP2"),
        pytest.param(files_images.jpeg_2000(components=4), 8, None, id="JP2 and a channel more"),
        pytest.param(files_images.jpeg_2000_codestream(3, 2), 12, None, id="codestream"),
        pytest.param(files_images.jpeg_xl(depth=10), 10, None, id="JPEG XL"),
    ],
)
def test_colours(content: bytes, depth: int, mode: str) -> None:
    """Bit depth and color mode are reported as in the header."""
    found = image.extract(io.BytesIO(content), type_of(content))

    assert (depth, mode) == (found["bitDepth"], found["colorMode"])


def test_largest_palette() -> None:
    """The bit depth of a GIF is that of its largest palette: frames may have their own."""
    frame = b",\0\0\0\0\1\0\1\0\x82" + bytes(24) + b"\2\2\x44\1\0"
    content = media.animated_gif(1)[:-1] + frame + b";"

    assert 3 == extract(io.BytesIO(content), "image/gif")["bitDepth"]


@pytest.mark.parametrize(
    ("content", "frames"),
    [
        pytest.param(files.png(), 1, id="PNG"),
        pytest.param(
            files.png(is_animated=True, claimed_frames=2**32 - 1), 1, id="PNG that boasts"
        ),
        pytest.param(
            files_images.png_with((b"acTL", bytes(8)), *[(b"fcTL", bytes(26))] * 3),
            3,
            id="animated PNG",
        ),
        pytest.param(
            files.png()[:-12]
            + files_images.png_with((b"acTL", bytes(8)), *[(b"fcTL", bytes(26))] * 3)[33:],
            1,
            id="PNG that is animated too late",
        ),
        pytest.param(media.animated_gif(3), 3, id="GIF"),
        pytest.param(files.lossy_webp(), 1, id="WebP"),
        pytest.param(media.animated_webp(4), 4, id="animated WebP"),
        pytest.param(files.gif(), None, id="GIF without frames"),
        pytest.param(media.animated_gif(3)[:-4], 3, id="GIF that is cut off"),
        pytest.param(
            media.animated_gif(3)[:-1] + media.animated_gif(1), None, id="GIF with a GIF inside"
        ),
        pytest.param(files_images.jpeg_xl(), 1, id="JPEG XL"),
        pytest.param(files_images.jpeg_xl(is_animated=True), None, id="animated JPEG XL"),
    ],
)
def test_frames(content: bytes, frames: int) -> None:
    """The frames that are in the file are counted, whatever it claims."""
    found = image.extract(io.BytesIO(content), type_of(content))

    assert frames == found["frameCount"]


def test_images_of_an_icon() -> None:
    """The images of an icon are counted, without those that are not in the file."""
    content = files_images.icon((16, 16), (48, 48), (256, 256))

    assert 3 == extract(io.BytesIO(content), "image/vnd.microsoft.icon")["imageCount"]
    assert 2 == extract(io.BytesIO(content[:-32]), "image/vnd.microsoft.icon")["imageCount"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_jpeg_xl(orientation: int) -> None:
    """JPEG XL has its own orientation, which overrides that of the Exif."""
    codestream = files_images.jpeg_xl(orientation=orientation)
    content = files_images.jpeg_xl_container(codestream, exif=files.TURNED_EXIF)

    assert orientation == extract(io.BytesIO(content), "image/jxl")["orientation"]


def test_frame_of_no_jpeg() -> None:
    """A frame header that cannot be one is skipped, as are bytes between the segments."""
    junk = files.jpeg_segment(0xC0, b"\x4a\0\x09\0\x09\1\1\x11\0") + b"junk"
    content = files.jpeg(3, 2)

    assert {"width": 3, "height": 2, "bitDepth": 8, "colorMode": "gray"} == extract(
        io.BytesIO(content[:2] + junk + content[2:]), "image/jpeg"
    )


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files.png()[:33] + bytes(12) * 2_000_000, "image/png", id="empty chunks"),
        pytest.param(
            files.gif()[:-1] + b"!\xfe" + b"\1\1" * 12_000_000, "image/gif", id="short blocks"
        ),
        pytest.param(
            files_images.png_with(*[files_images.raw_profile_of_spaces()] * 20_000),
            "image/png",
            id="compressed texts",
        ),
        pytest.param(b"\xff\xd8" + b"\xff" * 24_000_000, "image/jpeg", id="fill bytes"),
        pytest.param(
            files.lossy_webp() + b"ANMF\0\0\0\0" * 3_000_000, "image/webp", id="empty frames"
        ),
        pytest.param(
            b"II*\0\x08\0\0\0" + b"\1\0" * 12_000_000, "image/tiff", id="overlapping directories"
        ),
        pytest.param(
            files_images.jpeg_2000()[:32] + b"\0\0\0\x08free" * 3_000_000, "image/jp2", id="boxes"
        ),
        pytest.param(
            files_images.heif()[:28] + b"\0\0\0\x08free" * 3_000_000, "image/heic", id="HEIC boxes"
        ),
    ],
)
def test_many_small_parts(content: bytes, file_type: str) -> None:
    """A large file of the smallest parts takes little time."""
    started = time.process_time()
    with contextlib.suppress(FileRejectedError):
        extract(io.BytesIO(content), file_type)

    assert time.process_time() - started < 8
