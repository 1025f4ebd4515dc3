"""Waiting for what AWS does later, with progress after two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from infra.console import CommandError, echo

_SHOW_AFTER_SECONDS = 2.0
_POLL_SECONDS = 0.5
_LINE_SECONDS = 15.0

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], seconds: float) -> T:
    """What `look` finds, as soon as it finds something.

    Raises:
        CommandError: it found nothing within these seconds.
    """
    started = time.monotonic()
    next_line = _SHOW_AFTER_SECONDS
    while (elapsed := time.monotonic() - started) < seconds:
        if found := look():
            return found
        if elapsed >= next_line:
            echo(f"             {elapsed:3.0f} s: waiting for {what}, at most {seconds:.0f} s")
            next_line += _LINE_SECONDS
        time.sleep(_POLL_SECONDS)
    raise CommandError(f"No {what} after {seconds:.0f} s")
