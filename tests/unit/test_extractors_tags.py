"""Tags of audio: ID3 in all its versions, APEv2, iTunes and others, where they disagree too."""

from __future__ import annotations

import io
import zlib

import pytest

from chalicelib.documents import Metadata
from chalicelib.files import types
from tests.support import files_audio as made
from tests.support import files_media
from tests.support.metadata import extract

FRAMES = made.mpeg_frame() * 3
TITLE = "Ä title"
SYNC = b"\0\xff\xff\0\xfe"


def tags(content: bytes, file_type: str = types.MP3) -> Metadata:
    """The tags of a content of this type."""
    names = ("title", "artist", "album", "genre", "year")
    found = extract(io.BytesIO(content), file_type)
    return {name: found[name] for name in names if name in found}


def frame(content: bytes, *, version: int = 4, flags: int = 0, size: bytes = b"") -> bytes:
    """An ID3 tag of a title."""
    kind = b"TT2" if version == 2 else b"TIT2"
    return made.id3(
        made.id3_frame(kind, content, version=version, flags=flags, size=size), version=version
    )


LONG = b"\3" + TITLE.encode() + b"\0" + bytes(300)


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param(frame(b"\0" + TITLE.encode("latin-1"), version=2), id="2.2"),
        pytest.param(frame(b"\1" + TITLE.encode("utf-16"), version=3), id="UTF-16"),
        pytest.param(frame(b"\1" + TITLE.encode("utf-16-le"), version=3), id="without its mark"),
        pytest.param(frame(b"\2" + TITLE.encode("utf-16-be")), id="big-endian"),
        pytest.param(frame(b"\3" + TITLE.encode() + b"\0another"), id="two values"),
        pytest.param(frame(LONG, size=len(LONG).to_bytes(4, "big")), id="size of 2.3 in 2.4"),
        pytest.param(frame(bytes(4) + b"\3" + TITLE.encode(), flags=1), id="stated length"),
        pytest.param(
            frame(bytes(4) + zlib.compress(b"\3" + TITLE.encode()), flags=9), id="compressed"
        ),
        pytest.param(
            frame(bytes(4) + zlib.compress(b"\0" + TITLE.encode("latin-1")), version=3, flags=0x80),
            id="compressed in 2.3",
        ),
        pytest.param(
            made.id3(
                b"\0\0\0\6" + bytes(6) + made.id3_frame(b"TIT2", b"\3" + TITLE.encode()), flags=0x40
            ).replace(b"\0\0\0\6" + bytes(6), made.synchsafe(10) + bytes(6)),
            id="extended header",
        ),
        pytest.param(made.id3() + frame(b"\3" + TITLE.encode()), id="second tag"),
    ],
)
def test_id3(tag: bytes) -> None:
    """The title of an ID3v2 tag is read in every form that programs write."""
    assert {"title": TITLE} == tags(tag + FRAMES)


def test_encrypted_frame() -> None:
    """An encrypted text is left out."""
    assert {} == tags(frame(b"\3" + TITLE.encode(), flags=4) + FRAMES)


def test_unsynchronised_tag() -> None:
    """Bytes that were added so that no frame seems to begin in the tag are removed."""
    title = made.id3_frame(b"TIT2", b"\1" + "ÿ".encode("utf-16"), version=3)
    tag = made.id3(title.replace(b"\xff", b"\xff\0"), version=3, flags=0x80)

    assert {"title": "ÿ"} == tags(tag + FRAMES)


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        (b"Own", "Own"),
        (b"17", "Rock"),
        (b"(17)", "Rock"),
        (b"(139)", "Crossover"),
        (b"(191)", "Psybient"),
        (b"(17)Own", "Own"),
        (b"(17)(18)", "Rock"),
        (b"80s", "80s"),
        (b"(255)", None),
    ],
)
def test_genre(text: bytes, genre: str | None) -> None:
    """A genre is a name, a number, or both."""
    content = made.id3(made.id3_frame(b"TCON", b"\3" + text)) + FRAMES

    assert genre == tags(content).get("genre")


@pytest.mark.parametrize(
    ("text", "year"),
    [(b"2019", "2019"), (b"2019-05-01T10:00", "2019"), (b"1.5.2019", "2019"), (b"0000", None)],
)
def test_year(text: bytes, year: str | None) -> None:
    """Of a date, the year is kept; a year of zeros is unknown."""
    assert year == tags(made.id3(made.id3_frame(b"TDRC", b"\3" + text)) + FRAMES).get("year")


OLD = made.id3_version_1()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            FRAMES + OLD, {"title": "A title", "genre": "Rock", "year": "1999"}, id="version 1"
        ),
        pytest.param(
            frame(b"\3New") + FRAMES + OLD,
            {"title": "New", "genre": "Rock", "year": "1999"},
            id="version 2 first",
        ),
        pytest.param(
            FRAMES + made.ape_tag(Title="Ape", Album="An album") + OLD,
            {"title": "Ape", "album": "An album", "genre": "Rock", "year": "1999"},
            id="APEv2 before version 1",
        ),
        pytest.param(
            FRAMES + made.id3(made.id3_frame(b"TIT2", b"\3New"), flags=0x10) + OLD,
            {"title": "New", "genre": "Rock", "year": "1999"},
            id="version 2 at the end",
        ),
        pytest.param(
            FRAMES
            + made.ape_tag(Title="Ape", Album="An album")
            + made.id3(made.id3_frame(b"TIT2", b"\3New"), flags=0x10),
            {"title": "New", "album": "An album"},
            id="APEv2 before version 2",
        ),
        pytest.param(
            FRAMES + made.ape_tag(Title="Ape") + b"LYRICSBEGINxx000013LYRICS200" + OLD,
            {"title": "Ape", "genre": "Rock", "year": "1999"},
            id="before lyrics",
        ),
    ],
)
def test_several_tags(content: bytes, expected: Metadata) -> None:
    """Tags at the end complete each other; those of newer kinds prevail."""
    assert expected == tags(content)


ITEMS = {b"\xa9nam": b"A title", b"\xa9ART": b"Someone", b"\xa9day": b"2019-05-01"}
KEYS = files_media.box(
    b"meta",
    files_media.box(b"hdlr", bytes(24)),
    files_media.box(
        b"keys", bytes(7) + b"\1", files_media.box(b"mdta", b"com.apple.quicktime.title")
    ),
    files_media.box(
        b"ilst",
        files_media.box(b"\0\0\0\1", files_media.box(b"data", b"\0\0\0\1" + bytes(4) + b"A title")),
    ),
)


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        pytest.param(
            made.itunes(ITEMS),
            {"title": "A title", "artist": "Someone", "year": "2019"},
            id="iTunes",
        ),
        pytest.param(
            made.itunes({b"gnre": b"\0\x12"}, kind=0), {"genre": "Rock"}, id="genre number"
        ),
        pytest.param(
            made.itunes({b"\xa9nam": "Ä".encode("utf-16-be")}, kind=2), {"title": "Ä"}, id="UTF-16"
        ),
        pytest.param(KEYS, {"title": "A title"}, id="QuickTime's keys"),
        pytest.param(
            files_media.box(b"udta", files_media.box(b"\xa9nam", b"\0\7\0\0A title")),
            {"title": "A title"},
            id="QuickTime's user data",
        ),
        pytest.param(
            files_media.box(
                b"udta",
                files_media.box(b"titl", bytes(6) + "\ufeffÄ".encode("utf-16-be") + b"\0\0"),
                files_media.box(b"perf", bytes(6) + b"Someone\0"),
                files_media.box(b"yrrc", bytes(4) + (2019).to_bytes(2, "big")),
            ),
            {"title": "Ä", "artist": "Someone", "year": "2019"},
            id="3GPP",
        ),
    ],
)
def test_mp4(boxes: bytes, expected: Metadata) -> None:
    """The tags of an MP4 are those of iTunes, QuickTime or 3GPP."""
    content = files_media.mp4(made.audio_track(b"mp4a"), boxes)

    assert expected == tags(content, types.AUDIO_MP4)
