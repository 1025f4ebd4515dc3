"""Runs of process_upload by `make retry` and `make reconcile`."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.events import Upload, build_event, uploads_from_event
from infra.aws.reprocess import DELETED, GONE, STILL_FAILING, in_parallel, outcome_for
from infra.aws.stage import ROOT

UPLOAD = Upload(
    bucket="b",
    key="k",
    size_bytes=1,
    e_tag="e",
    sequencer="2".ljust(32, "0"),
    uploaded_at="2026-11-22T12:00:00.000Z",
)
OLDER, SAME, NEWER = ("1".ljust(32, "0"), UPLOAD.sequencer, "3".ljust(32, "0"))
PROCESSING_FAILED = {"status": "FAILED", "eTag": "e", "failure": {"code": "processing_failed"}}


@pytest.mark.parametrize(
    "key",
    ["a b", "a+b", "a%20b", "مرحبا/你好", "x" * 1024, "/", "folder/", "a\nb\t", 'q"<&>?#=;', "😀"],
)
def test_the_event_of_an_upload_is_parsed_to_that_upload(key: str) -> None:
    """The handler decodes any characters of a key."""
    upload = replace(UPLOAD, key=key)
    assert [upload] == uploads_from_event(build_event(upload))


@pytest.mark.parametrize(
    ("outcome", "record"),
    [
        (GONE, None),
        (GONE, {"status": "PENDING"}),
        (GONE, {"status": "PROCESSED", "eTag": "d", "sequencer": OLDER}),
        (GONE, {**PROCESSING_FAILED, "sequencer": SAME}),
        (DELETED, {"deletedUntil": "2026-11-22T13:00:00.000Z"}),
        (DELETED, {"sequencer": "F" * 32}),
        ("PROCESSED", {"status": "PROCESSED", "eTag": "e", "sequencer": SAME}),
        ("PROCESSED", {"status": "PROCESSED", "eTag": "f", "sequencer": NEWER}),
        (
            "FAILED encrypted",
            {"status": "FAILED", "eTag": "e", "sequencer": SAME, "failure": {"code": "encrypted"}},
        ),
        (STILL_FAILING, {**PROCESSING_FAILED, "sequencer": NEWER}),
        (STILL_FAILING, {"status": "PROCESSED", "eTag": "d", "sequencer": SAME}),
    ],
)
def test_the_record_determines_the_outcome(outcome: str, record: dict[str, object] | None) -> None:
    """After a successful invocation, the outcome depends only on the record."""
    assert outcome == outcome_for(UPLOAD, record).name


def test_concurrency_is_limited() -> None:
    """Items are taken only when a thread is free, so that a million need no memory."""
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
    """A log file contains lines, without a bar or control characters."""
    answer = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "  3 of 3\n" == answer.stdout


def test_progress_is_a_bar_on_a_terminal() -> None:
    """A terminal shows the number of completed items and the total."""
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
        return b""  # Linux's signal that the other side was closed
