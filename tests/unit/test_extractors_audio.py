"""Facts of audio files: durations that the audio establishes, channels, rates and bit rates."""

from __future__ import annotations

import contextlib
import io
import struct
import time

import pytest

from chalicelib.documents import FailureCode, Metadata
from chalicelib.files import types
from chalicelib.files.extraction import FileRejectedError
from tests.support import files_audio as made
from tests.support.metadata import extract

SECOND = bytes(8_000)
FORMAT = made.chunk(b"fmt ", made.wave_format())
ADPCM = made.chunk(b"fmt ", made.wave_format(2, 1, 8_000, 256))
SUB_FORMAT = struct.pack("<HHLH14x", 22, 8, 0, 7)
EXTENSIBLE = made.chunk(b"fmt ", made.wave_format(0xFFFE) + SUB_FORMAT)
DATA_SIZES = made.chunk(b"ds64", struct.pack("<QQQL", 0, 16_000, 0, 0))
UNKNOWN = 0xFFFFFFFF


def found(content: bytes, file_type: str) -> Metadata:
    """The metadata of a content of this type."""
    return extract(io.BytesIO(content), file_type)


def wave(*chunks: bytes, signature: bytes = b"RIFF", size: int | None = None) -> bytes:
    """A WAV file of these chunks."""
    return made.riff(b"WAVE", *chunks, signature=signature, size=size)


@pytest.mark.parametrize(
    ("content", "milliseconds"),
    [
        pytest.param(wave(FORMAT, made.chunk(b"data", SECOND)), 1_000, id="stated"),
        pytest.param(wave(FORMAT, made.chunk(b"data", SECOND, UNKNOWN)), 1_000, id="streamed"),
        pytest.param(wave(FORMAT, made.chunk(b"data", SECOND, 99_999)), 1_000, id="truncated"),
        pytest.param(wave(FORMAT, made.chunk(b"data", SECOND, 0), size=0), 1_000, id="unfinished"),
        pytest.param(wave(FORMAT, made.chunk(b"data", b"")), None, id="empty"),
        pytest.param(wave(ADPCM, made.chunk(b"data", SECOND)), 4, id="by its byte rate"),
        pytest.param(
            wave(ADPCM, made.chunk(b"fact", struct.pack("<L", 40)), made.chunk(b"data", SECOND)),
            5,
            id="by its samples",
        ),
        pytest.param(
            wave(ADPCM, made.chunk(b"fact", struct.pack("<L", 4_000)), made.chunk(b"data", SECOND)),
            None,
            id="of samples that its byte rate contradicts",
        ),
        pytest.param(
            wave(
                ADPCM,
                made.chunk(b"fact", struct.pack("<L", 2**31)),
                made.chunk(b"data", SECOND, UNKNOWN),
            ),
            4,
            id="of samples that it does not have",
        ),
        pytest.param(
            wave(
                DATA_SIZES,
                FORMAT,
                made.chunk(b"data", 2 * SECOND, UNKNOWN),
                made.chunk(b"LIST", b"INFO"),
                signature=b"RF64",
            ),
            2_000,
            id="in 64 bits",
        ),
        pytest.param(
            wave(DATA_SIZES, FORMAT, made.chunk(b"data", SECOND, UNKNOWN), signature=b"BW64"),
            1_000,
            id="in 64 bits, truncated",
        ),
    ],
)
def test_duration_of_wave(content: bytes, milliseconds: int | None) -> None:
    """A WAV's duration is that of the audio in the file, whatever length is stated."""
    assert milliseconds == found(content, types.WAV).get("durationMilliseconds")


def test_facts_of_wave() -> None:
    """The codec is the format tag of an extensible format too; tags of any kind are read."""
    tags = made.info({b"INAM": b"A title", b"IART": "Übung".encode("cp1252") + b"\0"})
    tag = made.chunk(b"id3 ", made.id3(made.id3_frame(b"TALB", b"\3An album")))
    content = wave(EXTENSIBLE, made.chunk(b"data", SECOND), tags, tag)

    assert found(content, types.WAV) == {
        "title": "A title",
        "artist": "Übung",
        "album": "An album",
        "channels": 1,
        "sampleRate": 8_000,
        "codec": "7",
        "durationMilliseconds": 1_000,
        "bitRate": 64,
    }


def test_claimed_size() -> None:
    """A chunk that claims 4 GB takes no memory; the file is merely unreadable."""
    with pytest.raises(FileRejectedError) as rejection:
        found(wave(made.chunk(b"fmt ", b"", UNKNOWN)), types.WAV)

    assert rejection.value.code is FailureCode.UNREADABLE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            made.aiff(),
            {"durationMilliseconds": 1_000, "sampleRate": 8_000, "channels": 1, "bitRate": 64},
            id="AIFF",
        ),
        pytest.param(made.aiff(2**31), {"durationMilliseconds": 1_000}, id="truncated"),
        pytest.param(
            made.aiff(125, compression=b"ima4"),
            {"durationMilliseconds": 1_000, "codec": "ima4"},
            id="of packets",
        ),
        pytest.param(
            made.aiff(2**31, compression=b"ima4", data=bytes(340)),
            {"durationMilliseconds": 80, "bitRate": 34},
            id="of packets, truncated",
        ),
        pytest.param(
            made.aiff(2**31, compression=b"ulaw", data=bytes(4_000)),
            {"durationMilliseconds": 500, "bitRate": 64},
            id="µ-law, truncated",
        ),
        pytest.param(
            made.aiff(tag=made.id3(made.id3_frame(b"TIT2", b"\3A title!"))),
            {"title": "A title!"},
            id="tagged",
        ),
    ],
)
def test_aiff(content: bytes, expected: Metadata) -> None:
    """AIFF has the frames that it states, as far as the file has them."""
    assert expected.items() <= found(content, types.AIFF).items()


LOUD, SOFT = made.mpeg_frame(320), made.mpeg_frame(32)


@pytest.mark.parametrize(
    ("content", "milliseconds"),
    [
        pytest.param(SOFT * 10 + LOUD * 90, 2_612, id="bit rates"),
        pytest.param(SOFT * 50 + b"junk" * 9 + SOFT * 50, 2_612, id="junk between frames"),
        pytest.param(SOFT * 50 + made.id3(LOUD * 3) + SOFT * 50, 2_612, id="a tag between frames"),
        pytest.param(bytes(2_000) + SOFT * 100, 2_612, id="zeros before"),
        pytest.param(SOFT * 100 + made.id3_version_1(), 2_612, id="a tag behind"),
        pytest.param(SOFT * 100 + made.id3(LOUD * 3, flags=0x10), 2_612, id="a long tag behind"),
        pytest.param(made.xing(100, 418 + 10_400) + SOFT * 100, 2_612, id="stated"),
        pytest.param(made.xing(99_999, 999_999) + SOFT * 100, 2_612, id="stated, but truncated"),
        pytest.param(made.vbri(100, 418 + 10_400) + SOFT * 100, 2_612, id="stated by Fraunhofer"),
        pytest.param(made.vbri(99_999, 999_999) + SOFT * 100, 2_612, id="stated so, but truncated"),
        pytest.param(made.mpeg_frame(layer=2) * 100, 2_612, id="layer II"),
        pytest.param(made.mpeg_frame(layer=1) * 100, 871, id="layer I"),
    ],
)
def test_duration_of_mpeg_audio(content: bytes, milliseconds: int) -> None:
    """An MP3's duration is that of its frames, however their bit rates vary."""
    assert milliseconds == found(content, types.MP3).get("durationMilliseconds")


def test_bit_rate() -> None:
    """The bit rate is the average of the audio, without tags and headers."""
    tag = made.id3(made.id3_frame(b"TIT2", bytes(9_000)))
    content = tag + SOFT * 10 + LOUD * 90 + made.id3_version_1()

    assert 291 == found(content, types.MP3)["bitRate"]


@pytest.mark.parametrize(
    ("content", "file_type", "expected"),
    [
        pytest.param(
            made.mpeg_frame(is_mono=True) * 5,
            types.MP3,
            {"channels": 1, "sampleRate": 44_100},
            id="MP3 in mono",
        ),
        pytest.param(
            made.adts(),
            types.AAC,
            {"durationMilliseconds": 998, "channels": 2, "sampleRate": 44_100, "bitRate": 34},
            id="AAC",
        ),
        pytest.param(
            made.adts(channels=7),
            types.AAC,
            {"durationMilliseconds": 998, "channels": 8, "sampleRate": 44_100, "bitRate": 34},
            id="AAC in 7.1 channels",
        ),
        pytest.param(
            made.adts(rate_index=7),
            types.AAC,
            {"durationMilliseconds": 1_997, "channels": 2, "bitRate": 17},
            id="AAC that may be HE-AAC",
        ),
        pytest.param(
            made.ac3(),
            types.AC3,
            {"durationMilliseconds": 320, "channels": 6, "sampleRate": 48_000, "bitRate": 384},
            id="AC-3",
        ),
        pytest.param(
            made.eac3(),
            types.EAC3,
            {"durationMilliseconds": 320, "channels": 2, "sampleRate": 48_000, "bitRate": 100},
            id="E-AC-3",
        ),
        pytest.param(
            made.eac3(dependent=True),
            types.EAC3,
            {"durationMilliseconds": 320, "sampleRate": 48_000, "bitRate": 200},
            id="E-AC-3 with more channels in substreams",
        ),
        pytest.param(
            b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50 + b"\x7c" * 50,
            types.AMR,
            {"durationMilliseconds": 2_000, "channels": 1, "sampleRate": 8_000, "bitRate": 7},
            id="AMR with pauses",
        ),
        pytest.param(
            b"#!AMR-WB\n" + (b"\x44" + bytes(60)) * 50,
            types.AMR,
            {"durationMilliseconds": 1_000, "channels": 1, "sampleRate": 16_000, "bitRate": 24},
            id="AMR-WB",
        ),
    ],
)
def test_frames(content: bytes, file_type: str, expected: Metadata) -> None:
    """Streams without a header have the facts of their frames; unknown ones are absent."""
    assert expected.items() <= found(content, file_type).items()
    assert expected.get("sampleRate") == found(content, file_type).get("sampleRate")
    assert expected.get("channels") == found(content, file_type).get("channels")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            made.flac(88_200, made.vorbis_comments(TITLE="A title", date="2019-05-01")),
            {"durationMilliseconds": 2_000, "bitRate": 4, "title": "A title", "year": "2019"},
            id="whole",
        ),
        pytest.param(made.flac(0), {}, id="streamed"),
        pytest.param(
            made.flac(least_bytes=45),
            {"durationMilliseconds": 2_000, "bitRate": 4},
            id="22 frames that fit",
        ),
        pytest.param(made.flac(least_bytes=46), {}, id="22 frames that do not fit"),
        pytest.param(
            made.id3(made.id3_frame(b"TIT2", b"\3A title")) + made.flac(0),
            {"title": "A title"},
            id="behind a tag",
        ),
    ],
)
def test_flac(content: bytes, expected: Metadata) -> None:
    """Without the number of samples, or too short for it, a FLAC has no duration and bit rate."""
    assert {"channels": 2, "sampleRate": 44_100, **expected} == found(content, types.FLAC)


def test_stream_info_is_checked() -> None:
    """A streaminfo block of the wrong size has no facts."""
    with pytest.raises(FileRejectedError):
        found(made.flac().replace(b"\0\0\0\x22", b"\0\0\0\x11"), types.FLAC)


@pytest.mark.parametrize(
    ("version", "level", "milliseconds"),
    [
        (3_990, 2_000, 3_346),
        (3_970, 2_000, 13_377),
        (3_900, 2_000, 3_346),
        (3_800, 4_000, 3_346),
        (3_800, 2_000, 420),
    ],
)
def test_monkeys_audio(version: int, level: int, milliseconds: int) -> None:
    """The length of a frame depends on the version and the level of compression."""
    content = made.monkeys_audio(version, level)
    expected = {"durationMilliseconds": milliseconds, "channels": 2, "sampleRate": 44_100}

    assert expected.items() <= found(content, types.APE).items()


VORBIS = made.ogg_page(made.vorbis_head(), 0, is_first=True)
THEORA = made.ogg_page(made.theora_head(), 0, serial=2, is_first=True)
COMMENTS = made.ogg_page(b"\x03vorbis" + made.vorbis_comments(ARTIST="Someone"), 0)
SPEEX = b"Speex   " + bytes(28) + struct.pack("<LLLL", 16_000, 0, 0, 1) + bytes(28)
NATIVE = b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + made.stream_info(0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            VORBIS + COMMENTS + made.ogg_page(bytes(600), 88_200),
            {
                "codec": "vorbis",
                "channels": 2,
                "sampleRate": 44_100,
                "artist": "Someone",
                "durationMilliseconds": 2_000,
                "bitRate": 2,
            },
            id="Vorbis",
        ),
        pytest.param(
            made.opus(48_312),
            {
                "codec": "opus",
                "channels": 1,
                "sampleRate": 48_000,
                "durationMilliseconds": 1_000,
                "bitRate": 5,
            },
            id="Opus without what is skipped",
        ),
        pytest.param(
            made.opus(48_312) + made.opus(24_312, serial=2),
            {
                "codec": "opus",
                "channels": 1,
                "sampleRate": 48_000,
                "durationMilliseconds": 1_500,
                "bitRate": 6,
            },
            id="one after another",
        ),
        pytest.param(
            VORBIS + COMMENTS,
            {"codec": "vorbis", "channels": 2, "sampleRate": 44_100, "artist": "Someone"},
            id="without audio",
        ),
        pytest.param(
            made.ogg_page(SPEEX, 0, is_first=True)
            + made.ogg_page(made.vorbis_comments(TITLE="A title"), 0)
            + made.ogg_page(bytes(400), 16_000),
            {
                "codec": "speex",
                "channels": 1,
                "sampleRate": 16_000,
                "title": "A title",
                "durationMilliseconds": 1_000,
                "bitRate": 3,
            },
            id="Speex",
        ),
        pytest.param(
            made.ogg_page(NATIVE, 0, is_first=True)
            + made.ogg_page(b"\x84\0\0\0" + made.vorbis_comments(TITLE="A title"), 0)
            + made.ogg_page(bytes(400), 44_100),
            {
                "codec": "flac",
                "channels": 2,
                "sampleRate": 44_100,
                "title": "A title",
                "durationMilliseconds": 1_000,
                "bitRate": 3,
            },
            id="FLAC",
        ),
        pytest.param(
            THEORA
            + VORBIS
            + COMMENTS
            + made.ogg_page(bytes(9), 1 << 6 | 9, serial=2)
            + made.ogg_page(bytes(600), 88_200),
            {
                "codec": "theora",
                "width": 320,
                "height": 240,
                "channels": 2,
                "sampleRate": 44_100,
                "artist": "Someone",
                "durationMilliseconds": 2_000,
            },
            id="film",
        ),
        pytest.param(
            made.ogg_page(made.theora_head(b"\3\2\0"), 0, is_first=True)
            + made.ogg_page(bytes(99), 1 << 6 | 48),
            {"codec": "theora", "width": 320, "height": 240, "durationMilliseconds": 2_000},
            id="film of an old format, which counts frames from 0",
        ),
        pytest.param(
            made.ogg_page(made.theora_head(b"\3\2\0"), 0, is_first=True)
            + made.ogg_page(bytes(99), 0),
            {"codec": "theora", "width": 320, "height": 240},
            id="headers of a film",
        ),
    ],
)
def test_ogg(content: bytes, expected: Metadata) -> None:
    """Streams of an Ogg play together or one after another, up to their last positions."""
    assert expected == found(content, types.AUDIO_OGG)


HUGE_TAG = b"ID3\3\0\x80" + b"\x7f" * 4
"""The head of an unsynchronised ID3 tag that claims 256 MB."""

NO_TAG = made.chunk(b"id3 ", HUGE_TAG)
BEHIND = made.id3_frame(b"TIT2", b"\3Behind it", version=3)


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(
            wave(FORMAT, made.chunk(b"data", SECOND), NO_TAG, BEHIND), types.WAV, id="WAV"
        ),
        pytest.param(made.aiff(tag=HUGE_TAG) + BEHIND, types.AIFF, id="AIFF"),
        pytest.param(
            b"fLaC\0\0\0\x22"
            + made.stream_info(1)
            + b"\x84\0\0\x08"
            + made.vorbis_comments(TITLE="Behind it"),
            types.FLAC,
            id="FLAC",
        ),
    ],
)
def test_tag_ends_with_its_part(content: bytes, file_type: str) -> None:
    """A tag has no texts from behind the chunk or block that contains it."""
    assert "title" not in found(content, file_type)


def flac_of_shared_comments(blocks: int = 9_000) -> bytes:
    """A FLAC whose comment blocks each point at one list of comments behind them."""
    end = 42 + 12 * blocks
    heads = (struct.pack("<LLL", 0x08000004, end - at - 8, 0) for at in range(42, end, 12))
    comments = struct.pack("<L", 10_000) + bytes(40_000)
    return b"fLaC\0\0\0\x22" + made.stream_info(1) + b"".join(heads) + comments


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(flac_of_shared_comments(), types.FLAC, id="FLAC of shared comments"),
        pytest.param(
            wave(FORMAT, made.chunk(b"data", SECOND), NO_TAG * 5_000, bytes(20_000_000)),
            types.WAV,
            id="WAV of huge tags",
        ),
        pytest.param(
            made.aiff() + (b"ID3 \0\0\0\x0a" + HUGE_TAG) * 5_000 + bytes(20_000_000),
            types.AIFF,
            id="AIFF of huge tags",
        ),
        pytest.param(b"\xff\xfb\x90" * 3_000_000, types.MP3, id="MP3 of headers"),
        pytest.param(SOFT + (b"\xff\xfb\x90x" + SOFT) * 60_000, types.MP3, id="MP3 with gaps"),
        pytest.param(made.ogg_page(b"", 0) * 400_000, types.AUDIO_OGG, id="Ogg of empty pages"),
        pytest.param(b"OggS" * 3_000_000, types.AUDIO_OGG, id="Ogg of signatures"),
        pytest.param(
            made.flac(1, struct.pack("<LL", 0, 2**32 - 1) + bytes(9_000_000)),
            types.FLAC,
            id="FLAC of empty comments",
        ),
        pytest.param(made.id3() * 2_000_000, types.MP3, id="tags of nothing"),
        pytest.param(
            made.id3(*[made.id3_frame(b"TPE1", b"\3x")] * 200_000), types.MP3, id="tag of frames"
        ),
        pytest.param(
            made.id3(made.id3_frame(b"TCON", b"\3" + b"a\0b\0" * 3_000_000)),
            types.MP3,
            id="tag of genres",
        ),
    ],
)
def test_bounds(content: bytes, file_type: str) -> None:
    """A crafted file takes time in proportion to its size, at most."""
    started = time.process_time()
    with contextlib.suppress(FileRejectedError):
        found(content, file_type)

    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(made.opus(5 * 3_600 * 48_000), id="recorded from the middle of a stream"),
        pytest.param(
            made.opus(96_000) + made.ogg_page(bytes(600), 48_000), id="position that goes back"
        ),
    ],
)
def test_ogg_whose_positions_are_no_duration(content: bytes) -> None:
    """Positions that do not count from the beginning of the file establish no duration."""
    assert "durationMilliseconds" not in found(content, types.AUDIO_OGG)
