"""The types of images by their first bytes."""

from __future__ import annotations

import pytest

from chalicelib.files.detection import candidate_types, conflicts_with
from tests.support import files_images
from tests.support.files_media import box, tiff


@pytest.mark.parametrize(
    ("brands", "file_type"),
    [
        ([b"heic", b"mif1"], "image/heic"),
        ([b"heix"], "image/heic"),
        ([b"hevc", b"msf1"], "image/heic"),
        ([b"mif1", b"heic"], "image/heic"),
        ([b"msf1", b"hevx"], "image/heic"),
        ([b"avif", b"mif1"], "image/avif"),
        ([b"avis", b"msf1"], "image/avif"),
        ([b"mif1", b"avif", b"heic"], "image/avif"),
        ([b"mif1", b"unci"], "image/heif"),
        ([b"msf1"], "image/heif"),
        ([b"j2ki", b"mif1"], "image/heif"),
        ([b"crx ", b"isom"], "image/x-canon-cr3"),
    ],
)
def test_brands(brands: list[bytes], file_type: str) -> None:
    """The type is that of the major brand, else of the first compatible one with a codec."""
    content = files_images.heif(brands=brands)

    assert [file_type] == candidate_types(content, None, is_whole_file=True)


def test_videos() -> None:
    """A video that is compatible with images stays a video."""
    content = box(b"ftyp", b"isom", bytes(4), b"isom", b"mif1", b"heic")

    assert "video/mp4" == candidate_types(content, None, is_whole_file=True)[0]


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        (tiff([{256: 3}]), "image/tiff"),
        (tiff([{256: 3}], order=">"), "image/tiff"),
        (tiff([{256: 3}]).replace(b"\x08\0\0\0", b"\x10\0\0\0CR\2\0", 1), "image/x-canon-cr2"),
        (files_images.big_tiff([{256: 3}]), "image/tiff"),
        (files_images.big_tiff([{256: 3}], order=">"), "image/tiff"),
        (files_images.jpeg_2000(), "image/jp2"),
        (files_images.jpeg_2000(brand=b"jpx "), "image/jpx"),
        (files_images.jpeg_2000(brand=b"jpm "), "image/jpm"),
        (files_images.jpeg_2000_codestream(3, 2), "image/j2c"),
        (files_images.jpeg_xl(), "image/jxl"),
        (files_images.jpeg_xl_container(files_images.jpeg_xl()), "image/jxl"),
        (files_images.icon((16, 16)), "image/vnd.microsoft.icon"),
        (files_images.icon((16, 16), kind=2), "image/vnd.microsoft.icon"),
        (
            files_images.icon((16, 16)).replace(b"\x16\0\0\0", b"\6\0\0\0", 1),
            "application/octet-stream",
        ),
        (b"\0\0\1\0" + bytes(40), "application/octet-stream"),
        (b"\0\0\2\0\1\0" + bytes(40), "application/octet-stream"),
    ],
)
def test_signatures(content: bytes, file_type: str) -> None:
    """A format is recognized by its signature; the short one of icons needs a whole entry."""
    assert [file_type] == candidate_types(content, None, is_whole_file=True)


@pytest.mark.parametrize(
    ("declared", "file_type", "conflicts"),
    [
        ("image/heif", "image/heic", False),
        ("image/heif", "image/avif", False),
        ("image/heic", "image/heif", False),
        ("image/heic-sequence", "image/heic", False),
        ("image/heic", "image/avif", True),
        ("image/x-icon", "image/vnd.microsoft.icon", False),
    ],
)
def test_declared(declared: str, file_type: str, *, conflicts: bool) -> None:
    """HEIF is the format of HEIC and AVIF; phones declare both for each other."""
    assert conflicts == conflicts_with(declared, file_type)
