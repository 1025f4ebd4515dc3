"""The types of audio and video: brands, containers, tags in front, and what may be declared."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files import types
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.files.validation import Limits, Validation, validate
from tests.support import files_audio as made
from tests.support import files_media
from tests.support.files_media import box, mp4
from tests.support.metadata import analyze

SOUND, PICTURE = made.audio_track(b"mp4a"), files_media.track(b"vide", b"avc1", 4, 2)
OPUS = made.matroska_audio(b"A_OPUS")
VIDEO = files_media.matroska_picture(4, 2)
WAVE = made.chunk(b"fmt ", made.wave_format()) + made.chunk(b"data", bytes(99))
LONG_TAG = made.id3(made.id3_frame(b"PRIV", bytes(9_000))) * 2
THEORA = made.ogg_page(made.theora_head(), 0, is_first=True) + made.ogg_page(bytes(99), 3)


def validated(content: bytes, declared: str | None = None) -> Validation:
    """The result for an upload if every type is allowed."""
    limits = Limits(2**30, SUPPORTED_TYPES)
    return validate(io.BytesIO(content), len(content), declared, limits, analyze)


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(mp4(SOUND, PICTURE), types.MP4, id="MP4"),
        pytest.param(mp4(SOUND), types.AUDIO_MP4, id="MP4 of sound"),
        pytest.param(mp4(PICTURE, brand=b"iso9"), types.MP4, id="late brand"),
        pytest.param(
            box(b"ftyp", b"NEWB", bytes(4), b"isom") + mp4(PICTURE)[16:],
            types.MP4,
            id="brand of a producer",
        ),
        pytest.param(mp4(PICTURE, brand=b"3gp5"), types.THREE_GPP, id="3GPP"),
        pytest.param(mp4(SOUND, brand=b"3gp4"), types.AUDIO_THREE_GPP, id="3GPP of sound"),
        pytest.param(mp4(PICTURE, brand=b"3g2a"), types.THREE_GPP2, id="3GPP2"),
        pytest.param(mp4(SOUND, brand=b"kddi"), types.AUDIO_THREE_GPP2, id="3GPP2 of sound"),
        pytest.param(mp4(PICTURE, brand=b"qt  "), types.QUICKTIME, id="QuickTime"),
        pytest.param(mp4(SOUND, brand=b"qt  "), types.QUICKTIME, id="QuickTime of sound"),
        pytest.param(mp4(PICTURE)[16:], types.QUICKTIME, id="QuickTime without a brand"),
        pytest.param(
            box(b"ftyp", b"crx ", bytes(4), b"crx isom") + bytes(99),
            "image/x-canon-cr3",
            id="raw photo",
        ),
        pytest.param(files_media.matroska(b"webm", VIDEO), types.WEBM, id="WebM"),
        pytest.param(files_media.matroska(b"webm", OPUS), types.AUDIO_WEBM, id="WebM of sound"),
        pytest.param(files_media.matroska(b"matroska", VIDEO), types.MATROSKA, id="Matroska"),
        pytest.param(
            files_media.matroska(b"matroska", OPUS), types.AUDIO_MATROSKA, id="Matroska of sound"
        ),
        pytest.param(made.avi(), types.AVI, id="AVI"),
        pytest.param(made.asf(made.asf_audio(), made.asf_video()), types.WMV, id="WMV"),
        pytest.param(
            made.asf(made.asf_text("x" * 9_000), made.asf_audio()), types.WMA, id="WMA, tag first"
        ),
        pytest.param(made.riff(b"WAVE", WAVE, signature=b"RF64"), types.WAV, id="RF64"),
        pytest.param(made.riff(b"WAVE", WAVE, signature=b"BW64"), types.WAV, id="BW64"),
        pytest.param(made.opus(48_000), types.AUDIO_OGG, id="Ogg"),
        pytest.param(THEORA, types.VIDEO_OGG, id="Ogg of pictures"),
        pytest.param(made.adts(), types.AAC, id="AAC"),
        pytest.param(made.ac3(), types.AC3, id="AC-3"),
        pytest.param(made.eac3(), types.EAC3, id="E-AC-3"),
        pytest.param(b"#!AMR\n\x3c" + bytes(31), types.AMR, id="AMR"),
        pytest.param(b"#!AMR-WB\n\x44" + bytes(60), types.AMR, id="AMR-WB"),
        pytest.param(made.mpeg_frame() * 3, types.MP3, id="MP3"),
        pytest.param(made.mpeg_frame(layer=2) * 3, types.MP3, id="MPEG audio, layer II"),
        pytest.param(made.mpeg_frame(layer=1) * 3, types.MP3, id="MPEG audio, layer I"),
        pytest.param(bytes(900) + made.mpeg_frame() * 3, types.MP3, id="MP3 behind zeros"),
        pytest.param(bytes(900) + made.mpeg_frame()[:9], types.UNKNOWN, id="zeros"),
        pytest.param(b"\xff\xfb\x90\x64" + b"\x81\x02" * 4_500, types.UNKNOWN, id="head of MP3"),
        pytest.param(made.xing(9, 9_999), types.MP3, id="MP3 of totals"),
        pytest.param(b"\xff\xfd\x90\0" + bytes(99), types.UNKNOWN, id="four bytes of layer II"),
        pytest.param(b"\xff\xf1\x50\x80\3\xff\xfc" + bytes(99), types.UNKNOWN, id="head of AAC"),
        pytest.param(made.monkeys_audio(), types.APE, id="Monkey's Audio"),
        pytest.param(LONG_TAG + made.monkeys_audio(), types.APE, id="tagged Monkey's Audio"),
        pytest.param(LONG_TAG + made.mpeg_frame() * 3, types.MP3, id="tagged MP3"),
        pytest.param(LONG_TAG + made.flac(), types.FLAC, id="tagged FLAC"),
        pytest.param(LONG_TAG + made.adts(), types.AAC, id="tagged AAC"),
        pytest.param(LONG_TAG + made.ac3(), types.AC3, id="tagged AC-3"),
        pytest.param(LONG_TAG + made.eac3(), types.EAC3, id="tagged E-AC-3"),
        pytest.param(LONG_TAG + b"wvpk" + bytes(99), types.UNKNOWN, id="tagged WavPack"),
    ],
)
def test_type(content: bytes, file_type: str) -> None:
    """The type comes from the bytes, of the whole file if its beginning leaves it open."""
    assert file_type == validated(content).file_type


@pytest.mark.parametrize(
    ("content", "declared", "file_type"),
    [
        (mp4(SOUND), "video/mp4", types.AUDIO_MP4),
        (mp4(SOUND), "video/quicktime", types.AUDIO_MP4),
        (mp4(PICTURE), "video/quicktime", types.MP4),
        (mp4(PICTURE, brand=b"3gp5"), "video/mp4", types.THREE_GPP),
        (mp4(SOUND, brand=b"3gp5"), "video/3gpp", types.AUDIO_THREE_GPP),
        (mp4(PICTURE, brand=b"3gp5"), "audio/3gpp", types.THREE_GPP),
        (mp4(PICTURE, brand=b"3g2a"), "audio/3gpp2", types.THREE_GPP2),
        (files_media.matroska(b"webm", OPUS), "audio/webm", types.AUDIO_WEBM),
        (files_media.matroska(b"webm", OPUS), "video/webm;codecs=opus", types.AUDIO_WEBM),
        (files_media.matroska(b"matroska", OPUS), "audio/x-matroska", types.AUDIO_MATROSKA),
        (files_media.matroska(b"webm", VIDEO), "video/x-matroska", types.WEBM),
        (made.opus(48_000), "video/ogg", types.AUDIO_OGG),
        (made.opus(48_000), "application/ogg", types.AUDIO_OGG),
        (made.opus(48_000), "audio/opus", types.AUDIO_OGG),
        (THEORA, "application/ogg", types.VIDEO_OGG),
        (made.asf(made.asf_audio()), "video/x-ms-asf", types.WMA),
        (made.avi(), "video/avi", types.AVI),
        (LONG_TAG + made.flac(), "audio/flac", types.FLAC),
        (mp4(SOUND), "audio/x-m4b", types.AUDIO_MP4),
        (mp4(PICTURE), "application/mp4", types.MP4),
        (mp4(PICTURE), "video/3gpp", types.MP4),
        (mp4(SOUND), "video/3gpp", types.AUDIO_MP4),
        (mp4(PICTURE, brand=b"3gp5"), "video/quicktime", types.THREE_GPP),
    ],
)
def test_declared_type(content: bytes, declared: str, file_type: str) -> None:
    """A declared type may be less specific than the recorded one."""
    found = validated(content, declared)

    assert (file_type, None) == (found.file_type, found.failure)


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (mp4(SOUND, PICTURE), "audio/mp4"),
        (files_media.matroska(b"webm", VIDEO), "audio/webm"),
        (THEORA, "audio/ogg"),
        (made.asf(made.asf_video()), "audio/x-ms-wma"),
        (mp4(SOUND), "audio/3gpp"),
        (LONG_TAG + made.flac(), "audio/mpeg"),
    ],
)
def test_wrong_declaration(content: bytes, declared: str) -> None:
    """A declared type that the content contradicts is a mismatch."""
    failure = validated(content, declared).failure

    assert failure
    assert failure.code is FailureCode.TYPE_MISMATCH
