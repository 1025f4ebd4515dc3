"""The repairs of MiniStack: an invocation has the lines that it wrote, and completes."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from infra.local.ministack import LogPipe, end_workers


@contextmanager
def log() -> Iterator[tuple[int, LogPipe, queue.Queue[str]]]:
    """What a process writes to, its pipe, and the lines read."""
    reading, writing = os.pipe()
    lines: queue.Queue[str] = queue.Queue()
    with os.fdopen(reading) as stream:
        yield writing, LogPipe(stream, lines), lines


def taken(lines: queue.Queue[str]) -> list[str]:
    """The lines read since the last time."""
    return [lines.get_nowait() for _ in range(lines.qsize())]


def test_all_that_was_written_is_read_at_once() -> None:
    """No other thread has to run for it; an unfinished line is left for the next invocation."""
    with log() as (written, pipe, lines):
        os.write(written, b"one\ntwo\nthr")
        assert pipe.read_available()
        assert ["one", "two"] == taken(lines)
        os.write(written, b"ee\n" + b"x" * 50_000 + b"\n")
        assert pipe.read_available()
        assert ["three", "x" * 50_000] == taken(lines)
        os.close(written)


def test_nothing_to_read_is_not_waited_for() -> None:
    """An invocation without lines ends at once."""
    with log() as (written, pipe, lines):
        assert pipe.read_available()
        assert [] == taken(lines)
        os.close(written)


def test_an_ended_process_leaves_its_last_line() -> None:
    """Even one without a final line feed, such as a traceback cut off."""
    with log() as (written, pipe, lines):
        os.write(written, b"one\nlast")
        os.close(written)
        assert not pipe.read_available()
        assert ["one", "last"] == taken(lines)


def test_a_pipe_is_emptied_while_its_process_runs() -> None:
    """More than a pipe holds can be written in one invocation."""
    with log() as (written, pipe, lines):
        follower = threading.Thread(target=pipe.follow)
        follower.start()
        for _ in range(100):
            os.write(written, b"y" * 9_999 + b"\n")
        os.close(written)
        follower.join()
        assert ["y" * 9_999] * 100 == taken(lines)


def test_a_running_invocation_completes_before_its_process_is_ended() -> None:
    """Idle processes are ended at once; the caller waits for none of the others."""
    locks = threading.Lock(), threading.Lock()
    idle, busy = (SimpleNamespace(_lock=lock) for lock in locks)
    ended: queue.Queue[list[SimpleNamespace]] = queue.Queue()
    with locks[1]:
        end_workers([busy, idle], ended.put)
        assert [idle] == ended.get_nowait()
        assert ended.empty()
    assert [busy] == ended.get(timeout=60)
    assert not locks[0].locked()
