"""Extraction in a separate process, without credentials and with limits on time and memory.

Parsers hang, exhaust memory, overflow the stack or crash on malformed files, so nothing that
follows a file's structure runs in the process that holds the AWS credentials. Three
processes take part:

    the Lambda  --file, answer pipe-->  the worker  --fork-->  one child per file
                <-----------------------answer----------------------'

The *worker* (sandbox_worker.py) starts with the first file and is reused: it imports the parsers
and forks one *child* for each file. A fork takes milliseconds, the imports hundreds of
them, and a process that has parsed one file never parses another.

A child has the parsers' code, the file's descriptor and the write end of a pipe. It has no
credentials or other environment variables (the worker starts with those passed to `Sandbox`), no
other descriptors, no standard output or error (pypdf quotes files in its warnings), and cannot
start processes, write files or dump core. Limits:

- Time: `seconds_left`, which leaves the Lambda enough time to write the record; RLIMIT_CPU is the
  fallback.
- Memory: the worker samples the child's resident memory and kills it above `memory_bytes`. A limit
  that made allocations fail would be wrong here: parsers catch MemoryError in places and continue
  with incomplete results. RLIMIT_AS at `ADDRESS_SPACE_FACTOR` times as much is the fallback for
  allocations faster than the sampling.
- Answer: read up to `MAX_RESULT_BYTES` and validated against what `analysis.analyze` can return.

Result, always on the first attempt: metadata; the extractor's rejection; extraction_timeout when
the time is up; extraction_crashed for everything else (a signal, too much memory, no answer or an
invalid one). After the latter two, worker and child are killed and the next file starts a new
worker. `SandboxError` is raised only when no child can be started, which is not caused by the file;
Lambda retries it.

No process is left behind: the worker kills itself and its child when the Lambda's end of their
socket closes, and the child dies with the worker (PR_SET_PDEATHSIG). Lambda may freeze the
environment between two events: no child runs then, and no deadline spans two events.

Works without /dev/shm and with a read-only /var/task. macOS has neither /proc nor prctl and does
not enforce RLIMIT_AS: there, time is limited and memory is not.

Not covered: a file that makes a parser execute the attacker's machine code. The child runs as the
same user as the Lambda, without a seccomp filter or namespaces, so such code can inspect the
Lambda's process. Most parsers are Python; PDFium (C++), expat, zlib and `cryptography` are native.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.files.analysis import Analysis
from chalicelib.files.containers import CONTAINERS
from chalicelib.files.extraction import FileRejectedError, bounded

MEMORY_BYTES = 256 * 1_048_576
"""Resident memory of a child, including 40 MB shared with the worker. The largest of 291 real PDFs
takes 142 MB. Lambda, worker and child together stay below 512 MB."""

ADDRESS_SPACE_FACTOR = 2

MIN_SECONDS = 5.0
"""No child is started with less time than this: a slow download must not fail a valid file."""

MAX_RESULT_BYTES = 262_144
"""More than any extractor returns, and less than DynamoDB's 400 KB per item."""

_TIMEOUT = (FailureCode.EXTRACTION_TIMEOUT, "The file could not be read within the time limit.")
_CRASHED = (
    FailureCode.EXTRACTION_CRASHED,
    "The parser crashed on the file or exceeded the memory limit.",
)

_REJECTION_CODES = {FailureCode.ENCRYPTED.value, FailureCode.UNREADABLE.value}
"""The codes that extractors use."""

_MAX_MESSAGE = 200
"""Characters of an extractor's rejection message."""

_MIME_TYPE = re.compile("[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")

_NAME = re.compile("[a-z][A-Za-z0-9]{0,63}")
_MAX_NAMES = 64
"""Entries in one file's metadata."""

_STARTED = "started"
"""The worker's reply once a child runs; any other reply is an error message. Passed in the request,
since the Lambda does not import the worker's module."""

_MAX_REPLY_BYTES = 4_096
"""Of the worker's reply to a request."""

_CHUNK_BYTES = 65_536

_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from chalicelib.files.sandbox_worker import main; main(int(sys.argv[1]))"
)

SecondsLeft = Callable[[], float]
"""The time that extraction may still take, in seconds."""


class SandboxError(Exception):
    """No child could be started, or too little time is left; not caused by the file."""


class Sandbox:
    """Analyzes files, one at a time; starts its worker with the first and reuses it."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        memory_bytes: int = MEMORY_BYTES,
        min_seconds: float = MIN_SECONDS,
    ) -> None:
        """Start no process yet.

        Args:
            environment: the worker's complete environment.
            memory_bytes: resident memory that a child may take.
            min_seconds: no child is started with less time than this.
        """
        self._environment = dict(environment)
        self._memory_bytes = memory_bytes
        self._min_seconds = min_seconds
        self._worker: _Worker | None = None

    def analyze(
        self, content: BinaryIO, candidate_types: Sequence[str], seconds_left: SecondsLeft
    ) -> Analysis:
        """The result of `analysis.analyze` for a file that has a descriptor.

        Raises:
            FileRejectedError: the parser timed out, crashed or exceeded the memory limit.
            SandboxError: no child could be started.
        """
        if seconds_left() < self._min_seconds:
            raise SandboxError("too little time is left to analyze a file")
        content.flush()
        answers = self._start_child(content, candidate_types, seconds_left)
        with os.fdopen(answers, "rb", buffering=0):
            answer = _read(answers, seconds_left)
        if answer is None:
            self.close()
            raise FileRejectedError(*_TIMEOUT)
        try:
            return _validated(answer, candidate_types)
        except (ValueError, RecursionError) as error:
            self.close()
            raise FileRejectedError(*_CRASHED) from error

    def close(self) -> None:
        """Kill the worker and its child; the next file starts new ones."""
        if self._worker:
            self._worker.kill()
        self._worker = None

    def _start_child(
        self, content: BinaryIO, candidate_types: Sequence[str], seconds_left: SecondsLeft
    ) -> int:
        """Start a child on this content and return the descriptor to read its answer from."""
        request = {
            "candidateTypes": list(candidate_types),
            "reply": _STARTED,
            "cpuSeconds": math.ceil(seconds_left()) + 1,
            "memoryBytes": self._memory_bytes,
            "addressSpaceBytes": ADDRESS_SPACE_FACTOR * self._memory_bytes,
        }
        message = json.dumps(request).encode()
        if self._worker:  # it may have died since the last file
            with contextlib.suppress(OSError):
                return self._worker.start_child(message, content.fileno(), seconds_left())
            self.close()
        try:
            self._worker = _Worker(self._environment)
            return self._worker.start_child(message, content.fileno(), seconds_left())
        except OSError as error:
            self.close()
            raise SandboxError(f"the sandbox worker could not be started: {error}") from error


class _Worker:
    """The running worker and the socket to it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, worker_end = socket.socketpair()
        with worker_end:
            try:
                self._process = _start_worker(worker_end.fileno(), environment)
            except OSError:
                self._control.close()
                raise

    def start_child(self, request: bytes, content: int, seconds: float) -> int:
        """Have a child forked and return the descriptor to read its answer from.

        Raises:
            OSError: no child was started, and the worker is unusable.
        """
        self._control.settimeout(max(seconds, 0.001))
        answers, answer_end = os.pipe()
        try:
            socket.send_fds(self._control, [request], [content, answer_end])
            reply = self._control.recv(_MAX_REPLY_BYTES)
            if reply != _STARTED.encode():
                raise OSError(reply.decode(errors="replace") or "the worker has exited")
        except OSError:
            os.close(answers)
            raise
        finally:
            os.close(answer_end)
        return answers

    def kill(self) -> None:
        """Kill the worker, and its child with it."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has exited already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _start_worker(control: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    path = [str(Path(entry).absolute()) for entry in sys.path]
    return subprocess.Popen(
        # -I -S: only this path and environment determine what the worker imports.
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", _START, str(control), *path],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[control],
        start_new_session=True,
    )


def _read(answers: int, seconds_left: SecondsLeft) -> bytes | None:
    """The pipe's content up to its end or just beyond the limit; None when the time is up."""
    end_of_wait = select.poll()
    end_of_wait.register(answers, select.POLLIN)
    answer = bytearray()
    while len(answer) <= MAX_RESULT_BYTES:
        seconds = seconds_left()
        if seconds <= 0 or not end_of_wait.poll(seconds * 1_000):
            return None
        chunk = os.read(answers, _CHUNK_BYTES)
        if not chunk:
            break
        answer += chunk
    return bytes(answer)


def _validated(answer: bytes, candidate_types: Sequence[str]) -> Analysis:
    """The answer, if `analysis.analyze` can have returned it.

    Raises:
        ValueError, RecursionError: it cannot.
    """
    if len(answer) > MAX_RESULT_BYTES:
        raise ValueError("the answer exceeds its limit")
    match json.loads(answer.decode("utf-8")):
        case {"fileType": str() as file_type, "metadata": dict() as metadata, **others} if (
            file_type in candidate_types and not others
        ):
            return Analysis(file_type, _validated_metadata(metadata))
        case {
            "fileType": str() as file_type,
            "rejected": [str() as code, str() as message],
            **others,
        } if (
            file_type in {*candidate_types, *CONTAINERS}
            and not others
            and code in _REJECTION_CODES
            and len(message) <= _MAX_MESSAGE
            and message.isprintable()
        ):
            return Analysis(file_type, failure=Failure(FailureCode(code), message))
        case {"fileType": str() as file_type, **others} if (
            file_type not in candidate_types and _MIME_TYPE.fullmatch(file_type) and not others
        ):
            return Analysis(file_type)
    raise ValueError("neither metadata nor a rejection")


def _validated_metadata(metadata: dict[str, Any]) -> Metadata:
    if len(metadata) > _MAX_NAMES or not all(map(_NAME.fullmatch, metadata)):
        raise ValueError("invalid metadata names")
    if not all(isinstance(value, str | int) for value in metadata.values()):
        raise ValueError("invalid metadata values")
    if metadata != bounded(metadata):
        raise ValueError("metadata values exceed their bounds")
    return metadata
