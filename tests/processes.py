"""Processes of this machine, looked at from outside: who runs below whom, and what memory it takes.

Linux only, as is what is looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEBIBYTE = 1_048_576
LOOK_SECONDS = 0.005


def below(process_id: int) -> list[int]:
    """The processes that this one started, those that they started, and so on."""
    found = []
    for children in Path(f"/proc/{process_id}/task").glob("*/children"):
        try:
            ids = children.read_text().split()
        except OSError:  # it has ended
            continue
        for child in map(int, ids):
            found += [child, *below(child)]
    return found


def is_running(process_id: int) -> bool:
    """Whether there is such a process, and it is more than the note of its end."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def environment_of(process_id: int) -> dict[str, str]:
    """The environment that a process was started with; empty when it has ended."""
    try:
        entries = Path(f"/proc/{process_id}/environ").read_bytes().decode().split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


class Peak:
    """The highest resident memory of several processes together that was seen so far."""

    megabytes = 0.0

    def look(self, process_id: int) -> None:
        """Add up what the process and all below it have now; what they share counts for each."""
        pages = sum(map(_resident_pages, [process_id, *below(process_id)]))
        self.megabytes = max(self.megabytes, pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE)


def helper_of(process_id: int) -> int:
    """The isolation helper that a process itself started; those of its Lambdas are none."""
    for child in below(process_id):
        status = Path(f"/proc/{child}/status").read_text(encoding="utf-8")
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if f"PPid:\t{process_id}\n" in status and b"isolation_helper" in command:
            return child
    raise AssertionError(f"Process {process_id} has no helper")


@contextmanager
def peak_memory(*process_ids: int) -> Iterator[Peak]:
    """The highest memory of processes and all below them while the block lasts."""
    peak = Peak()
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(LOOK_SECONDS):
            for process_id in process_ids:
                peak.look(process_id)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


def _resident_pages(process_id: int) -> int:
    try:
        return int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except OSError:
        return 0
