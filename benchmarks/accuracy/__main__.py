"""The command line behind `make accuracy`: `python -m benchmarks.accuracy --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.accuracy import classification, comparison, intake, references, report, texts
from benchmarks.accuracy.families import FAMILIES, family_of_name, family_of_type
from infra.aws.stage import ROOT
from infra.console import CommandError, echo
from infra.local.server import stop_on_signals
from infra.progress import progress
from tests.support.corpora import CORPORA

_DETAILS = ROOT / ".local" / "accuracy" / "details"


def main(arguments: list[str] | None = None) -> int:
    """Compare and print; the exit code: 0 all agree, 1 see --help, 2 wrong usage."""
    asked = _parser().parse_args(arguments)
    stop_on_signals()
    try:
        return _compare(asked)
    except CommandError as problem:
        sys.stderr.write(f"intake: {problem}\n")
        return 1
    except KeyboardInterrupt:
        echo()
        return 130


def _compare(asked: argparse.Namespace) -> int:
    paths = intake.files(asked.folders or [CORPORA])
    if not paths:
        raise CommandError(f"There are no files in {asked.folders or CORPORA}")
    for program, package in references.missing_programs().items():
        echo(f"  {program} is missing (Debian: {package}): its facts have no reference")
    requests, recorded = _recorded(paths, set(asked.family))
    echo(f"  {len(requests)} files by the references")
    with progress(len(requests)) as advance:
        answers = references.read(requests, asked.processes, advance)
    found: list[comparison.Compared] = []
    refusals: list[comparison.Refused] = []
    similar: list[texts.Similarity] = []
    for request, ours, answer in zip(requests, recorded, answers, strict=True):
        found += comparison.compared(ours, request.family, answer)
        if similarity := texts.compared(ours, request.family, answer):
            similar.append(similarity)
        if refusal := comparison.refused(ours, request.family, answer):
            refusals.append(refusal)
    rows = report.lines(found, classification.load())
    _write_details(asked.details, found, refusals, rows, similar)
    today = datetime.now(UTC).date()
    echo(report.markdown(rows, len(requests), today) if asked.markdown else report.text_table(rows))
    echo()
    echo(texts.markdown(similar) if asked.markdown else texts.text_table(similar))
    echo(f"\n  {len(refusals)} files are rejected although references read them")
    echo(f"  Every difference: {asked.details}/FAMILY.txt")
    return 0 if all(row.is_good for row in rows) else 1


def _recorded(
    paths: Sequence[Path], only: set[str]
) -> tuple[list[references.Request], list[intake.Recorded]]:
    """What Intake records of the files that belong to a family, each content once."""
    requests, recorded = [], []
    seen = set()
    echo(f"  {len(paths)} files by Intake")
    with intake.reader() as read, progress(len(paths)) as advance:
        for path in paths:
            named = family_of_name(path.name)
            found = read(path)
            family = (family_of_type(found.file_type) if found.metadata else None) or named
            if family and found.sha256 not in seen and (not only or family.name in only):
                seen.add(found.sha256)
                requests.append(references.Request(path, found.sha256, family))
                recorded.append(found)
            advance()
    return requests, recorded


def _write_details(
    folder: Path,
    found: Sequence[comparison.Compared],
    refusals: Sequence[comparison.Refused],
    rows: Sequence[report.Line],
    similar: Sequence[texts.Similarity],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = {each.family for each in found} | {each.family for each in refusals}
    for name in names:
        text = report.details(name, found, refusals, rows) + texts.details(similar, name)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description="Compares the metadata and the text that Intake extracts from real files with "
        "what independent readers find.",
        epilog=f"Exits with 1 if a fact agrees in less than {report.REQUIRED:.0%} of the files, "
        f"without the disagreements that {classification.CLASSIFIED.name} attributes to the "
        "reference.",
    )
    parser.add_argument("folders", nargs="*", type=Path, help=f"default: {CORPORA}")
    parser.add_argument(
        "--family",
        action="append",
        default=[],
        choices=[family.name for family in FAMILIES],
        metavar="NAME",
        help=f"only this one: {', '.join(family.name for family in FAMILIES)}; may be repeated",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--details", type=Path, default=_DETAILS, metavar="FOLDER", help="default: %(default)s"
    )
    parser.add_argument("--processes", type=int, default=2, help="of reference readers; default: 2")
    return parser


if __name__ == "__main__":
    sys.exit(main())
