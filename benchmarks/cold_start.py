"""What a fresh interpreter takes to be ready, and to process its first event."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cgroups import can_create_groups
from benchmarks.simulated_lambda import (
    FLOOR,
    INIT_VCPUS,
    PROCESS_UPLOAD,
    Function,
    SimulatedLambda,
    environment,
    event_for,
    memory_size,
    versions,
)
from benchmarks.stand_ins import stand_ins
from benchmarks.table import Row
from infra.console import CommandError, echo, step
from infra.local.samples import pdf

PART = "cold-start"

FUNCTIONS = {"api_handler": "app", "process_upload": "process_upload"}
"""Each with the name of its handler in app.py."""

_BARE = "bare boto3 with both clients"
_BARE_FUNCTION = "bare boto3, GET and PUT"
_SUFFIXES = {"intake": "", "baseline": " of the baseline"}
_INIT_VCPUS = (INIT_VCPUS, 1.0)
"""Lambda's boost, and for comparison no more than one: which of both a function gets is not
documented."""
_WORDS = 300
_RUNS = 7
"""Of each, in a round; the first of all is thrown away."""

_BARE_SCRIPT = """
import time; started = time.perf_counter()
import boto3
boto3.client("s3"); boto3.client("dynamodb")
print(1_000 * (time.perf_counter() - started))
"""
_APP_SCRIPT = """
import sys, time; started = time.perf_counter()
sys.path.insert(0, sys.argv[1])
import app
getattr(app, sys.argv[2])
print(1_000 * (time.perf_counter() - started))
"""


def measure(rounds: int, baseline: Path | None = None) -> list[Row]:
    """Fresh interpreters import the unpacked zip in turns, without writing bytecode.

    Args:
        rounds: of _RUNS each.
        baseline: the zip of another version, to compare with in the same run.
    """
    with tempfile.TemporaryDirectory() as name:
        apps = versions(Path(name), baseline)
        rows = _imports(rounds, apps)
        if can_create_groups():
            rows += _first_events(rounds, apps, Path(name) / "one-page.pdf")
        else:
            echo("  First events are not measured: they need root and cgroups")
    return rows


def _imports(rounds: int, apps: Mapping[str, Function]) -> list[Row]:
    scripts = {_BARE: [_BARE_SCRIPT]}
    functions = {}
    for version, app in apps.items():
        for function, handler in FUNCTIONS.items():
            name = function + _SUFFIXES[version]
            scripts[name] = [_APP_SCRIPT, str(app.folder), handler]
            functions[name] = function
    times: dict[str, list[float]] = {name: [] for name in scripts}
    environments = {name: environment(functions.get(name, "bare")) for name in scripts}
    with step(f"{len(scripts) * rounds * _RUNS} cold starts"):
        for name, script in scripts.items():
            _milliseconds(script, environments[name])
        turns = deque(scripts)
        for _ in range(rounds * _RUNS):
            for name in turns:
                times[name].append(_milliseconds(scripts[name], environments[name]))
            turns.rotate()
    medians = {name: statistics.median(found) for name, found in times.items()}
    rows = [
        _row(f"{name}: import and clients", median, medians[_BARE], _BARE)
        for name, median in medians.items()
    ]
    return rows + [
        _paired_row(f"{function}: import and clients", times[function], times[baseline], baseline)
        for function in FUNCTIONS
        if (baseline := function + _SUFFIXES["baseline"]) in times
    ]


def _first_events(rounds: int, apps: Mapping[str, Function], pdf_path: Path) -> list[Row]:
    """From the start of the process to the end of its first event, a one-page PDF."""
    pdf_path.write_bytes(pdf(1, _WORDS))
    event = event_for(pdf_path.name, pdf_path)
    functions = {"floor": FLOOR, **apps}
    rows = []
    for init_vcpus in _INIT_VCPUS:
        times: dict[str, list[float]] = {name: [] for name in functions}
        title = f"{init_vcpus:.0f} vCPU at INIT"
        with (
            step(f"{len(functions) * rounds * _RUNS} first events, {title}"),
            stand_ins({pdf_path.name: pdf_path}) as url,
        ):
            turns = deque(functions)
            for _ in range(rounds * _RUNS):
                for name in turns:
                    times[name].append(_first_event(name, functions[name], url, init_vcpus, event))
                turns.rotate()
        medians = {name: statistics.median(found) for name, found in times.items()}
        what = f"from process start to the end of the first event, {title}"
        rows += [
            _row(
                f"{PROCESS_UPLOAD + _SUFFIXES[name]}: {what}",
                medians[name],
                medians["floor"],
                _BARE_FUNCTION,
            )
            for name in apps
        ]
        if "baseline" in times:
            baseline = PROCESS_UPLOAD + _SUFFIXES["baseline"]
            what = f"{PROCESS_UPLOAD}: {what}"
            rows.append(_paired_row(what, times["intake"], times["baseline"], baseline))
    return rows


def _first_event(
    name: str, function: Function, url: str, init_vcpus: float, event: dict[str, Any]
) -> float:
    started = time.perf_counter()
    with SimulatedLambda(name, function, url, memory_size(), init_vcpus) as fresh:
        fresh.wait_until_ready()
        fresh.run(event)
        return 1_000 * (time.perf_counter() - started)


def _row(what: str, milliseconds: float, reference_milliseconds: float, reference: str) -> Row:
    ratio = milliseconds / reference_milliseconds
    return Row(PART, what, f"{milliseconds:,.0f} ms", ratio, reference)


def _paired_row(
    what: str, times: Sequence[float], reference_times: Sequence[float], reference: str
) -> Row:
    """With the median of the turns' ratios: in one turn, the machine is as busy for both."""
    ratio = statistics.median(
        one / other for one, other in zip(times, reference_times, strict=True)
    )
    return Row(PART, what, f"{statistics.median(times):,.0f} ms", ratio, reference)


def _milliseconds(script: list[str], environment: dict[str, str]) -> float:
    ran = subprocess.run(
        [sys.executable, "-c", *script],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return float(json.loads(ran.stdout))
    except ValueError:
        raise CommandError(f"a cold start failed: {ran.stderr.strip()[-500:]}") from None
