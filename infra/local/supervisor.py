"""Run a command until standard input is closed, then end it and its children.

Standard input is a pipe from the parent process, which the operating system closes however that
process ends. Works on Linux and macOS with any command.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5
"""From SIGTERM to SIGKILL."""


def main(command: list[str]) -> int:
    """Run the command; its exit code, or 0 if standard input was closed first."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_stdin, args=(process,), daemon=True).start()
    code = process.wait()
    _signal_group(process, signal.SIGKILL)  # children that the command left running
    return max(code, 0)


def _end_with_stdin(process: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
