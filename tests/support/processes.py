"""Process trees and their memory, read from /proc (Linux only)."""

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
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{process_id}/task").iterdir())
    except OSError:  # it has ended
        return found
    for task in tasks:
        try:
            ids = (task / "children").read_text().split()
        except OSError:
            continue
        for child in map(int, ids):
            found += [child, *below(child)]
    return found


def sandbox_workers(path: Path) -> list[int]:
    """The sandbox workers and their children that run with this folder in `sys.path`, oldest first.

    Searches the whole machine, since orphaned processes have no parent to find them by.
    """
    words = {b"sandbox_worker", str(path).encode()}
    processes = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in processes if all(word in _command(process) for word in words)]


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


def _command(process_id: int) -> bytes:
    """Empty when it has ended."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return b""


def _resident_pages(process_id: int) -> int:
    try:
        return int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except OSError:
        return 0
