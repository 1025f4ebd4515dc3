"""The text of a file leaves the sandbox complete and bounded, and only if it is asked for."""

from __future__ import annotations

import io
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.analysis import Analysis
from chalicelib.files.extracted_text import MAX_TEXT_BYTES
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.sandbox import Sandbox
from chalicelib.files.types import PDF, TEXT
from tests.support import files
from tests.support.hostile import replace_extractor
from tests.support.metadata import analyze

PATIENCE_SECONDS = 20.0
"""Far more than any file here takes that is not meant to take too long."""


@pytest.fixture
def sandboxed() -> Iterator[Sandbox]:
    """A sandbox that is closed after the test."""
    sandboxed = Sandbox({}, extraction_seconds=PATIENCE_SECONDS, min_seconds=0)
    yield sandboxed
    sandboxed.close()


@pytest.fixture
def hostile_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are programs, which the parser runs."""
    monkeypatch.syspath_prepend(tmp_path)
    replace_extractor(tmp_path, "text", EXECUTES_THE_FILE)


EXECUTES_THE_FILE = """
import os
def say(data):
    while data:
        data = data[os.write(3, data):]
def begin(length):
    say(b'{"fileType": "text/plain", "metadata": {}, "text": [%d, false]}\\n' % length)
def extract(content, file_type, text=None):
    exec(content.read(), {"begin": begin, "say": say})
    os._exit(0)
"""

GOOD = b"begin(4); say(b'text')"


def read(
    sandboxed: Sandbox,
    content: bytes,
    file_type: str = TEXT,
    *,
    limit: float = PATIENCE_SECONDS,
    with_text: bool = True,
) -> Analysis:
    """The sandbox's result for a file."""
    end = time.monotonic() + limit
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        with Path(file.name).open("rb") as readable:
            return sandboxed.analyze(
                readable, [file_type], lambda: end - time.monotonic(), with_text=with_text
            )


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param("na\u00efve\r\ntext".encode(), TEXT, id="text"),
        pytest.param(files.pdf(["one", "two"]), PDF, id="pdf"),
        pytest.param(files.pdf(["one", "two"]) + b"more", PDF, id="pdf that is handed over"),
        pytest.param(
            files.pdf(["one"]).replace(b"/Count 1", b"/Count 2"), PDF, id="pdf read by pypdf"
        ),
    ],
)
def test_text(sandboxed: Sandbox, content: bytes, file_type: str) -> None:
    """The text is the one that was extracted, from the first file on."""
    found = analyze(io.BytesIO(content), [file_type], with_text=True)

    assert found.text is not None
    assert [found, found] == [read(sandboxed, content, file_type) for _ in range(2)]


def test_text_that_is_not_asked_for(sandboxed: Sandbox) -> None:
    """Without a request for it, there is no text; the metadata is the same."""
    found = read(sandboxed, b"a text", with_text=False)

    assert Analysis(TEXT, read(sandboxed, b"a text").metadata) == found


def test_type_without_text(sandboxed: Sandbox) -> None:
    """A picture has no text."""
    assert read(sandboxed, files.png(), "image/png").text is None


def test_long_text(sandboxed: Sandbox) -> None:
    """A text beyond the limit is cut at a character; the metadata is that of the whole."""
    found = read(sandboxed, "\u20ac \n".encode() * 2_000_000)

    assert found.text is not None
    assert found.text.is_truncated
    assert MAX_TEXT_BYTES - 2 <= len(found.text.content) <= MAX_TEXT_BYTES
    assert found.text.character_count == len(found.text.content.decode())
    assert found.metadata is not None
    assert found.metadata["wordCount"] == 2_000_000


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("begin(10**8); say(bytes(10**8))", id="100 MB"),
        pytest.param("begin(9**6)\nwhile True: say(b'x' * 9**6)", id="without an end"),
        pytest.param(r"begin(6); say(b'text \xff')", id="no UTF-8"),
        pytest.param(r"begin(3); say(b'\xed\xa0\x80')", id="surrogate"),
        pytest.param(
            "begin(9); say(b'text'); import ctypes; ctypes.string_at(0)", id="crash within it"
        ),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_hostile_text(sandboxed: Sandbox, program: str) -> None:
    """Whatever a child sends as the text becomes a failure; little of it is kept in memory."""
    tracemalloc.start()
    with pytest.raises(FileRejectedError) as rejection:
        read(sandboxed, program.encode())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert FailureCode.EXTRACTION_CRASHED == rejection.value.code
    assert peak_bytes < 4 * MAX_TEXT_BYTES
    assert read(sandboxed, GOOD).text is not None


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("begin(4); say(b'text')\nwhile True: pass", id="never closes"),
        pytest.param("begin(9**6)\nwhile True: say(b'x'); sum(range(10**5))", id="byte by byte"),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_slow_text(sandboxed: Sandbox, program: str) -> None:
    """The time limit covers the text as well."""
    read(sandboxed, GOOD)
    started = time.monotonic()
    with pytest.raises(FileRejectedError) as rejection:
        read(sandboxed, program.encode(), limit=0.5)

    assert FailureCode.EXTRACTION_TIMEOUT == rejection.value.code
    assert time.monotonic() - started < 5


@pytest.mark.usefixtures("hostile_parser")
def test_hostile_text_that_is_not_asked_for(sandboxed: Sandbox) -> None:
    """A text that was not asked for makes the answer invalid."""
    with pytest.raises(FileRejectedError) as rejection:
        read(sandboxed, GOOD, with_text=False)

    assert FailureCode.EXTRACTION_CRASHED == rejection.value.code
