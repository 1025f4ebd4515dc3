"""Progress of a long command: a bar on a terminal, periodic lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.console import echo

LINE_SECONDS = 10
"""Interval between two lines in a pipe."""


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Show progress during the block.

    Args:
        total: the expected number of items.

    Yields:
        A function to call for each completed item.
    """
    console = Console()
    if console.is_interactive:
        with Progress(
            TextColumn(" "), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=console, transient=True,
        ) as bar:  # fmt: skip
            task = bar.add_task("", total=total)
            yield lambda: bar.advance(task)
    else:
        with _lines(total) as advance:
            yield advance


@contextmanager
def _lines(total: int) -> Iterator[Callable[[], None]]:
    done, printed, due = 0, -1, time.monotonic() + LINE_SECONDS

    def print_line() -> None:
        nonlocal printed
        if done != printed:
            printed = done
            echo(f"  {done:,} of {max(done, total):,}")

    def advance() -> None:
        nonlocal done, due
        done += 1
        if time.monotonic() >= due:
            due = time.monotonic() + LINE_SECONDS
            print_line()

    try:
        yield advance
    finally:
        print_line()
