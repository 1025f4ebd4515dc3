"""MiniStack with its loss of log lines repaired: `python -m infra.local.ministack`.

MiniStack (1.5.33) reads what a function writes to its log in a thread, and takes for an
invocation's lines what that thread has read until nothing came for 5 ms. On a busy machine the rest
is missing until the next invocation of the same process, and lost where there is none. Here an
invocation's lines are read out of the pipe itself, which has all of them once the function has
answered.
"""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Mapping
from typing import IO

from ministack.app import main
from ministack.core import lambda_runtime

_CHUNK_BYTES = 65_536


class LogPipe:
    """The log of one process: lines go from its pipe into a queue."""

    def __init__(self, stream: IO[str], lines: queue.Queue[str]) -> None:
        """Of this pipe, into this queue."""
        self._stream = stream  # kept, so that its file descriptor stays open
        self._lines = lines
        self._lock = threading.Lock()
        self._rest = b""

    def follow(self) -> None:
        """Read until the process has closed the pipe, so that it never fills."""
        while self._poll(None):
            if not self.read_available():
                return

    def read_available(self) -> bool:
        """Read what has been written so far; whether more may follow."""
        with self._lock:
            while self._poll(0):
                chunk = os.read(self._stream.fileno(), _CHUNK_BYTES)
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                if not chunk and self._rest:
                    lines, self._rest = [self._rest], b""
                for line in lines:
                    self._lines.put(line.decode(errors="replace"))
                if not chunk:
                    return False
        return True

    def _poll(self, milliseconds: int | None) -> bool:
        poll = select.poll()
        poll.register(self._stream.fileno(), select.POLLIN)
        return bool(poll.poll(milliseconds))


class CompleteWorker(lambda_runtime.Worker):  # type: ignore[misc] # MiniStack is untyped
    """A function's process, whose invocations have all their lines."""

    def _spawn(self) -> None:
        self._has_pipe = threading.Event()
        super()._spawn()
        self._has_pipe.wait()

    def _read_stderr(self) -> None:
        """In the thread that MiniStack's `_spawn` starts."""
        self._pipe = LogPipe(self._proc.stderr, self._stderr_queue)
        self._has_pipe.set()
        self._pipe.follow()

    def _drain_stderr(self) -> str:
        self._pipe.read_available()
        return str(super()._drain_stderr())

    def _drain_stderr_bounded(self, *_seconds: float) -> str:
        return self._drain_stderr()


def _worker_class_for(config: Mapping[str, object]) -> type[lambda_runtime.Worker]:
    is_own = str(config.get("Runtime", "")).startswith("provided")
    return lambda_runtime.ProvidedWorker if is_own else CompleteWorker


if __name__ == "__main__":
    lambda_runtime._worker_class_for = _worker_class_for  # noqa: SLF001 - see above
    main()
