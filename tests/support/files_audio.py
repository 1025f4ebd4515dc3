"""Tiny audio and video files of every container and bitstream, built in code."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from tests.support.files_media import box, element

TAGS = {"title": "A title", "artist": "Someone", "album": "An album", "genre": "Rock"}
"""Texts of the tags that the builders write."""


def chunk(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """A RIFF chunk, perhaps with another size than its content's."""
    stated = len(content) if size is None else size
    return kind + struct.pack("<L", stated) + content + bytes(len(content) % 2)


def wave_format(tag: int = 1, channels: int = 1, rate: int = 8_000, block: int = 1) -> bytes:
    """The content of a WAV's format chunk."""
    return struct.pack("<HHLLHH", tag, channels, rate, rate * block, block, 8)


def riff(kind: bytes, *chunks: bytes, signature: bytes = b"RIFF", size: int | None = None) -> bytes:
    """A RIFF file of these chunks."""
    content = b"".join(chunks)
    return (
        signature + struct.pack("<L", 4 + len(content) if size is None else size) + kind + content
    )


def info(texts: Mapping[bytes, bytes]) -> bytes:
    """A list of information."""
    return chunk(b"LIST", b"INFO" + b"".join(chunk(kind, text) for kind, text in texts.items()))


def avi(*, stated_bytes: int | None = None, frames: int = 50) -> bytes:
    """A film of 2 seconds, 320 by 240 pixels, upside down, with MP3 sound in stereo."""
    video = b"vids" + bytes(16) + struct.pack("<4L", 1, 25, 0, frames) + bytes(20)
    picture = struct.pack("<LllHH4s20x", 40, 320, -240, 1, 24, b"XVID")
    audio = b"auds" + bytes(16) + struct.pack("<4L", 1, 100, 0, 190) + bytes(20)
    streams = (
        chunk(b"LIST", b"strl" + chunk(b"strh", header) + chunk(b"strf", form))
        for header, form in ((video, picture), (audio, wave_format(0x55, 2, 44_100)))
    )
    return riff(
        b"AVI ",
        chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)) + b"".join(streams)),
        info({b"INAM": b"A title"}),
        chunk(b"LIST", b"movi" + bytes(100), stated_bytes),
    )


def aiff(
    frames: int = 8_000, *, compression: bytes = b"", data: bytes = bytes(8_000), tag: bytes = b""
) -> bytes:
    """A sound of 8,000 Hz in one channel with 8 bits, perhaps as AIFF-C."""
    rate = struct.pack(">HQ", 16_383 + 12, 8_000 << 51)
    common = struct.pack(">HLH", 1, frames, 8) + rate + compression
    chunks = ((b"COMM", common), (b"SSND", bytes(8) + data), (b"ID3 ", tag))
    content = b"".join(kind + struct.pack(">L", len(body)) + body for kind, body in chunks if body)
    form = b"AIFC" if compression else b"AIFF"
    return b"FORM" + struct.pack(">L", 4 + len(content)) + form + content


def mpeg_frame(kilobits: int = 128, *, layer: int = 3, is_mono: bool = False) -> bytes:
    """A frame of MPEG 1 with 44,100 Hz."""
    rates = {
        1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
        2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
        3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    }
    size = 12_000 * kilobits // 44_100 * 4 if layer == 1 else 144_000 * kilobits // 44_100
    head = bytes([0xFF, 0xF9 | (4 - layer) << 1, rates[layer].index(kilobits) + 1 << 4])
    return head + bytes([0xC0 if is_mono else 0]) + bytes(size - 4)


def xing(frames: int, size: int) -> bytes:
    """A frame in stereo with a header that states the rest."""
    frame = mpeg_frame()
    header = b"Xing" + struct.pack(">LLL", 3, frames, size)
    return frame[:36] + header + frame[36 + len(header) :]


def vbri(frames: int, size: int) -> bytes:
    """A frame with the other header that states the rest."""
    frame = mpeg_frame()
    header = b"VBRI" + bytes(6) + struct.pack(">LL", size, frames)
    return frame[:36] + header + frame[36 + len(header) :]


def synchsafe(number: int) -> bytes:
    """A number of seven bits in each of four bytes."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3(*frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    """An ID3v2 tag of these frames, with a footer if the flags have one."""
    body = b"".join(frames)
    rest = bytes([version, 0, flags]) + synchsafe(len(body))
    return b"ID3" + rest + body + (b"3DI" + rest if flags & 0x10 else b"")


def id3_frame(
    kind: bytes, content: bytes, *, version: int = 4, flags: int = 0, size: bytes = b""
) -> bytes:
    """A frame of an ID3v2 tag; its size may be written differently."""
    if version == 2:
        return kind + len(content).to_bytes(3, "big") + content
    plain = struct.pack(">L", len(content))
    size = size or (synchsafe(len(content)) if version == 4 else plain)
    return kind + size + bytes([0, flags]) + content


def id3_version_1(title: bytes = b"A title", genre: int = 17, year: bytes = b"1999") -> bytes:
    """An ID3v1 tag."""
    return b"TAG" + title.ljust(30, b"\0") + bytes(60) + year + bytes(30) + bytes([genre])


def ape_tag(**texts: str) -> bytes:
    """An APEv2 tag without a header."""
    items = b"".join(
        struct.pack("<LL", len(text.encode()), 0) + name.encode() + b"\0" + text.encode()
        for name, text in texts.items()
    )
    return items + b"APETAGEX" + struct.pack("<4L8x", 2_000, len(items) + 32, len(texts), 0)


def vorbis_comments(**texts: str) -> bytes:
    """The list of a Vorbis comment header."""
    comments = (f"{name}={text}".encode() for name, text in texts.items())
    listed = b"".join(struct.pack("<L", len(comment)) + comment for comment in comments)
    return struct.pack("<LL", 0, len(texts)) + listed


def stream_info(
    samples: int, rate: int = 44_100, channels: int = 2, *, least_bytes: int = 0
) -> bytes:
    """FLAC's streaminfo block without its header: frames of 4,096 samples and at least so long."""
    packed = rate << 44 | channels - 1 << 41 | 15 << 36 | samples
    sizes = struct.pack(">HHL", 4_096, 4_096, least_bytes << 8)[:7] + bytes(3)
    return sizes + struct.pack(">Q", packed) + bytes(16)


def flac(samples: int = 88_200, comments: bytes = b"", *, least_bytes: int = 0) -> bytes:
    """A FLAC of stereo sound, with 1,000 bytes of frames."""
    blocks = b"\0\0\0\x22" + stream_info(samples, least_bytes=least_bytes)
    return b"fLaC" + blocks + b"\x84" + len(comments).to_bytes(3, "big") + comments + bytes(1_000)


def ogg_page(content: bytes, position: int, *, serial: int = 1, is_first: bool = False) -> bytes:
    """A page of Ogg with one packet, shorter than 64 KiB."""
    segments = bytes([255] * (len(content) // 255) + [len(content) % 255])
    head = struct.pack("<4sBBqLLL", b"OggS", 0, 2 if is_first else 0, position, serial, 0, 0)
    return head + bytes([len(segments)]) + segments + content


def opus(samples: int, *, skipped: int = 312, serial: int = 1, comments: bytes = b"") -> bytes:
    """An Ogg stream of Opus that ends at this granule position."""
    head = b"OpusHead" + struct.pack("<BBHLHB", 1, 1, skipped, 44_100, 0, 0)
    return (
        ogg_page(head, 0, serial=serial, is_first=True)
        + ogg_page(b"OpusTags" + comments, 0, serial=serial)
        + ogg_page(bytes(600), samples, serial=serial)
    )


def vorbis_head(rate: int = 44_100) -> bytes:
    """The first packet of Vorbis in stereo."""
    return b"\x01vorbis" + struct.pack("<LBLLLLBB", 0, 2, rate, 0, 160_000, 0, 0xB8, 1)


def theora_head(version: bytes = b"\3\2\1") -> bytes:
    """The first packet of Theora: 320 by 240 pixels, 25 frames a second, key frames every 64."""
    size = (320).to_bytes(3, "big") + (240).to_bytes(3, "big")
    rate = struct.pack(">LL", 25, 1)
    return b"\x80theora" + version + bytes(4) + size + bytes(2) + rate + bytes(10) + b"\x00\xc0"


def adts(frames: int = 43, *, rate_index: int = 4, channels: int = 2) -> bytes:
    """Frames of AAC-LC in ADTS, of 100 bytes each."""
    fixed = bytes([0xFF, 0xF1, 1 << 6 | rate_index << 2 | channels >> 2])
    return (
        fixed + bytes([(channels & 3) << 6, 100 >> 3, (100 & 7) << 5 | 0x1F, 0xFC]) + bytes(93)
    ) * frames


def ac3(frames: int = 10) -> bytes:
    """Frames of AC-3 with 48,000 Hz, 5.1 channels and 384 kilobits per second."""
    head = b"\x0b\x77\0\0" + bytes([28, 8 << 3, 0b111_00_00_1])
    return (head + bytes(1_536 - len(head))) * frames


def eac3(frames: int = 10, *, dependent: bool = False) -> bytes:
    """Frames of E-AC-3 with 48,000 Hz in stereo, perhaps each with a dependent substream."""
    size = struct.pack(">H", 199)
    head = bytes([0b00_11_010_0, 16 << 3])
    frame = b"\x0b\x77" + size + head + bytes(394)
    other = b"\x0b\x77" + bytes([0x40 | size[0], size[1]]) + head + bytes(394)
    return (frame + (other if dependent else b"")) * frames


def monkeys_audio(version: int = 3_990, level: int = 2_000) -> bytes:
    """Three frames of Monkey's Audio in stereo with 44,100 Hz."""
    if version < 3_980:
        head = b"MAC " + struct.pack("<HHHHLLLLL", version, level, 0, 2, 44_100, 0, 0, 3, 100)
        return head + bytes(1_000)
    descriptor = b"MAC " + struct.pack("<HHLL", version, 0, 52, 24) + bytes(36)
    return (
        descriptor + struct.pack("<HHLLLHHL", level, 0, 73_728, 100, 3, 16, 2, 44_100) + bytes(976)
    )


def object_of_asf(identifier: str, content: bytes) -> bytes:
    """An object of ASF with this id in hexadecimal digits."""
    return bytes.fromhex(identifier) + struct.pack("<Q", 24 + len(content)) + content


def asf(*objects: bytes) -> bytes:
    """The header of an ASF file."""
    content = b"".join(objects)
    head = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
    return head + struct.pack("<QLBB", 30 + len(content), len(objects), 1, 2) + content


def asf_properties(
    seconds: float, preroll: int = 3_000, flags: int = 0, file_bytes: int = 0
) -> bytes:
    """The file properties: a duration that includes the preroll, in milliseconds."""
    units = round((seconds + preroll / 1_000) * 10_000_000)
    sizes = struct.pack("<16xQ16x", file_bytes)
    content = sizes + struct.pack("<QQQL", units, 0, preroll, flags) + bytes(12)
    return object_of_asf("a1dcab8c47a9cf118ee400c00c205365", content)


def asf_audio(tag: int = 0x161) -> bytes:
    """The stream properties of sound in stereo with 44,100 Hz."""
    kind = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
    content = kind + bytes(38) + wave_format(tag, 2, 44_100)
    return object_of_asf("9107dcb7b7a9cf118ee600c00c205365", content)


def asf_video() -> bytes:
    """The stream properties of a picture of 320 by 240 pixels."""
    kind = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
    picture = struct.pack("<LLBHLllHH4s", 320, 240, 2, 40, 40, 320, 240, 1, 24, b"WMV3")
    return object_of_asf("9107dcb7b7a9cf118ee600c00c205365", kind + bytes(38) + picture + bytes(20))


def asf_text(*texts: str) -> bytes:
    """A content description: title, author and others."""
    encoded = [text.encode("utf-16-le") + b"\0\0" for text in texts]
    lengths = struct.pack("<5H", *map(len, encoded), *[0] * (5 - len(encoded)))
    return object_of_asf("3326b2758e66cf11a6d900aa0062ce6c", lengths + b"".join(encoded))


def asf_texts(texts: Mapping[str, str]) -> bytes:
    """An extended content description."""
    content = struct.pack("<H", len(texts))
    for name, text in texts.items():
        name_bytes, value = (part.encode("utf-16-le") + b"\0\0" for part in (name, text))
        content += struct.pack("<H", len(name_bytes)) + name_bytes
        content += struct.pack("<HH", 0, len(value)) + value
    return object_of_asf("40a4d0d207e3d21197f000a0c95ea850", content)


def audio_track(
    codec: bytes,
    *boxes: bytes,
    channels: int = 2,
    rate: int = 44_100,
    samples: Sequence[tuple[int, int]] = (),
    number: int = 1,
) -> bytes:
    """A track of an MP4, with the fields of its sample entry, which often are defaults."""
    entry = box(codec, struct.pack(">8xL4xHHLHxx", 0, channels, 16, 0, rate), *boxes)
    times = b"".join(struct.pack(">LL", *row) for row in samples)
    count = sum(row[0] for row in samples)
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">LL", 0, 1), entry),
        box(b"stts", struct.pack(">LL", 0, len(samples)), times),
        box(b"stsz", struct.pack(">LLL", 0, 100, count)),
    )
    return box(
        b"trak",
        box(b"tkhd", struct.pack(">12xL60xLL", number, 0, 0)),
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">12xLL4x", rate, 0)),
            box(b"hdlr", struct.pack(">LL4s13x", 0, 0, b"soun")),
            box(b"minf", table),
        ),
    )


def esds(config: str, object_type: int = 0x40) -> bytes:
    """The elementary stream descriptor of AAC with this AudioSpecificConfig, in bits."""
    config = config.replace(" ", "")
    data = int(config.ljust(-(-len(config) // 8) * 8, "0"), 2).to_bytes(-(-len(config) // 8), "big")
    specific = bytes([5, len(data)]) + data
    decoder = bytes([4, 13 + len(specific), object_type]) + bytes(12) + specific
    return box(b"esds", bytes(4), bytes([3, 3 + len(decoder)]) + bytes(3) + decoder)


def fragment(track: int, *boxes: bytes, flags: int = 0, fields: bytes = b"") -> bytes:
    """A fragment of one track with these runs."""
    header = box(b"tfhd", struct.pack(">LL", flags, track), fields)
    return box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", header, *boxes))


def run(count: int, durations: Sequence[int] = ()) -> bytes:
    """A run of samples, with the default duration or with a duration and a size of each."""
    rows = b"".join(struct.pack(">LL", duration, 9) for duration in durations)
    return box(b"trun", struct.pack(">LL", 0x300 if durations else 0, count), rows)


def itunes(items: Mapping[bytes, bytes], kind: int = 1) -> bytes:
    """User data with iTunes' list of items."""
    listed = (
        box(name, box(b"data", struct.pack(">LL", kind, 0), value)) for name, value in items.items()
    )
    handler = box(b"hdlr", bytes(25))
    return box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", *listed)))


def matroska_audio(codec: bytes, *audio: bytes, frame: int = 0) -> bytes:
    """A track of sound with these elements about it, and the nanoseconds of a frame."""
    duration = element(0x23E383, frame.to_bytes(4, "big")) if frame else b""
    head = element(0xD7, b"\1") + element(0x83, b"\2") + element(0x86, codec) + duration
    return element(0xAE, head, element(0xE1, *audio))


def matroska_tag(texts: Mapping[bytes, bytes], level: int = 50, track: bytes = b"") -> bytes:
    """A tag of an album or film, of a piece (30), or of a track."""
    target = element(0x68CA, bytes([level])) + (element(0x63C5, track) if track else b"")
    simple = (
        element(0x67C8, element(0x45A3, name), element(0x4487, text))
        for name, text in texts.items()
    )
    return element(0x7373, element(0x63C0, target), *simple)


def live_matroska(track: bytes, *clusters: bytes, document_type: bytes = b"webm") -> bytes:
    """What a browser records: segment and clusters of unknown size, without a duration."""
    unknown = b"\x01" + b"\xff" * 7
    head = element(0x1A45DFA3, element(0x4282, document_type)) + b"\x18\x53\x80\x67" + unknown
    tracks = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40")) + element(0x1654AE6B, track)
    return head + tracks + b"".join(b"\x1f\x43\xb6\x75" + unknown + cluster for cluster in clusters)


def cluster(time: int, *relative: int) -> bytes:
    """The content of a cluster at this time, with blocks at these times after it."""
    blocks = (element(0xA3, b"\x81" + struct.pack(">hB", at, 0) + b"x" * 20) for at in relative)
    return element(0xE7, time.to_bytes(4, "big")) + b"".join(blocks)
