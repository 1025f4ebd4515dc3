"""What Lambda bills for a PDF, in simulated Lambdas: Intake, a plain function, and the floor."""

from __future__ import annotations

import statistics
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.cgroups import check_groups
from benchmarks.pdfs import corpus, page_count
from benchmarks.simulated_lambda import (
    FLOOR,
    INIT_VCPUS,
    PLAIN,
    Function,
    Invocation,
    SimulatedLambda,
    event_for,
    memory_size,
    versions,
)
from benchmarks.stand_ins import stand_ins
from benchmarks.table import Row
from infra.console import step
from infra.local.samples import pdf

PART = "billed"

PAGE_CLASSES = {"1 page": 1, "2–4 pages": 2, "5–19 pages": 5, "20 pages and more": 20}
"""Each with its fewest pages."""
MOST_FILES = 40
FEWEST_FILES = 10
"""Of a class, which made PDFs complete."""
_WORDS_A_PAGE = 300
LARGEST_BYTES = 5_000_000
"""A larger file measures S3's transfer rate rather than a function."""

NAMES = {
    "floor": "GET and PUT only",
    "plain": "plain pypdf Lambda",
    "intake": "Intake",
    "baseline": "baseline",
}

Files = Mapping[str, Sequence[Path]]
"""PDFs by page class."""
Readings = Mapping[str, Mapping[Path, Invocation]]
"""Each file's medians, by contender."""


def measure(rounds: int, baseline: Path | None = None) -> list[Row]:
    """All contenders read all files, one after the other for each file.

    Args:
        rounds: each file is read so many times by each contender.
        baseline: the deployment package of another version.

    Raises:
        CommandError: this user cannot create control groups, or a function fails.
    """
    check_groups()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        functions = {"floor": FLOOR, "plain": PLAIN, **versions(folder, baseline)}
        files = page_classes(folder)
        with running(functions, files, dict.fromkeys(functions, memory_size())) as lambdas:
            readings = read(lambdas, files, rounds)
    return list(rows(files, readings))


def page_classes(folder: Path) -> dict[str, list[Path]]:
    """The corpus's PDFs by page class, with made ones where there are few, in this folder."""
    made = folder / "made"
    made.mkdir()
    small = [path for path in corpus(made) if path.stat().st_size <= LARGEST_BYTES]
    classes = classified({path: page_count(path) for path in small})
    for name, paths in classes.items():
        for number in range(FEWEST_FILES - len(paths)):
            paths.append(made / f"more-{name}-{number}.pdf")
            paths[-1].write_bytes(pdf(PAGE_CLASSES[name] * (10 + number) // 10, _WORDS_A_PAGE))
    return classes


def classified(pages: Mapping[Path, int]) -> dict[str, list[Path]]:
    """MOST_FILES of the files at most in each class, spread over the order of their names."""
    classes: dict[str, list[Path]] = {name: [] for name in PAGE_CLASSES}
    for path, count in sorted(pages.items()):
        if fitting := [name for name, fewest in PAGE_CLASSES.items() if fewest <= count]:
            classes[fitting[-1]].append(path)
    return {name: spread(paths, MOST_FILES) for name, paths in classes.items()}


def spread(paths: Sequence[Path], most: int) -> list[Path]:
    """So many of these at most, at equal distances."""
    count = min(len(paths), most)
    return [paths[number * len(paths) // count] for number in range(count)]


@contextmanager
def running(
    functions: Mapping[str, Function], files: Files, mebibytes: Mapping[str, int]
) -> Iterator[dict[str, SimulatedLambda]]:
    """Warm Lambdas with these memory sizes, whose objects are these files."""
    paths = [path for of_class in files.values() for path in of_class]
    with ExitStack() as stack:
        url = stack.enter_context(stand_ins({key_for(path): path for path in paths}))
        lambdas = {
            name: stack.enter_context(
                SimulatedLambda(name, function, url, mebibytes[name], INIT_VCPUS)
            )
            for name, function in functions.items()
        }
        for function in lambdas.values():
            function.wait_until_ready()
            function.invoke(event_for(key_for(paths[0]), paths[0]))
        yield lambdas


def key_for(path: Path) -> str:
    """The object's key, of the form that uploads through the API have."""
    return f"{uuid.uuid5(uuid.NAMESPACE_URL, path.as_uri())}/{path.name}"


def read(lambdas: Mapping[str, SimulatedLambda], files: Files, rounds: int) -> Readings:
    """Each file's median invocation by each Lambda, which take turns to be first."""
    found: dict[str, dict[Path, list[Invocation]]] = {name: {} for name in lambdas}
    turns = deque(lambdas)
    for name, paths in files.items():
        with step(f"{len(lambdas)} Lambdas read {len(paths)} PDFs of {name}, {rounds} times"):
            for path in [*paths] * rounds:
                event = event_for(key_for(path), path)
                for contender in turns:
                    invocation = lambdas[contender].invoke(event)
                    found[contender].setdefault(path, []).append(invocation)
                turns.rotate()
    return {
        name: {path: median(readings) for path, readings in by_path.items()}
        for name, by_path in found.items()
    }


def median(invocations: Sequence[Invocation]) -> Invocation:
    """The medians of both times."""
    return Invocation(
        statistics.median(invocation.milliseconds for invocation in invocations),
        statistics.median(invocation.cpu_milliseconds for invocation in invocations),
    )


def rows(files: Files, readings: Readings) -> Iterator[Row]:
    """Medians over the files of each class.

    Ratios to the floor are ratios of these medians. Ratios to the baseline are medians of the
    files' ratios, which vary less.
    """
    for name, paths in files.items():
        what = f"{len(paths)} PDFs of {name}"
        medians = {
            contender: median([by_path[path] for path in paths])
            for contender, by_path in readings.items()
        }
        for contender, of_class in medians.items():
            billed, floor = of_class.milliseconds, medians["floor"].milliseconds
            yield _row(f"{NAMES[contender]}: billed, {what}", billed, billed / floor, "floor")
        for contender, of_class in medians.items():
            cpu, floor = of_class.cpu_milliseconds, medians["floor"].cpu_milliseconds
            yield _row(f"{NAMES[contender]}: CPU, {what}", cpu, cpu / floor, "floor")
        if "baseline" in medians:
            ratio = ratios(readings["intake"], readings["baseline"], paths)
            billed, cpu = medians["intake"].milliseconds, medians["intake"].cpu_milliseconds
            yield _row(f"Intake: billed, {what}", billed, ratio.milliseconds, "baseline")
            yield _row(f"Intake: CPU, {what}", cpu, ratio.cpu_milliseconds, "baseline")


def ratios(
    readings: Mapping[Path, Invocation],
    references: Mapping[Path, Invocation],
    paths: Sequence[Path],
) -> Invocation:
    """The medians over these files of the ratios of both times."""
    pairs = [(readings[path], references[path]) for path in paths]
    return Invocation(
        statistics.median(one.milliseconds / other.milliseconds for one, other in pairs),
        statistics.median(one.cpu_milliseconds / other.cpu_milliseconds for one, other in pairs),
    )


def _row(what: str, milliseconds: float, ratio: float, reference: str) -> Row:
    return Row(PART, what, f"{milliseconds:,.1f} ms", ratio, NAMES[reference])
