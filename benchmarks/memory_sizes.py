"""Time, memory and price of Intake at several memory sizes of simulated Lambdas."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.billed import PAGE_CLASSES, key_for, median, page_classes, read, running, spread
from benchmarks.cgroups import check_groups
from benchmarks.cost import MILLION, gb_seconds, lambda_price
from benchmarks.simulated_lambda import SimulatedLambda, event_for, memory_size, versions
from benchmarks.table import Row
from infra.console import step

PART = "memory-sizes"

SIZES_MEBIBYTES = (256, 512, 1_024, 1_769)
_FILES_A_CLASS = 10
_MEBIBYTE = 1_048_576
_SHORTEST = next(iter(PAGE_CLASSES))


def measure(rounds: int) -> list[Row]:
    """All memory sizes read the same PDFs in turns.

    Raises:
        CommandError: this user cannot create control groups, or a function fails.
    """
    check_groups()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        intake = versions(folder, None)["intake"]
        classes = page_classes(folder)
        files = {of: spread(paths, _FILES_A_CLASS) for of, paths in classes.items()}
        sizes = {str(size): size for size in sorted({*SIZES_MEBIBYTES, memory_size()})}
        with running(dict.fromkeys(sizes, intake), files, sizes) as lambdas:
            rows = [row for name, paths in files.items() for row in _memory(lambdas, name, paths)]
            readings = read(lambdas, files, rounds)
    for name, paths in files.items():
        billed = {
            sizes[size]: median([by_path[path] for path in paths]).milliseconds
            for size, by_path in readings.items()
        }
        rows += _billed(name, billed)
        if name == _SHORTEST:
            rows += prices(name, billed)
    return rows


def _memory(
    lambdas: Mapping[str, SimulatedLambda], name: str, paths: Sequence[Path]
) -> Iterator[Row]:
    """The peak of each memory size, and the files with another outcome than at the largest.

    Pages of the interpreter and of libraries that other processes have loaded are not counted.
    """
    peaks, outcomes = {}, {}
    with step(f"Peak memory of {len(paths)} PDFs of {name}"):
        for size, function in lambdas.items():
            function.outcomes()
            function.reset_peak()
            for path in paths:
                function.run(event_for(key_for(path), path))
            peaks[int(size)], outcomes[int(size)] = function.peak_bytes(), function.outcomes()
    for mebibytes, peak in peaks.items():
        what = f"{mebibytes:,} MB: peak memory, PDFs of {name}"
        used = peak / _MEBIBYTE
        yield Row(PART, what, f"{used:.0f} MiB", used / mebibytes, "its memory size")
    for mebibytes, found in outcomes.items():
        pairs = zip(found, outcomes[max(outcomes)], strict=True)
        if different := sum(one != other for one, other in pairs):
            what = f"{mebibytes:,} MB: PDFs of {name} with another outcome"
            yield Row(PART, what, f"{different} of {len(paths)}")


def _billed(name: str, milliseconds: Mapping[int, float]) -> Iterator[Row]:
    usual = milliseconds[memory_size()]
    for size, billed in milliseconds.items():
        what = f"{size:,} MB: billed, PDFs of {name}"
        yield Row(PART, what, f"{billed:,.1f} ms", billed / usual, f"{memory_size():,} MB")


def prices(name: str, milliseconds: Mapping[int, float]) -> Iterator[Row]:
    """GB-seconds and Lambda's price, which rounds up to a millisecond."""
    used = {
        size: gb_seconds(math.ceil(billed) / 1_000, size) for size, billed in milliseconds.items()
    }
    usual = used[memory_size()]
    for size, one in used.items():
        price, usual_price = lambda_price(one), lambda_price(usual)
        what, reference = f"a million PDFs of {name}", f"{memory_size():,} MB"
        gigabyte_seconds, dollars = f"{MILLION * one:,.0f} GB-s", f"{MILLION * price:.2f} USD"
        yield Row(PART, f"{size:,} MB: duration, {what}", gigabyte_seconds, one / usual, reference)
        yield Row(PART, f"{size:,} MB: price, {what}", dollars, price / usual_price, reference)
