"""Runs the reference readers: in processes of another virtual environment, with results cached."""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.rules import Value
from infra.aws.stage import ROOT
from infra.console import CommandError

_PYTHON = ROOT / ".venv-accuracy" / "bin" / "python"
_CACHE = ROOT / ".local" / "accuracy"
_READERS = Path(__file__).parent / "readers"

_SECONDS = 120
"""For all readers of one file."""

_INSTALL = "not installed"
"""In the error of a reader whose program is missing; that answer is not kept."""

_PROGRAMS = {
    "pdfinfo": "poppler-utils",
    "qpdf": "qpdf",
    "exiftool": "libimage-exiftool-perl",
    "ffprobe": "ffmpeg",
    "mediainfo": "mediainfo",
    "mutool": "mupdf-tools",
    "file": "file",
    "antiword": "antiword",
    "catppt": "catdoc",
    "zipinfo": "unzip",
}
"""The Debian package of each program."""

Answer = Mapping[str, Mapping[str, Value]]
"""Of one file: the facts by reader; without the readers that do not read it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A file, and the family whose readers read it."""

    path: Path
    sha256: str
    family: Family


def missing_programs() -> dict[str, str]:
    """The programs that are not installed, with their Debian packages."""
    return {name: package for name, package in _PROGRAMS.items() if not shutil.which(name)}


def read(requests: Sequence[Request], processes: int, advance: Callable[[], None]) -> list[Answer]:
    """The answers in the order of the requests.

    Raises:
        CommandError: the readers are not installed.
    """
    if not _PYTHON.exists():
        raise CommandError("The reference readers are not installed; run: make accuracy")
    idle: SimpleQueue[_Worker] = SimpleQueue()
    workers = [_Worker() for _ in range(processes)]
    for worker in workers:
        idle.put(worker)

    def answer(request: Request) -> Answer:
        cached = _cache_path(request)
        if cached.exists():
            raw = json.loads(cached.read_text(encoding="utf-8"))
        else:
            with _taken(idle) as worker:
                raw = worker.read(request)
            if raw and all(_INSTALL not in found.get("error", "") for found in raw.values()):
                _write(cached, json.dumps(raw))
        advance()
        return {name: found["facts"] for name, found in raw.items() if found.get("facts")}

    try:
        with ThreadPoolExecutor(processes) as pool:
            return list(pool.map(answer, requests))
    finally:
        for worker in workers:
            worker.end()


def _write(path: Path, text: str) -> None:
    """Write the file completely or, if interrupted, not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


@contextmanager
def _taken(idle: SimpleQueue[_Worker]) -> Iterator[_Worker]:
    worker = idle.get()
    try:
        yield worker
    finally:
        idle.put(worker)


def _cache_path(request: Request) -> Path:
    """One file for each content, family and version of the readers."""
    module = request.family.module
    sources = [_READERS / f"{name}.py" for name in (module, "programs", "dates")]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return _CACHE / f"{request.family.name}-{version}" / f"{request.sha256}.json"


class _Worker:
    """A process of readers; another one after a file that takes too long or ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, request: Request) -> dict[str, Any]:
        """What each reader returns; nothing if the process does not answer in time."""
        process = self._process = self._process or _started()
        assert process.stdin is not None
        assert process.stdout is not None
        asked = {
            "path": str(request.path),
            "module": request.family.module,
            "readers": request.family.readers,
        }
        try:
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            is_ready = select.select([process.stdout], [], [], _SECONDS)[0]
            if is_ready and (line := process.stdout.readline()):
                return dict(json.loads(line))
        except BrokenPipeError:
            pass
        self.end()
        return {}

    def end(self) -> None:
        """End the process and all programs that it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
        self._process = None


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [_PYTHON, "-m", "benchmarks.accuracy.readers"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
