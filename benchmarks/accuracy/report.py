"""What a comparison comes to: tables as text and Markdown, and lists of what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from benchmarks.accuracy.classification import Classified, reason_for
from benchmarks.accuracy.comparison import Compared, Outcome, Refused
from benchmarks.accuracy.families import FAMILIES

REQUIRED = 0.99
"""Agreement that every fact has to reach after classification."""

HEADINGS = (
    "family",
    "fact",
    "compared",
    "agree",
    "%",
    "classified",
    "corrected %",
    "disputed",
    "missing",
    "extra",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of one family."""

    family: str
    fact: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    classified: list[tuple[Compared, str]] = field(default_factory=list)
    """Disagreements with the reason why the reference is at fault."""
    unclassified: list[Compared] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Files of which both Intake and a reference have the fact."""
        return self.outcomes[Outcome.AGREE] + self.outcomes[Outcome.DISAGREE]

    @property
    def agreement(self) -> float | None:
        """Before classification; None without a reference."""
        return self.outcomes[Outcome.AGREE] / self.count if self.count else None

    @property
    def classified_agreement(self) -> float | None:
        """Without the disagreements in which the reference is at fault."""
        return 1 - len(self.unclassified) / self.count if self.count else None

    @property
    def is_good(self) -> bool:
        """Whether the agreement is as required."""
        agreement = self.classified_agreement
        return agreement is None or agreement >= REQUIRED


def lines(found: Iterable[Compared], entries: Sequence[Classified]) -> list[Line]:
    """A line for each fact of each family that has files, in the order of the families."""
    kept: dict[tuple[str, str], Line] = {}
    for each in found:
        line = kept.setdefault((each.family, each.fact), Line(each.family, each.fact))
        line.outcomes[each.outcome] += 1
        if each.outcome is Outcome.DISAGREE:
            reason = reason_for(each, entries)
            if reason is None:
                line.unclassified.append(each)
            else:
                line.classified.append((each, reason))
    order = [(family.name, fact) for family in FAMILIES for fact in family.facts]
    return [kept[key] for key in order if key in kept]


def text_table(rows: Sequence[Line]) -> str:
    """The table, with figures aligned to the right."""
    cells = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.family,
        line.fact,
        str(line.count),
        str(line.outcomes[Outcome.AGREE]),
        _percent(line, line.agreement),
        str(len(line.classified)),
        _percent(line, line.classified_agreement),
        str(line.outcomes[Outcome.DISPUTED]),
        str(line.outcomes[Outcome.MISSING]),
        str(line.outcomes[Outcome.EXTRA]),
    )


def _percent(line: Line, part: float | None) -> str:
    """With one decimal, rounded down, so that 100.0 means all."""
    if part is not None:
        return f"{int(part * 1_000) / 10:.1f}"
    return "not recorded" if line.outcomes[Outcome.MISSING] else "no reference"


def markdown(rows: Sequence[Line], files: int, today: date) -> str:
    """The table for docs/metadata.md: facts on which all files agree share a row."""
    text = [
        f"{files:,} real files, {today:%-d %B %Y}.",
        "",
        "| Family | Fact | Compared | Agree % | Reader wrong | Corrected % | Disputed | Missing |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for family in dict.fromkeys(row.family for row in rows):
        text += _markdown_rows(family, [row for row in rows if row.family == family])
    return "\n".join(text)


def _markdown_rows(family: str, rows: Sequence[Line]) -> list[str]:
    whole = [row for row in rows if row.count and row.agreement == 1]
    others = [row for row in rows if row not in whole]
    groups = [whole] if whole else []
    return [_markdown_row(family, group) for group in [*groups, *([row] for row in others)]]


def _markdown_row(family: str, rows: Sequence[Line]) -> str:
    """Of facts with the same agreement."""
    cells = (
        family,
        ", ".join(f"`{row.fact}`" for row in rows),
        f"{sum(row.count for row in rows):,}",
        _percent(rows[0], rows[0].agreement),
        str(sum(len(row.classified) for row in rows)),
        _percent(rows[0], rows[0].classified_agreement),
        _count(rows, Outcome.DISPUTED),
        _count(rows, Outcome.MISSING),
    )
    return f"| {' | '.join(cells)} |"


def _count(rows: Sequence[Line], outcome: Outcome) -> str:
    return f"{sum(row.outcomes[outcome] for row in rows):,}"


def details(
    family: str, found: Sequence[Compared], false_refusals: Sequence[Refused], rows: Sequence[Line]
) -> str:
    """Every difference in a family: disagreements first, then what is missing, then rejections."""
    of_family = [row for row in rows if row.family == family]
    text = [text_table(of_family), ""]
    for row in of_family:
        text += [f"DISAGREE {_shown(each)}" for each in row.unclassified]
        text += [f"classified ({reason}) {_shown(each)}" for each, reason in row.classified]
    for outcome in (Outcome.DISPUTED, Outcome.MISSING, Outcome.EXTRA):
        text += [
            f"{outcome.value.upper()} {_shown(each)}"
            for each in found
            if each.family == family and each.outcome is outcome
        ]
    text += [f"REFUSED {_refusal(each)}" for each in false_refusals if each.family == family]
    return "\n".join(text) + "\n"


def _shown(found: Compared) -> str:
    theirs = "  ".join(f"{name}={_short(value)}" for name, value in found.theirs.items())
    return (
        f"{found.fact}  intake={_short(found.ours)}  {theirs}  "
        f"[{found.recorded.sha256[:12]} {found.recorded.file_type}] {found.recorded.path}"
    )


def _refusal(found: Refused) -> str:
    recorded = found.recorded
    return (
        f"{recorded.failure} ({recorded.file_type}): {recorded.message}  "
        f"read by {', '.join(found.readers)}  [{recorded.sha256[:12]}] {recorded.path}"
    )


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:97]}..."
