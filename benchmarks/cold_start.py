"""What a fresh interpreter takes until a function could answer, against boto3 alone."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

from benchmarks.table import Row
from infra.console import CommandError, step
from tests.support.stack import Stack

PART = "cold-start"

FUNCTIONS = {"api_handler": "app", "process_upload": "process_upload"}
"""Each with the name of its handler in app.py."""

_BARE = "bare boto3 with both clients"
_BASELINE = " of the baseline"
_SETTINGS = {"ALLOWED_TYPES": "application/pdf,text/plain", "METRICS": "basic"}
"""Values that the baseline, an older version, can parse as well."""
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


def measure(rounds: int, stack: Stack, folder: Path, baseline: Path | None = None) -> list[Row]:
    """Fresh interpreters import the unpacked zip in turns, without writing bytecode.

    Args:
        rounds: of _RUNS each.
        stack: the deployed stage.
        folder: to unpack into.
        baseline: the zip of another version, to compare with in the same run.
    """
    zips = {"": stack.package()} | ({_BASELINE: baseline} if baseline else {})
    scripts = {_BARE: [_BARE_SCRIPT]}
    functions = {}
    for suffix, package in zips.items():
        unpacked = folder / (suffix.strip() or "task")
        with zipfile.ZipFile(package) as archive:
            archive.extractall(unpacked)
        for function, handler in FUNCTIONS.items():
            scripts[function + suffix] = [_APP_SCRIPT, str(unpacked), handler]
            functions[function + suffix] = function
    times: dict[str, list[float]] = {name: [] for name in scripts}
    environments = {name: _environment(stack, functions.get(name)) for name in scripts}
    with step(f"{len(scripts) * rounds * _RUNS} cold starts"):
        for name, script in scripts.items():
            _milliseconds(script, environments[name])
        for _ in range(rounds * _RUNS):
            for name, script in scripts.items():
                times[name].append(_milliseconds(script, environments[name]))
    medians = {name: statistics.median(found) for name, found in times.items()}
    rows = [
        Row(
            PART, f"{name}: import and clients", f"{median:,.0f} ms", median / medians[_BARE], _BARE
        )
        for name, median in medians.items()
    ]
    if baseline:
        rows += [
            Row(
                PART,
                f"{function}: import and clients",
                f"{medians[function]:,.0f} ms",
                medians[function] / medians[function + _BASELINE],
                function + _BASELINE,
            )
            for function in FUNCTIONS
        ]
    return rows


def _environment(stack: Stack, name: str | None) -> dict[str, str]:
    """What the function's own environment would be; nothing of this machine's Python."""
    variables: dict[str, str] = {}
    if name:
        variables = {
            **stack.configuration(name)["Environment"]["Variables"],
            **_SETTINGS,
            "AWS_LAMBDA_FUNCTION_NAME": stack.stage.functions[name],
        }
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": stack.account.region,
        "AWS_DEFAULT_REGION": stack.account.region,
        **variables,
    }


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
