"""Console output of the commands: one line per step, one line per error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class CommandError(Exception):
    """An error that the user can fix; its command prints the message and exits with 1."""


def echo(line: str = "") -> None:
    """Print one line and flush, so that a pipe gets it at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tick() -> None:
    """Print one dot of progress within a step."""
    sys.stdout.write(".")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print the title of a step, and its duration at the end."""
    sys.stdout.write(f"  {title} ...")
    sys.stdout.flush()
    started = time.monotonic()
    try:
        yield
    except BaseException:  # Ctrl-C as well
        echo(" stopped")
        raise
    echo(f" {time.monotonic() - started:.1f} s")
