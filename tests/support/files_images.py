"""Tiny images of the formats with items, boxes and directories, built in code."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

from tests.support.files import jpeg, jpeg_segment, png
from tests.support.files_media import box


def property_box(kind: bytes, *values: int) -> bytes:
    """A property of one byte a value: `irot`, `imir`."""
    return box(kind, bytes(values))


def pixel_depths(*depths: int) -> bytes:
    """The property with the bits of each channel."""
    return box(b"pixi", bytes(4), bytes([len(depths), *depths]))


def heif(
    width: int = 3,
    height: int = 2,
    *,
    brands: Sequence[bytes] = (b"heic", b"mif1"),
    properties: Sequence[bytes] = (),
    exif: Sequence[bytes] = (),
    described: Sequence[int] = (),
    in_idat: bool = False,
    movie: bytes = b"",
) -> bytes:
    """A HEIF file whose primary item has number 1.

    Args:
        width: of the primary item.
        height: of the primary item.
        brands: the major one first.
        properties: further ones of it, in their order.
        exif: data of the items from number 2 on.
        described: the item that each of those describes; none: there are no references.
        in_idat: whether their data are in the `meta` box.
        movie: a `moov` box.
    """
    sizes = [box(b"ispe", struct.pack(">LLL", 0, 64, 64))]  # of a thumbnail: no one's here
    sizes += [box(b"ispe", struct.pack(">LLL", 0, width, height)), *properties]
    indexes = bytes(range(2, len(sizes) + 1))
    association = struct.pack(">LLHB", 0, 1, 1, len(indexes)) + indexes
    kinds = [b"hvc1", *[b"Exif"] * len(exif)]
    entries = [
        box(b"infe", struct.pack(">LHH4s", 2 << 24, number, 0, kind), b"\0")
        for number, kind in enumerate(kinds, start=1)
    ]
    references = [
        box(b"cdsc", struct.pack(">HHH", number, 1, item))
        for number, item in enumerate(described, start=2)
    ]

    def meta(data_at: int) -> bytes:
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", struct.pack(">LL4s13x", 0, 0, b"pict")),
            box(b"pitm", struct.pack(">LH", 0, 1)),
            box(b"iloc", _locations(exif, 0 if in_idat else data_at, 1 if in_idat else 0)),
            box(b"iinf", struct.pack(">LH", 0, len(entries)), *entries),
            box(b"iref", bytes(4), *references),
            box(b"iprp", box(b"ipco", *sizes), box(b"ipma", association)),
            box(b"idat", *exif) if in_idat else b"",
        )

    start = box(b"ftyp", brands[0], bytes(4), *brands[1:])
    data_at = len(start) + len(meta(0)) + len(movie) + 8
    return start + meta(data_at) + movie + (b"" if in_idat else box(b"mdat", *exif))


def _locations(items: Sequence[bytes], at: int, method: int) -> bytes:
    content = struct.pack(">LHH", 1 << 24, 0x4400, len(items))
    for number, data in enumerate(items, start=2):
        content += struct.pack(">HHHHLL", number, method, 0, 1, at, len(data))
        at += len(data)
    return content


def exif_item(tiff: bytes, *, prefix: bytes = b"") -> bytes:
    """The data of an Exif item, with `Exif` before the TIFF structure or not."""
    return struct.pack(">L", len(prefix)) + prefix + tiff


def image_sequence(width: int, height: int, frames: int, *, claimed: int | None = None) -> bytes:
    """The `moov` box of an animation; it may claim another number of frames."""
    count = frames if claimed is None else claimed
    entry = box(b"av01", bytes(24), struct.pack(">HH", width, height), bytes(50))
    tables = box(
        b"stbl",
        box(b"stsd", struct.pack(">LL", 0, 1), entry),
        box(b"stsz", struct.pack(">LLL", 0, 0, count), bytes(4 * frames)),
    )
    handler = box(b"hdlr", struct.pack(">LL4s13x", 0, 0, b"pict"))
    return box(b"moov", box(b"trak", box(b"mdia", handler, box(b"minf", tables))))


def jpeg_2000(
    width: int = 3,
    height: int = 2,
    *,
    brand: bytes = b"jp2 ",
    components: int = 3,
    space: int = 16,
    exif: bytes = b"",
) -> bytes:
    """A JPEG 2000 file without its codestream, of 8 bits a component."""
    header = box(b"ihdr", struct.pack(">LLHBBBB", height, width, components, 7, 7, 0, 0))
    color = box(b"colr", struct.pack(">BBBL", 1, 0, 0, space))
    return (
        box(b"jP  ", b"\r\n\x87\n")
        + box(b"ftyp", brand, bytes(4), b"jp2 ")
        + box(b"jp2h", header, color)
        + (box(b"uuid", b"JpgTiffExif->JP2", exif) if exif else b"")
    )


def jpeg_2000_codestream(right: int, bottom: int, left: int = 0, top: int = 0) -> bytes:
    """The begin of a codestream of one component of 12 bits."""
    size = struct.pack(">HLLLL16xHBBB", 0, right, bottom, left, top, 1, 11, 1, 1)
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size


def jpeg_xl(
    width: int = 3,
    height: int = 2,
    *,
    orientation: int = 1,
    depth: int = 8,
    is_animated: bool = False,
) -> bytes:
    """The headers of a JPEG XL codestream."""
    animation = [(1, 1), (0, 2), (0, 2), (0, 2), (0, 1)] if is_animated else [(0, 1)]
    fields = [
        *[(0, 1), (3, 2), (height - 1, 30), (0, 3), (3, 2), (width - 1, 30)],
        *[(0, 1), (1, 1), (orientation - 1, 3), (0, 1), (0, 1), *animation],
        *[(0, 1), (3, 2), (depth - 1, 6)],
    ]
    return _packed(fields)


def small_jpeg_xl(height: int, ratio: int) -> bytes:
    """The same of a height that is a multiple of 8, and with all defaults."""
    return _packed([(1, 1), (height // 8 - 1, 5), (ratio, 3), (1, 1)])


def _packed(fields: Sequence[tuple[int, int]]) -> bytes:
    """Numbers of so many bits each, lowest bit first."""
    value = position = 0
    for number, bits in fields:
        value |= number << position
        position += bits
    return b"\xff\x0a" + value.to_bytes((position + 7) // 8, "little") + bytes(8)


def jpeg_xl_container(codestream: bytes, *, exif: bytes = b"", parts: int = 1) -> bytes:
    """The codestream in boxes, whole or in two parts."""
    begin = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl ", bytes(4), b"jxl ")
    metadata = box(b"Exif", exif_item(exif)) if exif else b""
    if parts == 1:
        return begin + metadata + box(b"jxlc", codestream)
    halves = box(b"jxlp", struct.pack(">L", 0), codestream), box(b"jxlp", struct.pack(">L", 1))
    return begin + halves[0] + metadata + halves[1]


def photoshop(
    width: int = 3, height: int = 2, *, mode: int = 3, channels: int = 3, exif: bytes = b""
) -> bytes:
    """The header of a PSD, and its image resources: a name of three characters, and the Exif."""
    resources = b"8BIM" + struct.pack(">HB3sL", 1000, 3, b"abc", 1) + bytes(2)
    resources += b"8BIM" + struct.pack(">HHL", 1058, 0, len(exif)) + exif if exif else b""
    header = struct.pack(">4sH6xHLLHH", b"8BPS", 1, channels, height, width, 8, mode)
    return header + bytes(4) + struct.pack(">L", len(resources)) + resources


def icon(*sizes: tuple[int, int], kind: int = 1, claimed_bytes: int = 40) -> bytes:
    """An icon, or a cursor (kind 2), of bitmaps."""
    at = 6 + 16 * len(sizes)
    bitmaps = [struct.pack("<LllHH24x", 40, width, 2 * height, 1, 32) for width, height in sizes]
    return _directory(kind, sizes, at, claimed_bytes) + b"".join(bitmaps)


def icon_of_png(width: int, height: int) -> bytes:
    """An icon that contains a PNG."""
    return _directory(1, [(width, height)], 22, 99) + png(width, height)


def _directory(kind: int, sizes: Sequence[tuple[int, int]], at: int, claimed: int) -> bytes:
    entries = [
        struct.pack("<BBBBHHLL", width % 256, height % 256, 0, 0, 1, 32, claimed, at + 40 * number)
        for number, (width, height) in enumerate(sizes)
    ]
    return struct.pack("<HHH", 0, kind, len(sizes)) + b"".join(entries)


def os2_bmp(width: int, height: int, *, header: int = 12) -> bytes:
    """A BMP of OS/2: the first header has 16-bit numbers, the second one 32-bit ones."""
    form = "<LHHHH" if header == 12 else "<LllHH"
    data = struct.pack(form, header, width, height, 1, 4).ljust(header, b"\0")
    return b"BM" + struct.pack("<LLL", 14 + header, 0, 14 + header) + data


def big_tiff(pages: Sequence[Mapping[int, int]], *, order: str = "<") -> bytes:
    """A BigTIFF of pages with these tags, each one 32 bits."""
    content = (b"II" if order == "<" else b"MM") + struct.pack(order + "HHHQ", 43, 8, 0, 16)
    for number, tags in enumerate(pages, start=1):
        entries = b"".join(
            struct.pack(order + "HHQL4x", tag, 4, 1, value) for tag, value in tags.items()
        )
        end = len(content) + 8 + len(entries) + 8
        content += struct.pack(order + "Q", len(tags)) + entries
        content += struct.pack(order + "Q", end if number < len(pages) else 0)
    return content


def camera_raw(thumbnail: Mapping[int, int], full: Mapping[int, int]) -> bytes:
    """A TIFF whose first image is a thumbnail, above the full one."""
    first = {254: 1, **thumbnail}
    below = 8 + 2 + 12 * (len(first) + 1) + 4
    return b"II*\0\x08\0\0\0" + _tags({**first, 330: below}) + _tags({254: 0, **full})


def _tags(tags: Mapping[int, int]) -> bytes:
    entries = [struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items()]
    return struct.pack("<H", len(tags)) + b"".join(entries) + bytes(4)


def png_with(*chunks: tuple[bytes, bytes], width: int = 3, height: int = 2) -> bytes:
    """A PNG with these chunks before its pixels."""
    whole = png(width, height)
    at = whole.index(b"IDAT") - 4
    return whole[:at] + b"".join(_chunk(kind, data) for kind, data in chunks) + whole[at:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def raw_profile(tiff: bytes, *, is_compressed: bool = True) -> tuple[bytes, bytes]:
    """The chunk in which ImageMagick and GIMP store an Exif."""
    keyword = b"Raw profile type exif\0"
    block = b"Exif\0\0" + tiff
    text = b"\nexif\n%8d\n%s\n" % (len(block), block.hex().encode())
    if is_compressed:
        return b"zTXt", keyword + b"\0" + zlib.compress(text)
    return b"tEXt", keyword + text


def raw_profile_of_spaces() -> tuple[bytes, bytes]:
    """The same chunk of a million characters that are no Exif."""
    return b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b" " * 1_048_576)


def apple_png(width: int, height: int) -> bytes:
    """A PNG as Xcode writes it for iOS, with a chunk before the header."""
    whole = png(width, height)
    return whole[:8] + _chunk(b"CgBI", b"P\0 \2") + whole[8:]


def jpeg_with_late_height(width: int, height: int, *, scan: bytes = b"\xff\xd0\xff\0") -> bytes:
    """A JPEG whose height follows its scan, which has these data."""
    begin = jpeg(width, 0)[:-2] + jpeg_segment(0xDA, b"\1\1\0\0\x3f\0")
    lines = jpeg_segment(0xDC, struct.pack(">H", height))
    return begin + b"\1" + scan + b"\2" + lines + b"\xff\xd9"


def webp_with_exif(block: bytes) -> bytes:
    """A WebP with an EXIF chunk."""
    chunks = b"VP8X" + struct.pack("<L10x", 10)
    chunks += b"EXIF" + struct.pack("<L", len(block)) + block + bytes(len(block) % 2)
    return b"RIFF" + struct.pack("<L", 4 + len(chunks)) + b"WEBP" + chunks
