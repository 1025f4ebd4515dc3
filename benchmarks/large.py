"""Speed of extraction from large files, against another version of this project."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from benchmarks.table import Row
from chalicelib.files import types
from infra.aws.stage import ROOT
from infra.console import CommandError, step

PART = "large"

SIZE_BYTES = 50_000_000
_MEGABYTE = 1_000_000

_SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from chalicelib.files.extraction import FileRejectedError, extract, warm_up
warm_up(sys.argv[3])
with open(sys.argv[2], "rb") as content:
    started = time.process_time()
    try:
        extract(content, sys.argv[3])
        print(time.process_time() - started)
    except FileRejectedError:
        print("null")
"""
"""Runs with the modules of either version."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A large file in the making."""

    what: str
    file_type: str
    begin: str
    line: str
    """Repeated, with a number for `{n}`."""
    end: str = ""
    wrap: Callable[[bytes], bytes] = bytes
    """Makes a file of the text."""

    def content(self, size_bytes: int) -> bytes:
        """A file whose text has about this size."""
        count = size_bytes // len(self._numbered(0))
        lines = "".join(map(self._numbered, range(count)))
        return self.wrap(f"{self.begin}{lines}{self.end}".encode())

    def _numbered(self, number: int) -> str:
        return self.line.replace("{n}", f"{number:07}")


def _docx(document: bytes) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
    return content.getvalue()


SAMPLES = (
    Sample(
        "records in XML",
        types.XML,
        "<?xml version='1.0'?>\n<records>\n",
        '<record id="{n}" kind="a"><name>Record {n}</name><value unit="mm">{n}</value>'
        "<note>some words of a text that goes on</note></record>\n",
        "</records>",
    ),
    Sample(
        "mail",
        types.MAIL,
        "From: a@example.com\nTo: b@example.com\nSubject: long\n\n",
        "This is line {n} of a long mail, with about as many words as usual.\r\n",
    ),
    Sample(
        "docx, by the size of its XML",
        types.DOCX,
        "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>"
        "<w:body>",
        '<w:p w:rsidR="0{n}"><w:pPr><w:pStyle w:val="Normal"/></w:pPr><w:r><w:rPr>'
        '<w:lang w:val="en-US"/></w:rPr><w:t xml:space="preserve">Paragraph {n} has words </w:t>'
        "</w:r><w:r><w:t>and a few more of them.</w:t></w:r></w:p>",
        "</w:body></w:document>",
        _docx,
    ),
    Sample(
        "text",
        types.TEXT,
        "",
        "This is line {n} of a long text, with about as many words as usual.\n",
    ),
    Sample(
        "table in HTML",
        types.HTML,
        "<!doctype html><title>t</title><table>",
        '<tr><td>{n}</td><td>some text of a cell</td><td class="num">{n}</td></tr>\n',
        "</table>",
    ),
)


def measure(rounds: int, baseline: Path | None = None) -> list[Row]:
    """Fresh interpreters extract from each file in turns.

    Args:
        rounds: of each file.
        baseline: the deployment package of another version, to compare with in the same run.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        versions = {"": ROOT}
        if baseline:
            versions["the baseline"] = folder / "baseline"
            with zipfile.ZipFile(baseline) as archive:
                archive.extractall(folder / "baseline")
        return [_row(sample, rounds, versions, folder) for sample in SAMPLES]


def _row(sample: Sample, rounds: int, versions: Mapping[str, Path], folder: Path) -> Row:
    path = folder / "sample"
    path.write_bytes(sample.content(SIZE_BYTES))
    with step(f"{sample.what} of {SIZE_BYTES // _MEGABYTE} MB"):
        times = [
            {version: _cpu_seconds(root, path, sample) for version, root in versions.items()}
            for _ in range(rounds)
        ]
    own, *others = (_median([found[version] for found in times]) for version in versions)
    if own is None:
        raise CommandError(f"extraction rejects the sample: {sample.what}")
    return Row(
        PART,
        f"{sample.what}: extraction, one CPU",
        f"{SIZE_BYTES / _MEGABYTE / own:,.0f} MB/s",
        others[0] / own if others and others[0] else None,
        list(versions)[-1] if others else "",
    )


def _median(seconds: list[float | None]) -> float | None:
    """None if the file was rejected."""
    found = [value for value in seconds if value is not None]
    return statistics.median(found) if found else None


def _cpu_seconds(root: Path, path: Path, sample: Sample) -> float | None:
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(root), str(path), sample.file_type],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise CommandError(f"an extraction failed: {ran.stderr.strip()[-500:]}")
    seconds: float | None = json.loads(ran.stdout)
    return seconds
