"""The command line behind `make bench`: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import billed, cold_start, memory, stack, text
from benchmarks.deployed import deployed
from benchmarks.table import Row, printed
from infra.console import CommandError, echo
from infra.local.server import stop_on_signals
from tests.support.stack import Stack

PARTS = (text.PART, memory.PART, billed.PART, cold_start.PART, stack.PART)
_ON_A_STACK = {cold_start.PART, stack.PART}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code: 0 done, 1 something for the user to mend, 2 wrong usage."""
    asked = _parser().parse_args(arguments)
    stop_on_signals()
    try:
        rows = _measured(asked.parts or PARTS, asked.rounds, asked.baseline)
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
    rows: list[Row] = []
    if text.PART in parts:
        rows += text.measure(rounds)
    if memory.PART in parts:
        rows += memory.measure(rounds)
    if billed.PART in parts:
        rows += billed.measure(rounds, baseline)
    if _ON_A_STACK.intersection(parts):
        with deployed() as running:
            rows += _measured_on(running, parts, rounds, baseline)
    return rows


def _measured_on(
    running: Stack, parts: Sequence[str], rounds: int, baseline: Path | None
) -> list[Row]:
    rows: list[Row] = []
    if cold_start.PART in parts:
        with tempfile.TemporaryDirectory() as folder:
            rows += cold_start.measure(rounds, running, Path(folder), baseline)
    if stack.PART in parts:
        rows += stack.measure(running)
    return rows


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
        help="deployment package of another version, to compare cold starts with",
    )
    return parser


def _zip(path: str) -> Path:
    if not zipfile.is_zipfile(path):
        raise argparse.ArgumentTypeError(f"{path!r} is not a zip file")
    return Path(path)


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PARTS)}")
    return name


def _rounds(number: str) -> int:
    if not number.isdigit() or not 1 <= int(number) <= 20:
        raise argparse.ArgumentTypeError(f"{number!r} is not a number from 1 to 20")
    return int(number)


if __name__ == "__main__":
    sys.exit(main())
