"""The simulation of many files at once obeys what AWS documents, and the design loses none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.bulk import BURST_SECONDS, Bucket, Design, after, before, simulate
from infra.aws.lambda_settings import EVENT_AGE_SECONDS

PLENTY = Design("any", (1_000, 1_000), 1_000, 60, waits_for_capacity=False)


@pytest.mark.parametrize("concurrency", [10, 1_000])
@pytest.mark.parametrize("files", [1_000, 10_000])
def test_no_file_fails_for_throttling(files: int, concurrency: int) -> None:
    """In the free capacity, in an account of 10 as in one of 1,000 concurrent executions."""
    result = simulate(after(concurrency), files)
    assert (files, 0) == (result.recorded, result.failed)
    assert (files > 2_400) is (result.throttled_writes > 0)


@pytest.mark.parametrize(("concurrency", "fewest"), [(10, 1), (1_000, 5_000)])
def test_without_waiting_files_fail(concurrency: int, fewest: int) -> None:
    """The simulation shows the failures that the design prevents."""
    result = simulate(before(concurrency), 10_000)
    assert result.failed >= fewest
    assert 10_000 == result.failed + result.recorded


def test_waiting_alone_is_not_enough() -> None:
    """1,000 invocations at once wait longer than one lasts: the concurrency has to be reserved."""
    assert simulate(replace(after(1_000), concurrency=1_000), 10_000).failed > 0


def test_the_time_is_that_of_the_capacity() -> None:
    """Beyond the burst of five minutes, a document takes an eighth of a second."""
    seconds = simulate(after(10), 10_000).last_seconds
    assert (10_000 - 8 * BURST_SECONDS) / 8 <= seconds <= 1.5 * 10_000 / 8


def test_a_run_can_be_repeated() -> None:
    """The same seed gives the same result, another seed another one."""
    assert simulate(before(10), 5_000) == simulate(before(10), 5_000)
    assert simulate(before(10), 5_000) != simulate(before(10), 5_000, seed=2)


def test_an_index_without_capacity_throttles_the_table() -> None:
    """No document is recorded, however much the table has; each fails after three attempts."""
    result = simulate(replace(PLENTY, capacities=(1_000, 0)), 10)
    assert (0, 10) == (result.recorded, result.failed)
    assert 10 * 3 * 3 == result.throttled_writes  # Lambda's attempts × the SDK's
    assert 180 <= result.last_seconds <= 200  # one minute, then two


def test_an_event_that_never_runs_expires() -> None:
    """Lambda retries throttled events for six hours, at most every five minutes."""
    result = simulate(replace(PLENTY, concurrency=0), 10)
    assert (10, 0) == (result.failed, result.busy_seconds)
    assert EVENT_AGE_SECONDS < result.last_seconds <= EVENT_AGE_SECONDS + 300


def test_concurrency_bounds_the_rate() -> None:
    """One invocation at a time takes at least the sum of their durations."""
    result = simulate(replace(PLENTY, concurrency=1), 50)
    assert 50 == result.recorded
    assert result.last_seconds >= 50 * 0.1


def test_capacity_is_kept_for_five_minutes() -> None:
    """A bucket fills at its rate and no further than the burst."""
    bucket = Bucket(per_second=8, units=0)
    bucket.refill(10)
    assert 80 == bucket.units
    bucket.refill(100_000)
    assert 8 * BURST_SECONDS == bucket.units


def test_a_small_account_reserves_nothing() -> None:
    """Lambda keeps 100 unreserved, so the concurrency is the account's."""
    assert [10, 50, 109, 10, 10] == [
        after(concurrency).concurrency for concurrency in (10, 50, 109, 110, 1_000)
    ]
