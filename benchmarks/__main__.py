"""The command line behind `make bench`: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    billed,
    bulk,
    cold_start,
    cpu,
    first_list,
    large,
    lists,
    memory,
    memory_sizes,
    stack,
    text,
)
from benchmarks.cgroups import can_create_groups
from benchmarks.deployed import deployed
from benchmarks.table import Row, printed
from infra.console import CommandError, echo
from infra.local.server import stop_on_signals

PARTS = (
    text.PART,
    large.PART,
    memory.PART,
    cpu.PART,
    billed.PART,
    memory_sizes.PART,
    cold_start.PART,
    first_list.PART,
    bulk.PART,
    lists.PART,
    stack.PART,
)
_SIMULATED = {cpu.PART, billed.PART, memory_sizes.PART, first_list.PART}
"""In simulated Lambdas, which need root and cgroups."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code: 0 done, 1 something for the user to mend, 2 wrong usage."""
    asked = _parser().parse_args(arguments)
    stop_on_signals()
    try:
        rows = _measured(asked.parts or _default_parts(), asked.rounds, asked.baseline)
    except CommandError as problem:
        sys.stderr.write(f"intake: {problem}\n")
        return 1
    except KeyboardInterrupt:
        echo()
        return 130
    echo("\n" + printed(rows))
    return 0


def _measured(parts: Sequence[str], rounds: int, baseline: Path | None) -> list[Row]:
    """The rows of these parts, in the order of `PARTS`."""
    measures: dict[str, Callable[[], list[Row]]] = {
        text.PART: lambda: text.measure(rounds),
        large.PART: lambda: large.measure(rounds, baseline),
        memory.PART: lambda: memory.measure(rounds),
        cpu.PART: lambda: cpu.measure(rounds, baseline),
        billed.PART: lambda: billed.measure(rounds, baseline),
        memory_sizes.PART: lambda: memory_sizes.measure(rounds),
        cold_start.PART: lambda: cold_start.measure(rounds, baseline),
        first_list.PART: lambda: first_list.measure(rounds, baseline),
        bulk.PART: bulk.measure,
        lists.PART: lists.measure,
        stack.PART: _stack,
    }
    return [row for part in PARTS if part in parts for row in measures[part]()]


def _stack() -> list[Row]:
    with deployed() as running:
        return stack.measure(running)


def _default_parts() -> list[str]:
    """All that this user can run."""
    if can_create_groups():
        return list(PARTS)
    echo(f"  Skipped, since they need root and cgroups: {', '.join(sorted(_SIMULATED))}")
    return [part for part in PARTS if part not in _SIMULATED]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures what Intake costs, as ratios to what it could cost; minutes in all.",
    )
    parser.add_argument(
        "parts",
        nargs="*",
        type=_part,
        metavar="PART",
        help=f"{', '.join(PARTS)}; default: all of them",
    )
    parser.add_argument(
        "--rounds", type=_rounds, default=3, help="of what is compared, 1 to 20; default: 3"
    )
    parser.add_argument(
        "--baseline",
        type=_zip,
        metavar="ZIP",
        help="deployment package of another version to compare with",
    )
    return parser


def _zip(path: str) -> Path:
    if not zipfile.is_zipfile(path):
        raise argparse.ArgumentTypeError(f"{path!r} is not a zip file")
    return Path(path)


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(PARTS)}")
    return name


def _rounds(number: str) -> int:
    if not number.isdigit() or not 1 <= int(number) <= 20:
        raise argparse.ArgumentTypeError(f"{number!r} is not a number from 1 to 20")
    return int(number)


if __name__ == "__main__":
    sys.exit(main())
