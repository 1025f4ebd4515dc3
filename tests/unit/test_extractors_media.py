"""Audio and video: streams, durations, and files of neither kind."""

from __future__ import annotations

import io
import time

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import mp4
from chalicelib.files.types import AUDIO_MP4, MP4
from tests.support import files_media as made
from tests.support.metadata import extract

PICTURE = made.track(b"vide", b"avc1", 320, 240)
SMALL_PICTURE = made.track(b"vide", b"jpeg", 16, 16)
SOUND = made.track(b"soun", b"mp4a")


@pytest.mark.parametrize(
    ("content", "file_type", "expected"),
    [
        pytest.param(
            made.wav(2, 8_000),
            "audio/wav",
            {"durationMilliseconds": 2_000, "channels": 1, "sampleRate": 8_000},
            id="WAV",
        ),
        pytest.param(
            made.mp3(title=b"A title"),
            "audio/mpeg",
            {"channels": 2, "sampleRate": 44_100, "bitRate": 128, "title": "A title"},
            id="MP3",
        ),
        pytest.param(
            made.mp4(PICTURE, SMALL_PICTURE, SOUND),
            MP4,
            {"durationMilliseconds": 1_500, "width": 320, "height": 240, "codec": "avc1"},
            id="MP4",
        ),
        pytest.param(made.mp4(SOUND), AUDIO_MP4, {"codec": "mp4a"}, id="M4A"),
        pytest.param(
            made.matroska(b"webm", made.matroska_picture(640, 360)),
            "video/webm",
            {
                "durationMilliseconds": 1_500,
                "title": "A title",
                "codec": "V_VP9",
                "width": 640,
                "height": 360,
            },
            id="WebM",
        ),
    ],
)
def test_facts(content: bytes, file_type: str, expected: dict[str, object]) -> None:
    """Codecs, tracks and duration of audio and video are extracted."""
    assert expected.items() <= extract(io.BytesIO(content), file_type).items()


WHOLE = made.box(b"mvex", made.box(b"mehd", bytes(4), (2_500).to_bytes(4, "big")))
WHOLE_IN_64_BITS = made.box(b"mvex", made.box(b"mehd", b"\1\0\0\0", (2_500).to_bytes(8, "big")))


@pytest.mark.parametrize(
    ("content", "milliseconds"),
    [
        pytest.param(made.mp4(PICTURE), 1_500, id="stated"),
        pytest.param(made.mp4(PICTURE, WHOLE), 1_500, id="stated twice"),
        pytest.param(made.mp4(PICTURE, duration=2**32 - 1), None, id="unknown"),
        pytest.param(made.mp4(PICTURE, duration=0), None, id="in fragments"),
        pytest.param(made.mp4(PICTURE, WHOLE, duration=0), 2_500, id="of all fragments"),
        pytest.param(made.mp4(PICTURE, WHOLE_IN_64_BITS, duration=0), 2_500, id="in 64 bits"),
        pytest.param(made.mp4(PICTURE, WHOLE, duration=0, scale=0), None, id="of no scale"),
    ],
)
def test_duration(content: bytes, milliseconds: int | None) -> None:
    """A film's duration is that of all its fragments, and absent where they have none."""
    assert milliseconds == extract(io.BytesIO(content), MP4).get("durationMilliseconds")


@pytest.mark.parametrize(
    ("tracks", "codec"),
    [
        ([(17, b"S_TEXT/UTF8"), (2, b"A_OPUS"), (1, b"V_VP9"), (1, b"V_AV1")], "V_VP9"),
        ([(17, b"S_TEXT/UTF8"), (2, b"A_OPUS"), (2, b"A_AAC")], "A_OPUS"),
        ([(17, b"S_TEXT/UTF8")], None),
    ],
)
def test_matroska_codec(tracks: list[tuple[int, bytes]], codec: str | None) -> None:
    """A film's codec is that of the picture, else of the sound, wherever the tracks stand."""
    content = made.matroska(b"webm", *(made.matroska_track(*track) for track in tracks))

    assert codec == extract(io.BytesIO(content), "video/webm").get("codec")


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(made.mp4(PICTURE, SOUND), MP4, id="film"),
        pytest.param(made.mp4(PICTURE), MP4, id="silent film"),
        pytest.param(made.mp4(SOUND), AUDIO_MP4, id="sound"),
        pytest.param(made.mp4(brand=b"M4A "), AUDIO_MP4, id="sound by its brand"),
        pytest.param(made.mp4(), MP4, id="nothing"),
    ],
)
def test_sound_or_film(content: bytes, file_type: str) -> None:
    """An MP4 without pictures is a sound."""
    assert file_type == mp4.detect(io.BytesIO(content))


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(made.mp4(PICTURE)[:30], MP4, id="MP4 without its movie"),
        pytest.param(made.box(b"ftyp", b"isom") + bytes(99), MP4, id="MP4 of boxes of no length"),
        pytest.param(made.mp3()[:3], "audio/mpeg", id="MP3 without a frame"),
        pytest.param(made.wav()[:30], "audio/wav", id="WAV without its form"),
        pytest.param(made.matroska(b"webm"), "video/webm", id="WebM without tracks"),
        pytest.param(b"\x1a\x45\xdf\xa3" * 9, "video/webm", id="WebM of heads"),
        pytest.param(b"OggS" + bytes(99), "audio/ogg", id="Ogg of nothing"),
    ],
)
def test_unreadable(content: bytes, file_type: str) -> None:
    """What has nothing that plays is unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), file_type)

    assert refusal.value.code is FailureCode.UNREADABLE


def test_many_boxes() -> None:
    """Boxes beyond the limit are not read; the first ones determine the result."""
    content = made.mp4(PICTURE) + made.box(b"free") * 1_000_000
    started = time.process_time()

    assert extract(io.BytesIO(content), MP4)["width"] == 320
    assert time.process_time() - started < 2
