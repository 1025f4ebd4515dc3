"""HEIC and AVIF: the primary item, its transformations and its Exif; image sequences."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import pytest

from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import iso_boxes
from tests.support.files_images import (
    exif_item,
    heif,
    image_sequence,
    pixel_depths,
    property_box,
)
from tests.support.files_media import box, exif
from tests.support.metadata import extract

FILE_TYPE = "image/heic"


def rotation(quarter_turns: int) -> bytes:
    """An anticlockwise rotation."""
    return property_box(b"irot", quarter_turns)


def mirroring(axis: int) -> bytes:
    """An exchange of top and bottom (0), or of left and right (1)."""
    return property_box(b"imir", axis)


@pytest.mark.parametrize(
    ("transformations", "orientation"),
    [
        ([], 1),
        ([rotation(0)], 1),
        ([rotation(1)], 8),
        ([rotation(2)], 3),
        ([rotation(3)], 6),
        ([mirroring(0)], 4),
        ([mirroring(1)], 2),
        ([rotation(1), mirroring(0)], 5),
        ([rotation(1), mirroring(1)], 7),
        ([rotation(2), mirroring(0)], 2),
        ([rotation(3), mirroring(0)], 7),
        ([mirroring(1), rotation(1)], 5),
        ([mirroring(1), mirroring(0)], 3),
    ],
)
def test_orientation(transformations: Sequence[bytes], orientation: int) -> None:
    """The orientation is what the transformations result in, in their order."""
    found = extract(io.BytesIO(heif(properties=transformations)), FILE_TYPE)

    assert orientation == found["orientation"]


def test_orientation_of_the_exif() -> None:
    """Viewers ignore the orientation of the Exif, and so does the record."""
    tiff = exif(b"A maker\0", b"2024:05:01 10:00:00\0")
    found = extract(io.BytesIO(heif(exif=[exif_item(tiff)])), FILE_TYPE)

    assert (1, "A maker") == (found["orientation"], found["cameraMake"])


def test_size() -> None:
    """The size is that of the primary item as it is stored, before its rotation."""
    found = extract(io.BytesIO(heif(4_032, 3_024, properties=[rotation(3)])), FILE_TYPE)

    assert (4_032, 3_024) == (found["width"], found["height"])


@pytest.mark.parametrize(("depths", "depth"), [((10, 10, 10), 10), ((8, 8, 5), None)])
def test_bit_depth(depths: Sequence[int], depth: int | None) -> None:
    """The bit depth is reported if all channels have the same."""
    found = extract(io.BytesIO(heif(properties=[pixel_depths(*depths)])), FILE_TYPE)

    assert depth == found.get("bitDepth")


@pytest.mark.parametrize(
    ("claimed", "frames"),
    [(None, 5), (6, None), (2**32 - 1, None), (0, None)],
)
def test_frames(claimed: int | None, frames: int | None) -> None:
    """Frames are counted in the track; a number that the file has no room for is not believed."""
    content = heif(brands=[b"avis"], movie=image_sequence(3, 2, 5, claimed=claimed))
    found = extract(io.BytesIO(content), "image/avif")

    assert frames == found.get("frameCount")


def test_sequence_without_items() -> None:
    """An image sequence without a primary item has the size of its track."""
    content = box(b"ftyp", b"msf1", bytes(4), b"hevc") + image_sequence(640, 480, 2)

    assert {"width": 640, "height": 480, "frameCount": 2} == extract(io.BytesIO(content), FILE_TYPE)


@pytest.mark.parametrize(
    ("described", "make"),
    [
        pytest.param([3, 1], "Second", id="the second describes the primary item"),
        pytest.param([1, 3], "First", id="the first does"),
        pytest.param([9, 9], None, id="none does"),
    ],
)
def test_exif_of_several(described: Sequence[int], make: str | None) -> None:
    """Of several Exif items, that of the primary item is read."""
    items = [exif_item(exif(name, b"2024:05:01 10:00:00\0")) for name in (b"First\0", b"Second\0")]
    found = extract(io.BytesIO(heif(exif=items, described=described)), FILE_TYPE)

    assert make == found.get("cameraMake")


@pytest.mark.parametrize("in_idat", [False, True])
def test_exif_beyond_the_end(*, in_idat: bool) -> None:
    """An item that claims to lie beyond the file's end is read as far as it is there."""
    item = exif_item(exif(b"A maker\0", b"2024:05:01 10:00:00\0"))
    content = heif(exif=[item], in_idat=in_idat)
    claim = content.replace(struct.pack(">L", len(item)), b"\xff\xff\xff\xff", 1)

    assert claim != content
    assert "A maker" == extract(io.BytesIO(claim), FILE_TYPE)["cameraMake"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(heif()[:100], id="cut off"),
        pytest.param(heif().replace(b"ispe", b"free"), id="no size"),
        pytest.param(heif(0, 2), id="no width"),
        pytest.param(heif().replace(b"pitm", b"free"), id="no primary item"),
        pytest.param(heif().replace(b"meta", b"free"), id="no items"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """A file without the size of its primary item is rejected."""
    with pytest.raises(FileRejectedError):
        extract(io.BytesIO(content), FILE_TYPE)


def test_box_beyond_its_parent() -> None:
    """A box ends with its parent at the latest."""
    content = b"\0\0\0\x7fmeta" + bytes(8)

    assert [(b"meta", 8, 12, True)] == list(iso_boxes.boxes(content, 0, 12))


def test_claimed_lengths() -> None:
    """Lengths of boxes and numbers of entries beyond the file allocate nothing."""
    content = heif(exif=[exif_item(exif(b"A maker\0", b"2024:05:01 10:00:00\0"))])
    for at in range(len(content) - 4):
        claim = content[:at] + b"\x7f\xff\xff\xff" + content[at + 4 :]
        try:
            found = extract(io.BytesIO(claim), FILE_TYPE)
        except FileRejectedError:
            continue
        assert found["width"]
