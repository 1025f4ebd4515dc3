"""A throttled write is repeated with random, growing, bounded waits until there is no time left."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from chalicelib.capacity import LONGEST_WAIT_SECONDS, THROTTLED, attempts, wait_bound


def error(code: str) -> ClientError:
    """DynamoDB's error with this code."""
    return ClientError({"Error": {"Code": code, "Message": "too many"}}, "PutItem")


def write(errors: list[ClientError], seconds: float) -> tuple[int, list[float]]:
    """The number of attempts, and the waits between them, of a write that gets these errors first.

    Time passes only by waiting.
    """
    waits: list[float] = []
    made = 0
    for attempt in attempts(lambda: seconds - sum(waits), waits.append):
        with attempt:
            made += 1
            if errors:
                raise errors.pop(0)
    return made, waits


def test_a_write_that_succeeds_waits_for_nothing() -> None:
    """One attempt."""
    assert (1, []) == write([], 40)


@pytest.mark.parametrize("code", sorted(THROTTLED))
def test_a_throttled_write_is_repeated(code: str) -> None:
    """As often as it is throttled, with a wait after each."""
    made, waits = write([error(code)] * 3, 1_000)
    assert 4 == made
    assert 3 == len(waits)
    for number, wait in enumerate(waits):
        assert 0 <= wait <= wait_bound(number)


def test_waits_differ() -> None:
    """Functions that were throttled together do not return together."""
    assert 20 == len({write([error("ThrottlingException")], 40)[1][0] for _ in range(20)})


def test_the_bound_of_waits_doubles_up_to_the_longest() -> None:
    """1, 2, 4 and 8 seconds."""
    assert [1, 2, 4, 8, 8, 8] == [wait_bound(number) for number in range(6)]
    assert LONGEST_WAIT_SECONDS == wait_bound(1_000)


def test_throttling_raises_when_no_time_is_left() -> None:
    """Waiting never takes longer than there is."""
    with pytest.raises(ClientError, match="ThrottlingException"):
        write([error("ThrottlingException")] * 1_000, 40)
    with pytest.raises(ClientError, match="ThrottlingException"):
        write([error("ThrottlingException")], 0)


def test_other_errors_are_not_repeated() -> None:
    """They are Lambda's to retry."""
    with pytest.raises(ClientError, match="AccessDenied"):
        write([error("AccessDenied")], 40)
