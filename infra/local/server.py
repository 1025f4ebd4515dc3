"""A local AWS for development and tests: MiniStack as a subprocess that never outlives this one."""

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

from infra.aws.stage import Account
from infra.console import CommandError, step
from infra.paths import ROOT

HOST = "127.0.0.1"
REGION = "us-east-1"
CONTROL = "/_intake/"
"""Prefix of the paths that control a service that MiniStack lacks: `/_intake/textract/...`."""
START_SECONDS = 60
"""Maximum startup time; 3 s is usual."""


@contextmanager
def local_aws(
    port: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Account]:
    """An empty AWS account on this machine, with IAM enforced, deleted when the block ends.

    Args:
        port: on 127.0.0.1; None for a free one.
        settings: additional environment variables for MiniStack.

    Raises:
        CommandError: the port is in use, or MiniStack does not start.
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
            command = [sys.executable, "-m", "infra.local.ministack"]
            with _supervised(folder, command, environment, log) as process:
                with step(f"Starting the local AWS on port {chosen}"):
                    _wait_until_ready(account, process, folder / "ministack.log")
                yield account
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # where it did not start


def is_local(account: Account) -> bool:
    """Whether the account's endpoint is a MiniStack."""
    return account.endpoint is not None and _healthy(account.endpoint)


def control_url(account: Account, service: str) -> str:
    """The URL below which a service that MiniStack lacks is controlled, with a final slash."""
    return f"{account.endpoint}{CONTROL}{service}/"


@contextmanager
def _supervised(
    folder: Path, command: list[str], environment: Mapping[str, str], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block or this process ends, then end it and delete its folder.

    infra.local.supervisor reads from a pipe whose only writer is this process, so that even a
    SIGKILL of this process closes it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.supervisor", str(folder), *command],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=dict(environment),
        cwd=ROOT,
        start_new_session=True,  # Ctrl-C reaches this process only, which then closes the pipe
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
            raise CommandError(
                f"Port {port} on {HOST} is in use or requires other permissions: "
                "pass another PORT=, or none for a free one"
            ) from None
        return int(probe.getsockname()[1])


def client_environment(endpoint: str, region: str = REGION) -> dict[str, str]:
    """Environment variables with which AWS clients use the local AWS at this URL."""
    return {
        **_without_aws(os.environ),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
    }


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without AWS variables, so that local and real accounts never mix."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _wait_until_ready(account: Account, process: subprocess.Popen[bytes], log: Path) -> None:
    assert account.endpoint is not None
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(account.endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise CommandError(
                f"The local AWS did not start: {' '.join(last) or 'its log is empty'}"
            )
        time.sleep(0.1)


def _healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2) as answer:  # noqa: S310 - http on this machine
            return isinstance(json.load(answer), dict)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def stop_on_signals() -> None:
    """Make SIGINT, SIGTERM and SIGHUP end this process through its `finally` blocks.

    SIGINT as well, because shells start background jobs with SIGINT ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
