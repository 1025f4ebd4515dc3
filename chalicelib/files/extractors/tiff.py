"""TIFF, BigTIFF and the camera raw formats based on them: TIFF 6.0, sections 7 and 8; TIFF/EP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.files.extractors.image_facts import ImageFacts, Memory, no_header
from chalicelib.files.extractors.tiff_structure import (
    Directory,
    TiffStructure,
    TooManyEntriesError,
)

_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 256, 257, 258, 262
_SAMPLES, _EXTRA_SAMPLES, _SUB_DIRECTORIES = 277, 338, 330

_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a thumbnail or a smaller copy; a transparency mask."""

_BILEVEL = (0, 1)
"""PhotometricInterpretation of images that may leave out BitsPerSample: TIFF 6.0, section 3."""

_COLORS: Mapping[int | None, str] = {
    0: "gray",
    1: "gray",
    2: "rgb",
    3: "palette",
    5: "cmyk",
    6: "rgb",
}
"""By PhotometricInterpretation; YCbCr is shown as RGB."""

_CHANNELS = {"gray": 1, "rgb": 3, "palette": 1, "cmyk": 4}

_WITH_ALPHA = {"gray": "gray-alpha", "rgb": "rgb-alpha"}
_ALPHA = (1, 2)
"""Values of ExtraSamples: associated and unassociated alpha."""


_MAX_BELOW = 64
"""Directories below those of the chain that are searched for the full image."""


def read(memory: Memory) -> ImageFacts:
    """Size and colors of the first full image, number of pages and Exif.

    In camera raw formats, the first image is often a thumbnail, and the full one is below it
    (SubIFDs). Pages are the full images of the chain.
    """
    structure = TiffStructure(memory)
    image, pages = _pages(structure)
    if not image:
        raise no_header()
    size = _size(structure, image)
    return ImageFacts(
        *size,
        bit_depth=_bit_depth(structure, image),
        color_mode=_color_mode(structure, image),
        frame_count=pages,
        exif=memory,
    )


def _pages(structure: TiffStructure) -> tuple[Directory | None, int | None]:
    """The first full image, else the first one, and the number of pages.

    The number is None where a damaged directory hides whether it is a page.
    """
    full: Directory | None = None
    first: Directory | None = None
    below: list[int] = []
    pages = 0
    is_complete = True
    try:
        for directory in structure.chain():
            first = first or (directory if 0 not in _size(structure, directory) else None)
            if _is_full(structure, directory):
                full = full or directory
                pages += 1
            elif not _is_other(structure, directory):
                is_complete = False
            if not full and len(below) < _MAX_BELOW:
                below += structure.integers(directory, _SUB_DIRECTORIES)
    except TooManyEntriesError:
        is_complete = False
    if not full:
        full = _first_full(structure, below)
        pages = 1
    return full or first, pages if is_complete else None


def _first_full(structure: TiffStructure, positions: Iterable[int]) -> Directory | None:
    found = (structure.directory(at) for at in positions)
    return next((image for image in found if image and _is_full(structure, image)), None)


def _is_full(structure: TiffStructure, directory: Directory) -> bool:
    """Whether it is an image, neither a smaller copy nor a mask."""
    return not _is_other(structure, directory) and 0 not in _size(structure, directory)


def _is_other(structure: TiffStructure, directory: Directory) -> bool:
    """Whether it is a smaller copy or a mask."""
    kind = structure.integer(directory, _SUBFILE_TYPE) or 0
    return bool(kind & (_REDUCED | _MASK))


def _size(structure: TiffStructure, directory: Directory) -> tuple[int, int]:
    width, height = (structure.integer(directory, tag) or 0 for tag in (_WIDTH, _HEIGHT))
    return width, height


def _bit_depth(structure: TiffStructure, image: Directory) -> int | None:
    """Bits of a channel, if all have the same."""
    depths = set(structure.integers(image, _BITS))
    if not depths and structure.integer(image, _PHOTOMETRIC) in _BILEVEL:
        return 1
    return depths.pop() if len(depths) == 1 else None


def _color_mode(structure: TiffStructure, image: Directory) -> str | None:
    color = _COLORS.get(structure.integer(image, _PHOTOMETRIC))
    extra = structure.integers(image, _EXTRA_SAMPLES)
    if not extra:
        samples = structure.integer(image, _SAMPLES)
        is_all = not color or samples is None or samples <= _CHANNELS[color]
        return color if is_all else None  # the meaning of the others is not stated
    return _WITH_ALPHA.get(color or "") if len(extra) == 1 and extra[0] in _ALPHA else None
