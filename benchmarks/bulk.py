"""What becomes of thousands of files that arrive at once: a simulation of Lambda and DynamoDB.

Events wait in Lambda's asynchronous queue, run at the function's concurrency and write one record
each to a table whose provisioned capacity is a token bucket. Nothing is called. The parameters are
those that AWS documents; how S3 spreads the events is not, so that all arrive at once. AWS also
slows down reading from a long queue, which only helps here.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.table import Row
from chalicelib.capacity import wait_bound
from chalicelib.lambda_limits import SECONDS_TO_WRITE
from infra.aws.concurrency import PROCESSING_CONCURRENCY, UNRESERVED
from infra.aws.lambda_settings import EVENT_AGE_SECONDS, RETRIES
from infra.build.chalice_project import read_config
from infra.paths import ROOT

PART = "bulk"

ERROR_WAITS_SECONDS = (60, 120)
"""Before the second and third attempt of an event whose function failed:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
FIRST_THROTTLE_WAIT_SECONDS, LONGEST_THROTTLE_WAIT_SECONDS = 1, 300
"""Before a throttled event is tried again, doubled each time: the same page."""
SCALING_STEP, SCALING_SECONDS = 1_000, 10
"""Execution environments that a function may add in that time:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
BURST_SECONDS = 300
"""Of unused capacity, which DynamoDB keeps for bursts:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html"""
SDK_ATTEMPTS = 3
"""runtime.MAX_ATTEMPTS; botocore waits up to 1 s, then up to 2 s, in between."""

COLD_START_SECONDS = 0.5
WORK_SECONDS = 0.1
"""Assumed: from the event to the write, for a small file. Larger files only spread the writes."""
WRITE_SECONDS = 0.01
"""Assumed, of a write, throttled or not."""

FILES = (1_000, 10_000, 50_000)


@dataclass(frozen=True, slots=True)
class Design:
    """How uploads are processed."""

    name: str
    capacities: tuple[int, ...]
    """Write units per second of the table and each index. All must have one for a write: an index
    without capacity throttles the table
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html)."""
    concurrency: int
    """Of the function: reserved, or what the account has."""
    timeout_seconds: int
    """Of the function."""
    waits_for_capacity: bool
    """Whether a throttled write is repeated while there is time, instead of failing."""


@dataclass(slots=True)
class Result:
    """What became of the files."""

    recorded: int = 0
    failed: int = 0
    """Of three attempts, or too old: `processing_failed`."""
    throttled_writes: int = 0
    last_seconds: float = 0.0
    """When the last one ended."""
    busy_seconds: float = 0.0
    """Of all invocations: what Lambda bills."""


@dataclass(slots=True)
class Bucket:
    """The capacity of a table or an index, full at first."""

    per_second: float
    units: float
    at_seconds: float = 0.0

    def refill(self, now: float) -> None:
        """Add what came since the last time."""
        added = (now - self.at_seconds) * self.per_second
        self.units = min(self.per_second * BURST_SECONDS, self.units + added)
        self.at_seconds = now


@dataclass(slots=True)
class _Event:
    """An upload on its way."""

    throttled: int = 0
    errors: int = 0
    started: float = 0.0
    """Of the running attempt."""
    sdk_attempts: int = 0
    waits: int = 0


@dataclass
class Simulation:
    """A run of a design."""

    design: Design
    seed: int
    result: Result = field(default_factory=Result)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._buckets = [Bucket(each, each * BURST_SECONDS) for each in self.design.capacities]
        self._running = 0
        self._environments = 0
        self._agenda: list[tuple[float, int, Callable[[float, _Event], None], _Event]] = []
        self._order = count()

    def run(self, files: int) -> Result:
        """Let this many files arrive at once, and wait until each has a record."""
        for _ in range(files):
            self._at(0.0, self._invoke, _Event())
        while self._agenda:
            now, _, happen, event = heapq.heappop(self._agenda)
            happen(now, event)
        return self.result

    def _at(self, when: float, happen: Callable[[float, _Event], None], event: _Event) -> None:
        heapq.heappush(self._agenda, (when, next(self._order), happen, event))

    def _invoke(self, now: float, event: _Event) -> None:
        """Run the event, or put it back into the queue."""
        if now > EVENT_AGE_SECONDS:
            self._end(now, failed=True)
            return
        scaled = SCALING_STEP * (1 + now // SCALING_SECONDS)
        if self._running >= min(self.design.concurrency, scaled):
            longest = min(LONGEST_THROTTLE_WAIT_SECONDS, 2.0**event.throttled)
            event.throttled += 1
            wait = self._dice.uniform(longest / 2, longest)
            self._at(now + max(FIRST_THROTTLE_WAIT_SECONDS, wait), self._invoke, event)
            return
        self._running += 1
        is_cold = self._running > self._environments
        self._environments = max(self._environments, self._running)
        event.started, event.sdk_attempts, event.waits = now, 0, 0
        ready = now + WORK_SECONDS + (COLD_START_SECONDS if is_cold else 0)
        self._at(ready, self._write, event)

    def _write(self, now: float, event: _Event) -> None:
        """Write the record if table and indexes have capacity."""
        for bucket in self._buckets:
            bucket.refill(now)
        if all(bucket.units >= 1 for bucket in self._buckets):
            for bucket in self._buckets:
                bucket.units -= 1
            self._return(now + WRITE_SECONDS, event)
            self._end(now, failed=False)
            return
        self.result.throttled_writes += 1
        event.sdk_attempts += 1
        if event.sdk_attempts < SDK_ATTEMPTS:
            wait = self._dice.uniform(0, 2.0 ** (event.sdk_attempts - 1))
        elif self.design.waits_for_capacity:
            wait = self._dice.uniform(0, wait_bound(event.waits))
            left = event.started + self.design.timeout_seconds - SECONDS_TO_WRITE - now
            if left <= wait:
                self._fail(now, event)
                return
            event.sdk_attempts, event.waits = 0, event.waits + 1
        else:
            self._fail(now, event)
            return
        self._at(now + WRITE_SECONDS + wait, self._write, event)

    def _fail(self, now: float, event: _Event) -> None:
        """End the attempt with an error; Lambda repeats it twice."""
        self._return(now, event)
        if event.errors == RETRIES:
            self._end(now, failed=True)
            return
        self._at(now + ERROR_WAITS_SECONDS[event.errors], self._invoke, event)
        event.errors += 1

    def _return(self, now: float, event: _Event) -> None:
        self._running -= 1
        self.result.busy_seconds += now - event.started

    def _end(self, now: float, *, failed: bool) -> None:
        self.result.failed += failed
        self.result.recorded += not failed
        self.result.last_seconds = max(self.result.last_seconds, now)


def simulate(design: Design, files: int, seed: int = 1) -> Result:
    """What becomes of this many files that arrive at once."""
    return Simulation(design, seed).run(files)


def before(concurrency: int) -> Design:
    """Without reserved concurrency, and without waiting for capacity."""
    return Design("before", (9, 8, 8), concurrency, _timeout(), waits_for_capacity=False)


def after(concurrency: int) -> Design:
    """As deployed to an account with this many concurrent executions."""
    can_reserve = concurrency - PROCESSING_CONCURRENCY >= UNRESERVED
    reserved = PROCESSING_CONCURRENCY if can_reserve else concurrency
    return Design("after", (8, 8, 8), reserved, _timeout(), waits_for_capacity=True)


def measure() -> list[Row]:
    """The rows of files × concurrency, before and after."""
    return list(_rows())


def _rows() -> Iterator[Row]:
    for concurrency in (10, 1_000):
        for files in FILES:
            for design in (before(concurrency), after(concurrency)):
                result = simulate(design, files)
                what = f"{files:,} files at once, {concurrency:,} concurrent executions: "
                figure = f"{result.failed:,} failed, {result.last_seconds / 60:,.0f} min"
                yield Row(PART, f"{what}{design.name}", figure, *_price(result, files))


def _price(result: Result, files: int) -> tuple[float, str]:
    """Lambda's time, as a ratio to that of the files without waiting."""
    return result.busy_seconds / (files * (WORK_SECONDS + WRITE_SECONDS)), "time without waiting"


def _timeout() -> int:
    functions: Mapping[str, Any] = read_config(ROOT)["lambda_functions"]
    return int(functions["process_upload"]["lambda_timeout"])
