"""Texts in every encoding, with every kind of line, of any length."""

from __future__ import annotations

import io

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import text


@pytest.mark.parametrize(
    ("content", "encoding", "characters"),
    [
        pytest.param(b"plain", "utf-8", 5, id="ASCII"),
        pytest.param("naïve 𝄞".encode(), "utf-8", 7, id="UTF-8"),
        pytest.param("\ufeffnaïve".encode(), "utf-8", 5, id="UTF-8 with mark"),
        pytest.param("naïve 𝄞".encode("utf-16"), "utf-16", 7, id="UTF-16, this machine's order"),
        pytest.param(b"\xfe\xff\0n\0\xef", "utf-16", 2, id="UTF-16, big-endian"),
        pytest.param("naïve 𝄞".encode("utf-32"), "utf-32", 7, id="UTF-32, this machine's order"),
        pytest.param(b"\0\0\xfe\xff\0\0\0n", "utf-32", 1, id="UTF-32, big-endian"),
        pytest.param(b"d\xe9j\xe0 vu", "iso-8859-1", 7, id="Latin-1"),
        pytest.param(b"\x93d\xe9j\xe0 vu\x94", "windows-1252", 9, id="Windows-1252"),
        pytest.param(b"\x93" + b"x" * 200_000, "windows-1252", 200_001, id="Windows-1252 at first"),
        pytest.param(
            b"x" * 200_000 + b" d\xe9j\xe0", "iso-8859-1", 200_005, id="Latin-1 at its end"
        ),
        pytest.param("мир".encode("koi8_r"), "unknown-8bit", None, id="too short to detect"),
        pytest.param("déjà vu ".encode() * 9 + b"\xc3", "unknown-8bit", None, id="cut UTF-8"),
    ],
)
def test_encoding(content: bytes, encoding: str, characters: int | None) -> None:
    """The encoding is the first one in which the whole file decodes."""
    found = text.extract(io.BytesIO(content))

    assert (encoding, characters) == (found["encoding"], found["characterCount"])


LATVIAN = "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās."
VIETNAMESE = (
    "Tiê\u0301ng Viê\u0323t là ngôn ngư\u0303 cu\u0309a ngươ\u0300i Viê\u0323t Nam"
    " ơ\u0309 đây, đươ\u0323c yêu mê\u0301n."
)

ENCODED = [
    ("big5", "big5", "中文的文字，這是一個很長的句子，而且有很多字。"),
    ("euc-jp", "euc_jp", "これは日本語の文章です。とても長いです。"),
    ("euc-kr", "cp949", "이것은 한국어 문장입니다. 아주 깁니다. 그래서 좋습니다."),
    ("gb18030", "gb18030", "这是一个中文的句子，它很长很长，而且很有意思。"),
    ("ibm866", "cp866", "Это русский текст, он довольно длинный."),
    ("iso-2022-jp", "iso2022_jp", "これは日本語の文章です。"),
    ("iso-8859-1", "iso8859_1", "Äpfel sind größer als Nüsse, und schöner."),
    ("iso-8859-2", "iso8859_2", "Příliš žluťoučký kůň úpěl ďábelské ódy, a šel spát."),
    ("iso-8859-5", "iso8859_5", "Это русский текст, он довольно длинный."),
    ("iso-8859-6", "iso8859_6", "هذه جملة طويلة جدا باللغة العربية."),
    ("koi8-r", "koi8_r", "Это русский текст, он довольно длинный."),
    ("koi8-u", "koi8_u", "Це український текст, він досить довгий."),
    (
        "macintosh",
        "mac_roman",
        "Les élèves étaient déjà arrivés, très gênés; ça a été réglé à côté.",
    ),
    ("shift_jis", "cp932", "これは日本語の文章です。①とても長いです。"),
    ("windows-1250", "cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, a šel spát."),
    ("windows-1251", "cp1251", "Это русский текст, он довольно длинный."),
    ("windows-1252", "cp1252", "„Äpfel“ sind größer als Nüsse – und schöner."),
    ("windows-1253", "cp1253", "Αυτό είναι ένα ελληνικό κείμενο."),
    (
        "windows-1254",
        "cp1254",
        "Bu oldukça uzun bir Türkçe metindir, şöyle böyle; ışığı söndürdüğümüzde.",
    ),
    ("windows-1255", "cp1255", "זה משפט ארוך מאוד בעברית."),
    ("windows-1256", "cp1256", "هذه جملة طويلة جدا باللغة العربية."),
    ("windows-1257", "cp1257", f"{LATVIAN} {LATVIAN}"),
    ("windows-1258", "cp1258", VIETNAMESE),
    ("windows-874", "cp874", "นี่คือประโยคภาษาไทยที่ยาวมาก"),
    *(
        (f"utf-{form}", f"utf-{form}", f"{language} text: {sentence}")
        for form in ("16le", "16be", "32le", "32be")
        for language, sentence in [
            ("English", "nothing special"),
            ("Ελληνικό", "Αυτό είναι ένα ελληνικό κείμενο."),
            ("中文的", "这是一个中文的句子，它很长很长。"),
            ("日本語", "これは日本語の文章です。とても長いです。"),
        ]
    ),
]


@pytest.mark.parametrize(
    ("encoding", "codec", "sentence"), ENCODED, ids=lambda value: ascii(value)[:20]
)
def test_detection(encoding: str, codec: str, sentence: str) -> None:
    """Encodings in use are detected without a byte order mark, in a sentence and in a long text."""
    for content in (sentence, f"{sentence}\n" * 2_000):
        found = text.extract(io.BytesIO(content.encode(codec)))

        assert encoding == found["encoding"]
        assert (len(content.split()), len(content)) == (found["wordCount"], found["characterCount"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"\xfe\x85\x81 \xa0 \xfd", 2, id="ellipsis and no-break space"),
        pytest.param("voilà voilà – à ".encode() * 9 + b"\xe2 voil\xc3", 38, id="damaged UTF-8"),
        pytest.param("мир мир".encode("koi8_r"), 2, id="Cyrillic"),
    ],
)
def test_words_of_unknown_encodings(content: bytes, words: int) -> None:
    """White space is recognized in texts whose encoding is not."""
    found = text.extract(io.BytesIO(content))

    assert ("unknown-8bit", words) == (found["encoding"], found["wordCount"])


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one", 1),
        (b"one\n", 1),
        (b"one\ntwo", 2),
        (b"one\r\ntwo\r\n", 2),
        (b"one\rtwo\r", 2),
        (b"\n\n", 2),
        (b"\n\r", 2),
        (b"one\x0btwo\x0cthree", 1),
        (b"x" * 65_535 + b"\r\n" + b"y", 2),
        ("one\r\ntwo".encode("utf-16"), 2),
    ],
    ids=lambda value: ascii(value)[-30:],
)
def test_lines(content: bytes, lines: int) -> None:
    """Lines of any system are counted, the last one without its end too."""
    assert lines == text.extract(io.BytesIO(content))["lineCount"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b" \n\t ", 0, id="white space"),
        pytest.param(b"one two\tthree\nfour", 4, id="four"),
        pytest.param("one\u3000two\u00a0three".encode(), 3, id="Unicode's spaces"),
        pytest.param(b"x" * 65_530 + b" straddling", 2, id="over the border of two chunks"),
        pytest.param(b"x" * 65_536 + b" y", 2, id="space after the border"),
        pytest.param(b"x" * 65_535 + b" y", 2, id="space before the border"),
        pytest.param(b"x" * 200_000, 1, id="over four chunks"),
        pytest.param(b"x" * 65_535 + "é".encode() + b" y", 2, id="character over the border"),
    ],
)
def test_words(content: bytes, words: int) -> None:
    """A word is counted once, wherever the chunks in which it is read end."""
    assert words == text.extract(io.BytesIO(content))["wordCount"]


@pytest.mark.parametrize(
    "content",
    [b"text\0", b"x" * 100_000 + b"\x01", b"\xff\xfea\0\0\0", b"\xff\xfe\0\xd8"],
    ids=["NUL", "late control character", "NUL in UTF-16", "lone surrogate in UTF-16"],
)
def test_no_text(content: bytes) -> None:
    """What holds control characters that no text has is unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        text.extract(io.BytesIO(content))

    assert refusal.value.code == FailureCode.UNREADABLE


def test_reads_in_chunks() -> None:
    """A file that is one line of many megabytes is never held at once."""

    class Content(io.BytesIO):
        largest_read = 0

        def read(self, amount: int | None = -1) -> bytes:
            found = super().read(amount)
            self.largest_read = max(self.largest_read, len(found))
            return found

    content = Content(b"x" * 3_000_000)

    assert text.extract(content)["characterCount"] == 3_000_000
    assert content.largest_read == 65_536
