"""The worker process: imports the parsers and forks a child for each file; see sandbox.py.

It never reads a file's content itself. It stays small, since a child's fork and end take time in
proportion to its memory. So that the fork of the commonest types is fast, nothing here imports
`logging` or `threading`: their hooks double its time.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import sys
import unicodedata  # noqa: F401 - loaded here, so that no child has to
from collections.abc import Callable, Sequence
from typing import NoReturn

from chalicelib.files import analysis, confinement, seccomp
from chalicelib.files import sandbox_protocol as protocol
from chalicelib.files.sandbox_child import CHANNEL, serve

_WARM_UP: dict[str, Callable[[Sequence[str]], None]] = {
    protocol.EXTRACTORS: analysis.prepare,
    protocol.FALLBACKS: analysis.prepare_fallbacks,
}
"""By the modules that the worker's children run."""

_COPIED = 3
"""Index of the argument with the folder of the copy, in `sys.argv`."""

_COLLECTION_THRESHOLD = 100_000
"""Objects that a child creates before it searches them for garbage: small files never do."""


def main(control_descriptor: str, modules: str, copied: str) -> NoReturn:
    """Serve requests until the socket's other end closes, then exit together with the children.

    Args:
        control_descriptor: number of the socket's descriptor.
        modules: `EXTRACTORS` or `FALLBACKS`.
        copied: folder of the copy of Python that runs this process; empty for Python itself.
    """
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - pathlib is memory that every fork would copy
        file.write("1000")  # the first candidate if the system runs out of memory
    if copied:
        _remove(copied)
    elif not confinement.forbid_inspection() and sys.platform == "linux":
        _restart_from_copy()
    gc.set_threshold(_COLLECTION_THRESHOLD)
    # The child replaces this descriptor by its own socket, and closes those above.
    os.dup2(int(control_descriptor), CHANNEL)
    if int(control_descriptor) != CHANNEL:
        os.close(int(control_descriptor))
    _Worker(socket.socket(fileno=CHANNEL), _WARM_UP[modules]).run()


class _Worker:
    """The worker's socket to the Lambda, and its children."""

    def __init__(self, control: socket.socket, warm_up: Callable[[Sequence[str]], None]) -> None:
        self._control = control
        self._warm_up = warm_up
        confinement.forbid_privileges()
        self._filter = _working_filter()
        is_undumpable = confinement.is_inspection_forbidden()
        self._flags = protocol.UNDUMPABLE * is_undumpable + protocol.SECCOMP * bool(self._filter)
        self._children: set[int] = set()

    def run(self) -> NoReturn:
        """Answer each request with a new child, or with an error."""
        while message := self._control.recv(protocol.MAX_MESSAGE_BYTES):
            self._reap()
            try:
                self._warm_up(json.loads(message)["warmUp"])
                self._fork()
            except Exception as error:  # noqa: BLE001 - a parser's import or sample may raise any
                reason = repr(error).encode()[: protocol.MAX_MESSAGE_BYTES - 1]
                self._control.sendall(bytes([protocol.ERROR]) + reason)
        for process_id in self._children:  # a child may have left the process group
            os.kill(process_id, signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)
        os._exit(0)

    def _reap(self) -> None:
        """Reap ended children.

        Only on a request: until then, the Lambda may kill a child by its id, which stays reserved.
        """
        with contextlib.suppress(ChildProcessError):
            while process_id := os.waitpid(-1, os.WNOHANG)[0]:
                self._children.discard(process_id)

    def _fork(self) -> None:
        """Fork a child that waits for its file, and send its id and its socket.

        Little is done after the fork: memory that is changed while the child exists is copied.
        """
        lambda_end, child_end = socket.socketpair()
        with lambda_end, child_end:
            attached = [lambda_end.fileno()]
            flags = bytes([self._flags])
            gc.freeze()  # keeps the memory that is shared with the child out of its collections
            worker_id = os.getpid()
            process_id = os.fork()
            if process_id == 0:
                serve(child_end.fileno(), worker_id, self._filter)
            id_bytes = process_id.to_bytes(protocol.PROCESS_ID_BYTES, "big")
            socket.send_fds(self._control, [flags + id_bytes], attached)
        self._children.add(process_id)


def _working_filter() -> ctypes.Structure | None:
    """The filter of system calls for the children, tried in one; None if the system refuses it."""
    program = seccomp.assemble(CHANNEL)
    if program is None:
        return None
    process_id = os.fork()
    if process_id == 0:
        os._exit(not confinement.filter_system_calls(program))
    _, status = os.waitpid(process_id, 0)
    return program if status == 0 else None


def _restart_from_copy() -> None:
    """Continue as a copy of Python that may be executed but not read, which forbids inspection.

    Where the system refuses prctl. A process is non-dumpable if its program is unreadable for its
    user: execve(2). Returns where this is impossible, or the copy does not run.
    """
    import shutil  # noqa: PLC0415 - rarely needed, and memory that every fork would copy
    import tempfile  # noqa: PLC0415 - likewise

    folder = ""
    try:
        folder = tempfile.mkdtemp()
        program = shutil.copyfile(sys.executable, _copy_in(folder))
        os.chmod(program, 0o111)  # noqa: PTH101, S103 - as above; the folder is private
        trial = [sys.executable, "-I", "-S", "-c", ""]
        process_id = os.posix_spawn(program, trial, os.environ)
        if os.waitpid(process_id, 0)[1] == 0:
            position_of_folder = len(sys.orig_argv) - len(sys.argv) + _COPIED
            arguments = list(sys.orig_argv)
            arguments[position_of_folder] = folder
            os.execv(program, arguments)  # noqa: S606 - its own program
    except OSError:
        pass
    _remove(folder)


def _remove(folder: str) -> None:
    """Remove the copy of a program, which may be running."""
    with contextlib.suppress(OSError):
        os.unlink(_copy_in(folder))  # noqa: PTH108 - as above
        os.rmdir(folder)  # noqa: PTH106 - as above


def _copy_in(folder: str) -> str:
    return f"{folder}/python"
