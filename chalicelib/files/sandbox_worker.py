"""The worker process and its children; see sandbox.py.

`main` runs in the worker. It imports what a child needs before forking it, and never reads a file's
content itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import unicodedata  # noqa: F401 - loaded here, so that no child has to
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from chalicelib.files.analysis import analyze, finish, prepare
from chalicelib.files.mapped import MappedFile

_MAX_REQUEST_BYTES = 16_384

_SAMPLE_SECONDS = 0.02
"""Interval of the memory checks; few parsers allocate more than 20 MB in it."""

_PR_SET_PDEATHSIG = 1
"""https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html"""

_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
"""Looked up once, in the worker."""

_MAX_DESCRIPTORS = 32
"""Standard streams, content, answer, and the module that Python is importing."""


def main(control_descriptor: int) -> NoReturn:
    """Serve requests until the socket's other end closes, then exit together with the child."""
    with contextlib.suppress(OSError):  # the first candidates if the system runs out of memory
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    control = socket.socket(fileno=control_descriptor)
    child: _Child | None = None
    while True:
        readable, _, _ = select.select([control], [], [], _SAMPLE_SECONDS if child else None)
        if child and child.has_ended():
            child = None
        if not readable:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, _MAX_REQUEST_BYTES, 2)
        if child:
            child.end()
        if not message:
            os.killpg(0, signal.SIGKILL)
        child = _child_for(json.loads(message), descriptors, control)


class _Child:
    """A child that was not waited for yet, so that its process id is still valid."""

    def __init__(self, process_id: int, memory_bytes: int) -> None:
        self._id = process_id
        self._memory_bytes = memory_bytes

    def has_ended(self) -> bool:
        """Whether it has exited; kills it if it exceeds its memory."""
        if _resident_bytes(self._id) > self._memory_bytes:
            self.end()
            return True
        return os.waitpid(self._id, os.WNOHANG)[0] != 0

    def end(self) -> None:
        """Kill and reap it."""
        os.kill(self._id, signal.SIGKILL)
        os.waitpid(self._id, 0)


def _child_for(
    request: Mapping[str, Any], descriptors: list[int], control: socket.socket
) -> _Child | None:
    """Fork a child and reply so; on failure, reply with the error and return None."""
    worker_id = os.getpid()
    try:
        prepare(request["candidateTypes"])
        gc.freeze()  # keeps the memory that is shared with the child out of its garbage collection
        process_id = os.fork()
    except (ImportError, OSError) as error:
        control.sendall(repr(error).encode())
        return None
    if process_id == 0:
        control.close()
        _serve(request, descriptors, worker_id)
    for descriptor in descriptors:
        os.close(descriptor)
    control.sendall(request["reply"].encode())
    return _Child(process_id, request["memoryBytes"])


def _serve(request: Mapping[str, Any], descriptors: list[int], worker_id: int) -> NoReturn:
    """Apply the limits, analyze and answer; runs in the child. A failure sends no answer."""
    try:
        content, answer_end = descriptors
        _confine(request, worker_id)
        with MappedFile(content) as file:
            answer = json.dumps(_answer(file, request["candidateTypes"])).encode()
        with os.fdopen(answer_end, "wb") as pipe:
            pipe.write(answer)
    finally:
        os._exit(0)


def _answer(content: BinaryIO, candidate_types: Sequence[str]) -> dict[str, object]:
    analysis = analyze(content, candidate_types)
    if analysis.unfinished is not None:
        analysis = finish(content, analysis.file_type, analysis.unfinished, candidate_types)
    answer: dict[str, object] = {"fileType": analysis.file_type}
    if analysis.metadata is not None:
        answer["metadata"] = dict(analysis.metadata)
    if analysis.failure is not None:
        answer["rejected"] = [analysis.failure.code.value, analysis.failure.message]
    return answer


def _confine(request: Mapping[str, Any], worker_id: int) -> None:
    """Drop what the analysis of one file does not need, as far as the system supports it."""
    if _PRCTL:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker_id:
            os._exit(0)  # the worker died before prctl
    _limit(resource.RLIMIT_AS, request["addressSpaceBytes"])
    _limit(resource.RLIMIT_CPU, request["cpuSeconds"])
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_DESCRIPTORS)
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(kind: int, maximum: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (maximum, maximum))


def _resident_bytes(process_id: int) -> int:
    """Resident memory without mapped files; 0 where /proc does not exist."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1:3]
    except OSError:
        return 0
    resident, shared = map(int, pages)
    return (resident - shared) * resource.getpagesize()
