"""What an operator's runs of process_upload have in common."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.events import Upload, uploads_of
from infra.processing import DELETED, GONE, IN_TROUBLE, event_of, in_parallel, outcome_of
from infra.stage import ROOT

UPLOAD = Upload(
    bucket="b",
    key="k",
    size_bytes=1,
    e_tag="e",
    sequencer="2".ljust(32, "0"),
    uploaded_at="2026-11-22T12:00:00.000Z",
)
OLDER, SAME, NEWER = ("1".ljust(32, "0"), UPLOAD.sequencer, "3".ljust(32, "0"))
FAILED_FOR_TROUBLE = {"status": "FAILED", "eTag": "e", "failure": {"code": "processing_failed"}}


@pytest.mark.parametrize(
    "key",
    ["a b", "a+b", "a%20b", "مرحبا/你好", "x" * 1024, "/", "folder/", "a\nb\t", 'q"<&>?#=;', "😀"],
)
def test_an_event_made_of_an_upload_tells_of_that_upload(key: str) -> None:
    """Whatever characters a key has, the handler reads it as it is in the bucket."""
    upload = replace(UPLOAD, key=key)
    assert [upload] == uploads_of(event_of(upload))


@pytest.mark.parametrize(
    ("what", "record"),
    [
        (GONE, None),
        (GONE, {"status": "PENDING"}),
        (GONE, {"status": "PROCESSED", "eTag": "d", "sequencer": OLDER}),
        (GONE, {**FAILED_FOR_TROUBLE, "sequencer": SAME}),
        (DELETED, {"deletedUntil": "2026-11-22T13:00:00.000Z"}),
        (DELETED, {"sequencer": "F" * 32}),
        ("PROCESSED", {"status": "PROCESSED", "eTag": "e", "sequencer": SAME}),
        ("PROCESSED", {"status": "PROCESSED", "eTag": "f", "sequencer": NEWER}),
        (
            "FAILED encrypted",
            {"status": "FAILED", "eTag": "e", "sequencer": SAME, "failure": {"code": "encrypted"}},
        ),
        (IN_TROUBLE, {**FAILED_FOR_TROUBLE, "sequencer": NEWER}),
        (IN_TROUBLE, {"status": "PROCESSED", "eTag": "d", "sequencer": SAME}),
    ],
)
def test_the_record_tells_what_a_run_has_made(what: str, record: dict[str, object] | None) -> None:
    """After a run that ended well, the record and nothing else says what became of the upload."""
    assert what == outcome_of(UPLOAD, record).what


def test_only_so_many_are_under_way_at_once() -> None:
    """Items are taken when there is room for them, so that a million need no memory."""
    taken, done = 0, 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            assert taken - done <= 4
            taken += 1
            yield number

    for _ in in_parallel(4, str, items()):
        done += 1
    assert (100, 100) == (taken, done)


SHOW = """
from infra.progress import progress
with progress(3) as advance:
    for _ in range(3):
        advance()
"""


def test_progress_is_plain_lines_in_a_pipe() -> None:
    """A log file gets lines, without a bar and without control characters."""
    answer = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "  3 of 3\n" == answer.stdout


def test_progress_is_a_bar_on_a_terminal() -> None:
    """Whoever looks at it sees how many of how many."""
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm"},
        stdout=terminal,
    ) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: _read(main), b""))
        assert 0 == process.wait()
    os.close(main)
    assert b"3/3" in shown
    assert "━" in shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4_096)
    except OSError:
        return b""  # so Linux tells that the other side was closed
