"""Peak memory of a Lambda's processes while they read PDFs of several sizes.

Pages of mapped files are not counted, neither of the PDF nor of programs and libraries: the kernel
can drop them and read them again. Where the folder of temporary files is in memory (tmpfs), which
Lambda's is not, the PDF counts: it takes memory there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pdfs import MEGABYTE, encrypted, large
from benchmarks.table import Row
from infra.aws.stage import ROOT
from infra.console import step
from tests.support.processes import below

PART = "memory"

SIZES_MEGABYTES = (1, 10, 50)
HANDED_OVER = "encrypted PDF of 1 MB"
"""Which the extractor leaves to its fallback (pypdf), in a second worker that then stays."""

_LOOK_SECONDS = 0.002
_KIBIBYTE = 1_024
_MEBIBYTE = 1_048_576
_SHORT_READINGS = 20
"""Of a small file, whose peak a single look in passing may miss."""


def measure(rounds: int) -> list[Row]:
    """A Lambda, its workers and a child read each PDF; what they share is counted once."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.pdf"
        for what, content in _samples():
            path.write_bytes(content)
            readings = rounds * max(1, _SHORT_READINGS * MEGABYTE // len(content))
            with step(f"Peak memory of {readings} readings, {what}"):
                peaks[what] = peak_bytes(path, readings)
    first = next(iter(peaks))
    return [
        Row(
            PART,
            f"Lambda, {'two workers' if what == HANDED_OVER else 'worker'} and child, {what}",
            f"{peak / _MEBIBYTE:.0f} MiB",
            peak / peaks[first],
            f"a {first}",
        )
        for what, peak in peaks.items()
    ]


def _samples() -> Iterator[tuple[str, bytes]]:
    for megabytes in SIZES_MEGABYTES:
        yield f"PDF of {megabytes} MB", large(megabytes)
    yield HANDED_OVER, encrypted(large(1))


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
    try:
        rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return own_bytes(rollup)


def own_bytes(rollup: str) -> int:
    """The memory of a process without pages of files.

    Proportional set size: memory that n processes share counts 1/n for each.

    Args:
        rollup: /proc/[pid]/smaps_rollup (Linux kernel documentation, "The /proc Filesystem").
    """
    return sum(
        _KIBIBYTE * int(line.split()[1])
        for line in rollup.splitlines()
        if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
    )
