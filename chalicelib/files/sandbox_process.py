"""The sandbox's processes as the Lambda sees them: a worker, and its next child; see sandbox.py."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.files import confinement
from chalicelib.files import sandbox_protocol as protocol

SecondsLeft = Callable[[], float]
"""The time that extraction may still take, in seconds."""

_REPLY_SECONDS = 5.0
"""Maximum time of a worker's fork, on a busy machine."""

_SAMPLE_SECONDS = 0.02
"""Interval of the memory checks; few parsers allocate more than 20 MB in it."""

_CHUNK_BYTES = 65_536
"""Of an answer, read at once."""

_START = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from chalicelib.files.sandbox_worker import main; main(*sys.argv[1:4])"
)


class TimeoutExceededError(Exception):
    """The child did not answer in time."""


class MemoryExceededError(Exception):
    """The child took too much memory."""


class TamperedError(Exception):
    """The child has changed the limits of the worker."""


class TimeLimit:
    """The time that the parsers may take for a file; it passes only while one of them runs."""

    def __init__(self, seconds: float, function_seconds_left: SecondsLeft) -> None:
        """Args:
        seconds: of the parsers.
        function_seconds_left: of the function for the analysis, whether a parser runs or not.
        """
        self._seconds = seconds
        self.function_seconds_left = function_seconds_left
        self._started: float | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Let the time pass for the duration of the block."""
        self._started = self.function_seconds_left()
        try:
            yield
        finally:
            self._seconds -= self._started - self.function_seconds_left()
            self._started = None

    def seconds_left(self) -> float:
        """Of the parsers' time or of the function's, whichever is used up earlier."""
        left = self.function_seconds_left()
        used = 0 if self._started is None else self._started - left
        return min(left, self._seconds - used)


class Child:
    """A process that waits for a file, or analyzes it."""

    def __init__(self, process_id: int, channel: socket.socket) -> None:
        """Args:
        process_id: stays valid until the worker's next request.
        channel: socket to the child.
        """
        self._id = process_id
        self._channel = channel

    def send(self, request: Mapping[str, Any], content: int) -> None:
        """Hand over a file as an open descriptor.

        Raises:
            OSError: the child has ended.
        """
        socket.send_fds(self._channel, [json.dumps(request).encode()], [content])

    def read(self, seconds_left: SecondsLeft, memory_bytes: int, max_bytes: int) -> bytearray:
        """The answer up to its end or just beyond `max_bytes`; may be incomplete.

        Raises:
            TimeoutExceededError, MemoryExceededError: the child exceeds these limits.
        """
        readable = select.poll()
        readable.register(self._channel, select.POLLIN)
        answer = bytearray()
        while len(answer) <= max_bytes:
            seconds = seconds_left()
            if seconds <= 0:
                raise TimeoutExceededError
            is_ready = readable.poll(min(seconds, _SAMPLE_SECONDS) * 1_000)
            chunk = self._channel.recv(_CHUNK_BYTES) if is_ready else None
            if chunk == b"":
                break
            # An answer that arrives soon and in one piece needs no sample.
            if (answer or not chunk) and _own_bytes(self._id) > memory_bytes:
                raise MemoryExceededError
            answer += chunk or b""
        return answer

    def kill(self) -> None:
        """End it, whatever process group or session it has moved to."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
            os.kill(self._id, signal.SIGKILL)


class Worker:
    """A running worker process, and the child that it was asked for."""

    def __init__(self, modules: str, environment: Mapping[str, str]) -> None:
        """Start the process, which gets ready while this one continues.

        Args:
            modules: `protocol.EXTRACTORS` or `protocol.FALLBACKS`.
            environment: the worker's complete environment.

        Raises:
            OSError: the process cannot be started.
        """
        self.flags = 0
        """The optional layers in effect for its children, known with the first."""
        self._warm: set[str] = set()
        self._ready: set[str] | None = None
        self._limits: Sequence[tuple[int, int]] = ()
        self._is_asked = False
        self._control, worker_end = socket.socketpair()
        with worker_end:
            try:
                self._process = _start(worker_end.fileno(), modules, environment)
            except OSError:
                self._control.close()
                raise

    def ask_for_child(self, types: Sequence[str] = ()) -> None:
        """Have the next child forked, without waiting for it; nothing if it is on its way.

        Args:
            types: MIME types whose modules are warmed up before.

        Raises:
            OSError: the worker has ended.
        """
        if not self._is_asked:
            self._control.sendall(json.dumps({"warmUp": list(types)}).encode())
            self._warm.update(types)
            self._is_asked = True

    def start_child(
        self, request: Mapping[str, Any], content: int, seconds_left: SecondsLeft
    ) -> Child:
        """A child that works on this request.

        Raises:
            OSError: there is none, and the worker is unusable.
        """
        types = request["candidateTypes"]
        if self._is_asked and not self._warm.issuperset(types):
            self._receive_child(seconds_left).kill()
        self.ask_for_child(types)
        child = self._receive_child(seconds_left)
        child.send(request, content)
        return child

    def _receive_child(self, seconds_left: SecondsLeft) -> Child:
        # A worker that has everything loaded and does not reply soon was stopped.
        patience = _REPLY_SECONDS if self._ready == self._warm else math.inf
        self._control.settimeout(max(min(seconds_left(), patience), 0.001))
        reply, descriptors, _, _ = socket.recv_fds(self._control, protocol.MAX_MESSAGE_BYTES, 1)
        self._is_asked = False
        if reply[:1] == bytes([protocol.ERROR]):
            raise OSError(reply[1:].decode(errors="replace"))
        if len(reply) != 1 + protocol.PROCESS_ID_BYTES or len(descriptors) != 1:
            raise OSError("the worker has exited or sent no child")
        self.flags = reply[0]
        self._ready = set(self._warm)
        if not self._limits:
            self._limits = confinement.limits_of(self._process.pid)
        channel = socket.socket(fileno=descriptors[0])
        return Child(int.from_bytes(reply[1:], "big"), channel)

    def is_intact(self) -> bool:
        """Whether no child has changed the limits of the worker, which its children inherit."""
        if self.flags & protocol.SECCOMP:
            return True
        try:
            return self._limits == confinement.limits_of(self._process.pid)
        except OSError:  # it has ended
            return False

    def kill(self) -> None:
        """Kill the worker and the children in its process group."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has exited already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Runner:
    """Runs requests in children of a worker, which is started when needed and kept."""

    def __init__(self, modules: str, environment: Mapping[str, str], memory_bytes: int) -> None:
        """Start no process yet.

        Args:
            modules: `protocol.EXTRACTORS` or `protocol.FALLBACKS`.
            environment: the worker's complete environment.
            memory_bytes: that a child may take.
        """
        self._modules = modules
        self._environment = dict(environment)
        self._memory_bytes = memory_bytes
        self._worker: Worker | None = None

    @property
    def flags(self) -> int:
        """The optional layers in effect, after the first request."""
        return self._worker.flags if self._worker else 0

    def prepare(self, types: Sequence[str]) -> None:
        """Have a child forked, if possible; a new worker warms up these types before."""
        with contextlib.suppress(OSError):  # `run` starts another worker
            if self._worker:
                self._worker.ask_for_child()
            else:
                self._new_worker().ask_for_child(types)

    def run(
        self, request: Mapping[str, Any], content: int, time_limit: TimeLimit, max_bytes: int
    ) -> bytearray:
        """The answer of a new child, which does not outlive this call.

        Args:
            request: as `sandbox_child` takes it.
            content: descriptor of the file.
            time_limit: the child is killed when it is used up.
            max_bytes: of the answer; a longer one is cut beyond that.

        Raises:
            OSError: no child could be started.
            TimeoutExceededError, MemoryExceededError: the child exceeds these limits.
            TamperedError: the child has tampered with the worker.
        """
        child = self._start_child(request, content, time_limit.function_seconds_left)
        try:
            with time_limit.running():
                answer = child.read(time_limit.seconds_left, self._memory_bytes, max_bytes)
        finally:
            child.kill()
        if self._worker and not self._worker.is_intact():
            raise TamperedError
        return answer

    def close(self) -> None:
        """Kill the worker; the next request starts a new one."""
        if self._worker:
            self._worker.kill()
        self._worker = None

    def _start_child(
        self, request: Mapping[str, Any], content: int, seconds_left: SecondsLeft
    ) -> Child:
        if self._worker:  # it may have died since the last file
            with contextlib.suppress(OSError):
                return self._worker.start_child(request, content, seconds_left)
            self.close()
        return self._new_worker().start_child(request, content, seconds_left)

    def _new_worker(self) -> Worker:
        self._worker = Worker(self._modules, self._environment)
        return self._worker


def _start(control: int, modules: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    path = [str(Path(entry).absolute()) for entry in sys.path]
    return subprocess.Popen(
        # -I -S: only this path and environment determine what the worker imports.
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", _START, str(control), modules, "", *path],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[control],
        start_new_session=True,
    )


def _own_bytes(process_id: int) -> int:
    """Memory that a process does not share with a file; 0 where /proc does not exist.

    A mapped file is part of the resident memory, but takes none: proc(5), RssFile.
    """
    try:
        lines = Path(f"/proc/{process_id}/status").read_text(encoding="latin-1").splitlines()
    except OSError:
        return 0
    return sum(
        1_024 * int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:"))
    )
