"""The signatures of image formats that `filetype` misses or confuses."""

from __future__ import annotations

from collections.abc import Iterator

_BITMAP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Sizes of a BMP's second header: https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types"""

_SIGNATURES = {
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0\x08\0\0\0": "image/tiff",  # BigTIFF
    b"MM\0+\0\x08\0\0": "image/tiff",
    b"\xff\x4f\xff\x51": "image/j2c",
    b"\xff\x0a": "image/jxl",
    b"\0\0\0\x0cJXL \r\n\x87\n": "image/jxl",
}

_JPEG_2000 = b"\0\0\0\x0cjP  \r\n\x87\n"
_JPEG_2000_BRANDS = {
    b"jp2 ": "image/jp2",
    b"jpx ": "image/jpx",
    b"jpm ": "image/jpm",
    b"jph ": "image/jph",
    b"mjp2": "video/mj2",
}
"""Major brands: RFC 3745, ISO/IEC 15444-15."""

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF_BRANDS = frozenset(
    {
        b"mif1",
        b"mif2",
        b"msf1",
        b"miaf",
        b"avci",
        b"avcs",
        b"j2ki",
        b"j2is",
        b"jpeg",
        b"jpgs",
        b"vvic",
        b"vvis",
    }
)
"""Major brands of images and image sequences: https://mp4ra.org/registered-types/brands."""

_MAX_ICON_IMAGES = 256


def image_type(head: bytes) -> str | None:
    """The MIME type of an image with this head; None if it has none of these formats."""
    if head[:4] == b"II*\0" and head[8:10] == b"CR":
        return "image/x-canon-cr2"  # a TIFF whose full image is not a TIFF image
    for signature, file_type in _SIGNATURES.items():
        if head.startswith(signature):
            return file_type
    if head.startswith(_JPEG_2000):
        return _JPEG_2000_BRANDS.get(head[20:24], "image/jp2")
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "image/bmp"
    if _is_icon(head):
        return "image/vnd.microsoft.icon"
    return _type_by_brands(head) if head[4:8] == b"ftyp" else None


def _type_by_brands(head: bytes) -> str | None:
    """The type of an ISO media file by its major brand, else by a compatible one."""
    major, *compatible = _brands(head)
    if major == b"crx ":
        return "image/x-canon-cr3"
    if major not in _AVIF_BRANDS | _HEIC_BRANDS | _HEIF_BRANDS:
        return None
    for brand in (major, *compatible):
        if brand in _AVIF_BRANDS:
            return "image/avif"
        if brand in _HEIC_BRANDS:
            return "image/heic"
    return "image/heif"


def _brands(head: bytes) -> Iterator[bytes]:
    """The major brand, and the compatible ones after its version: ISO/IEC 14496-12, 4.3."""
    yield head[8:12]
    end = min(int.from_bytes(head[:4], "big"), len(head))
    for start in range(16, end - 3, 4):
        yield head[start : start + 4]


def _is_icon(head: bytes) -> bool:
    """Whether this is a directory of icons or cursors.

    Its signature alone is too common: https://mimesniff.spec.whatwg.org/#image-type-pattern-table.
    """
    count = int.from_bytes(head[4:6], "little")
    first = head[6:22]
    if head[:4] not in (b"\0\0\1\0", b"\0\0\2\0") or not 0 < count <= _MAX_ICON_IMAGES:
        return False
    size, start = (int.from_bytes(first[at : at + 4], "little") for at in (8, 12))
    return len(first) == 16 and first[3] == 0 and size > 0 and start >= 6 + 16 * count
