"""Peak memory of a Lambda's processes while they read PDFs of several sizes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from benchmarks.pdfs import MEGABYTE, large
from benchmarks.table import Row
from infra.aws.stage import ROOT
from infra.console import step
from tests.support.processes import below

PART = "memory"

SIZES_MEGABYTES = (1, 10, 50)
_LOOK_SECONDS = 0.002
_MEBIBYTE = 1_048_576
_SHORT_READINGS = 20
"""Of a small file, whose peak a single look in passing may miss."""


def measure(rounds: int) -> list[Row]:
    """A Lambda, its helper and its child read each PDF; what they share is counted once."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES_MEGABYTES:
            path = Path(folder) / f"{size}.pdf"
            path.write_bytes(large(size))
            readings = rounds * max(1, _SHORT_READINGS // size)
            with step(f"Intake reads a PDF of {path.stat().st_size / MEGABYTE:.0f} MB"):
                peaks[size] = peak_bytes(path, readings)
    first = SIZES_MEGABYTES[0]
    return [
        Row(
            PART,
            f"Lambda, helper and child, PDF of {size} MB",
            f"{peak / _MEBIBYTE:.0f} MiB",
            peak / peaks[first],
            f"a PDF of {first} MB",
        )
        for size, peak in peaks.items()
    ]


def peak_bytes(path: Path, readings: int) -> int:
    """The highest memory of all processes of a fresh Lambda that reads a file so many times."""
    command = [sys.executable, "-c", _LAMBDA]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        is_over = threading.Event()
        peak = 0

        def watch() -> None:
            nonlocal peak
            while not is_over.wait(_LOOK_SECONDS):
                peak = max(peak, sum(map(_bytes, [worker.pid, *below(worker.pid)])))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for _ in range(readings):
                worker.stdin.write(json.dumps([str(path)]) + "\n")
                worker.stdin.flush()
                answer = json.loads(worker.stdout.readline())
                assert answer["words"][0], "the file is read"
        finally:
            is_over.set()
            watcher.join()
            worker.stdin.close()
    return peak


_LAMBDA = """
import boto3
s3 = boto3.client("s3", region_name="us-east-1")
dynamodb = boto3.client("dynamodb", region_name="us-east-1")
from benchmarks.engines import main
main("intake")
"""
"""What a Lambda has loaded when a file comes."""


def _bytes(process_id: int) -> int:
    """Proportional set size: memory that n processes share counts 1/n for each."""
    try:
        lines = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(1_024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
