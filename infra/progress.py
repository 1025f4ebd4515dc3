"""How far a long command is: a bar on a terminal, now and then a line into a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.console import say

LINE_SECONDS = 10
"""Between two lines in a pipe."""


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Show progress while the block lasts.

    Args:
        total: what there is to do; more may turn up.

    Yields:
        What to call for each that is done.
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
    done, said, due = 0, -1, time.monotonic() + LINE_SECONDS

    def tell() -> None:
        nonlocal said
        if done != said:
            said = done
            say(f"  {done:,} of {max(done, total):,}")

    def advance() -> None:
        nonlocal done, due
        done += 1
        if time.monotonic() >= due:
            due = time.monotonic() + LINE_SECONDS
            tell()

    try:
        yield advance
    finally:
        tell()
