"""After the worker's preparation, no extractor opens a file: a child may not."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from chalicelib.files import types
from chalicelib.files.detection import HEAD_BYTES, candidate_types
from chalicelib.files.types import FILE_TYPES, SUPPORTED_TYPES
from tests.support import (
    files,
    files_audio,
    files_images,
    files_media,
    files_office,
    files_ole2,
    files_parquet,
    files_text,
)
from tests.support.confined import Answers, answers
from tests.support.corpora import known_types

TEXTS = {
    "big5": "中文的文字，這是一個很長的句子。",
    "cp437": "Äpfel sind größer als Nüsse, und schöner.",
    "cp037": "An EBCDIC text.",
    "euc_jp": "これは日本語の文章です。とても長いです。",
    "euc_kr": "이것은 한국어 문장입니다. 아주 깁니다.",
    "gb18030": "这是一个中文的句子，它很长很长。",
    "hz": "这是一个中文的句子。",
    "iso2022_jp": "これは日本語の文章です。",
    "iso8859_2": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "iso8859_5": "Это русский текст, он довольно длинный.",
    "iso8859_7": "Αυτό είναι ένα ελληνικό κείμενο.",
    "iso8859_9": "Bu oldukça uzun bir Türkçe metindir, şöyle böyle.",
    "iso8859_15": "Ça coûte dix €, très précisément à l'œil.",
    "koi8_r": "Это русский текст, он довольно длинный.",
    "koi8_u": "Це український текст, він досить довгий.",
    "mac_roman": "Äpfel sind größer als Nüsse, und schöner.",
    "shift_jis": "これは日本語の文章です。とても長いです。",
    "utf_7": "Äpfel und Nüsse.",
    "utf_8_sig": "Äpfel und Nüsse.",
    "utf_16": "Äpfel und Nüsse.",
    "utf_16_be": "Äpfel und Nüsse.",
    "utf_32": "Äpfel und Nüsse.",
    "windows-1250": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "windows-1251": "Это русский текст, он довольно длинный.",
    "windows-1252": "„Äpfel“ sind größer als Nüsse – und schöner.",
    "windows-1253": "Αυτό είναι ένα ελληνικό κείμενο.",
    "windows-1254": "Bu oldukça uzun bir Türkçe metindir, şöyle böyle.",
    "windows-1255": "זה משפט ארוך מאוד בעברית.",
    "windows-1256": "هذه جملة طويلة جدا باللغة العربية.",
    "windows-1257": "Lietuvių kalba yra labai graži, ąčęėįšųūž.",
    "windows-1258": "Tiêng Viêt rât hay và dep.",
}
"""By codec; some cannot be detected, or are not what a file of the type can be in."""


def _encoded(begin: str, end: str = "") -> list[bytes]:
    """A document in each encoding, which it may name as `{name}`."""
    return [
        f"{begin.replace('{name}', name)}{text}\n{end}".encode(name, errors="replace")
        for name, text in TEXTS.items()
    ]


def _mails() -> Iterator[bytes]:
    begin = b"From: a@example.com\nTo: b@example.com\nDate: Wed, 1 May 2024 10:00:00 +0200\n"
    for name, text in [*TEXTS.items(), ("no-such", "text"), ("base64", "text"), ("idna", "text")]:
        body = base64.b64encode(text.encode(name if name in TEXTS else "ascii"))
        codec = name.encode()
        yield begin + (
            b"Subject: =?%b?B?%b?=\nContent-Type: text/plain; charset=%b\n"
            b"Content-Transfer-Encoding: base64\n\n%b" % (codec, body[:40], codec, body)
        )


def _tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("größe"))
    return content.getvalue()


def _compound(stream: str, code_page: str = "cp1251") -> bytes:
    title = files_ole2.summary("Заголовок\0".encode(code_page))
    return files_ole2.compound({stream: bytes(10), "\5SummaryInformation": title})


EXIF = files_media.exif(b"A maker\0", b"2024:05:01 10:00:00\0", latitude=52)
UTF_16_TITLE = files_media.mp3(title="Ä".encode("utf-16")).replace(b"\3\xff\xfe", b"\1\xff\xfe")
UTF_16_TAG = files_audio.id3(files_audio.id3_frame(b"TIT2", b"\1" + "Ä".encode("utf-16")))
MAC_ROMAN_TITLE = files_media.mp4(
    files_media.track(b"vide", b"avc1", 4, 2),
    files_media.box(b"udta", files_media.box(b"\xa9nam", b"\0\1\0\0\x80")),
)
TEXT_FILES = [*_encoded("", ""), *_encoded("", "more\n" * 9), b"no words"]
SOUND = files_media.mp4(files_media.track(b"soun", b"mp4a"))
FILM = files_media.mp4(files_media.track(b"vide", b"avc1", 4, 2))

SAMPLES: Mapping[str, Sequence[bytes]] = {
    types.DOCX: [files_office.docx(), files_ole2.compound({"EncryptedPackage": b"x"})],
    types.XLSX: [
        files_office.xlsx(),
        files_text.xlsx(["<t>x</t>"], '<row><c t="s"><v>0</v></c></row>'),
    ],
    types.PPTX: [files_office.pptx(), files_text.pptx("<a:p><a:t>x</a:t></a:p>")],
    types.DOCM: [files_office.docx(), b"PK\3\4"],
    types.ODT: [files_office.ODT],
    "image/jpeg": [files.jpeg(exif=EXIF)],
    "image/png": [files.png(), files_images.png_with(files_images.raw_profile(EXIF))],
    "image/gif": [files.gif()],
    "image/webp": [files.lossy_webp()],
    types.HEIC: [files_images.heif(exif=[files_images.exif_item(EXIF)])],
    types.HEIF: [files_images.heif()],
    types.AVIF: [files_images.heif()],
    "image/jxl": [files_images.jpeg_xl_container(files_images.jpeg_xl(), exif=EXIF)],
    "image/tiff": [files_media.tiff([{256: 3, 257: 2}])],
    "image/bmp": [files_media.bmp()],
    "image/vnd.microsoft.icon": [files_images.icon((3, 2))],
    "image/vnd.adobe.photoshop": [files_images.photoshop(exif=EXIF)],
    "image/jp2": [files_images.jpeg_2000(exif=EXIF)],
    "image/jpx": [files_images.jpeg_2000()],
    "image/j2c": [files_images.jpeg_2000_codestream(3, 2)],
    types.TEXT: TEXT_FILES,
    types.MARKDOWN: TEXT_FILES,
    types.CSV: _encoded("a,b\n1,"),
    types.HTML: _encoded("<!doctype html><title>x</title><p>", "</p>"),
    types.XML: _encoded("<?xml version='1.0' encoding='{name}'?><list><title>", "</title></list>"),
    types.SVG: [b"<svg xmlns='http://www.w3.org/2000/svg'><title>x</title></svg>"],
    types.JSON: [b'{"a": [1, 2.5, "\xc3\xa9", "\\u00e9"]}', b"[1,"],
    types.JSON_LINES: [b'{"a": 1}\n{"a": 2}\n'],
    types.MAIL: list(_mails()),
    types.CALENDAR: _encoded("BEGIN:VCALENDAR\nNAME:", "END:VCALENDAR\n"),
    types.VCARD: _encoded("BEGIN:VCARD\nFN:", "END:VCARD\n"),
    types.SUBRIP: _encoded("1\n00:00:01,000 --> 00:00:02,000\n"),
    types.WEBVTT: _encoded("WEBVTT\n\n00:01.000 --> 00:02.000\n"),
    types.PARQUET: [files_parquet.table()],
    types.DOC: [
        _compound("WordDocument"),
        _compound("WordDocument")[:600],
        files_text.doc([b"\x93x", "\u00c4"]),
        *(files_text.old_doc(b"\xc4", locale) for locale in (0x0409, 0x0411, 0x0419, 0x0804)),
    ],
    types.XLS: [
        _compound("Workbook"),
        files_text.xls(files_ole2.record(0x0203, bytes(14)), strings=[bytes(8) + b"\1\0\1\xc4\0"]),
    ],
    types.PPT: [_compound("PowerPoint Document"), files_text.ppt("x", b"\xc4")],
    types.MSG: [
        files_ole2.message({0x37: TEXTS[f"windows-{page}"]}, code_page=page)
        for page in range(1250, 1259)
    ],
    types.RTF: [
        b"{\\rtf1\\ansi\\ansicpg%d{\\info{\\title \\'e0}}\\'e0\\'e1 x}" % page
        for page in (37, 437, 850, 932, 936, 949, 950, 1250, 1251, 1255, 65001, 9999)
    ],
    "application/epub+zip": [
        files_office.zip_of({"mimetype": "application/epub+zip", "META-INF/container.xml": "<a/>"})
    ],
    "audio/mpeg": [files_media.mp3(title=b"\0x"), UTF_16_TITLE],
    types.AUDIO_MP4: [SOUND],
    "audio/wav": [
        files_media.wav(),
        files_media.wav() + files_audio.info({b"INAM": b"\xc4"}),
        files_media.wav() + files_audio.chunk(b"id3 ", UTF_16_TAG),
    ],
    types.FLAC: [files_audio.flac(), UTF_16_TAG + files_audio.flac()],
    types.AIFF: [files_audio.aiff(tag=UTF_16_TAG)],
    types.AAC: [files_audio.adts(), UTF_16_TAG + files_audio.adts()],
    types.AC3: [files_audio.ac3()],
    types.EAC3: [files_audio.eac3()],
    types.AMR: [b"#!AMR\n\x3c" + bytes(31)],
    types.APE: [files_audio.monkeys_audio()],
    types.AUDIO_OGG: [files_audio.opus(48_000)],
    types.WMA: [files_audio.asf(files_audio.asf_audio(), files_audio.asf_text("Ä"))],
    types.AUDIO_WEBM: [files_media.matroska(b"webm", files_audio.matroska_audio(b"A_OPUS"))],
    types.AVI: [files_audio.avi()],
    types.MP4: [FILM],
    types.THREE_GPP: [FILM.replace(b"isom", b"3gp5")],
    "video/quicktime": [FILM, MAC_ROMAN_TITLE],
    "video/webm": [files_media.matroska(b"webm", files_media.matroska_picture(4, 2))],
    types.ZIP: [files_office.zip_of({"größe": "x"}), files_office.zip_of({"a": "x"})],
    "application/gzip": [gzip.compress(b"x", mtime=1)],
    "application/x-tar": [_tar()],
}
"""Files of each type; of the others, the extractor has its samples under another type."""


@pytest.fixture(scope="module")
def sample_answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Answers]:
    """The answers about the samples of each type."""
    folder = tmp_path_factory.mktemp("samples")
    paths: dict[str, list[Path]] = defaultdict(list)
    for file_type, contents in SAMPLES.items():
        for content in contents:
            path = folder / f"{len(paths)}-{len(paths[file_type])}"
            path.write_bytes(content)
            paths[file_type].append(path)
    groups = [([file_type], paths[file_type]) for file_type in SAMPLES]
    return dict(zip(SAMPLES, answers(groups), strict=True))


@pytest.mark.parametrize("file_type", SAMPLES)
def test_samples(file_type: str, sample_answers: Mapping[str, Answers]) -> None:
    """A child that cannot open files gives the same answers."""
    both = sample_answers[file_type]

    assert len(SAMPLES[file_type]) == len(both)
    assert all(unconfined for unconfined, _ in both)
    assert [unconfined for unconfined, _ in both] == [confined for _, confined in both]


def test_samples_of_every_extractor() -> None:
    """Every extractor but that of PDFs has samples here."""
    extractors = {row.extractor for row in FILE_TYPES.values()} - {"pdf"}

    assert extractors == {FILE_TYPES[file_type].extractor for file_type in SAMPLES}


def test_corpora() -> None:
    """A child that cannot open files gives the same answers about real files."""
    groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in known_types():
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        found = candidate_types(head, None, is_whole_file=path.stat().st_size <= HEAD_BYTES)
        supported = tuple(file_type for file_type in found if file_type in SUPPORTED_TYPES)
        if supported and types.PDF not in supported:
            groups[supported].append(path)
    different = [
        path.name
        for paths, both in zip(groups.values(), answers(groups.items()), strict=True)
        for path, (unconfined, confined) in zip(paths, both, strict=True)
        if unconfined != confined
    ]

    assert not different
