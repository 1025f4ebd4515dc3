"""Every file of a folder through the inspection, or through a stack deployed to a local AWS.

`python -m benchmarks.corpus --help`. Prints how many files ended how, the slowest ones and the
highest memory; exits with 1 when a file has no terminal outcome, or cost a traceback or a retry.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.deployed import deployed as a_deployed_stack
from chalicelib.documents import FailureCode
from chalicelib.files.sandbox import Sandbox
from chalicelib.files.validation import Limits, validate
from chalicelib.setting_values import parse_file_bytes, parse_types
from infra.aws.stage import ROOT
from infra.build.chalice_project import read_config
from infra.console import CommandError, echo
from infra.local.server import stop_on_signals
from tests.support.corpora import CORPORA
from tests.support.processes import peak_memory

SECONDS = 45.0
"""What the deployed function gives one file: its timeout without what it keeps for the write."""
SLOWEST = 3
FUNCTION = "process_upload"

Process = Callable[[Path], str | None]
"""How a file ended: PROCESSED or a failure code; None when it never did."""


@dataclass
class Result:
    """What was measured."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[tuple[float, str]] = field(default_factory=list)
    """With the file's name."""
    unfinished: list[str] = field(default_factory=list)
    highest_megabytes: float = 0
    highest_name: str = ""
    tracebacks: int = 0
    retries: int = 0

    @property
    def is_good(self) -> bool:
        """Whether every file came to its end at the first attempt."""
        processing_failed = self.outcomes[FailureCode.PROCESSING_FAILED]
        return not (self.unfinished or self.tracebacks or self.retries or processing_failed)


def main() -> int:
    """Run the command line; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=CORPORA, help="default: %(default)s"
    )
    parser.add_argument(
        "--deployed", action="store_true", help="through a stack deployed to a local AWS"
    )
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        echo(f"Skipped: there is no folder {asked.folder}")
        return 0
    stop_on_signals()
    paths = sorted(path for path in asked.folder.rglob("*") if path.is_file())
    try:
        result = deployed(paths) if asked.deployed else inspected(paths)
    except CommandError as problem:
        sys.stderr.write(f"corpus: {problem}\n")
        return 1
    show(result)
    return 0 if result.is_good else 1


def inspected(paths: list[Path]) -> Result:
    """Inspect the files here, each in the child that it gets in the Lambda."""
    config = read_config(ROOT)["environment_variables"]
    limits = Limits(
        parse_file_bytes(config["LARGEST_FILE_BYTES"]), parse_types(config["ALLOWED_TYPES"])
    )
    sandbox = Sandbox({}, extraction_seconds=int(config["EXTRACTION_SECONDS"]))

    def process(path: Path) -> str:
        content = path.read_bytes()
        end = time.monotonic() + SECONDS
        analyze = partial(sandbox.analyze, seconds_left=lambda: end - time.monotonic())
        found = validate(io.BytesIO(content), len(content), None, limits, analyze)
        return found.failure.code if found.failure else "PROCESSED"

    result = Result()
    try:
        measure(paths, process, result, lambda: [os.getpid()])
    finally:
        sandbox.close()
    return result


def deployed(paths: list[Path]) -> Result:
    """Put the files into the bucket of a stack, one at a time, and wait for their records."""
    result = Result()
    with a_deployed_stack() as stack:
        keys = []

        def process(path: Path) -> str | None:
            keys.append(stack.new_key(path.name))
            stack.put(keys[-1], path.read_bytes())
            try:
                record = stack.record(keys[-1])
            except AssertionError:  # there is none
                return None
            return str(record.get("failure", {}).get("code", record["status"]))

        process(Path(__file__))
        worker = stack.workers(FUNCTION)[0]
        measure(paths, process, result, lambda: stack.workers(FUNCTION))
        lines = [json.dumps(line) for line in stack.lines(FUNCTION, "")]
        result.tracebacks = sum("Traceback" in line for line in lines)
        result.retries = len(stack.lines(FUNCTION, "START RequestId")) - len(keys)
        if worker not in stack.workers(FUNCTION):
            result.unfinished.append("(the warm Lambda did not survive)")
    return result


def measure(
    paths: list[Path], process: Process, result: Result, processes: Callable[[], list[int]]
) -> None:
    """Process the files and note how each ended, its time, and the memory of those processes."""
    for number, path in enumerate(paths, start=1):
        if sys.stdout.isatty():
            sys.stdout.write(f"\r  {number:>5} of {len(paths)}  {path.name[:60]:60}")
            sys.stdout.flush()
        elif number % 100 == 0 or number == len(paths):
            echo(f"  {number:>5} of {len(paths)}")
        started = time.monotonic()
        with peak_memory(*processes()) as peak:
            outcome = process(path)
        result.seconds.append((time.monotonic() - started, path.name))
        if outcome is None:
            result.unfinished.append(path.name)
        else:
            result.outcomes[outcome] += 1
        if peak.megabytes > result.highest_megabytes:
            result.highest_megabytes, result.highest_name = peak.megabytes, path.name
    if sys.stdout.isatty():
        echo()


def show(result: Result) -> None:
    """Print what was measured."""
    for outcome, count in result.outcomes.most_common():
        echo(f"{outcome:20} {count:6}")
    echo(f"{'no terminal outcome':20} {len(result.unfinished):6}  {' '.join(result.unfinished)}")
    echo(f"{'tracebacks':20} {result.tracebacks:6}")
    echo(f"{'retries':20} {result.retries:6}")
    for seconds, name in sorted(result.seconds, reverse=True)[:SLOWEST]:
        echo(f"{'slowest':20} {seconds:6.2f} s  {name}")
    echo(f"{'highest memory':20} {result.highest_megabytes:6.0f} MB  {result.highest_name}")


if __name__ == "__main__":
    sys.exit(main())
