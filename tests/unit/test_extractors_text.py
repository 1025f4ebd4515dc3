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
        pytest.param(b"na\xefve", "iso-8859-1", 5, id="Latin-1"),
        pytest.param(b"\x93na\xefve\x94", "unknown-8bit", 7, id="Windows-1252"),
        pytest.param(b"\x93" + b"x" * 200_000, "unknown-8bit", 200_001, id="Windows-1252 at first"),
        pytest.param(b"cut \xc3", "iso-8859-1", 5, id="UTF-8 cut in a character"),
        pytest.param(b"x" * 200_000 + b"\xef", "iso-8859-1", 200_001, id="Latin-1 at its very end"),
    ],
)
def test_encoding(content: bytes, encoding: str, characters: int) -> None:
    """The encoding is the first one in which the whole file decodes."""
    found = text.extract(io.BytesIO(content))

    assert (encoding, characters) == (found["encoding"], found["characterCount"])


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
