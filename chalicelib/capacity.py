"""Waiting for the capacity of the table, or of Textract, within an invocation.

Lambda repeats a failed event only twice, within three minutes. A table whose provisioned capacity
is exhausted needs longer for thousands of files, so a throttled call waits instead of failing:
each write, and the reads of functions that any number of results may start at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from types import TracebackType

from botocore.exceptions import ClientError

THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
"""DynamoDB developer guide, "Error handling with DynamoDB"; Textract API reference, where
LimitExceededException means too many jobs at once. boto3 repeats most of these twice."""

LONGEST_WAIT_SECONDS = 8
"""Of one wait."""


class Attempt:
    """One attempt at a call: a context that suppresses throttling while there is time to wait."""

    def __init__(self, number: int, seconds_left: Callable[[], float]) -> None:
        """The first attempt has the number 0."""
        self.wait_seconds = random.uniform(0, wait_bound(number))  # noqa: S311 - spreads, no secret
        self.is_throttled = False
        self._seconds_left = seconds_left

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> bool:
        """Whether the error is throttling that is worth waiting for."""
        self.is_throttled = (
            isinstance(error, ClientError) and error.response["Error"]["Code"] in THROTTLED
        )
        return self.is_throttled and self._seconds_left() > self.wait_seconds


def attempts(
    seconds_left: Callable[[], float], sleep: Callable[[float], None] = time.sleep
) -> Iterator[Attempt]:
    """Attempts with growing random waits in between, until one is not throttled.

    The loop is where the call is, because the policy generator follows no callbacks:

        for attempt in attempts(seconds_left):
            with attempt:
                result = put_result(...)

    Args:
        seconds_left: until another attempt has no time to complete; then throttling raises.
        sleep: waits this many seconds.
    """
    for number in count():
        attempt = Attempt(number, seconds_left)
        yield attempt
        if not attempt.is_throttled:
            return
        sleep(attempt.wait_seconds)


def wait_bound(attempt: int) -> float:
    """Seconds that the wait after this attempt, the first being 0, takes at most."""
    return min(float(LONGEST_WAIT_SECONDS), 2.0**attempt)
