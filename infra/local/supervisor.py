"""Run a command until standard input is closed, then end it and its children, delete its folder.

Standard input is a pipe from the parent process, which the operating system closes however that
process ends. Works on Linux and macOS with any command.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5
"""From SIGTERM to SIGKILL."""


def main(folder: str, command: list[str]) -> int:
    """Run the command; its exit code, or 0 if standard input was closed first.

    The folder is deleted only then: the log of a command that ended by itself may be in it.
    """
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    is_closed = threading.Event()
    threading.Thread(target=_end_with_stdin, args=(process, is_closed), daemon=True).start()
    code = process.wait()
    _signal_group(process, signal.SIGKILL)  # children that the command left running
    if is_closed.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return max(code, 0)


def _end_with_stdin(process: subprocess.Popen[bytes], is_closed: threading.Event) -> None:
    sys.stdin.buffer.read()
    is_closed.set()
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
