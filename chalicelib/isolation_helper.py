"""The helper and the children of chalicelib/isolation.py, which explains them.

`main` runs in the helper, from its start to its end. Before it forks a child it imports what that
child needs; neither it nor any other code in the helper touches a file's content.
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from chalicelib.examination import examine, prepare

_LONGEST_REQUEST_BYTES = 16_384

_LOOK_SECONDS = 0.02
"""Between two looks at a child's memory: few parsers fill more than 20 MB in it."""

_PR_SET_PDEATHSIG = 1
"""https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html"""

_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
"""Looked up here and not by each child, which would pay for it again with each file."""

_MOST_DESCRIPTORS = 32
"""Standard ones, content and answer, and the modules that Python imports one at a time."""


def main(control_descriptor: int) -> NoReturn:
    """Serve requests for a child until the socket's other end closes, then end with the child."""
    with contextlib.suppress(OSError):  # if memory runs out all the same, these go first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    control = socket.socket(fileno=control_descriptor)
    child: _Child | None = None
    while True:
        readable, _, _ = select.select([control], [], [], _LOOK_SECONDS if child else None)
        if child and child.has_ended():
            child = None
        if not readable:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, _LONGEST_REQUEST_BYTES, 2)
        if child:
            child.end()
        if not message:
            os.killpg(0, signal.SIGKILL)
        child = _child_for(json.loads(message), descriptors, control)


class _Child:
    """A child that was not yet waited for, so its id is still its own."""

    def __init__(self, process_id: int, memory_bytes: int) -> None:
        self._id = process_id
        self._memory_bytes = memory_bytes

    def has_ended(self) -> bool:
        """Whether it has, by itself or because it had too much memory."""
        if _resident_bytes(self._id) > self._memory_bytes:
            self.end()
            return True
        return os.waitpid(self._id, os.WNOHANG)[0] != 0

    def end(self) -> None:
        """Kill it."""
        os.kill(self._id, signal.SIGKILL)
        os.waitpid(self._id, 0)


def _child_for(
    request: Mapping[str, Any], descriptors: list[int], control: socket.socket
) -> _Child | None:
    """Fork a child and tell so; None, and tell why, when there is none."""
    helper_id = os.getpid()
    try:
        prepare(request["possibleTypes"])
        gc.freeze()  # what is there now is shared with the child: let its collector not touch it
        process_id = os.fork()
    except (ImportError, OSError) as error:
        control.sendall(repr(error).encode())
        return None
    if process_id == 0:
        control.close()
        _serve(request, descriptors, helper_id)
    for descriptor in descriptors:
        os.close(descriptor)
    control.sendall(request["reply"].encode())
    return _Child(process_id, request["memoryBytes"])


def _serve(request: Mapping[str, Any], descriptors: list[int], helper_id: int) -> NoReturn:
    """What the child does: confine itself, extract, answer. No answer means that it could not."""
    try:
        content, answer_end = descriptors
        _confine(request, helper_id)
        with os.fdopen(content, "rb") as file:
            answer = json.dumps(_said(file, request["possibleTypes"])).encode()
        with os.fdopen(answer_end, "wb") as pipe:
            pipe.write(answer)
    finally:
        os._exit(0)


def _said(content: BinaryIO, possible_types: Sequence[str]) -> dict[str, object]:
    examined = examine(content, possible_types)
    said: dict[str, object] = {"fileType": examined.file_type}
    if examined.metadata is not None:
        said["metadata"] = dict(examined.metadata)
    if examined.failure is not None:
        said["refused"] = [examined.failure.code.value, examined.failure.message]
    return said


def _confine(request: Mapping[str, Any], helper_id: int) -> None:
    """Give up what one file does not take. A system that has not all of it keeps the rest."""
    if _PRCTL:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != helper_id:
            os._exit(0)  # the helper died before
    _limit(resource.RLIMIT_AS, request["addressSpaceBytes"])
    _limit(resource.RLIMIT_CPU, request["cpuSeconds"])
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MOST_DESCRIPTORS)
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(kind: int, most: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (most, most))


def _resident_bytes(process_id: int) -> int:
    """0 where there is no /proc."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()
