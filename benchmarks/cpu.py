"""CPU of the analysis alone, without boto3 and network, against another version of this project.

Counts the Lambda process, its workers and their children, until all are idle or have ended. The
files of other formats come after the PDFs, so that the workers have loaded what PDFs need: in a
Lambda, too, it is there for every file.
"""

from __future__ import annotations

import base64
import shutil
import statistics
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.billed import NAMES, page_classes
from benchmarks.cgroups import check_groups
from benchmarks.cost import MEBIBYTES_A_CPU
from benchmarks.simulated_lambda import INIT_VCPUS, Function, SimulatedLambda, versions
from benchmarks.table import Row
from chalicelib.files import types
from infra.console import CommandError, step
from tests.support import files, files_office

PART = "cpu"

TIMES = 5
"""A file is analyzed so many times in a row, since one time is too short to measure."""
OTHER_TURNS = 5
"""In a round: of formats with a single file, whose time varies more than a median of many."""

_MEBIBYTES = round(INIT_VCPUS * MEBIBYTES_A_CPU)
"""Enough not to be throttled: that would delay the processes, and their CPU is what counts."""

_MODULE = "benchmark_analysis"

_LINES = 20
"""Of a text."""

OTHERS = {
    "docx": (types.DOCX, files_office.docx()),
    "xlsx": (types.XLSX, files_office.xlsx()),
    "png": ("image/png", files.png()),
    "jpeg": ("image/jpeg", files.jpeg()),
    "txt": (types.TEXT, b"A line of a text.\n" * _LINES),
    "csv": (types.CSV, b"name,value\n" + b"a,1\n" * _LINES),
    "json": (types.JSON, b'{"values": [' + b"1, " * _LINES + b"2]}"),
    "html": (types.HTML, b"<!doctype html><title>A title</title>" + b"<p>A text.</p>" * _LINES),
    "xml": (types.XML, b"<?xml version='1.0'?><values>" + b"<value/>" * _LINES + b"</values>"),
    "eml": (
        types.MAIL,
        b"From: a@example.com\nTo: b@example.com\nSubject: A subject\n\n" + b"A line.\n" * _LINES,
    ),
}
"""A small file of each format, with its type."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to analyze."""

    path: Path
    declared_type: str


Milliseconds = Mapping[str, Sequence[float]]
"""Each file's median, by version; the versions have the files in the same order."""


def measure(rounds: int, baseline: Path | None = None) -> list[Row]:
    """All versions analyze all files, one after the other for each file.

    Args:
        rounds: in each, each version analyzes each PDF `TIMES` times, and other files more often.
        baseline: the deployment package of another version.

    Raises:
        CommandError: this user cannot create control groups, or no file of a kind is compared.
    """
    check_groups()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        samples = {**_pdfs(folder), **_others(folder)}
        lambdas = {
            name: stack.enter_context(
                SimulatedLambda(name, _analysis(package), "", _MEBIBYTES, INIT_VCPUS)
            )
            for name, package in versions(folder, baseline).items()
        }
        for function in lambdas.values():
            function.wait_until_ready()
        found = {
            what: _read(lambdas, what, of, rounds * (OTHER_TURNS if what in OTHERS else 1))
            for what, of in samples.items()
        }
    return list(rows(found))


def _pdfs(folder: Path) -> dict[str, list[Sample]]:
    return {
        f"PDFs of {name}": [Sample(path, types.PDF) for path in paths]
        for name, paths in page_classes(folder).items()
    }


def _others(folder: Path) -> dict[str, list[Sample]]:
    samples = {}
    for name, (declared_type, content) in OTHERS.items():
        path = folder / name
        path.write_bytes(content)
        samples[name] = [Sample(path, declared_type)]
    return samples


def _analysis(package: Function) -> Function:
    """The analysis of this package's version."""
    source = Path(__file__).with_name("functions") / "analysis.py"
    shutil.copyfile(source, package.folder / f"{_MODULE}.py")
    return Function(package.folder, _MODULE)


def _read(
    lambdas: Mapping[str, SimulatedLambda], what: str, samples: Sequence[Sample], turns: int
) -> Milliseconds:
    found: dict[str, dict[Sample, list[float]]] = {name: {} for name in lambdas}
    order = deque(lambdas)
    with step(f"CPU of {len(samples)} {what}, {turns} times"):
        for sample in [*samples] * turns:
            for name in order:
                milliseconds = _cpu_milliseconds(lambdas[name], sample)
                if milliseconds is not None:
                    found[name].setdefault(sample, []).append(milliseconds)
            order.rotate()
    return compared(what, found)


def _cpu_milliseconds(function: SimulatedLambda, sample: Sample) -> float | None:
    """Of one analysis of the file, once it is warm; None if the file is rejected."""
    content = base64.b64encode(sample.path.read_bytes()).decode()
    event = {"content": content, "declaredType": sample.declared_type, "times": 1}
    if function.result(event) != sample.declared_type:
        return None
    before = function.wait_until_idle()
    function.result({**event, "content": None, "times": TIMES})
    return 1_000 * (function.wait_until_idle() - before) / TIMES


def compared(what: str, found: Mapping[str, Mapping[Sample, Sequence[float]]]) -> Milliseconds:
    """The medians of the files that every version processes.

    Raises:
        CommandError: there are none.
    """
    first, *others = found.values()
    samples = [sample for sample in first if all(sample in other for other in others)]
    if not samples:
        raise CommandError(f"Not every version processes the samples: {what}")
    return {
        name: [statistics.median(by_sample[sample]) for sample in samples]
        for name, by_sample in found.items()
    }


def rows(found: Mapping[str, Milliseconds]) -> Iterator[Row]:
    """Medians over the files of each kind, and how they compare.

    The ratio beside a median is that of the medians. Another row has the median of the files'
    ratios, which the largest files of a kind do not affect.
    """
    own: list[float] = []
    references: list[float] = []
    for name, of_kind in found.items():
        what = name if name in OTHERS else f"{len(of_kind['intake'])} {name}"
        reference = of_kind.get("baseline")
        for version, milliseconds in of_kind.items():
            yield _row(f"{NAMES[version]}: {what}", milliseconds, reference)
        if reference and name in OTHERS:
            own += of_kind["intake"]
            references += reference
        elif reference:
            yield _paired_row(what, of_kind["intake"], reference)
    if references:
        yield _paired_row(f"{len(own)} other formats", own, references)


def _row(what: str, milliseconds: Sequence[float], reference: Sequence[float] | None) -> Row:
    median = statistics.median(milliseconds)
    ratio = median / statistics.median(reference) if reference else None
    return Row(PART, what, f"{median:,.2f} ms", ratio, NAMES["baseline"] if reference else "")


def _paired_row(what: str, milliseconds: Sequence[float], references: Sequence[float]) -> Row:
    pairs = list(zip(milliseconds, references, strict=True))
    return Row(
        PART,
        f"{NAMES['intake']}: {what}, median of the files' ratios",
        f"{sum(one < other for one, other in pairs)} of {len(pairs)} take less",
        statistics.median(one / other for one, other in pairs),
        NAMES["baseline"],
    )
