"""A local AWS for development: MiniStack as a child process that never outlives this one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.console import Problem, step
from infra.stage import Account

HOST = "127.0.0.1"
REGION = "us-east-1"
START_SECONDS = 60
"""How long MiniStack may take until it answers; 3 s is usual."""


@contextmanager
def local_aws(
    port: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Account]:
    """An empty AWS account on this machine, with IAM enforced, gone when the block ends.

    Args:
        port: on 127.0.0.1; a free one when None.
        settings: further environment variables for MiniStack.

    Raises:
        Problem: the port is in use, or MiniStack does not start.
    """
    chosen = _usable_port(port)
    folder = Path(tempfile.mkdtemp(prefix="intake-local-aws-"))
    account = Account(client_environment(f"http://{HOST}:{chosen}"))
    try:
        with (folder / "ministack.log").open("wb") as log:
            environment = {
                **_without_aws(os.environ),
                "AUTH": "true",
                "BIND_HOST": HOST,
                "GATEWAY_PORT": str(chosen),
                "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.5",
                "MINISTACK_REGION": REGION,
                "S3_DATA_DIR": str(folder / "s3"),
                "STATE_DIR": str(folder / "state"),
                "TMPDIR": str(folder),
                **(settings or {}),
            }
            with _supervised([sys.executable, "-m", "ministack"], environment, log) as process:
                with step(f"Starting the local AWS on port {chosen}"):
                    _wait_until_ready(account, process, folder / "ministack.log")
                yield account
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_local(account: Account) -> bool:
    """Whether this account is a MiniStack."""
    return account.endpoint is not None and _healthy(account.endpoint)


@contextmanager
def _supervised(
    command: list[str], environment: Mapping[str, str], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that ends, with all its children, when the block or this process ends.

    infra.supervisor holds the read end of a pipe whose only writer is this process. Even a SIGKILL
    of this process closes it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.supervisor", *command],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=dict(environment),
        cwd=Path(__file__).parent.parent,
        start_new_session=True,  # Ctrl-C is for this process, which then closes the pipe
    )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


def _usable_port(port: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except (OSError, OverflowError):
            raise Problem(
                f"Port {port} on {HOST} cannot be used: it is taken or not yours to take. "
                "Say another with PORT=, or none for a free one"
            ) from None
        return int(probe.getsockname()[1])


def client_environment(endpoint: str) -> dict[str, str]:
    """The environment that makes a program's AWS the local one at this URL."""
    return {
        **_without_aws(os.environ),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
    }


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the user's real account reaches the local one, or the other way round."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _wait_until_ready(account: Account, process: subprocess.Popen[bytes], log: Path) -> None:
    assert account.endpoint is not None
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(account.endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise Problem(f"The local AWS did not start: {' '.join(last) or 'it said nothing'}")
        time.sleep(0.1)


def _healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2) as answer:  # noqa: S310 - http on this machine
            return isinstance(json.load(answer), dict)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does, through its `finally` blocks."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
