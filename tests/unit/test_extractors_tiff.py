"""TIFF, BigTIFF and camera raw files: which image is the file's, and what its pages are."""

from __future__ import annotations

import io

import pytest

from chalicelib.files.extraction import FileRejectedError
from tests.support import files_images
from tests.support import files_media as media
from tests.support.metadata import extract

TIFF = "image/tiff"
PAGE = {256: 3, 257: 2}
THUMBNAIL = {254: 1, 256: 1, 257: 1}
MASK = {254: 4, 256: 3, 257: 2}


@pytest.mark.parametrize(
    ("content", "width", "height", "pages"),
    [
        pytest.param(media.tiff([PAGE]), 3, 2, 1, id="one page"),
        pytest.param(media.tiff([PAGE], order=">"), 3, 2, 1, id="most significant byte first"),
        pytest.param(media.tiff([PAGE, {256: 9, 257: 9}]), 3, 2, 2, id="the first page's size"),
        pytest.param(media.tiff([PAGE, THUMBNAIL, MASK]), 3, 2, 1, id="thumbnail and mask"),
        pytest.param(media.tiff([THUMBNAIL, PAGE, PAGE]), 3, 2, 2, id="thumbnail first"),
        pytest.param(media.tiff([{254: 1}, PAGE]), 3, 2, 1, id="directory without an image"),
        pytest.param(media.tiff([THUMBNAIL]), 1, 1, 1, id="nothing but a thumbnail"),
        pytest.param(media.tiff([PAGE], next_at=8), 3, 2, 1, id="circle"),
        pytest.param(media.tiff([PAGE], next_at=9_999), 3, 2, 1, id="next page beyond the end"),
        pytest.param(files_images.big_tiff([PAGE]), 3, 2, 1, id="BigTIFF"),
        pytest.param(files_images.big_tiff([PAGE] * 3, order=">"), 3, 2, 3, id="BigTIFF of pages"),
        pytest.param(
            files_images.camera_raw({256: 160, 257: 120}, {256: 6_000, 257: 4_000}),
            6_000,
            4_000,
            1,
            id="camera raw",
        ),
    ],
)
def test_images(content: bytes, width: int, height: int, pages: int) -> None:
    """The size is that of the first full image, wherever it is; pages are full images."""
    found = extract(io.BytesIO(content), TIFF)

    assert (width, height, pages) == (found["width"], found["height"], found["frameCount"])


@pytest.mark.parametrize(
    ("tags", "depth", "mode"),
    [
        pytest.param({258: 8, 262: 1}, 8, "gray", id="gray"),
        pytest.param({262: 0}, 1, "gray", id="bilevel"),
        pytest.param({258: 4, 262: 3}, 4, "palette", id="palette"),
        pytest.param({258: 8, 262: 5}, 8, "cmyk", id="CMYK"),
        pytest.param({258: 8, 262: 2, 277: 3}, 8, "rgb", id="RGB"),
        pytest.param({258: 8, 262: 2, 277: 4}, 8, None, id="channel that is not mentioned"),
        pytest.param({258: 16, 262: 2, 338: 2}, 16, "rgb-alpha", id="alpha"),
        pytest.param({258: 8, 262: 2, 338: 0}, 8, None, id="channel of unknown meaning"),
        pytest.param({258: 12, 262: 32_803}, 12, None, id="color filter array"),
        pytest.param({}, None, None, id="unknown"),
    ],
)
def test_colors(tags: dict[int, int], depth: int | None, mode: str | None) -> None:
    """Bits and colors are those of the image; unknown ones are absent."""
    found = extract(io.BytesIO(media.tiff([{**PAGE, **tags}])), TIFF)

    assert (depth, mode) == (found.get("bitDepth"), found.get("colorMode"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(media.tiff([{256: 3}]), id="no height"),
        pytest.param(media.tiff([PAGE])[:20], id="cut in its directory"),
        pytest.param(media.tiff([PAGE]).replace(b"II*", b"II."), id="no signature"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """A TIFF without a whole directory that has a size is rejected."""
    with pytest.raises(FileRejectedError):
        extract(io.BytesIO(content), TIFF)


def test_pages_that_are_not_counted() -> None:
    """The number of pages is absent where not all directories are read."""
    page = media.tiff([{**dict.fromkeys(range(300, 2_300), 1), **PAGE}])
    content = page[:-4]
    for number in range(1, 600):
        content += (len(page) + (number - 1) * (len(page) - 8)).to_bytes(4, "little") + page[8:-4]
    found = extract(io.BytesIO(content + bytes(4)), TIFF)

    assert (3, 2) == (found["width"], found["height"])
    assert "frameCount" not in found


def test_damaged_page() -> None:
    """The number of pages is absent where a directory without a size may be one."""
    found = extract(io.BytesIO(media.tiff([PAGE, {257: 2}, PAGE])), TIFF)

    assert (3, 2) == (found["width"], found["height"])
    assert "frameCount" not in found
