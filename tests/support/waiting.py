"""Waiting for what happens elsewhere: until it has, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    look: Callable[[], T | None],
    what: str,
    state: Callable[[], object] = lambda: "",
    seconds: float = 120,
) -> T:
    """What `look` finds as soon as it finds something; AssertionError when it never does.

    The error has what `state` returns then.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)  # between two looks; nothing relies on its length
    raise AssertionError(f"In {seconds:.0f} s there was never {what} {state()}".rstrip())
