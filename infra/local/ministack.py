"""MiniStack with services that it lacks and five repairs: `python -m infra.local.ministack`.

MiniStack (1.5.33) kills what a function is doing when its configuration changes, and repeats the
event; here a running invocation completes first, as on AWS.

MiniStack reads a function's log in a thread, and returns as an invocation's lines what that thread
has read until nothing came for 5 ms. On a busy machine the rest is missing until the next
invocation of the same process, and lost without one. Here an invocation's lines are read from the
pipe itself, which has all of them once the function has answered.

An object that replaces another one keeps the other's tags in MiniStack; here it has none but its
own, as in S3.

A function that was created or changed is ready at once, not half a second later: Chalice looks
once, then again after five seconds, which was more than half of a deployment.

The fifth repair is that of large_objects.py.
"""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import IO, Any

from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, s3, sns

from infra.local.guardduty.installation import add_guardduty
from infra.local.large_objects import stream_large
from infra.local.services import add_service
from infra.local.textract.service import Textract
from infra.local.topics import deliver_to_function

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


def end_workers(workers: Iterable[Any], kill: Callable[[list[Any]], None]) -> None:
    """End the processes of a function without an invocation now, the others after theirs.

    Args:
        workers: MiniStack's, each with a lock that is held during its invocation.
        kill: ends processes, whatever they are doing.
    """
    workers = list(workers)
    idle = [worker for worker in workers if worker._lock.acquire(blocking=False)]  # noqa: SLF001 - see above
    kill(idle)
    for worker in idle:
        worker._lock.release()  # noqa: SLF001 - likewise
    for worker in workers:
        if worker not in idle:
            threading.Thread(target=_end_after_invocation, args=(worker, kill), daemon=True).start()


def _end_after_invocation(worker: Any, kill: Callable[[list[Any]], None]) -> None:
    with worker._lock:  # noqa: SLF001 - likewise
        kill([worker])


def _worker_class_for(config: Mapping[str, object]) -> type[lambda_runtime.Worker]:
    is_own = str(config.get("Runtime", "")).startswith("provided")
    return lambda_runtime.ProvidedWorker if is_own else CompleteWorker


def without_former_tags(record_version: Callable[..., str | None]) -> Callable[..., str | None]:
    """MiniStack's function that records a new object, before it sets the object's tags."""

    def record(bucket: str, key: str, former: Any, stored: Any, body: Any) -> str | None:
        version_id = record_version(bucket, key, former, stored, body)
        s3._object_tags.pop((bucket, key, stored.get("version_id")), None)  # noqa: SLF001 - see above
        return version_id

    return record


if __name__ == "__main__":
    lambda_runtime._worker_class_for = _worker_class_for  # noqa: SLF001 - see above
    lambda_runtime.kill_workers = partial(end_workers, kill=lambda_runtime.kill_workers)
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0  # noqa: SLF001 - likewise
    s3._get_object = stream_large(s3._get_object)  # noqa: SLF001 - likewise
    sns._deliver_to_lambda = deliver_to_function  # noqa: SLF001 - likewise
    s3._record_object_version = without_former_tags(s3._record_object_version)  # noqa: SLF001 - likewise
    add_service(Textract(), "Textract.")
    add_guardduty()
    main()
