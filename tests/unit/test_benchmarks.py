"""What the benchmarks report without measuring anything: the table, prices, the PDFs they make."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import billed, cost, cpu, engines, first_list, large, memory, memory_sizes, pdfs
from benchmarks.__main__ import main
from benchmarks.cgroups import GroupV2, create_group
from benchmarks.cost import Usage
from benchmarks.functions import runtime
from benchmarks.simulated_lambda import Invocation
from benchmarks.table import Row, printed
from benchmarks.text import Result
from chalicelib.files.extraction import Unfinished
from chalicelib.files.extractors import pdf, pdf_text
from chalicelib.files.mapped import memory_of
from chalicelib.files.types import PDF
from infra.aws.stage import ROOT
from infra.console import CommandError
from tests.support.metadata import extract

USAGE = Usage(
    cpu_seconds=0.05,
    memory_mebibytes=1_024,
    file_bytes=100_000,
    write_units=2,
    read_units=0.5,
    log_bytes=400,
)


def test_table() -> None:
    """Figures and ratios stand below each other, and what has no ratio has a gap."""
    rows = [Row("text", "slow: files/s", "9.5", 1.0, "slow"), Row("stack", "zip", "11 MiB")]

    assert printed(rows).splitlines() == [
        "part   what           figure  ratio  to",
        "-----  -------------  ------  -----  ----",
        "text   slow: files/s     9.5   1.00  slow",
        "stack  zip            11 MiB",
    ]


def test_duration_follows_the_share_of_a_cpu() -> None:
    """At 1,024 MB, Lambda gives 58 % of a CPU, so what takes a second of one lasts longer."""
    seconds = 0.05 * 1_769 / 1_024 + cost.CALLS_SECONDS + cost.COLD_STARTS

    assert seconds == pytest.approx(USAGE.billed_seconds)
    assert seconds == pytest.approx(USAGE.gb_seconds)


def test_prices() -> None:
    """The price of a million documents is the sum of what AWS lists for each of their parts."""
    prices = {row.what: row.figure for row in cost.rows(USAGE)}

    assert prices["a million documents: Lambda"] == "2.64 USD"
    assert prices["a million documents: S3 requests"] == "5.40 USD"
    assert prices["a million documents: S3 storage"] == "2.30 USD"
    assert prices["a million documents: DynamoDB on demand"] == "1.25 USD"
    assert prices["a million documents: CloudWatch logs"] == "0.20 USD"
    assert prices["a million documents: all of it, Free Tier not counted"] == "11.79 USD"


def test_what_ends_first() -> None:
    """The limit of the Free Tier that fewest documents reach is named first, with their number."""
    limits = [row for row in cost.rows(USAGE) if "until" in row.what or "first" in row.what]

    assert ("Free Tier ends first: Lambda requests", "1,000,000 a month") == (
        limits[0].what,
        limits[0].figure,
    )
    assert 1 == limits[0].ratio
    assert 4 == len(limits)


def test_agreement() -> None:
    """Counts agree within 5 %; a file that the reference did not read does not count."""
    result = Result(words=[95, 94, None, 0, 7], seconds=1, cpu_seconds=1)

    assert 2 == result.close_to([100, 100, 5, 0, None])


def test_speed() -> None:
    """Files that were not read cost time and bring no words."""
    assert 5 == Result(words=[10, None], seconds=2, cpu_seconds=1).words_a_second


def test_page_classes() -> None:
    """A file is in the class of its pages, and in none if it has none."""
    pages = {"none": 0, "one": 1, "two": 2, "four": 4, "five": 5, "19": 19, "20": 20, "999": 999}
    classes = billed.classified({Path(name): count for name, count in pages.items()})

    assert {
        "1 page": [Path("one")],
        "2–4 pages": [Path("four"), Path("two")],
        "5–19 pages": [Path("19"), Path("five")],
        "20 pages and more": [Path("20"), Path("999")],
    } == classes


def test_files_of_a_class_are_spread() -> None:
    """Of many files every n-th is read, the first one included; of few all."""
    paths = [Path(str(number)) for number in range(100)]

    assert [Path("0"), Path("25"), Path("50"), Path("75")] == billed.spread(paths, 4)
    assert paths[:3] == billed.spread(paths[:3], 4)


def test_billed_rows() -> None:
    """The floor's ratio is one of medians, the baseline's the median of the files' ratios."""
    one, two, three = Path("one"), Path("two"), Path("three")
    readings = {
        "floor": {path: Invocation(40, 4) for path in (one, two, three)},
        "intake": {one: Invocation(50, 8), two: Invocation(60, 9), three: Invocation(70, 10)},
        "baseline": {one: Invocation(100, 8), two: Invocation(60, 9), three: Invocation(70, 20)},
    }
    rows = [
        (row.what, row.figure, row.ratio, row.baseline)
        for row in billed.rows({"1 page": [one, two, three]}, readings)
    ]

    assert ("Intake: billed, 3 PDFs of 1 page", "60.0 ms", 1.5, "GET and PUT only") in rows
    assert ("Intake: CPU, 3 PDFs of 1 page", "9.0 ms", 2.25, "GET and PUT only") in rows
    assert ("Intake: billed, 3 PDFs of 1 page", "60.0 ms", 1, "baseline") in rows
    assert ("Intake: CPU, 3 PDFs of 1 page", "9.0 ms", 1, "baseline") in rows


def test_cpu_rows() -> None:
    """A kind's ratio is one of medians; another row has the median of the files' ratios."""
    found = {
        "PDFs of 1 page": {"intake": [3.0, 4.0, 50.0], "baseline": [6.0, 5.0, 50.0]},
        "png": {"intake": [1.5], "baseline": [2.0]},
    }
    rows = [(row.what, row.figure, row.ratio, row.baseline) for row in cpu.rows(found)]
    files_ratios = "median of the files' ratios"

    assert [
        ("Intake: 3 PDFs of 1 page", "4.00 ms", 4 / 6, "baseline"),
        ("baseline: 3 PDFs of 1 page", "6.00 ms", 1, "baseline"),
        (f"Intake: 3 PDFs of 1 page, {files_ratios}", "2 of 3 take less", 0.8, "baseline"),
        ("Intake: png", "1.50 ms", 0.75, "baseline"),
        ("baseline: png", "2.00 ms", 1, "baseline"),
        (f"Intake: 1 other formats, {files_ratios}", "1 of 1 take less", 0.75, "baseline"),
    ] == rows


def test_cpu_rows_without_a_baseline() -> None:
    """One version alone has no ratio."""
    (row,) = cpu.rows({"png": {"intake": [1.5]}})

    assert ("Intake: png", "1.50 ms", None, "") == (row.what, row.figure, row.ratio, row.baseline)


def test_compared_files() -> None:
    """Only files that every version processes are compared."""
    one, two = cpu.Sample(Path("one"), "type"), cpu.Sample(Path("two"), "type")

    assert {"intake": [2.0], "baseline": [3.0]} == cpu.compared(
        "files", {"intake": {one: [1.0, 3.0, 2.0], two: [9.0]}, "baseline": {one: [3.0]}}
    )
    with pytest.raises(CommandError, match="files"):
        cpu.compared("files", {"intake": {two: [9.0]}, "baseline": {one: [3.0]}})


def test_analyzed_files() -> None:
    """CPU is measured of files that are processed as what they are declared; others have no type.

    A file that is not sent again is that of the last event.
    """
    declared = {
        **{name: (kind, base64.b64encode(content)) for name, (kind, content) in cpu.OTHERS.items()},
        "no pdf": (PDF, base64.b64encode(b"%PDF-1.7\n")),
    }
    events = [
        {"content": sent, "declaredType": kind, "times": 1}
        for kind, content in declared.values()
        for sent in (content.decode(), None)
    ]
    requests = [json.dumps({"event": event, "timeoutSeconds": 60}) for event in events]
    handler = ("benchmarks.functions.analysis", "process_upload")
    answers = subprocess.run(
        [sys.executable, "-P", runtime.__file__, ROOT, *handler],
        input="\n".join(requests),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    results = [json.loads(answer)["result"] for answer in answers[1:]]
    expected = [None if name == "no pdf" else kind for name, (kind, _) in declared.items()]

    assert expected == results[::2]
    assert expected == results[1::2]


def test_memory_without_files() -> None:
    """Pages of files do not count; memory that processes share counts in proportion."""
    rollup = (
        "0-7f ---p 00000000 00:00 0 [rollup]\n"
        "Rss: 99 kB\nPss: 14 kB\nPss_Anon: 1 kB\nPss_File: 11 kB\nPss_Shmem: 2 kB\n"
    )

    assert 3 * 1_024 == memory.own_bytes(rollup)


def test_handed_over_pdf() -> None:
    """The PDF by which the second worker is measured is one that the extractor leaves to it."""
    content = pdfs.encrypted(pdfs.large(1))

    assert 1_000_000 == pytest.approx(len(content), rel=0.02)
    assert isinstance(pdf.extract(io.BytesIO(content)), Unfinished)


def test_price_of_a_memory_size() -> None:
    """A million invocations cost their requests and GB-seconds, each of whole milliseconds."""
    rows = memory_sizes.prices("1 page", {512: 49.1, 1_024: 40})
    figures = {row.what: row.figure for row in rows}

    assert "25,000 GB-s" == figures["512 MB: duration, a million PDFs of 1 page"]
    assert "0.62 USD" == figures["512 MB: price, a million PDFs of 1 page"]
    assert "0.87 USD" == figures["1,024 MB: price, a million PDFs of 1 page"]


def test_unified_control_group(tmp_path: Path) -> None:
    """In cgroup v2, the quota is one file and the CPU time a line of another."""
    (tmp_path / "cgroup.controllers").touch()
    group_folder = tmp_path / "group"
    group = GroupV2(tmp_path, group_folder.name)
    group.limit_cpu(0.5)
    group.limit_memory(256)
    (group_folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1000000\n")

    assert "+cpu +memory" == (tmp_path / "cgroup.subtree_control").read_text()
    assert "10000 20000" == (group_folder / "cpu.max").read_text()
    assert "268435456" == (group_folder / "memory.max").read_text()
    assert 1.5 == group.cpu_seconds()


def test_no_control_groups(tmp_path: Path) -> None:
    """Where there are no control groups, the error names what is needed."""
    with pytest.raises(CommandError, match="need root and cgroups"):
        create_group("name", tmp_path / "missing")


@pytest.mark.parametrize("megabytes", [1, 3])
def test_large_pdf(megabytes: int) -> None:
    """A made PDF has the size and the words that were requested."""
    content = pdfs.large(megabytes)
    text = pdf_text.read(memory_of(io.BytesIO(content)))

    assert megabytes * 1_000_000 == pytest.approx(len(content), rel=0.02)
    assert (4 * megabytes, 1_800 * megabytes) == (text.pages, text.words)


@pytest.mark.parametrize("sample", large.SAMPLES, ids=lambda sample: sample.what)
def test_large_sample(sample: large.Sample) -> None:
    """A made file has the type and the size that were requested."""
    content = sample.content(100_000)
    found = extract(io.BytesIO(content), sample.file_type)

    assert sample.wrap is not bytes or len(content) == pytest.approx(100_000, rel=0.1)
    assert 1_000 < int(found["wordCount"])


@pytest.mark.parametrize("name", ["intake", "plain", "pdfium", "forked_pdfium"])
def test_contender(tmp_path: Path, name: str) -> None:
    """Each way to read PDFs reads the words of one, and reports one that it cannot read."""
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(pdfs.large(1))
    bad.write_bytes(b"%PDF-1.7\n")
    answer = subprocess.run(
        [sys.executable, "-m", engines.__name__, name],
        cwd=ROOT,
        input=json.dumps([str(good), str(bad)]) + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert [1_800, None] == json.loads(answer)["words"]


@pytest.mark.parametrize("arguments", [["nonsense"], ["--rounds", "0"], ["--rounds", "x"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown part or invalid number is reported before anything is measured."""
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert 2 == end.value.code
    assert arguments[-1] in capsys.readouterr().err


def test_first_list_rows() -> None:
    """The figures are medians of the functions; the ratios are to their usual list."""
    found = {"intake": [[50.0, 300.0, 20.0], [60.0, 20.0, 20.0], [40.0, 20.0, 200.0]]}

    assert [("50 ms", 1.25), ("200 ms", 5.0), ("40 ms", 1.0)] == [
        (row.figure, row.ratio) for row in first_list.rows(found)
    ]
