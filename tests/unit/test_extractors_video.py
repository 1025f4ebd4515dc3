"""Facts of films, and of sound in the same containers: MP4, QuickTime, Matroska, AVI and ASF."""

from __future__ import annotations

import io
import struct
import time

import pytest

from chalicelib.documents import Metadata
from chalicelib.files import types
from tests.support import files_audio as made
from tests.support import files_media
from tests.support.files_media import box, element, mp4
from tests.support.metadata import extract

PICTURE = files_media.track(b"vide", b"avc1", 320, 240)


def found(content: bytes, file_type: str) -> Metadata:
    """The metadata of a content of this type."""
    return extract(io.BytesIO(content), file_type)


def sound(codec: bytes, *boxes: bytes, rate: int = 44_100) -> Metadata:
    """The metadata of an MP4 with a track of this codec, whose own fields say stereo."""
    return found(mp4(made.audio_track(codec, *boxes, rate=rate)), types.AUDIO_MP4)


MONO = "00010 0100 0001 000"
EXTENSION = "01010110111 00101"


@pytest.mark.parametrize(
    ("config", "channels", "sample_rate"),
    [
        pytest.param(MONO, 1, 44_100, id="mono"),
        pytest.param("00010 0011 0110 000", 6, 48_000, id="5.1 channels"),
        pytest.param("00010 1111 000000001011101110000000 0010 000", 2, 48_000, id="stated rate"),
        pytest.param("00101 0111 0010 0100 00010 000", 2, 44_100, id="HE-AAC"),
        pytest.param("11101 0111 0001 0100 00010 000", 2, 44_100, id="HE-AAC v2"),
        pytest.param(f"00010 0111 0010 000 {EXTENSION} 1 0100", 2, 44_100, id="compatible HE-AAC"),
        pytest.param(
            f"00010 0111 0001 000 {EXTENSION} 1 0100 10101001000 1", 2, 44_100, id="v2 so"
        ),
        pytest.param(f"00010 0111 0001 000 {EXTENSION} 0", 1, 22_050, id="not HE-AAC"),
        pytest.param("00010 0111 0001 000", 1, None, id="perhaps HE-AAC"),
        pytest.param(
            "00010 0100 0000 000 0000 01 0100 0001 0000 0001 01 000 0000 000 1 0000 0 0000 0000"
            + 16 * "0",
            4,
            44_100,
            id="channels of its own",
        ),
        pytest.param("11111 000100 0100 0000 000", 2, 44_100, id="another codec"),
        pytest.param("00010 0100 0001 010", 1, 44_100, id="cut off"),
        pytest.param("00010", None, None, id="cut off early"),
    ],
)
def test_aac(config: str, channels: int | None, sample_rate: int | None) -> None:
    """AAC's configuration decides about channels and sample rate; what it leaves open is absent."""
    metadata = sound(b"mp4a", made.esds(config))

    assert (channels, sample_rate) == (metadata.get("channels"), metadata.get("sampleRate"))


COOKIE = box(b"alac", struct.pack(">4xL6BHLLL", 4_096, 0, 24, 40, 10, 14, 1, 255, 0, 0, 96_000))
STREAM_INFO = box(b"dfLa", bytes(4) + b"\x80\0\0\x22" + made.stream_info(0, 96_000, 1))


@pytest.mark.parametrize(
    ("codec", "boxes", "channels", "sample_rate"),
    [
        pytest.param(b"mp4a", [made.esds("0" * 16, 0x6B)], 2, 44_100, id="MP3"),
        pytest.param(b"alac", [COOKIE], 1, 96_000, id="ALAC"),
        pytest.param(b"alac", [box(b"wave", COOKIE)], 1, 96_000, id="ALAC in QuickTime"),
        pytest.param(b"Opus", [box(b"dOps", b"\0\1" + bytes(9))], 1, 48_000, id="Opus"),
        pytest.param(b"fLaC", [STREAM_INFO], 1, 96_000, id="FLAC"),
        pytest.param(b"ac-3", [box(b"dac3", b"\x10\x3c\0")], 6, 48_000, id="AC-3"),
        pytest.param(b"ec-3", [box(b"dec3", b"\0\0\x20\x0f\0")], 6, 48_000, id="E-AC-3"),
        pytest.param(b"ec-3", [box(b"dec3", b"\0\0\x20\x0f\2\0")], None, 48_000, id="7.1 channels"),
        pytest.param(b"samr", [], 1, 8_000, id="AMR"),
        pytest.param(b"sowt", [], 2, 44_100, id="PCM"),
    ],
)
def test_codec(
    codec: bytes, boxes: list[bytes], channels: int | None, sample_rate: int | None
) -> None:
    """Channels and sample rate are those of the codec's configuration, if it has one."""
    metadata = sound(codec, *boxes)

    assert codec.decode() == metadata["codec"]
    assert (channels, sample_rate) == (metadata.get("channels"), metadata.get("sampleRate"))


def test_encrypted_codec() -> None:
    """An encrypted track has the codec that is encrypted."""
    original = box(b"sinf", box(b"frma", b"mp4a"))

    assert {"codec": "mp4a", "channels": 1}.items() <= sound(
        b"enca", made.esds(MONO), original
    ).items()


def test_sound_of_quicktime() -> None:
    """The entries of QuickTime are longer, and rates above 65,535 Hz need the longest one."""
    fields = struct.pack(">8xH6xHHHHLLdLL20x", 2, 3, 16, 0, 0, 65_536, 72, 96_000, 6, 0)
    entry = box(b"lpcm", fields)
    track = made.audio_track(b"sowt").replace(
        box(b"sowt", struct.pack(">8xL4xHHLHxx", 0, 2, 16, 0, 44_100)), entry
    )
    grown = len(entry) - 36
    for kind in (b"stsd", b"stbl", b"minf", b"mdia", b"trak"):
        at = track.index(kind) - 4
        size = int.from_bytes(track[at : at + 4], "big") + grown
        track = track[:at] + struct.pack(">L", size) + track[at + 4 :]

    metadata = found(mp4(track), types.QUICKTIME)

    assert ("lpcm", 6, 96_000) == tuple(
        metadata[name] for name in ("codec", "channels", "sampleRate")
    )


def test_bit_rate_of_mp4() -> None:
    """The bit rate of sound is the size of its samples by their duration."""
    content = mp4(made.audio_track(b"mp4a", samples=[(441, 1_000)])) + box(b"mdat", bytes(44_100))
    one = content.replace(struct.pack(">LL", 100, 441), struct.pack(">LL", 1, 441))
    many = content.replace(struct.pack(">LL", 100, 441), struct.pack(">LL", 100, 99_999))

    assert "bitRate" not in found(one, types.AUDIO_MP4)
    assert "bitRate" not in found(many, types.AUDIO_MP4)
    assert 35 == found(content, types.AUDIO_MP4)["bitRate"]
    assert "bitRate" not in found(mp4(made.audio_track(b"mp4a"), PICTURE), types.MP4)


DEFAULTS = box(b"mvex", box(b"trex", struct.pack(">6L", 0, 1, 1, 1_000, 0, 0)))
TRACK = made.audio_track(b"mp4a", rate=10_000)


@pytest.mark.parametrize(
    ("content", "milliseconds"),
    [
        pytest.param(
            mp4(TRACK, DEFAULTS, duration=0) + made.fragment(1, made.run(10)) * 3,
            3_000,
            id="default of the track",
        ),
        pytest.param(
            mp4(TRACK, DEFAULTS, duration=0)
            + made.fragment(
                1, made.run(10), flags=0xB, fields=bytes(12) + (2_000).to_bytes(4, "big")
            ),
            2_000,
            id="default of the fragment",
        ),
        pytest.param(
            mp4(TRACK, DEFAULTS, duration=0) + made.fragment(1, made.run(2, [5_000, 2_500])),
            750,
            id="of each sample",
        ),
        pytest.param(
            mp4(TRACK, DEFAULTS, duration=0) + made.fragment(1, made.run(2**31, [5_000, 2_500])),
            750,
            id="of more samples than there are",
        ),
        pytest.param(
            mp4(
                made.audio_track(b"mp4a", rate=10_000, samples=[(5, 1_000)]), DEFAULTS, duration=500
            )
            + made.fragment(1, made.run(10)),
            1_500,
            id="added to the movie's",
        ),
        pytest.param(
            mp4(TRACK, DEFAULTS, duration=9_000) + made.fragment(1, made.run(10)),
            1_000,
            id="less than stated",
        ),
        pytest.param(
            mp4(made.audio_track(b"mp4a", samples=[(441, 100)]), duration=2**32 - 1),
            1_000,
            id="of the samples, where none is stated",
        ),
        pytest.param(mp4(duration=1_500), None, id="of nothing"),
    ],
)
def test_duration_of_fragments(content: bytes, milliseconds: int | None) -> None:
    """The duration of a fragmented MP4 is that of the fragments in the file."""
    if milliseconds is None:
        with pytest.raises(Exception, match="no readable audio"):
            found(content, types.MP4)
    else:
        assert milliseconds == found(content, types.MP4).get("durationMilliseconds")


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(
            mp4(TRACK, DEFAULTS, duration=0)
            + made.fragment(1, made.run(10))
            + box(b"free") * 200_000,
            types.MP4,
            id="MP4",
        ),
        pytest.param(
            made.live_matroska(made.matroska_audio(b"A_OPUS") * 1_000, made.cluster(9, 1))
            + (b"\xa3\x84\x82\0\1\0") * 500_000,
            types.WEBM,
            id="WebM",
        ),
    ],
)
def test_too_many_parts(content: bytes, file_type: str) -> None:
    """Of more parts than are read, the duration is unknown."""
    started = time.process_time()
    metadata = found(content, file_type)

    assert time.process_time() - started < 4
    assert "codec" in metadata
    assert "durationMilliseconds" not in metadata


SAMPLES = box(b"mdat", bytes(99))
HEARD = made.audio_track(b"mp4a", samples=[(441, 1_000)])


@pytest.mark.parametrize(
    ("content", "milliseconds"),
    [
        pytest.param(mp4(PICTURE) + SAMPLES, 1_500, id="MP4"),
        pytest.param(mp4(PICTURE) + SAMPLES[:-1], None, id="MP4 without its last sample"),
        pytest.param(mp4(PICTURE) + SAMPLES + box(b"free", bytes(9))[:-1], 1_500, id="padding"),
        pytest.param(mp4(PICTURE)[:-1], None, id="MP4 cut in its header"),
        pytest.param(mp4(PICTURE) + b"\0\0\0\0mdat\0", 1_500, id="up to the end of the file"),
    ],
)
def test_duration_of_cut_mp4(content: bytes, milliseconds: int | None) -> None:
    """The stated duration is that of a whole file; of one that is cut off, it is unknown."""
    assert milliseconds == found(content, types.MP4).get("durationMilliseconds")


def test_bit_rate_of_cut_mp4() -> None:
    """Sizes and durations of samples that are not in the file establish no bit rate."""
    samples = box(b"mdat", bytes(441 * 100))

    assert "bitRate" in found(mp4(HEARD) + samples, types.AUDIO_MP4)
    assert "bitRate" not in found(mp4(HEARD) + samples[:-1], types.AUDIO_MP4)
    assert "bitRate" not in found(mp4(HEARD) + SAMPLES, types.AUDIO_MP4)


def test_mp4_that_contradicts_itself() -> None:
    """A movie that states far more than the samples of its tracks has no known duration."""
    short = made.audio_track(b"mp4a", samples=[(441, 10)])

    assert 1_500 == found(mp4(short), types.AUDIO_MP4)["durationMilliseconds"]
    longer = mp4(short).replace(struct.pack(">LL", 1_000, 1_500), struct.pack(">LL", 1_000, 2**25))
    assert "durationMilliseconds" not in found(longer, types.AUDIO_MP4)


def test_duration_of_cut_matroska() -> None:
    """The stated duration is that of a whole segment; of one that is cut off, it is unknown."""
    content = files_media.matroska(b"webm", files_media.matroska_picture(3, 2))

    assert 1_500 == found(content, types.WEBM)["durationMilliseconds"]
    assert "durationMilliseconds" not in found(content[:-1], types.WEBM)


def test_pictures_of_chapters() -> None:
    """Chapter pictures do not make a film of an audio book."""
    content = mp4(
        made.audio_track(b"mp4a"), files_media.track(b"vide", b"jpeg", 99, 99), brand=b"M4B "
    )
    metadata = found(content, types.AUDIO_MP4)

    assert "mp4a" == metadata["codec"]
    assert "width" not in metadata


RATE = element(0xB5, struct.pack(">f", 22_050))
OUTPUT = element(0x78B5, struct.pack(">f", 44_100))
OPUS = made.matroska_audio(b"A_OPUS", RATE, frame=20_000_000)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            files_media.matroska(b"matroska", made.matroska_audio(b"A_AAC", RATE, OUTPUT)),
            {"codec": "A_AAC", "channels": 1, "sampleRate": 44_100, "durationMilliseconds": 1_500},
            id="HE-AAC",
        ),
        pytest.param(
            files_media.matroska(b"matroska", made.matroska_audio(b"A_PCM/INT/LIT")),
            {"channels": 1, "sampleRate": 8_000},
            id="defaults",
        ),
        pytest.param(
            made.live_matroska(OPUS, made.cluster(0, 0, 20), made.cluster(5_000, 0, 40)),
            {"codec": "A_OPUS", "sampleRate": 48_000, "durationMilliseconds": 5_060},
            id="live recording",
        ),
        pytest.param(
            made.live_matroska(OPUS)
            + element(0x1F43B675, made.cluster(0, 0))
            + element(0x1F43B675, made.cluster(3_000, 0)),
            {"durationMilliseconds": 3_020},
            id="live recording with sizes",
        ),
        pytest.param(
            made.live_matroska(OPUS, element(0xA3, b"\x81\0\0\x06\7" + bytes(20))),
            {"durationMilliseconds": 160},
            id="eight frames in a block",
        ),
        pytest.param(
            made.live_matroska(
                OPUS, element(0xA0, element(0xA1, b"\x81\0\7\0"), element(0x9B, b"\x64"))
            ),
            {"durationMilliseconds": 107},
            id="duration of a block",
        ),
    ],
)
def test_matroska(content: bytes, expected: Metadata) -> None:
    """Without a stated duration, a Matroska file lasts until its last frame."""
    assert expected.items() <= found(content, types.WEBM).items()


WHOLE = made.matroska_tag({b"TITLE": b"An album", b"ARTIST": b"Band", b"DATE_RELEASED": b"2019"})
PIECE = made.matroska_tag({b"TITLE": b"A piece", b"ARTIST": b"Someone"}, level=30)
OF_TRACK = made.matroska_tag({b"ARTIST": b"Another"}, track=b"\7")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param([OF_TRACK, WHOLE], {"title": "An album", "artist": "Band"}, id="whole"),
        pytest.param(
            [WHOLE, PIECE],
            {"title": "A piece", "artist": "Someone", "album": "An album", "year": "2019"},
            id="piece of an album",
        ),
        pytest.param([OF_TRACK], {"artist": None}, id="of a track"),
    ],
)
def test_tags_of_matroska(tags: list[bytes], expected: Metadata) -> None:
    """Tags behind the clusters are read; those of single tracks are not the file's."""
    content = made.live_matroska(OPUS) + element(0x1F43B675, made.cluster(0, 0))
    metadata = found(content + element(0x1254C367, *tags), types.WEBM)

    assert expected == {name: metadata.get(name) for name in expected}


@pytest.mark.parametrize(
    ("unit", "display", "size"),
    [(0, (426, 240), (426, 240)), (3, (16, 9), (320, 240)), (0, (16, 9), (320, 240))],
)
def test_display_size(unit: int, display: tuple[int, int], size: tuple[int, int]) -> None:
    """The size is the display size in pixels, else that of the coded picture."""
    numbers = {0xB0: 320, 0xBA: 240, 0x54B0: display[0], 0x54BA: display[1], 0x54B2: unit}
    elements = (element(kind, number.to_bytes(2, "big")) for kind, number in numbers.items())
    track = element(0xAE, element(0x83, b"\1"), element(0x86, b"V_VP9"), element(0xE0, *elements))
    metadata = found(files_media.matroska(b"webm", track), types.WEBM)

    assert size == (metadata["width"], metadata["height"])


@pytest.mark.parametrize(
    ("content", "milliseconds"),
    [
        (made.avi(), 2_000),
        (made.avi(stated_bytes=9_999), None),
        (made.avi(stated_bytes=0), None),
        (made.avi(frames=60_000), 1_900),
    ],
)
def test_avi(content: bytes, milliseconds: int | None) -> None:
    """An AVI lasts as long as its streams, if the file has them."""
    expected = {
        "codec": "XVID",
        "width": 320,
        "height": 240,
        "channels": 2,
        "sampleRate": 44_100,
        "title": "A title",
    }
    if milliseconds:
        expected["durationMilliseconds"] = milliseconds

    assert expected == found(content, types.AVI)


NAMES = {"WM/AlbumTitle": "An album", "Author": "Another", "WM/Genre": "Rock", "WM/Year": "2019"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            made.asf(
                made.asf_properties(2),
                made.asf_audio(),
                made.asf_texts(NAMES),
                made.asf_text("A title", "Someone"),
            ),
            {
                "durationMilliseconds": 2_000,
                "codec": "161",
                "channels": 2,
                "sampleRate": 44_100,
                "title": "A title",
                "artist": "Someone",
                "album": "An album",
                "genre": "Rock",
                "year": "2019",
            },
            id="sound",
        ),
        pytest.param(
            made.asf(made.asf_properties(2, flags=1), made.asf_video()),
            {"codec": "WMV3", "width": 320, "height": 240},
            id="live film",
        ),
        pytest.param(
            made.asf(made.asf_properties(2, file_bytes=9_999), made.asf_video()),
            {"codec": "WMV3", "width": 320, "height": 240},
            id="cut film",
        ),
        pytest.param(
            made.asf(
                made.object_of_asf(
                    "b503bf5f2ea9cf118ee300c00c205365",
                    bytes(22)
                    + made.object_of_asf(
                        "cba5e61472c632438399a96952065b5a",
                        bytes(60)
                        + struct.pack(
                            "<HHHH4sLLLLHL5s", 1, 1, 0, 4, b"name", 0, 0, 0, 0, 0, 5, b"x" * 5
                        )
                        + made.asf_video(),
                    ),
                ),
            ),
            {"codec": "WMV3", "width": 320, "height": 240},
            id="film in an extension",
        ),
    ],
)
def test_asf(content: bytes, expected: Metadata) -> None:
    """An ASF file lasts as stated, without the time of buffering; its description prevails."""
    assert expected == found(content, types.WMV)
