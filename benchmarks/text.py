"""Speed and word counts of reading PDFs, against the plain Lambda, pdftotext and raw PDFium."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines import ENGINES, WordCounter
from benchmarks.pdfs import corpus, page_count
from benchmarks.table import Row
from infra.aws.stage import ROOT
from infra.console import CommandError, echo, step
from tests.support.corpora import CORPORA

PART = "text"

NAMES = {
    "plain": "the plain Lambda (pypdf)",
    "pdfium": "raw PDFium",
    "forked_pdfium": "raw PDFium, a fork a file",
    "pdftotext": "pdftotext",
    "intake": "Intake, all of inspection",
    "intake_text": "Intake, with the text",
}
LONG_PAGES = 5
"""Files of at least this many pages get extra rows: process start dominates shorter ones."""

_TOLERANCE = 0.05
"""Word counts that differ by no more of the reference's are the same."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All files, read once by one contender."""

    words: Sequence[WordCounter]
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Result:
    """All readings of one contender: what it counted, and the median of its times."""

    words: Sequence[WordCounter]
    seconds: float
    cpu_seconds: float

    @property
    def words_a_second(self) -> float:
        """Over all files, those that were not read counted as none."""
        return sum(count or 0 for count in self.words) / self.seconds

    def close_to(self, reference: Sequence[WordCounter]) -> int:
        """How many counts agree, of the files that the reference read."""
        return sum(
            count is not None and abs(count - right) <= _TOLERANCE * right
            for count, right in zip(self.words, reference, strict=True)
            if right is not None
        )


def measure(rounds: int) -> list[Row]:
    """Every contender reads all files, so many times, in turns.

    Raises:
        Problem: a contender ends.
    """
    engines = [
        name for name in ENGINES if name != "pdftotext" or shutil.which("pdftotext") is not None
    ]
    if "pdftotext" not in engines:
        echo("  pdftotext is not installed (Debian: poppler-utils): no word counts to compare with")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        paths = corpus(Path(folder))
        if not CORPORA.exists():
            echo(f"  {CORPORA.name} is not there: PDFs are made, and say little of real ones")
        workers = {name: running.enter_context(_worker(name)) for name in engines}
        for name in engines:
            _read(workers[name], paths[:1])  # imports are no part of a warm process
        rows = list(_rows(_results(workers, paths, rounds)))
        long = [path for path in paths if page_count(path) >= LONG_PAGES]
        if long:
            rows += _speed(_results(workers, long, rounds), f" of {LONG_PAGES} pages and more")
    return rows


def _results(
    workers: Mapping[str, subprocess.Popen[str]], paths: Sequence[Path], rounds: int
) -> dict[str, Result]:
    """What each contender made of the files, all of them in turns."""
    readings: dict[str, list[Reading]] = {name: [] for name in workers}
    for number in range(rounds):
        for name, worker in workers.items():
            with step(f"{NAMES[name]} reads {len(paths)} PDFs, {number + 1} of {rounds}"):
                readings[name].append(_read(worker, paths))
    return {name: _result(of) for name, of in readings.items()}


def intake_cpu_seconds(paths: Sequence[Path]) -> float:
    """What Intake takes for each of these files, on average."""
    with _worker("intake") as worker:
        _read(worker, paths[:1])
        return _read(worker, paths).cpu_seconds / len(paths)


@contextmanager
def _worker(name: str) -> Iterator[subprocess.Popen[str]]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.engines", name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with worker:
        yield worker
        assert worker.stdin is not None
        worker.stdin.close()


def _read(worker: subprocess.Popen[str], paths: Sequence[Path]) -> Reading:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
    worker.stdin.flush()
    line = worker.stdout.readline()
    if not line:
        raise CommandError(f"{worker.args!r} ended")
    answer = json.loads(line)
    return Reading(answer["words"], answer["seconds"], answer["cpuSeconds"])


def _result(readings: Sequence[Reading]) -> Result:
    return Result(
        readings[0].words,
        statistics.median(reading.seconds for reading in readings),
        statistics.median(reading.cpu_seconds for reading in readings),
    )


def _rows(results: Mapping[str, Result]) -> Iterator[Row]:
    yield from _speed(results)
    if "pdftotext" in results:
        yield from _agreement(results)


def _speed(results: Mapping[str, Result], of_which: str = "") -> Iterator[Row]:
    plain, pdfium = results["plain"], results["pdfium"]
    for name, result in results.items():
        speed = result.words_a_second
        ratio = speed / plain.words_a_second
        yield Row(PART, f"{NAMES[name]}: words/s{of_which}", f"{speed:,.0f}", ratio, NAMES["plain"])
    for name, result in results.items():
        speed = len(result.words) / result.seconds
        ratio = plain.seconds / result.seconds
        yield Row(PART, f"{NAMES[name]}: PDFs/s{of_which}", f"{speed:,.1f}", ratio, NAMES["plain"])
    kept, counted = results["intake_text"], results["intake"]
    for what, ratio in (
        ("time", kept.seconds / counted.seconds),
        ("CPU", kept.cpu_seconds / counted.cpu_seconds),
    ):
        yield Row(PART, f"{NAMES['intake_text']}: {what}{of_which}", "", ratio, NAMES["intake"])
    for name, result in results.items():
        ratio = result.cpu_seconds / pdfium.cpu_seconds
        each = f"{1_000 * result.cpu_seconds / len(result.words):,.2f} ms"
        yield Row(PART, f"{NAMES[name]}: CPU a PDF{of_which}", each, ratio, NAMES["pdfium"])


def _agreement(results: Mapping[str, Result]) -> Iterator[Row]:
    reference = results["pdftotext"].words
    readable = sum(count is not None for count in reference)
    best = max(results[name].close_to(reference) for name in ("plain", "pdfium"))
    for name in ("intake", "plain", "pdfium"):
        same = results[name].close_to(reference)
        yield Row(
            PART,
            f"{NAMES[name]}: words within 5 % of pdftotext's",
            f"{same} of {readable} PDFs",
            same / best,
            "the better of pypdf and raw PDFium",
        )
