"""Ways to read PDFs, each of which runs as a process of its own that stays warm between files.

    python -m benchmarks.engines NAME

reads a JSON list of paths from each line of its input, reads those files one after another, and
answers with a line of JSON: `words` (of each file, null where it was not read), `seconds` by the
clock and `cpuSeconds` of all processes that took part.
"""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast

from chalicelib.files.extractors.pdf import SAMPLE
from chalicelib.files.sandbox import Sandbox
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.files.validation import Limits, validate
from tests.support.processes import below

WordCounter = int | None
"""Of one file; None where it was not read."""

_LIMITS = Limits(largest_file_bytes=2**30, allowed_types=SUPPORTED_TYPES)
_PATIENCE_SECONDS = 45.0
"""What a Lambda of 60 s has for a file."""
_SETTLED_SECONDS = 0.1
"""Until the last child has exited."""


def intake(*, with_text: bool = False) -> Callable[[Path], WordCounter]:
    """The whole inspection as process_upload does it: type, hash, information and words."""
    sandbox = Sandbox({}, extraction_seconds=_PATIENCE_SECONDS)

    def read(path: Path) -> WordCounter:
        end = time.monotonic() + _PATIENCE_SECONDS
        sandbox.prepare()
        with path.open("rb") as body:
            found = validate(
                body,
                path.stat().st_size,
                None,
                _LIMITS,
                lambda content, candidate_types: sandbox.analyze(
                    content, candidate_types, lambda: end - time.monotonic(), with_text=with_text
                ),
            )
        return cast(WordCounter, (found.metadata or {}).get("wordCount"))

    return read


def plain() -> Callable[[Path], WordCounter]:
    """What everyone writes: the object's bytes, PdfReader, extract_text."""
    from pypdf import PdfReader  # noqa: PLC0415 - each contender pays for its own imports only

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)

    def read(path: Path) -> WordCounter:
        reader = PdfReader(io.BytesIO(path.read_bytes()))
        text = "\n".join(page.extract_text() for page in reader.pages)
        return len(text.split())

    return _or_none(read)


def pdfium() -> Callable[[Path], WordCounter]:
    """Raw PDFium, as pypdfium2's own first example has it: no type, hash or information."""
    from pypdfium2 import PdfDocument  # noqa: PLC0415 - as above

    def read(path: Path) -> WordCounter:
        words = 0
        document = PdfDocument(path)
        for page in document:
            text = page.get_textpage()
            words += len(text.get_text_bounded().split())
            text.close()
            page.close()
        document.close()
        return words

    return _or_none(read)


def forked_pdfium() -> Callable[[Path], WordCounter]:
    """Raw PDFium, each file in a bare fork of a process that has read the extractor's sample."""
    read_here = pdfium()
    with tempfile.NamedTemporaryFile() as sample:
        sample.write(SAMPLE)
        sample.flush()
        read_here(Path(sample.name))

    def read(path: Path) -> WordCounter:
        answers, answer_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(answer_end, json.dumps(read_here(path)).encode())
            os._exit(0)
        os.close(answer_end)
        with os.fdopen(answers, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        return cast(WordCounter, json.loads(answer)) if answer else None

    return read


def pdftotext() -> Callable[[Path], WordCounter]:
    """Poppler's program, once for each file."""

    def read(path: Path) -> WordCounter:
        ran = subprocess.run(["pdftotext", "-q", path, "-"], capture_output=True, check=False)  # noqa: S607 - whichever is installed
        return len(ran.stdout.decode(errors="replace").split()) if ran.returncode == 0 else None

    return read


ENGINES: Mapping[str, Callable[[], Callable[[Path], WordCounter]]] = {
    "intake": intake,
    "intake_text": partial(intake, with_text=True),
    "plain": plain,
    "pdfium": pdfium,
    "forked_pdfium": forked_pdfium,
    "pdftotext": pdftotext,
}


def _or_none(read: Callable[[Path], WordCounter]) -> Callable[[Path], WordCounter]:
    def read_or_none(path: Path) -> WordCounter:
        try:
            return read(path)
        except Exception:  # noqa: BLE001 - any exception of the parser's means that it did not read
            return None

    return read_or_none


def cpu_seconds() -> float:
    """CPU time so far of this process and all below it, those that have ended included."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ticks = sum(map(_ticks, below(os.getpid())))
    return sum(use.ru_utime + use.ru_stime for use in own) + ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process_id: int) -> int:
    """utime, stime, cutime and cstime of /proc/[pid]/stat, man 5 proc."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(map(int, status.rpartition(")")[2].split()[11:15]))


def main(name: str) -> None:
    """Answer each line of the input until its end."""
    read = ENGINES[name]()
    for line in sys.stdin:
        paths = [Path(path) for path in json.loads(line)]
        cpu, started = cpu_seconds(), time.perf_counter()
        words = [read(path) for path in paths]
        seconds = time.perf_counter() - started
        time.sleep(_SETTLED_SECONDS)
        answer = {"words": words, "seconds": seconds, "cpuSeconds": cpu_seconds() - cpu}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
