"""Tiny pictures, sounds and films, built in code and named for what they are or what is wrong."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence


def bmp(width: int = 3, height: int = 2) -> bytes:
    """A BMP's headers, of 24 bits a pixel."""
    header = struct.pack("<LllHH24x", 40, width, height, 1, 24)
    return b"BM" + struct.pack("<LLL", 14 + len(header), 0, 54) + header


def tiff(pages: Sequence[Mapping[int, int]], *, order: str = "<", next_at: int = 0) -> bytes:
    """A TIFF of pages with these tags, each one 16 bits.

    Args:
        pages: tags and values of each.
        order: of its bytes, as struct has it.
        next_at: the position of the next page according to the last one.
    """
    content = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, 8)
    for number, tags in enumerate(pages, start=1):
        entries = b"".join(
            struct.pack(order + "HHLHxx", tag, 3, 1, value) for tag, value in tags.items()
        )
        end = len(content) + 2 + len(entries) + 4
        following = end if number < len(pages) else next_at
        content += struct.pack(order + "H", len(tags)) + entries
        content += struct.pack(order + "L", following)
    return content


def exif(make: bytes, taken: bytes, *, latitude: int | None = None, has_fix: bool = True) -> bytes:
    """A camera's Exif: orientation 6, its maker, a moment and perhaps a position.

    Without a fix, the receiver's coordinates are 0/0.
    """
    # Three directories, of 4, 1 and 2 entries, and behind them what does not fit into an entry.
    camera, gps = 8 + 2 + 4 * 12 + 4, 8 + 2 + 4 * 12 + 4 + 18
    data = gps + 30
    first = [
        struct.pack("<HHLL", 0x10F, 2, len(make), data),
        struct.pack("<HHLHxx", 0x112, 3, 1, 6),
        struct.pack("<HHLL", 0x8769, 4, 1, camera),
        struct.pack("<HHLL", 0x8825, 4, 1, gps),
    ]
    if latitude is None:
        first[3] = struct.pack("<HHLL", 0x131, 4, 1, 0)
    more = struct.pack("<HHLL", 0x9003, 2, len(taken), data + len(make))
    at = data + len(make) + len(taken)
    position = struct.pack("<HHLLHHLL", 2, 5, 3, at, 4, 5, 3, at)
    one = int(has_fix)
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(first))
        + b"".join(first)
        + bytes(4)
        + b"\1\0"
        + more
        + bytes(4)
        + b"\2\0"
        + position
        + bytes(4)
        + make
        + taken
        + struct.pack("<6L", latitude or 0, one, 0, one, 0, one)
    )


def animated_gif(frames: int) -> bytes:
    """A GIF with a palette, a comment and so many frames of one pixel."""
    frame = b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b"!\xfe\3abc\0" + frame * frames + b";"


def animated_webp(frames: int) -> bytes:
    """A WebP with the headers of so many frames, each of an odd length."""
    chunks = b"VP8X" + struct.pack("<L", 10) + bytes(10)
    chunks += (b"ANMF" + struct.pack("<L", 17) + bytes(18)) * frames
    return b"RIFF" + struct.pack("<L", 4 + len(chunks)) + b"WEBP" + chunks


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    data = b"".join(content)
    return struct.pack(">L", 8 + len(data)) + kind + data


def mp4(*tracks: bytes, brand: bytes = b"isom", scale: int = 1_000, duration: int = 1_500) -> bytes:
    """A film of these tracks, without their samples."""
    header = box(b"mvhd", struct.pack(">LLLLL80x", 0, 0, 0, scale, duration))
    return box(b"ftyp", brand, bytes(4)) + box(b"moov", header, *tracks)


def track(handler: bytes, codec: bytes, width: int = 0, height: int = 0) -> bytes:
    """A track of pictures (`vide`) or sound (`soun`)."""
    entry = box(codec, bytes(28))
    return box(
        b"trak",
        box(b"tkhd", struct.pack(">76xLL", width << 16, height << 16)),
        box(
            b"mdia",
            box(b"hdlr", struct.pack(">LL4s13x", 0, 0, handler)),
            box(b"minf", box(b"stbl", box(b"stsd", struct.pack(">LL", 0, 1), entry))),
        ),
    )


def wav(seconds: int = 2, rate: int = 8_000) -> bytes:
    """Silence of one channel."""
    data = bytes(seconds * rate)
    form = b"fmt " + struct.pack("<LHHLLHH", 16, 1, 1, rate, rate, 1, 8)
    chunks = form + b"data" + struct.pack("<L", len(data)) + data
    return b"RIFF" + struct.pack("<L", 4 + len(chunks)) + b"WAVE" + chunks


def mp3(frames: int = 20, title: bytes = b"") -> bytes:
    """Frames of silence in MPEG 1, layer III, 128 kbit/s, 44,100 Hz, perhaps with a title."""
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    tag = b""
    if title:
        text = b"TIT2" + struct.pack(">LH", len(title) + 1, 0) + b"\3" + title
        tag = b"ID3\3\0\0" + struct.pack(">L", len(text)) + text
    return tag + frame * frames


def element(kind: int, *content: bytes) -> bytes:
    """An element of EBML."""
    data = b"".join(content)
    head = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return head + (len(data) | 1 << 56).to_bytes(8, "big") + data


def matroska(document_type: bytes = b"webm", *tracks: bytes) -> bytes:
    """A film of 1.5 seconds with a title."""
    info = element(
        0x1549A966,
        element(0x2AD7B1, (1_000_000).to_bytes(3, "big")),
        element(0x4489, struct.pack(">d", 1_500)),
        element(0x7BA9, b"A title"),
    )
    head = element(0x1A45DFA3, element(0x4282, document_type))
    return head + element(0x18538067, info, element(0x1654AE6B, *tracks))


def matroska_picture(width: int, height: int) -> bytes:
    """A track of pictures."""
    size = element(0xB0, width.to_bytes(2, "big")) + element(0xBA, height.to_bytes(2, "big"))
    return element(0xAE, element(0x83, b"\1"), element(0x86, b"V_VP9"), element(0xE0, size))


def matroska_track(kind: int, codec: bytes) -> bytes:
    """A track of this type; the type element follows the codec element."""
    return element(0xAE, element(0x86, codec), element(0x83, bytes([kind])))
