"""What the commands say: one line a step while they work, one line when something is wrong."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Problem(Exception):  # noqa: N818 - not the program's error: its user mends it
    """What is wrong and what to do about it, in one line; its command exits with 1."""


def say(line: str = "") -> None:
    """Print one line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tick() -> None:
    """Show that a step goes on."""
    sys.stdout.write(".")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print what is being done, and how long it took once it is done."""
    sys.stdout.write(f"  {title} ...")
    sys.stdout.flush()
    started = time.monotonic()
    try:
        yield
    except BaseException:  # Ctrl-C as well: the line is ended, and it goes on
        say(" stopped")
        raise
    say(f" {time.monotonic() - started:.1f} s")
